#include "draw.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "asset.h"
#include "color.h"
#include "kind.h"
#include "memory.h"
#include "side.h"
#include "xml.h"

enum { ROW = 16, HEAD = 92, LEGEND_ROW = 18, MARGIN = 8, LONGEST_NAME = 10000, LEGEND_PARTS = 10, LONGEST_LABEL = 40 };

/* Of DejaVu Sans Mono at 12 pixels; the script measures the font that is really there. */
static const double column_width = 7.23, title_width = 9.64;

struct sheet {
  const struct drawing *drawing;
  FILE *output;
  struct text text;
  uint32_t rows;
  const struct stack **names; /* by number */
  uint64_t *self;             /* by number */
  uint32_t *listed;           /* by number: its place in the list of names; NO_NODE: none */
  uint32_t list_count;
  double greatest_change;
};

static void put(struct sheet *sheet) {
  fwrite(sheet->text.bytes, 1, sheet->text.length, sheet->output);
  text_clear(&sheet->text);
}

static void add(struct sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct sheet *sheet, const char *format, ...) {
  char piece[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(piece, sizeof piece, format, arguments);
  va_end(arguments);
  text_append_string(&sheet->text, piece);
}

static void add_text(struct sheet *sheet, const char *bytes) { xml_append(&sheet->text, bytes, strlen(bytes)); }

/* With commas between thousands. */
static void append_count(struct text *text, uint64_t count) {
  char digits[24];
  int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
  for (int i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0) text_append_char(text, ',');
    text_append_char(text, digits[i]);
  }
}

static void append_percent(struct text *text, uint64_t part, uint64_t whole) {
  char percent[16];
  unsigned hundredths = percent_hundredths(part, whole);
  snprintf(percent, sizeof percent, "%u.%02u %%", hundredths / 100, hundredths % 100);
  text_append_string(text, percent);
}

/* ---- colours ---- */

static uint64_t scaled_base(const struct drawing *drawing, uint64_t base) {
  uint64_t whole = drawing->tree->base_total;
  if (!drawing->normalized || whole == 0) return base;
  return (uint64_t)(((unsigned __int128)base * drawing->tree->total + whole / 2) / whole);
}

static double change_of(const struct drawing *drawing, const struct drawn *drawn) {
  uint64_t base = scaled_base(drawing, drawn->base);
  return drawn->value >= base ? (double)(drawn->value - base) : -(double)(base - drawn->value);
}

static const char *module_of_name(const struct drawing *drawing, const struct stack *name, size_t *length) {
  const struct stack *known = drawing->side ? side_module(drawing->side, name->bytes, name->length) : NULL;
  if (!known) return module_of(name->bytes, name->length, length);
  *length = known->length;
  return known->bytes;
}

static struct color color_of_name(const struct drawing *drawing, const struct stack *name) {
  size_t length;
  const char *module;
  switch (drawing->coloring) {
    case BY_NAME: return text_color(name->bytes, name->length, NULL, 0);
    case BY_MODULE:
      module = module_of_name(drawing, name, &length);
      return length > 0 ? text_color(module, length, name->bytes, name->length) : no_module_color;
    default:
      return kind_color(kind_of(name->bytes, name->length), is_inlined(name->bytes, name->length), name->bytes,
                        name->length);
  }
}

static struct color color_of(const struct sheet *sheet, const struct drawn *drawn) {
  const struct drawing *drawing = sheet->drawing;
  if (drawing->coloring == BY_DIFFERENCE) {
    double change = sheet->greatest_change > 0 ? change_of(drawing, drawn) / sheet->greatest_change : 0;
    return difference_color(change < 0 ? -sqrt(-change) : sqrt(change)); /* small changes are seen too */
  }
  if (drawn->node == ROOT) return no_module_color;
  return color_of_name(drawing, sheet->names[drawing->tree->nodes[drawn->node].name]);
}

/* ---- frames ---- */

static double fraction(uint64_t part, uint64_t whole) { return whole > 0 ? (double)part / (double)whole : 0; }

static double y_of(const struct sheet *sheet, uint32_t row) {
  return ROW * (double)(sheet->drawing->is_icicle ? row : sheet->rows - 1 - row);
}

static uint32_t list_name(struct sheet *sheet, uint32_t name) {
  if (sheet->listed[name] == NO_NODE) sheet->listed[name] = sheet->list_count++;
  return sheet->listed[name];
}

