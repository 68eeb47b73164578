/* scriptgen: fills a template with values, each quoted for where it stands.
 *
 * In: a template, whose first line is `@@ shell` or `@@ markdown` and whose @NAME@ stand for values; the values, from
 * TSV files `name value`, the command line, and files that are values. Out: the script or document, as a whole or not
 * at all. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argument.h"
#include "input.h"
#include "memory.h"
#include "report.h"
#include "scriptgen/quote.h"
#include "tsv.h"

static const char HELP[] =
    "usage: scriptgen [OPTION]... TEMPLATE\n"
    "Fill a template on stdout, each value quoted for where it stands. The first line\n"
    "of TEMPLATE is `@@ shell` or `@@ markdown`.\n"
    "\n"
    "  -p, --params FILE.tsv     take values from the TSV `name value`\n"
    "  -D, --define NAME=VALUE   give one value\n"
    "  -F, --file NAME=PATH      give the bytes of a file as a value\n"
    "  -s, --strict              a value that the template never names is an error\n"
    "  -h, --help                print this and exit\n"
    "  -V, --version             print the version and exit\n"
    "\n"
    "Of values with one name the last one given counts. In the template:\n"
    "\n"
    "  @NAME@           the value quoted: one shell word, or Markdown that stays text\n"
    "  @words:NAME@     (shell) split at blanks, each word quoted\n"
    "  @comment:NAME@   (shell) on one line, for a comment\n"
    "  @code:NAME@      (markdown) an inline code span\n"
    "  @block:NAME@     (markdown) a fenced code block; alone on its line\n"
    "  @raw:NAME@       the value as it is\n"
    "  @if NAME@ ... @ifnot NAME@ ... @end@   each alone on its line: what is\n"
    "                   between counts when the value is (is not) given and not empty\n"
    "  @@               one @\n";

enum context { SHELL, MARKDOWN };

struct value {
  const char *name;
  const char *bytes;
  size_t length;
  size_t order; /* of the options; of equal names the last counts */
  bool named;   /* by the template */
};

struct values {
  struct value *list; /* sorted by name once complete */
  size_t count, capacity;
  struct arena arena;
};

enum form { PLAIN, WORDS, COMMENT, CODE, BLOCK, RAW };

static const struct form_name {
  const char *name;
  enum form form;
  bool in_shell, in_markdown;
} FORMS[] = {
    {"words", WORDS, true, false}, {"comment", COMMENT, true, false}, {"code", CODE, false, true},
    {"block", BLOCK, false, true}, {"raw", RAW, true, true},
};

/* An @if or @ifnot that is not yet ended. */
struct condition {
  size_t line;
  bool included; /* what stands in it goes to the output, and so does what stands around it */
};

struct filler {
  const char *file;
  size_t line_number;
  const char *line; /* the present line, without its line end */
  size_t length;
  enum context context;
  struct values *values;
  struct condition *conditions;
  size_t depth, condition_capacity;
  struct text output;
};

/* A file's name in messages. */
static const char *shown(const char *path) { return strcmp(path, "-") == 0 ? "<stdin>" : path; }

static bool starts_name(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }

/* The length of the name that text begins with; 0 for none. */
static size_t name_length(const char *text, size_t length) {
  if (length == 0 || !starts_name(*text)) return 0;
  size_t end = 1;
  while (end < length && (starts_name(text[end]) || (text[end] >= '0' && text[end] <= '9'))) end++;
  return end;
}

static bool is_name(const char *text) {
  size_t length = strlen(text);
  return length > 0 && name_length(text, length) == length;
}

/* name and bytes must stay valid. */
static void add_value(struct values *values, const char *name, const char *bytes, size_t length) {
  grow(&values->list, &values->capacity, values->count + 1, sizeof *values->list);
  values->list[values->count] =
      (struct value){.name = name, .bytes = bytes, .length = length, .order = values->count};
  values->count++;
}

static void add_parameters(struct values *values, const char *path) {
  struct tsv *tsv = tsv_open(path);
  size_t name_field = tsv_field(tsv, "name"), value_field = tsv_field(tsv, "value");
  while (tsv_row(tsv)) {
    const char *name = tsv_value(tsv, name_field), *value = tsv_value(tsv, value_field);
    if (!is_name(name))
      fail_at(tsv_name(tsv), tsv_line_number(tsv), "'%s' is no name of a value; [A-Za-z_][A-Za-z0-9_]* is expected",
              name);
    size_t length = strlen(value);
    add_value(values, arena_copy(&values->arena, name, strlen(name)), arena_copy(&values->arena, value, length),
              length);
  }
  tsv_close(tsv);
}

