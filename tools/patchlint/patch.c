#include "patch.h"

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "report.h"

/* The names on a `diff --git` line; NULL where they cannot be told apart. */
struct names {
  const char *old, *new;
};

static bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* What follows with in text, or NULL when it does not begin so. */
static const char *behind(const char *text, const char *with) {
  return begins(text, with) ? text + strlen(with) : NULL;
}

/* The line at index; an empty one behind the last. */
static const char *line_at(const struct patch *patch, size_t index) {
  return patch->lines[index < patch->line_count ? index : patch->line_count].bytes;
}

static void read_lines(struct patch *patch, const char *path) {
  struct input *input = input_open(path);
  patch->name = arena_copy(&patch->arena, input_name(input), strlen(input_name(input)));
  char *bytes;
  size_t length;
  while (input_line(input, &bytes, &length)) {
    if (memchr(bytes, '\0', length))
      fail_at(patch->name, input_line_number(input), "holds a NUL byte; text is expected");
    grow(&patch->lines, &patch->line_capacity, patch->line_count + 1, sizeof *patch->lines);
    patch->lines[patch->line_count++] = (struct line){arena_copy(&patch->arena, bytes, length), length};
  }
  grow(&patch->lines, &patch->line_capacity, patch->line_count + 1, sizeof *patch->lines);
  patch->lines[patch->line_count] = (struct line){arena_copy(&patch->arena, "", 0), 0};
  input_close(input);
}

/* ---- paths ---- */

/* The character that a C escape at text (behind its backslash) means; *length is how long it is. */
static char unescape(const struct patch *patch, size_t index, const char *text, size_t *length) {
  static const char letters[] = "abtnvfr\"\\", meanings[] = "\a\b\t\n\v\f\r\"\\";
  const char *letter = *text ? strchr(letters, *text) : NULL;
  *length = 1;
  if (letter) return meanings[letter - letters];
  unsigned int value = 0;
  for (*length = 0; *length < 3 && text[*length] >= '0' && text[*length] <= '7'; ++*length)
    value = value * 8 + (unsigned int)(text[*length] - '0');
  if (*length != 3 || value == 0 || value > 255) fail_at(patch->name, index + 1, "a quoted path holds a bad escape");
  return (char)(unsigned char)value;
}

/* The name that text begins with: in quotes, or up to one of the characters of stop (or the end). *rest is what follows
 * it. */
static const char *read_name(struct patch *patch, size_t index, const char *text, const char *stop, const char **rest) {
  if (*text != '"') {
    size_t length = strcspn(text, stop);
    *rest = text + length;
    return arena_copy(&patch->arena, text, length);
  }
  struct text name = {0};
  for (text++; *text != '"'; text++) {
    if (!*text) fail_at(patch->name, index + 1, "a quoted path has no end");
    size_t length;
    if (*text == '\\') {
      text_append_char(&name, unescape(patch, index, text + 1, &length));
      text += length;
    } else {
      text_append_char(&name, *text);
    }
  }
  *rest = text + 1;
  const char *copy = arena_copy(&patch->arena, name.length ? name.bytes : "", name.length);
  text_free(&name);
  return copy;
}

/* name without its prefix (a/ or b/); an absolute path stays, for the check of the scope to find. NULL when it is
 * neither. */
static const char *without_prefix(const char *name, const char *prefix) {
  return *name == '/' ? name : behind(name, prefix);
}

static void touch(struct patch *patch, const char *path) {
  grow(&patch->touched, &patch->touched_capacity, patch->touched_count + 1, sizeof *patch->touched);
  patch->touched[patch->touched_count++] = (struct touched){path, patch->difference_count - 1};
}

/* The names behind `diff --git `. git quotes a name that holds a quote, a backslash or a control character, but not one
 * with a space: two names without quotes are told apart by being the same, or by a single ` b/`. */