static void add_frame(struct sheet *sheet, const struct drawn *drawn) {
  const struct layout *layout = sheet->drawing->layout;
  add(sheet, "<rect x=\"%.4f%%\" y=\"%.0f\" width=\"%.4f%%\" height=\"%d\"",
      100 * fraction(drawn->start, layout->total), y_of(sheet, drawn->row),
      100 * fraction(layout->by_base ? drawn->base : drawn->value, layout->total), ROW - 1);
  if (drawn->node == NO_NODE) {
    add(sheet, " class=\"merged\" data-m=\"%zu\"", drawn->merged);
  } else {
    struct color color = color_of(sheet, drawn);
    add(sheet, " fill=\"#%02x%02x%02x\"", color.red, color.green, color.blue);
    if (drawn->node != ROOT)
      add(sheet, " data-n=\"%" PRIu32 "\"", list_name(sheet, sheet->drawing->tree->nodes[drawn->node].name));
  }
  add(sheet, " data-v=\"%" PRIu64 "\"", drawn->value);
  if (sheet->drawing->tree->has_base) add(sheet, " data-b=\"%" PRIu64 "\"", drawn->base);
  text_append_string(&sheet->text, "/>\n");
}

static void add_frames(struct sheet *sheet) {
  const struct layout *layout = sheet->drawing->layout;
  add(sheet, "<g class=\"frames\" tabindex=\"0\" transform=\"translate(0 %d)\">\n", HEAD);
  for (size_t i = 0; i < layout->count; i++) {
    add_frame(sheet, &layout->list[i]);
    if (sheet->text.length > 1 << 16) put(sheet);
  }
  text_append_string(&sheet->text, "</g>\n");
}

/* What is written on a frame, where it is wide enough for three characters. */
static void add_label(struct sheet *sheet, const struct drawn *drawn) {
  const struct layout *layout = sheet->drawing->layout;
  double part = fraction(layout->by_base ? drawn->base : drawn->value, layout->total);
  double room = (part * sheet->drawing->width - 6) / column_width;
  if (room < 3) return;
  add(sheet, "<text%s x=\"%.4f%%\" dx=\"3\" y=\"%.0f\">", drawn->node == NO_NODE ? " class=\"on-merged\"" : "",
      100 * fraction(drawn->start, layout->total), y_of(sheet, drawn->row) + 11.5);
  char merged[60];
  const char *name = "all";
  size_t length = 3;
  if (drawn->node == NO_NODE) {
    length = (size_t)snprintf(merged, sizeof merged, "(%zu frame%s)", drawn->merged, drawn->merged == 1 ? "" : "s");
    name = merged;
  } else if (drawn->node != ROOT) {
    const struct stack *stack = sheet->names[sheet->drawing->tree->nodes[drawn->node].name];
    name = stack->bytes;
    length = stack->length;
  }
  xml_append_cut(&sheet->text, name, length, (size_t)room);
  text_append_string(&sheet->text, "</text>\n");
}

static void add_labels(struct sheet *sheet) {
  const struct layout *layout = sheet->drawing->layout;
  add(sheet, "<g class=\"labels\" transform=\"translate(0 %d)\">\n", HEAD);
  for (size_t i = 0; i < layout->count; i++) {
    add_label(sheet, &layout->list[i]);
    if (sheet->text.length > 1 << 16) put(sheet);
  }
  text_append_string(&sheet->text, "</g>\n");
}

static int compare_names(const void *a, const void *b) {
  const struct stack *left = *(const struct stack *const *)a, *right = *(const struct stack *const *)b;
  return strcmp(left->bytes, right->bytes); /* a name holds no NUL */
}

/* The names that are nowhere drawn but have a pixel in all, in byte order. Returns how many others are nowhere
 * drawn. */
static size_t list_hidden_names(struct sheet *sheet) {
  const struct layout *layout = sheet->drawing->layout;
  size_t count = sheet->drawing->tree->names.count, wide = 0, unlisted = 0;
  const struct stack **names = take_array(count, sizeof *names);
  for (size_t i = 0; i < count; i++) {
    if (layout->is_drawn[i]) continue;
    if (layout->hidden[i] >= layout->threshold) names[wide++] = sheet->names[i];
    else unlisted += layout->hidden[i] > 0;
  }
  qsort(names, wide, sizeof *names, compare_names);
  for (size_t i = 0; i < wide; i++) list_name(sheet, (uint32_t)names[i]->number);
  free(names);
  return unlisted;
}

