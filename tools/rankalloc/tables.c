/* The rankings as tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "output.h"
#include "stacks.h"

/* ---- fields ---- */

/* Names of fields, in a list that grows. */
struct names {
  const char **list;
  size_t count, capacity;
  struct arena arena;
};

static void add_name(struct names *names, const char *name) {
  grow(&names->list, &names->capacity, names->count + 1, sizeof *names->list);
  names->list[names->count++] = name;
}

static void add_names(struct names *names, const char *const *list) {
  for (; *list; list++) add_name(names, *list);
}

/* "NAME_SUFFIX" of each further column. */
static void add_also(struct names *names, const struct layout *layout, const struct profile *profile,
                     const char *const *suffixes) {
  for (size_t i = layout->also; i < profile->column_count; i++) {
    for (const char *const *suffix = suffixes; *suffix; suffix++) {
      struct text name = {0};
      text_append_string(&name, profile->columns[i].name);
      text_append_string(&name, *suffix);
      add_name(names, arena_copy(&names->arena, name.bytes, name.length));
      text_free(&name);
    }
  }
}

static void names_free(struct names *names) {
  free(names->list);
  arena_free(&names->arena);
}

static const char *what(enum frame_key key) {
  switch (key) {
    case BY_FILE: return "file";
    case BY_MODULE: return "module";
    default: return "function";
  }
}

/* ---- values ---- */

static void percent(struct table *table, uint64_t part, uint64_t whole) {
  table_hundredths(table, percent_hundredths(part, whole));
}

/* By how much of from the value changed, in percent; there is none where it was 0. */
static void percent_changed(struct table *table, uint64_t from, uint64_t to) {
  if (from == 0) {
    table_missing(table);
    return;
  }
  unsigned __int128 difference = to > from ? to - from : from - to;
  unsigned __int128 hundredths = (difference * 20000 + from) / ((unsigned __int128)from * 2);
  int64_t shown = hundredths > INT64_MAX ? INT64_MAX : (int64_t)hundredths;
  table_signed_hundredths(table, to < from ? -shown : shown);
}

static void mean(struct table *table, uint64_t value, uint64_t objects) {
  if (objects == 0) table_missing(table);
  else table_count(table, (uint64_t)(((unsigned __int128)value * 2 + objects) / ((unsigned __int128)objects * 2)));
}

static const char *state_of(uint64_t base, uint64_t now) {
  if (base == now) return "same";
  if (base == 0) return "new";
  if (now == 0) return "gone";
  return now > base ? "grew" : "shrank";
}

static void text(struct table *table, const char *string) { table_text(table, string, strlen(string)); }

static uint64_t magnitude(__int128 value) { return (uint64_t)(value < 0 ? -value : value); }

/* ---- a table's begin ---- */

static struct table *begin(const struct layout *layout, const struct profile *profile, const struct question *question,
                           const char *name, const struct names *names) {
  struct table *table = table_begin(stdout, name, names->list, names->count, &layout->options);
  const struct column *columns = profile->columns;
  table_fact_text(table, "by", profile->frames.key == BY_LINE ? "line" : what(profile->frames.key), false);
  if (!question->of_paths)
    table_fact_text(table, "order", question->order == ORDER_SELF ? "self" : "cumulative", false);
  if (layout->unit) table_fact_text(table, "unit", layout->unit, false);
  table_fact_count(table, "stacks", columns[0].stack_count, false);
  table_fact_count(table, "total", columns[0].total, false);
  table_fact_count(table, "selected", columns[0].selected, false);
  if (layout->base) {
    table_fact_text(table, "base", layout->base_name, false);
    table_fact_count(table, "base_total", columns[layout->base].total, false);
    table_fact_count(table, "base_selected", columns[layout->base].selected, false);
  }
  if (layout->objects) table_fact_count(table, "objects_total", columns[layout->objects].total, false);
  return table;
}

static void end(struct table *table, const struct ranking *ranking) {
  table_leave_out(table, ranking->of - ranking->count, ranking->greatest_left_out);
  table_end(table);
}

/* ---- functions ---- */

static void add_function_names(struct names *names, const struct layout *layout, const struct profile *profile) {
  static const char *const own[] = {"self", "self_percent", "cumulative", "cumulative_percent", NULL};
  static const char *const grown[] = {"self_base",      "self",        "self_change", "self_change_percent",
                                      "cumulative_base", "cumulative", "cumulative_change", "state", NULL};
  static const char *const objects[] = {"objects", "mean_size", NULL}, *const also[] = {"_self", "_cumulative", NULL};
  add_name(names, "rank");
  add_name(names, what(profile->frames.key));
  add_names(names, layout->base ? grown : own);
  if (layout->objects) add_names(names, objects);
  add_also(names, layout, profile, also);
}