static struct names read_git_names(struct patch *patch, size_t index, const char *text) {
  struct names names = {0};
  const char *rest;
  size_t length = strlen(text);
  const char *second_quote = *text == '"' ? NULL : strstr(text, " \"");
  if (*text == '"' || second_quote) {
    const char *old = *text == '"' ? read_name(patch, index, text, "", &rest)
                                   : arena_copy(&patch->arena, text, (size_t)(second_quote - text));
    if (second_quote) rest = second_quote;
    const char *new = *rest == ' ' ? read_name(patch, index, rest + 1, "", &rest) : "";
    names = (struct names){without_prefix(old, "a/"), without_prefix(new, "b/")};
    if (*rest || !names.old || !names.new) names = (struct names){0};
  } else {
    const char *split = NULL, *middle = length % 2 ? text + length / 2 : NULL;
    size_t candidates = 0;
    for (const char *space = strchr(text, ' '); space; space = strchr(space + 1, ' '))
      if (begins(space, " b/") || begins(space, " /")) split = space, candidates++;
    if (middle && *middle == ' ') {
      const char *old = arena_copy(&patch->arena, text, (size_t)(middle - text));
      old = without_prefix(old, "a/");
      const char *new = without_prefix(middle + 1, "b/");
      if (old && new && strcmp(old, new) == 0) return (struct names){old, new};
    }
    if (candidates == 1) {
      names.old = without_prefix(arena_copy(&patch->arena, text, (size_t)(split - text)), "a/");
      names.new = without_prefix(split + 1, "b/");
    }
    if (candidates > 1 && begins(text, "a/")) return (struct names){0}; /* other lines will tell */
  }
  if (!names.old || !names.new)
    fail_at(patch->name, index + 1, "found '%s', expected: diff --git a/PATH b/PATH", line_at(patch, index));
  return names;
}

/* The path of a `--- ` or `+++ ` line; NULL for /dev/null. */
static const char *read_file_name(struct patch *patch, size_t index, const char *prefix, const char *expected) {
  const char *rest, *name = read_name(patch, index, line_at(patch, index) + 4, "\t", &rest);
  if (strcmp(name, "/dev/null") == 0) return NULL;
  const char *path = without_prefix(name, prefix);
  if (!path || (*rest && *rest != '\t'))
    fail_at(patch->name, index + 1, "found '%s', expected: %.3s %sPATH", line_at(patch, index), line_at(patch, index),
            prefix);
  if (expected && strcmp(path, expected) != 0)
    fail_at(patch->name, index + 1, "names '%s', but its diff --git line '%s'", path, expected);
  return path;
}

/* ---- hunks ---- */

/* A decimal number at *text, which moves behind it; false when there is none or it is too large. */
static bool read_number(const char **text, size_t *number) {
  const char *start = *text;
  for (*number = 0; **text >= '0' && **text <= '9'; ++*text) {
    size_t digit = (size_t)(**text - '0');
    if (*number > ((size_t)-1 - digit) / 10) return false;
    *number = *number * 10 + digit;
  }
  return *text > start;
}

/* `START[,COUNT]` at *text; COUNT is 1 where it is left out. */
static bool read_range(const char **text, size_t *start, size_t *count) {
  *count = 1;
  if (!read_number(text, start)) return false;
  if (**text != ',') return true;
  ++*text;
  return read_number(text, count);
}

/* *start is the line of the old file at which the hunk begins; 0 for a new file. */
static void read_hunk_header(const struct patch *patch, size_t index, size_t *start, size_t *old_count,
                             size_t *new_count) {
  const char *line = line_at(patch, index), *text = behind(line, "@@ -");
  size_t new_start;
  bool good = text && read_range(&text, start, old_count);
  text = good ? behind(text, " +") : NULL;
  good = text && read_range(&text, &new_start, new_count) && begins(text, " @@");
  if (!good) fail_at(patch->name, index + 1, "found '%s', expected: @@ -START,COUNT +START,COUNT @@", line);
}

static bool is_signature(const char *line) { return strcmp(line, "-- ") == 0 || strcmp(line, "--") == 0; }

