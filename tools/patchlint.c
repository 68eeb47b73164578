/* patchlint: checks the patch of an experiment before anything is built or measured.
 *
 * In: a patch in `git format-patch` form, or a plain git diff behind a message. Out: TSV `gate status value limit
 * evidence` with a row each for its message, its scope and its structure; or TSV `field value` of what its message
 * says. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "memory.h"
#include "patchlint/message.h"
#include "patchlint/patch.h"
#include "patchlint/structure.h"
#include "report.h"
#include "tsv.h"

static const char HELP[] =
    "usage: patchlint --editable \"FILE FOLDER/\" PATCH\n"
    "       patchlint --fields PATCH\n"
    "Check an experiment's patch. Output is TSV `gate status value limit evidence`\n"
    "with the gates message (hypothesis, root cause, function, saving are given),\n"
    "scope (only editable files change) and structural (not only numbers change).\n"
    "\n"
    "  -e, --editable PATHS   what may change: files, and folders with `/` at their\n"
    "                         end, separated by blanks\n"
    "  -f, --fields           instead, TSV `field value` of the message's fields\n"
    "  -h, --help             print this and exit\n"
    "  -V, --version          print the version and exit\n";

/* git names a file in `diff --git` (twice), rename or copy (from, to), `---` and `+++`. */
enum { NAMES_OF_FILE = 6 };

struct paths {
  const char **list;
  size_t count, capacity;
};

/* What is wrong with the scope of a patch: the first thing, and how many there are. */
struct violation {
  struct text path, reason;
  size_t count;
};

static void print_gate(const char *gate, bool pass, const char *value, const char *limit, const char *evidence) {
  const char *columns[] = {gate, pass ? "pass" : "fail", value, limit, evidence};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    if (i > 0) putchar('\t');
    tsv_write(stdout, columns[i]);
  }
  putchar('\n');
}

/* ---- message ---- */

static void add_fault(struct text *faults, const char *before, const char *name, const char *after) {
  if (faults->length > 0) text_append_string(faults, "; ");
  text_append_string(faults, before);
  text_append_string(faults, name);
  text_append_string(faults, after);
}

static void lint_message(const struct message *message) {
  struct text faults = {0};
  for (enum message_field field = HYPOTHESIS; field <= SAVING; field++)
    if (message->values[field].length == 0) add_fault(&faults, "missing ", message_name(field), "");
  const struct text *saving = &message->values[SAVING];
  if (saving->length > 0 && !message_has_arithmetic(saving->bytes))
    add_fault(&faults, "", "Saving", " without arithmetic");
  for (enum message_field field = HYPOTHESIS; field < MESSAGE_FIELD_COUNT; field++) {
    if (message->repeated[field]) add_fault(&faults, "repeated ", message_name(field), "");
    if (!message_word_is_valid(message, field)) add_fault(&faults, "malformed ", message_name(field), "");
  }
  bool pass = faults.length == 0;
  print_gate("message", pass, pass ? "complete" : faults.bytes,
             "Hypothesis, Root-cause, Function, Saving (digits and one of = * x \xc3\x97 + - /)",
             pass ? message->values[SUBJECT].bytes
                  : "a field is a line `Name: text` of the patch's message, given once");
  text_free(&faults);
}

/* ---- scope ---- */

/* Cuts the list, which it changes, at its blanks. */
static struct paths read_paths(char *list) {
  struct paths paths = {0};
  for (char *rest = list;;) {
    char *path = rest + strspn(rest, " \t"), *end = path + strcspn(path, " \t");
    if (!*path) break;
    rest = *end ? end + 1 : end;
    *end = '\0';
    grow(&paths.list, &paths.capacity, paths.count + 1, sizeof *paths.list);
    paths.list[paths.count++] = path;
  }
  if (paths.count == 0) fail_usage("--editable names no path");
  return paths;
}

static bool is_editable(const struct paths *editable, const char *path) {
  for (size_t i = 0; i < editable->count; i++) {
    const char *entry = editable->list[i];
    size_t length = strlen(entry);
    if (entry[length - 1] == '/' ? strncmp(path, entry, length) == 0 && path[length] : strcmp(path, entry) == 0)
      return true;
  }
  return false;
}

/* What is wrong with a path wherever it points; NULL when it is a plain relative one. */
static const char *path_fault(const char *path) {
  if (*path == '/') return "an absolute path";
  for (const char *c = path; *c; c++)
    if ((unsigned char)*c < 0x20 || *c == 0x7f) return "a control character in the path";
  for (const char *part = path;;) {
    size_t length = strcspn(part, "/");
    if (length == 2 && strncmp(part, "..", 2) == 0) return "a part `..` in the path";
    if (length == 0 || (length == 1 && *part == '.')) return "a part `.`, or an empty one, in the path";
    if (!part[length]) return NULL;
    part += length + 1;
  }
}

static void add_violation(struct violation *violation, const char *path, const char *reason, const char *detail) {
  if (violation->count++ > 0) return;
  text_append_string(&violation->path, path);
  for (size_t i = 0; i < violation->path.length; i++)
    if ((unsigned char)violation->path.bytes[i] < 0x20 || violation->path.bytes[i] == 0x7f)
      violation->path.bytes[i] = '?';
  text_append_string(&violation->reason, reason);
  text_append_string(&violation->reason, detail);
}