static void function_values(struct table *table, const struct layout *layout, const struct profile *profile,
                            uint32_t number, uint64_t whole) {
  uint64_t self = self_in(&profile->columns[0], number), cumulative = cumulative_in(&profile->columns[0], number);
  if (layout->base) {
    const struct column *base = &profile->columns[layout->base];
    uint64_t self_base = self_in(base, number), cumulative_base = cumulative_in(base, number);
    table_count(table, self_base);
    table_count(table, self);
    table_difference(table, self_base, self);
    percent_changed(table, self_base, self);
    table_count(table, cumulative_base);
    table_count(table, cumulative);
    table_difference(table, cumulative_base, cumulative);
    text(table, state_of(cumulative_base, cumulative));
  } else {
    table_count(table, self);
    percent(table, self, whole);
    table_count(table, cumulative);
    percent(table, cumulative, whole);
  }
  if (layout->objects) {
    uint64_t objects = self_in(&profile->columns[layout->objects], number);
    table_count(table, objects);
    mean(table, self, objects);
  }
  for (size_t i = layout->also; i < profile->column_count; i++) {
    table_count(table, self_in(&profile->columns[i], number));
    table_count(table, cumulative_in(&profile->columns[i], number));
  }
}

void write_functions(const struct layout *layout, const struct profile *profile, const struct question *question) {
  struct names names = {0};
  add_function_names(&names, layout, profile);
  struct ranking ranking = ranking_of(profile, question);
  struct table *table = begin(layout, profile, question, layout->base ? "assay.growth" : "assay.functions", &names);
  for (size_t i = 0; i < ranking.count; i++) {
    const struct entry *entry = &profile->frames.entries[ranking.list[i].number];
    table_row(table, magnitude(ranking.list[i].value));
    table_count(table, i + 1);
    table_text(table, entry->name, entry->length);
    function_values(table, layout, profile, ranking.list[i].number, question->whole);
  }
  end(table, &ranking);
  ranking_free(&ranking);
  names_free(&names);
}

void write_one_function(const struct layout *layout, const struct profile *profile, const struct question *question,
                        const char *name) {
  struct names names = {0};
  add_function_names(&names, layout, profile);
  uint32_t number = frames_known(&profile->frames, name, strlen(name));
  struct table *table = begin(layout, profile, question, layout->base ? "assay.growth" : "assay.functions", &names);
  table_row(table, UINT64_MAX);
  table_count(table, rank_of(profile, question, number));
  text(table, name);
  function_values(table, layout, profile, number, question->whole);
  table_end(table);
  names_free(&names);
}

/* ---- paths ---- */

void path_text(const struct profile *profile, const struct path *path, struct text *joined) {
  text_clear(joined);
  for (uint32_t i = 0; i < path->count; i++) {
    const struct entry *entry = &profile->frames.entries[path->frames[i]];
    if (i > 0) text_append_char(joined, ';');
    text_append(joined, entry->name, entry->length);
  }
}

struct frame_part path_function(const struct profile *profile, const struct path *path) {
  const struct entry *innermost = &profile->frames.entries[path->frames[path->count - 1]];
  return (struct frame_part){innermost->name, frame_function_length(innermost->name, innermost->length)};
}

static void add_path_names(struct names *names, const struct layout *layout, const struct profile *profile) {
  static const char *const own[] = {"rank", "value", "percent", NULL};
  static const char *const objects[] = {"objects", "mean_size", NULL};
  static const char *const grown[] = {"rank", "base", "value", "change", "change_percent", "state", NULL};
  static const char *const last[] = {"frames", "function", "structure", "path", NULL}, *const also[] = {"", NULL};
  add_names(names, layout->base ? grown : own);
  if (layout->objects) add_names(names, objects);
  add_also(names, layout, profile, also);
  add_names(names, last);
}

static void path_values(struct table *table, const struct layout *layout, const struct profile *profile,
                        uint32_t number, uint64_t whole) {
  uint64_t value = path_in(&profile->columns[0], number);
  if (layout->base) {
    uint64_t base = path_in(&profile->columns[layout->base], number);
    table_count(table, base);
    table_count(table, value);
    table_difference(table, base, value);
    percent_changed(table, base, value);
    text(table, state_of(base, value));
  } else {
    table_count(table, value);
    percent(table, value, whole);
  }
  if (layout->objects) {
    uint64_t objects = path_in(&profile->columns[layout->objects], number);
    table_count(table, objects);
    mean(table, value, objects);
  }
  for (size_t i = layout->also; i < profile->column_count; i++)
    table_count(table, path_in(&profile->columns[i], number));
}

void write_paths(const struct layout *layout, const struct profile *profile, const struct question *question) {
  struct names names = {0};
  struct text joined = {0};
  add_path_names(&names, layout, profile);
  struct ranking ranking = ranking_of(profile, question);
  struct table *table = begin(layout, profile, question, layout->base ? "assay.path_growth" : "assay.paths", &names);
  for (size_t i = 0; i < ranking.count; i++) {
    const struct path *path = profile->paths.list[ranking.list[i].number];
    table_row(table, magnitude(ranking.list[i].value));
    table_count(table, i + 1);
    path_values(table, layout, profile, ranking.list[i].number, question->whole);
    table_count(table, path->count);
    struct frame_part function = path_function(profile, path);
    table_text(table, function.bytes, function.length);
    text(table, path->structure == NO_STRUCTURE ? "" : profile->structures->list[path->structure].note);
    path_text(profile, path, &joined);
    table_stack(table, joined.bytes, joined.length);
  }
  end(table, &ranking);
  text_free(&joined);
  ranking_free(&ranking);
  names_free(&names);
}