/* The hunk whose header stands at index; returns the index of the line that follows it. */
static size_t read_hunk(struct patch *patch, size_t index, const char *path) {
  size_t header = index, start = 0, old_count = 0, new_count = 0;
  read_hunk_header(patch, index, &start, &old_count, &new_count);
  struct hunk hunk = {.path = path, .is_beginning = start <= 1};
  for (index++; old_count > 0 || new_count > 0; index++) {
    const char *line = line_at(patch, index);
    char sign = index < patch->line_count && !*line ? ' ' : *line; /* an empty line is context that lost its blank */
    if (sign == '\\') continue;                                    /* "\ No newline at end of file" */
    bool is_old = sign == ' ' || sign == '-', is_new = sign == ' ' || sign == '+';
    if (index >= patch->line_count || (!is_old && !is_new) || (is_old && old_count == 0) || (is_new && new_count == 0))
      fail_at(patch->name, index < patch->line_count ? index + 1 : patch->line_count,
              "the hunk of line %zu does not match its header: %zu more old and %zu more new lines are expected",
              header + 1, old_count, new_count);
    struct text *images[] = {is_old ? &hunk.before : NULL, is_new ? &hunk.after : NULL};
    for (size_t i = 0; i < 2; i++) {
      if (!images[i]) continue;
      text_append_string(images[i], *line ? line + 1 : line);
      text_append_char(images[i], '\n');
    }
    old_count -= is_old;
    new_count -= is_new;
    patch->changed_lines += is_old != is_new;
  }
  while (*line_at(patch, index) == '\\') index++;
  const char *next = line_at(patch, index);
  if (*next && strchr(" +-", *next) && !is_signature(next))
    fail_at(patch->name, index + 1, "the hunk of line %zu holds more lines than its header says", header + 1);
  grow(&patch->hunks, &patch->hunk_capacity, patch->hunk_count + 1, sizeof *patch->hunks);
  patch->hunks[patch->hunk_count++] = hunk;
  return index;
}

/* ---- differences ---- */

static void add_path(struct patch *patch, size_t index, const char *text) {
  const char *rest;
  touch(patch, read_name(patch, index, text, "", &rest));
  if (*rest) fail_at(patch->name, index + 1, "text follows a quoted path");
}

/* Takes in a line between `diff --git` and `---`; false when it is none of them. */
static bool read_extended_line(struct patch *patch, size_t index, struct difference *difference) {
  const char *line = line_at(patch, index), *text;
  if ((text = behind(line, "index "))) {
    const char *space = strchr(text, ' ');
    if (space) difference->mode = space + 1;
  } else if ((text = behind(line, "old mode "))) {
    difference->old_mode = text;
  } else if ((text = behind(line, "new mode "))) {
    difference->new_mode = text;
  } else if ((text = behind(line, "new file mode ")) || (text = behind(line, "deleted file mode "))) {
    difference->mode = text;
  } else if ((text = behind(line, "rename from ")) || (text = behind(line, "rename to "))) {
    difference->is_rename = true;
    add_path(patch, index, text);
  } else if ((text = behind(line, "copy from ")) || (text = behind(line, "copy to "))) {
    difference->is_copy = true;
    add_path(patch, index, text);
  } else {
    return begins(line, "similarity index ") || begins(line, "dissimilarity index ");
  }
  return true;
}

/* The `---` and `+++` lines at index, and the hunks behind them. */
static size_t read_text_change(struct patch *patch, size_t index, struct names names, struct difference *difference) {
  if (!begins(line_at(patch, index + 1), "+++ "))
    fail_at(patch->name, index + 2, "found '%s', expected: +++ b/PATH or +++ /dev/null", line_at(patch, index + 1));
  const char *old = read_file_name(patch, index, "a/", names.old);
  const char *new = read_file_name(patch, index + 1, "b/", names.new);
  if (old) touch(patch, old);
  if (new) touch(patch, new);
  if (!old && !new) fail_at(patch->name, index + 1, "neither the old nor the new file has a name");
  difference->path = new ? new : old;
  index += 2;
  if (!begins(line_at(patch, index), "@@ "))
    fail_at(patch->name, index + 1, "found '%s', expected: @@ -START,COUNT +START,COUNT @@", line_at(patch, index));
  while (begins(line_at(patch, index), "@@ ")) index = read_hunk(patch, index, difference->path);
  return index;
}