/* One line a name: the value that it has in frames that are not drawn alone, a blank, the name. Those that are in no
 * drawn
 * frame stand behind, if they have a pixel in all; how many have less is the attribute data-unlisted. */
static void add_names(struct sheet *sheet) {
  const struct layout *layout = sheet->drawing->layout;
  const struct stacks *names = &sheet->drawing->tree->names;
  size_t unlisted = list_hidden_names(sheet);
  uint32_t *by_place = take_array(sheet->list_count, sizeof *by_place);
  for (size_t i = 0; i < names->count; i++)
    if (sheet->listed[i] != NO_NODE) by_place[sheet->listed[i]] = (uint32_t)i;
  add(sheet, "<metadata class=\"names\" data-unlisted=\"%zu\">", unlisted);
  for (uint32_t i = 0; i < sheet->list_count; i++) {
    const struct stack *name = sheet->names[by_place[i]];
    bool is_cut = name->length > LONGEST_NAME;
    add(sheet, "%s%" PRIu64 " ", i > 0 ? "\n" : "", layout->hidden[by_place[i]]);
    xml_append(&sheet->text, name->bytes, is_cut ? LONGEST_NAME : name->length);
    if (is_cut) add(sheet, " .. and %zu more bytes", name->length - LONGEST_NAME);
    if (sheet->text.length > 1 << 16) put(sheet);
  }
  text_append_string(&sheet->text, "</metadata>\n");
  free(by_place);
}

/* ---- the head ---- */

static void append_value(struct text *text, uint64_t value, const char *unit) {
  append_count(text, value);
  if (!unit) return;
  text_append_char(text, ' ');
  text_append_string(text, unit);
  if (strcmp(unit, "bytes") != 0) return;
  char mebibytes[40];
  snprintf(mebibytes, sizeof mebibytes, " (%.2f MiB)", (double)value / 1048576);
  text_append_string(text, mebibytes);
}

static struct text summary_of(const struct drawing *drawing) {
  struct text text = {0};
  const struct tree *tree = drawing->tree;
  if (tree->has_base) {
    text_append_string(&text, "BASE ");
    text_append_string(&text, drawing->base_label);
    text_append_string(&text, ": ");
    append_value(&text, tree->base_total, drawing->unit);
    text_append_string(&text, "; EXP ");
    text_append_string(&text, drawing->exp_label);
    text_append_string(&text, ": ");
    append_value(&text, tree->total, drawing->unit);
    if (drawing->normalized) text_append_string(&text, "; BASE made as large as EXP");
    text_append_string(&text, drawing->layout->by_base ? "; widths show BASE" : "; widths show EXP");
    return text;
  }
  text_append_string(&text, "Total ");
  append_value(&text, tree->total, drawing->unit);
  return text;
}

static struct text account_of(const struct drawing *drawing) {
  const struct layout *layout = drawing->layout;
  struct text text = {0};
  append_count(&text, layout->frames - layout->not_drawn);
  text_append_string(&text, " of ");
  append_count(&text, layout->frames);
  text_append_string(&text, " frames are drawn");
  if (layout->not_drawn > layout->without_value) {
    text_append_string(&text, "; ");
    append_count(&text, layout->not_drawn - layout->without_value);
    char why[120];
    snprintf(why, sizeof why, " are narrower than %g pixel%s%s, merged into grey boxes", drawing->min_width,
             drawing->min_width == 1 ? "" : "s", layout->rows >= layout->max_rows ? " or too deep" : "");
    text_append_string(&text, why);
  }
  if (layout->without_value > 0) {
    text_append_string(&text, "; ");
    append_count(&text, layout->without_value);
    text_append_string(&text, layout->by_base ? " are in EXP alone, with " : " are in BASE alone, with ");
    append_percent(&text, layout->lost_value, layout->by_base ? drawing->tree->total : drawing->tree->base_total);
    text_append_string(&text, " of it");
  }
  return text;
}