/* Cuts NAME=REST, which stays in place; the name is a copy. */
static const char *cut_name(struct values *values, const char *option, const char *text, const char **rest) {
  const char *equals = strchr(text, '=');
  size_t length = equals ? (size_t)(equals - text) : 0;
  if (length == 0 || name_length(text, length) != length)
    fail_usage("%s '%s' is not NAME=..., with [A-Za-z_][A-Za-z0-9_]* as the name", option, text);
  *rest = equals + 1;
  return arena_copy(&values->arena, text, length);
}

static void add_definition(struct values *values, const char *text) {
  const char *value, *name = cut_name(values, "--define", text, &value);
  add_value(values, name, value, strlen(value));
}

/* The bytes of a file as they are: what happens to be compressed is not looked into. */
static void add_file(struct values *values, const char *text) {
  const char *path, *name = cut_name(values, "--file", text, &path);
  bool is_stdin = strcmp(path, "-") == 0;
  int descriptor = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_at(shown(path), 0, "cannot be opened: %s", strerror(errno));
  struct text all = {0};
  for (ssize_t count;;) {
    grow(&all.bytes, &all.capacity, sum_of(all.length, 1 << 16), 1);
    count = read(descriptor, all.bytes + all.length, all.capacity - all.length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_at(shown(path), 0, "cannot be read: %s", strerror(errno));
    if (count == 0) break;
    all.length += (size_t)count;
  }
  if (!is_stdin) close(descriptor);
  add_value(values, name, arena_copy(&values->arena, all.bytes, all.length), all.length);
  text_free(&all);
}

static int compare_values(const void *a, const void *b) {
  const struct value *left = a, *right = b;
  int names = strcmp(left->name, right->name);
  return names ? names : (left->order > right->order) - (left->order < right->order);
}

/* Sorts the values by name and leaves the last of each name. */
static void settle_values(struct values *values) {
  if (values->count == 0) return;
  qsort(values->list, values->count, sizeof *values->list, compare_values);
  size_t kept = 0;
  for (size_t i = 0; i < values->count; i++) {
    bool overridden = i + 1 < values->count && strcmp(values->list[i].name, values->list[i + 1].name) == 0;
    if (!overridden) values->list[kept++] = values->list[i];
  }
  values->count = kept;
}

/* The value called name (length bytes), marked as named by the template; NULL when there is none. */
static const struct value *find_value(struct values *values, const char *name, size_t length) {
  for (size_t low = 0, high = values->count; low < high;) {
    size_t middle = low + (high - low) / 2;
    struct value *value = &values->list[middle];
    int order = strncmp(name, value->name, length);
    if (order == 0 && value->name[length]) order = -1;
    if (order == 0) {
      value->named = true;
      return value;
    }
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return NULL;
}

static void unknown_form(const struct filler *filler, const char *form, size_t length) {
  fail_at(filler->file, filler->line_number,
          "@%.*s:NAME@ is no form; @NAME@, @words:NAME@, @comment:NAME@, @code:NAME@, @block:NAME@ or @raw:NAME@ is "
          "expected (@@ for one @)",
          (int)length, form);
}

static const struct form_name *find_form(const char *name, size_t length) {
  for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++)
    if (strlen(FORMS[i].name) == length && memcmp(FORMS[i].name, name, length) == 0) return &FORMS[i];
  return NULL;
}

static bool included(const struct filler *filler) {
  return filler->depth == 0 || filler->conditions[filler->depth - 1].included;
}

/* Whether the first character of the line that is no blank is c. */
static bool line_begins_with(const struct filler *filler, char c) {
  size_t i = 0;
  while (i < filler->length && (filler->line[i] == ' ' || filler->line[i] == '\t')) i++;
  return i < filler->length && filler->line[i] == c;
}

/* Checks that the form may stand where it does. at: the place of its first @ in the line; size: its length. */
static void check_place(const struct filler *filler, enum form form, size_t at, size_t size) {
  if (form == BLOCK && (at != 0 || size != filler->length))
    fail_at(filler->file, filler->line_number, "a block must stand alone on its line");
  if (filler->context == SHELL && (form == PLAIN || form == WORDS) && line_begins_with(filler, '#'))
    fail_at(filler->file, filler->line_number,
            "a value in a comment is written @comment:NAME@, or its line breaks end it");
}

static void append_value(struct filler *filler, enum form form, const char *name, size_t name_size) {
  const struct value *value = find_value(filler->values, name, name_size);
  if (!included(filler)) return;
  if (!value) fail_at(filler->file, filler->line_number, "no value for %.*s", (int)name_size, name);
  if (filler->context == SHELL && form != COMMENT && value->length > 0 && memchr(value->bytes, '\0', value->length))
    fail_at(filler->file, filler->line_number, "the value of %s holds a NUL byte, which no shell script can hold",
            value->name);
  struct text *output = &filler->output;
  switch (form) {
    case PLAIN:
      if (filler->context == SHELL) quote_shell(output, value->bytes, value->length);
      else quote_markdown(output, value->bytes, value->length);
      break;
    case WORDS: quote_shell_words(output, value->bytes, value->length); break;
    case COMMENT: quote_comment(output, value->bytes, value->length); break;
    case CODE: quote_markdown_code(output, value->bytes, value->length, line_begins_with(filler, '|')); break;
    case BLOCK: quote_markdown_block(output, value->bytes, value->length); break;
    case RAW: text_append(output, value->bytes, value->length); break;
  }
}

/* What the @ at place at of the line begins goes to the output; returns how many bytes of the line that was. */
static size_t expand(struct filler *filler, size_t at) {
  const char *text = filler->line + at + 1;
  size_t length = filler->length - at - 1;
  if (length > 0 && *text == '@') {
    if (included(filler)) text_append_char(&filler->output, '@');
    return 2;
  }
  size_t first = name_length(text, length);
  if (first > 0 && first < length && text[first] == '@') {
    if (first == 3 && memcmp(text, "end", 3) == 0)
      fail_at(filler->file, filler->line_number, "@end@ must stand alone on its line");
    check_place(filler, PLAIN, at, first + 2);
    append_value(filler, PLAIN, text, first);
    return first + 2;
  }
  if (first > 0 && first < length && text[first] == ':') {
    const char *name = text + first + 1;
    size_t name_size = name_length(name, length - first - 1);
    bool complete = name_size > 0 && first + 1 + name_size < length && name[name_size] == '@';
    const struct form_name *form = find_form(text, first);
    if (complete && !form) unknown_form(filler, text, first);
    if (form && !complete)
      fail_at(filler->file, filler->line_number, "@%s: is not followed by NAME@ (@@ for one @)", form->name);
    if (form) {
      if (!(filler->context == SHELL ? form->in_shell : form->in_markdown))
        fail_at(filler->file, filler->line_number, "@%s:NAME@ has no meaning in a %s template", form->name,
                filler->context == SHELL ? "shell" : "markdown");
      check_place(filler, form->form, at, first + name_size + 3);
      append_value(filler, form->form, name, name_size);
      return first + name_size + 3;
    }
  }
  if ((first == 2 && memcmp(text, "if", 2) == 0) || (first == 5 && memcmp(text, "ifnot", 5) == 0)) {
    size_t name_size = first < length && text[first] == ' ' ? name_length(text + first + 1, length - first - 1) : 0;
    if (name_size > 0 && first + 1 + name_size < length && text[first + 1 + name_size] == '@')
      fail_at(filler->file, filler->line_number, "@%.*s NAME@ must stand alone on its line", (int)first, text);
  }
  if (included(filler)) text_append_char(&filler->output, '@');
  return 1;
}

static void begin_condition(struct filler *filler, bool negated, const char *name, size_t length) {
  const struct value *value = find_value(filler->values, name, length);
  bool holds = (value && value->length > 0) != negated;
  grow(&filler->conditions, &filler->condition_capacity, filler->depth + 1, sizeof *filler->conditions);
  filler->conditions[filler->depth] = (struct condition){filler->line_number, included(filler) && holds};
  filler->depth++;
}

/* Obeys a line that is @if NAME@, @ifnot NAME@ or @end@ (blanks around it do not count); false when it is none. */
static bool obey(struct filler *filler) {
  const char *text = filler->line;
  size_t length = filler->length;
  while (length > 0 && (*text == ' ' || *text == '\t')) text++, length--;
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) length--;
  if (length == 5 && memcmp(text, "@end@", 5) == 0) {
    if (filler->depth == 0) fail_at(filler->file, filler->line_number, "@end@ without @if or @ifnot before it");
    filler->depth--;
    return true;
  }
  bool negated = length > 7 && memcmp(text, "@ifnot ", 7) == 0;
  size_t word = negated ? 7 : 4;
  if (!negated && !(length > 4 && memcmp(text, "@if ", 4) == 0)) return false;
  size_t name = name_length(text + word, length - word);
  if (name == 0 || word + name + 1 != length || text[length - 1] != '@')
    fail_at(filler->file, filler->line_number,
            "is no condition; %.*sNAME@ alone on its line is expected (@@ for one @)", (int)word, text);
  begin_condition(filler, negated, text + word, name);
  return true;
}