/* What a difference does to its file beyond changing its text. */
static void check_kind(struct violation *violation, const struct difference *difference) {
  const char *modes[] = {difference->mode, difference->old_mode, difference->new_mode};
  if (difference->is_rename) add_violation(violation, difference->path, "a rename", "");
  if (difference->is_copy) add_violation(violation, difference->path, "a copy", "");
  if (difference->is_binary) add_violation(violation, difference->path, "a binary patch", "");
  if (difference->old_mode || difference->new_mode) add_violation(violation, difference->path, "a mode change", "");
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    if (!modes[i] || strcmp(modes[i], "100644") == 0 || strcmp(modes[i], "100755") == 0) continue;
    if (strcmp(modes[i], "120000") == 0) add_violation(violation, difference->path, "a symbolic link", "");
    else if (strcmp(modes[i], "160000") == 0) add_violation(violation, difference->path, "a submodule", "");
    else add_violation(violation, difference->path, "no regular file: mode ", modes[i]);
  }
}

/* The paths that the patch names, each once for its difference, in their order. */
static struct text path_list(const struct patch *patch) {
  struct text list = {0};
  for (size_t i = 0; i < patch->touched_count; i++) {
    bool seen = false;
    for (size_t j = i; j > 0 && i - j < NAMES_OF_FILE && !seen; j--)
      seen = strcmp(patch->touched[j - 1].path, patch->touched[i].path) == 0;
    if (seen) continue;
    if (list.length > 0) text_append_char(&list, ' ');
    text_append_string(&list, patch->touched[i].path);
  }
  return list;
}

static void lint_scope(const struct patch *patch, const struct paths *editable, const char *limit) {
  struct violation violation = {0};
  struct text paths = path_list(patch);
  size_t touched = 0;
  for (size_t i = 0; i < patch->difference_count; i++) {
    size_t before = violation.count;
    for (; touched < patch->touched_count && patch->touched[touched].difference == i; touched++) {
      const char *path = patch->touched[touched].path, *fault = path_fault(path);
      if (violation.count > before) continue; /* the names of one file count once */
      if (fault) add_violation(&violation, path, fault, "");
      else if (!is_editable(editable, path)) add_violation(&violation, path, "outside the editable scope", "");
    }
    check_kind(&violation, &patch->differences[i]);
  }
  if (violation.count == 0 && patch->changed_lines == 0)
    add_violation(&violation, paths.bytes, "the patch changes no line", "");
  if (violation.count > 1) {
    char more[64];
    snprintf(more, sizeof more, " (and %zu more)", violation.count - 1);
    text_append_string(&violation.reason, more);
  }
  if (violation.count > 0) print_gate("scope", false, violation.path.bytes, limit, violation.reason.bytes);
  else print_gate("scope", true, paths.bytes, limit, "every path is editable");
  text_free(&paths);
  text_free(&violation.path);
  text_free(&violation.reason);
}

/* ---- structure ---- */

static void lint_structure(const struct patch *patch) {
  size_t counts[STRUCTURAL + 1] = {0};
  for (size_t i = 0; i < patch->hunk_count; i++) counts[hunk_change(&patch->hunks[i])]++;
  const char *value = counts[STRUCTURAL] ? "structural" : counts[NUMBERS_ONLY] ? "numbers-only" : "no code change";
  char evidence[128];
  snprintf(evidence, sizeof evidence, "%zu hunk%s, %zu with structural change, %zu with changed numbers only",
           patch->hunk_count, patch->hunk_count == 1 ? "" : "s", counts[STRUCTURAL], counts[NUMBERS_ONLY]);
  print_gate("structural", counts[STRUCTURAL] > 0, value, "more than numbers, comments and white space", evidence);
}

/* ---- fields ---- */

static void print_fields(const struct patch *patch, const struct message *message) {
  for (enum message_field field = SUBJECT; field < MESSAGE_FIELD_COUNT; field++) {
    if (message->repeated[field])
      fail_at(patch->name, message->repeated[field], "the field %s is given again (first in line %zu)",
              message_name(field), message->lines[field]);
    if (!message_word_is_valid(message, field))
      fail_at(patch->name, message->lines[field], "%s: found '%s', allowed: letters, digits and . _ -",
              message_name(field), message->values[field].bytes);
  }
  puts("field\tvalue");
  for (enum message_field field = SUBJECT; field < MESSAGE_FIELD_COUNT; field++) {
    printf("%s\t", message_output_name(field));
    tsv_write(stdout, message->values[field].bytes);
    putchar('\n');
  }
}

int main(int count, char **arguments) {
  static const struct option options[] = {
      {"editable", required_argument, NULL, 'e'}, {"fields", no_argument, NULL, 'f'},
      {"help", no_argument, NULL, 'h'},           {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  report_tool("patchlint");
  const char *editable = NULL;
  bool fields_wanted = false;
  for (int option; (option = getopt_long(count, arguments, "e:fhV", options, NULL)) != -1;) switch (option) {
      case 'e': editable = optarg; break;
      case 'f': fields_wanted = true; break;
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: fail_option(arguments);
    }
  if (optind + 1 != count) fail_usage("one patch is expected, and %d are given", count - optind);
  if (!editable && !fields_wanted) fail_usage("--editable or --fields is expected");

  char *list = take_copy(editable ? editable : "-");
  struct paths paths = read_paths(list);
  struct patch patch = patch_read(arguments[optind]);
  struct message message = message_read(&patch);
  if (fields_wanted) {
    print_fields(&patch, &message);
  } else {
    puts("gate\tstatus\tvalue\tlimit\tevidence");
    lint_message(&message);
    lint_scope(&patch, &paths, editable);
    lint_structure(&patch);
  }
  message_free(&message);
  patch_free(&patch);
  free(paths.list);
  free(list);
  close_output();
  return 0;
}