/* What the `diff --git` line at index begins; returns the index of the line that follows it. */
static size_t read_difference(struct patch *patch, size_t index) {
  grow(&patch->differences, &patch->difference_capacity, patch->difference_count + 1, sizeof *patch->differences);
  struct difference difference = {.line = index + 1};
  size_t first_touched = patch->touched_count;
  patch->difference_count++;
  struct names names = read_git_names(patch, index, line_at(patch, index) + strlen("diff --git "));
  if (names.old) touch(patch, names.old);
  if (names.new) touch(patch, names.new);
  size_t header = index++;
  while (index < patch->line_count && read_extended_line(patch, index, &difference)) index++;
  if (begins(line_at(patch, index), "--- ")) {
    index = read_text_change(patch, index, names, &difference);
  } else if (begins(line_at(patch, index), "Binary files ") || strcmp(line_at(patch, index), "GIT binary patch") == 0) {
    difference.is_binary = true;
    while (index < patch->line_count && !begins(line_at(patch, index), "diff --git ") &&
           !is_signature(line_at(patch, index)))
      index++;
  }
  if (patch->touched_count == first_touched)
    fail_at(patch->name, header + 1, "the paths of '%s' cannot be told apart", line_at(patch, header));
  if (!difference.path) difference.path = patch->touched[patch->touched_count - 1].path;
  patch->differences[patch->difference_count - 1] = difference;
  return index;
}

/* ---- the whole ---- */

/* Nothing outside the diffs may look like one: git apply would apply it. */
static void check_text(const struct patch *patch, size_t from, size_t end) {
  for (size_t i = from; i < end; i++)
    if (begins(line_at(patch, i), "--- ") && begins(line_at(patch, i + 1), "+++ "))
      fail_at(patch->name, i + 1, "a diff begins here without a line: diff --git a/PATH b/PATH");
}

/* The signature at index, to the end of the patch. */
static void check_signature(const struct patch *patch, size_t index) {
  static const char *const beginnings[] = {"diff ", "--- ", "+++ ", "@@ ", "From ", "Index: ", "*** "};
  for (size_t i = index + 1; i < patch->line_count; i++)
    for (size_t j = 0; j < sizeof beginnings / sizeof *beginnings; j++)
      if (begins(line_at(patch, i), beginnings[j]))
        fail_at(patch->name, i + 1, "another patch follows the signature of line %zu; one patch is expected",
                index + 1);
}

struct patch patch_read(const char *path) {
  struct patch patch = {0};
  read_lines(&patch, path);
  while (patch.message_end < patch.line_count && !begins(line_at(&patch, patch.message_end), "diff --git "))
    patch.message_end++;
  check_text(&patch, 0, patch.message_end);
  if (patch.message_end == patch.line_count)
    fail_at(patch.name, 0, "holds no diff; a message and then lines `diff --git a/PATH b/PATH` are expected");
  for (size_t index = patch.message_end; index < patch.line_count;) {
    const char *line = line_at(&patch, index);
    if (begins(line, "diff --git ")) {
      index = read_difference(&patch, index);
    } else if (is_signature(line)) {
      check_signature(&patch, index);
      break;
    } else if (*line) {
      fail_at(patch.name, index + 1, "found '%s', expected: diff --git a/PATH b/PATH, or the end", line);
    } else {
      index++;
    }
  }
  return patch;
}

void patch_free(struct patch *patch) {
  for (size_t i = 0; i < patch->hunk_count; i++) {
    text_free(&patch->hunks[i].before);
    text_free(&patch->hunks[i].after);
  }
  free(patch->lines);
  free(patch->differences);
  free(patch->touched);
  free(patch->hunks);
  arena_free(&patch->arena);
}