static void fill_line(struct filler *filler) {
  for (size_t at = 0; at < filler->length;) {
    const char *from = filler->line + at, *sign = memchr(from, '@', filler->length - at);
    size_t plain = sign ? (size_t)(sign - from) : filler->length - at;
    if (included(filler)) text_append(&filler->output, from, plain);
    at += plain;
    if (sign) at += expand(filler, at);
  }
}

static enum context read_context(const char *file, const char *line, size_t length) {
  if (length == 8 && memcmp(line, "@@ shell", length) == 0) return SHELL;
  if (length == 11 && memcmp(line, "@@ markdown", length) == 0) return MARKDOWN;
  fail_at(file, 1, "names no context; a first line `@@ shell` or `@@ markdown` is expected");
}

static struct text fill_template(const char *path, struct values *values) {
  size_t length;
  char *template = input_whole(path, &length);
  struct filler filler = {.file = shown(path), .values = values};
  for (size_t start = 0; start < length;) {
    const char *line = template + start, *newline = memchr(line, '\n', length - start);
    filler.line = line;
    filler.length = newline ? (size_t)(newline - line) : length - start;
    filler.line_number++;
    start += filler.length + (newline ? 1 : 0);
    if (memchr(line, '\0', filler.length))
      fail_at(filler.file, filler.line_number, "holds a NUL byte; text is expected");
    if (filler.line_number == 1) {
      filler.context = read_context(filler.file, line, filler.length);
    } else if (!obey(&filler)) {
      fill_line(&filler);
      if (newline && included(&filler)) text_append_char(&filler.output, '\n');
    }
  }
  if (filler.line_number == 0) read_context(filler.file, "", 0);
  if (filler.depth > 0)
    fail_at(filler.file, filler.conditions[filler.depth - 1].line, "a condition begins here and has no @end@");
  free(filler.conditions);
  free(template);
  return filler.output;
}