static void add_head_line(struct sheet *sheet, const char *class, int y, const struct text *line) {
  double width = strcmp(class, "title") == 0 ? title_width : column_width;
  add(sheet, "<text class=\"%s\" x=\"%d\" y=\"%d\" data-whole=\"", class, MARGIN, y);
  xml_append(&sheet->text, line->bytes, line->length);
  text_append_string(&sheet->text, "\">");
  xml_append_cut(&sheet->text, line->bytes, line->length, (size_t)((sheet->drawing->width - 2 * MARGIN) / width));
  text_append_string(&sheet->text, "</text>\n");
}

/* ---- the legend ---- */

static int compare_values(const void *a, const void *b) {
  const struct stack *left = *(struct stack *const *)a, *right = *(struct stack *const *)b;
  if (left->value != right->value) return left->value < right->value ? 1 : -1;
  return strcmp(left->bytes, right->bytes);
}

static void add_legend_part(struct sheet *sheet, int *x, struct color color, const char *label, size_t length,
                            uint64_t value) {
  struct text words = {0};
  text_append(&words, label, length);
  text_append_char(&words, ' ');
  append_percent(&words, value, sheet->drawing->layout->total);
  add(sheet,
      "<g transform=\"translate(%d 0)\"><rect width=\"11\" height=\"11\" y=\"-9\" fill=\"#%02x%02x%02x\"/><text "
      "x=\"15\">",
      *x, color.red, color.green, color.blue);
  xml_append_cut(&sheet->text, words.bytes, words.length, LONGEST_LABEL);
  text_append_string(&sheet->text, "</text></g>\n");
  size_t columns = words.length < LONGEST_LABEL ? words.length : LONGEST_LABEL;
  *x += (int)(column_width * (double)columns) + 30;
  text_free(&words);
}

/* What the colours mean, and how much of the value ends in frames of each. */
static void add_parts(struct sheet *sheet, bool by_module) {
  static const char unknown[] = "no module known";
  struct stacks parts = {0};
  const struct stacks *names = &sheet->drawing->tree->names;
  for (size_t i = 0; i < names->count; i++) {
    if (sheet->self[i] == 0) continue;
    size_t length;
    const char *label;
    if (by_module) {
      label = module_of_name(sheet->drawing, sheet->names[i], &length);
      if (length == 0) length = strlen(label = unknown);
    } else {
      label = kind_names[kind_of(sheet->names[i]->bytes, sheet->names[i]->length)];
      length = strlen(label);
    }
    stacks_add(&parts, label, length, sheet->self[i]); /* no more than the total */
  }
  struct stack **sorted = stacks_sorted(&parts);
  qsort(sorted, parts.count, sizeof *sorted, compare_values);
  int x = MARGIN;
  for (size_t i = 0; i < parts.count && i < LEGEND_PARTS; i++) {
    const struct stack *part = sorted[i];
    struct color color = no_module_color;
    if (by_module && strcmp(part->bytes, unknown) != 0) color = text_color(part->bytes, part->length, NULL, 0);
    for (int kind = 0; !by_module && kind < KINDS; kind++)
      if (strcmp(part->bytes, kind_names[kind]) == 0) color = kind_color((enum kind)kind, false, NULL, 0);
    add_legend_part(sheet, &x, color, part->bytes, part->length, part->value);
  }
  free(sorted);
  stacks_free(&parts);
}

static void add_difference_parts(struct sheet *sheet) {
  static const struct {
    double change;
    const char *label;
  } parts[] = {{1, "more in EXP"}, {0, "as much"}, {-1, "less in EXP"}};
  int x = MARGIN;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    struct color color = difference_color(parts[i].change);
    add(sheet,
        "<g transform=\"translate(%d 0)\"><rect width=\"11\" height=\"11\" y=\"-9\" fill=\"#%02x%02x%02x\"/><text "
        "x=\"15\">%s</text></g>\n",
        x, color.red, color.green, color.blue, parts[i].label);
    x += (int)(column_width * (double)strlen(parts[i].label)) + 30;
  }
}

static void add_legend(struct sheet *sheet) {
  enum coloring coloring = sheet->drawing->coloring;
  add(sheet, "<g class=\"legend\" transform=\"translate(0 %d)\">\n", HEAD - 10);
  if (coloring == BY_DIFFERENCE) add_difference_parts(sheet);
  else if (coloring != BY_NAME) add_parts(sheet, coloring == BY_MODULE);
  text_append_string(&sheet->text, "</g>\n");
}

static void add_head(struct sheet *sheet) {
  struct text title = {0}, summary = summary_of(sheet->drawing), account = account_of(sheet->drawing);
  text_append_string(&title, sheet->drawing->title);
  add(sheet, "<g class=\"head\">\n<rect class=\"page\" width=\"100%%\" height=\"%d\"/>\n", HEAD);
  add_head_line(sheet, "title", 20, &title);
  add_head_line(sheet, "summary", 37, &summary);
  add_head_line(sheet, "account soft", 52, &account);
  add_head_line(sheet, "details", 67, &(struct text){0});
  add_legend(sheet);
  text_append_string(&sheet->text, "</g>\n");
  text_free(&title);
  text_free(&summary);
  text_free(&account);
}

/* ---- all of it ---- */

/* The value of the stacks that end in frames of each name: what a node has and its children have not. */
static void add_self_values(const struct sheet *sheet) {
  const struct tree *tree = sheet->drawing->tree;
  bool by_base = sheet->drawing->layout->by_base;
  for (size_t i = 1; i < tree->count; i++) {
    uint64_t value = by_base ? tree->base[i] : tree->nodes[i].value;
    sheet->self[tree->nodes[i].name] += value; /* unsigned: what is taken off by a child is added by its own node */
    if (tree->nodes[i].parent != ROOT) sheet->self[tree->nodes[tree->nodes[i].parent].name] -= value;
  }
}

static void prepare(struct sheet *sheet) {
  const struct tree *tree = sheet->drawing->tree;
  const struct layout *layout = sheet->drawing->layout;
  size_t position = 0, count = tree->names.count;
  sheet->names = take_array(count, sizeof *sheet->names);
  for (struct stack *name; (name = stacks_next(&tree->names, &position));) sheet->names[name->number] = name;
  sheet->listed = take_array(count, sizeof *sheet->listed);
  for (size_t i = 0; i < count; i++) sheet->listed[i] = NO_NODE;
  for (size_t i = 0; i < layout->count; i++)
    sheet->greatest_change = fmax(sheet->greatest_change, fabs(change_of(sheet->drawing, &layout->list[i])));
  sheet->self = take_array(count, sizeof *sheet->self);
  memset(sheet->self, 0, count * sizeof *sheet->self);
  if (sheet->drawing->coloring == BY_KIND || sheet->drawing->coloring == BY_MODULE) add_self_values(sheet);
}

static void add_start(struct sheet *sheet, double height) {
  const struct drawing *drawing = sheet->drawing;
  add(sheet, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"stackflame\" width=\"%g\" height=\"%.0f\"",
      drawing->width, height);
  add(sheet, " data-row=\"%d\" data-rows=\"%" PRIu32 "\" data-icicle=\"%d\" data-head=\"%d\"", ROW, sheet->rows,
      drawing->is_icicle, HEAD);
  add(sheet, " data-total=\"%" PRIu64 "\"", drawing->tree->total);
  if (drawing->tree->has_base)
    add(sheet, " data-base-total=\"%" PRIu64 "\" data-by-base=\"%d\" data-normalized=\"%d\"", drawing->tree->base_total,
        drawing->layout->by_base, drawing->normalized);
  text_append_string(&sheet->text, " data-unit=\"");
  if (drawing->unit) add_text(sheet, drawing->unit);
  text_append_string(&sheet->text, "\">\n<title>");
  add_text(sheet, drawing->title);
  text_append_string(&sheet->text, "</title>\n<style>\n");
  text_append_string(&sheet->text, flame_css);
  text_append_string(&sheet->text, "</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
}

void draw_svg(const struct drawing *drawing, FILE *output) {
  struct sheet sheet = {.drawing = drawing, .output = output, .rows = drawing->layout->rows};
  prepare(&sheet);
  add_start(&sheet, HEAD + ROW * (double)sheet.rows + MARGIN);
  add_frames(&sheet);
  add_labels(&sheet);
  add_head(&sheet);
  add_names(&sheet);
  text_append_string(&sheet.text, "<script><![CDATA[\n");
  text_append_string(&sheet.text, flame_js);
  text_append_string(&sheet.text, "]]></script>\n</svg>\n");
  put(&sheet);
  text_free(&sheet.text);
  free(sheet.names);
  free(sheet.self);
  free(sheet.listed);
}