/* Every value that the template never named, in one error. */
static void check_all_named(const struct values *values, const char *path) {
  struct text unused = {0};
  for (size_t i = 0; i < values->count; i++) {
    if (values->list[i].named) continue;
    if (unused.length > 0) text_append_string(&unused, ", ");
    text_append_string(&unused, values->list[i].name);
  }
  if (unused.length > 0) fail_at(shown(path), 0, "never uses the value of %s", unused.bytes);
}

int main(int count, char **arguments) {
  static const struct option options[] = {
      {"params", required_argument, NULL, 'p'}, {"define", required_argument, NULL, 'D'},
      {"file", required_argument, NULL, 'F'},   {"strict", no_argument, NULL, 's'},
      {"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  report_tool("scriptgen");
  struct values values = {0};
  bool strict = false;
  for (int option; (option = getopt_long(count, arguments, "p:D:F:shV", options, NULL)) != -1;) switch (option) {
      case 'p': add_parameters(&values, optarg); break;
      case 'D': add_definition(&values, optarg); break;
      case 'F': add_file(&values, optarg); break;
      case 's': strict = true; break;
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: fail_option(arguments);
    }
  if (optind + 1 != count) fail_usage("one template is expected, and %d are given", count - optind);

  settle_values(&values);
  struct text output = fill_template(arguments[optind], &values);
  if (strict) check_all_named(&values, arguments[optind]);
  if (output.length > 0) fwrite(output.bytes, 1, output.length, stdout);
  text_free(&output);
  free(values.list);
  arena_free(&values.arena);
  close_output();
  return 0;
}
