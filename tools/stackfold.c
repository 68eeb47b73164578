/* Any number of profiler outputs in (files or stdin, compressed or not, each recognized by its content), the folded
 * stacks of all of them together out: "root;...;leaf VALUE", sorted, unique. What became of every record goes to
 * stderr. One format is one file in stackfold/. */
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "argument.h"
#include "folded.h"
#include "input.h"
#include "memory.h"
#include "report.h"
#include "stackfold/format.h"


/* Bytes of an input that are looked at to recognize its format, and that an error shows. */
enum { RECOGNIZE_BYTES = 1 << 16, SHOWN_BYTES = 40 };

enum { NAME_WIDTH = 23 }; /* of the formats in --help, with the blanks that follow */

struct source {
  const char *path;
  const char *root; /* the frame above its stacks, or NULL */
};

struct options {
  const struct format *format; /* NULL: recognize it */
  const char *value;           /* NULL: the format's first */
  const char *modules;         /* the file for the list of modules, or NULL */
  struct folding folding;
  bool lenient, strict, quiet;
  struct source *sources;
  size_t source_count, source_capacity;
  struct arena roots;
};

/* ---- the formats that were linked in, in the order in which an input is tried ---- */

extern const struct format *const __start_formats[], *const __stop_formats[];
static const struct format **formats;
static size_t format_count;

/* Binary ones first, the least particular last, by name among themselves. */
static int compare_formats(const void *a, const void *b) {
  const struct format *left = *(const struct format *const *)a, *right = *(const struct format *const *)b;
  if (left->last != right->last) return left->last ? 1 : -1;
  if (left->binary != right->binary) return left->binary ? -1 : 1;
  return strcmp(left->name, right->name);
}

static void list_formats(void) {
  format_count = (size_t)(__stop_formats - __start_formats);
  formats = take_array(format_count, sizeof *formats);
  memcpy(formats, __start_formats, format_count * sizeof *formats);
  qsort(formats, format_count, sizeof *formats, compare_formats);
}

static void append_format_names(struct text *text, const char *between) {
  for (size_t i = 0; i < format_count; i++) {
    if (i > 0) text_append_string(text, between);
    text_append_string(text, formats[i]->name);
  }
}

/* ---- options ---- */

static const char help_before[] =
    "usage: stackfold [OPTION]... [FILE]...\n"
    "Turns the output of profilers into folded stacks; those of all FILEs are added together.\n"
    "\n"
    "  -f, --format FORMAT      take each FILE for FORMAT (default: recognize it by content)\n"
    "  -v, --value VALUE        which value of a format that has several\n"
    "      --root NAME          put the frame NAME above the stacks of the FILEs that follow\n"
    "      --modules FILE       write what the frames [module+0xOFFSET] refer to into FILE, as\n"
    "                           TSV `module path build_id`; -: as remarks before the stacks\n"
    "      --lenient            exit 0 although a FILE was cut off\n"
    "      --strict             fail if any record was dropped or any line skipped\n"
    "  -j, --threads N          use N threads, where the format can (default 1)\n"
    "  -q, --quiet              no account of the records on stderr\n"
    "  -h, --help               show this help\n"
    "  -V, --version            show the version\n"
    "\n"
    "For perf's samples:\n"
    "      --event-filter NAME  only samples of this event (default: that of the first sample)\n"
    "      --pid, --tid         the command's frame is COMM-PID, or COMM-PID/TID\n"
    "      --kernel, --jit      mark frames of the kernel with _[k], of JIT compilers with _[j]\n"
    "      --all                --kernel and --jit\n"
    "      --addrs              the address where no name is known\n"
    "      --inline             frames of inlined functions\n"
    "      --context            with --inline: their file and line too; of pprof, dhat and\n"
    "                           heaptrack: frames NAME (FILE:LINE)\n"
    "      --compat TOOL        print what TOOL would: flamegraph or inferno\n"
    "      --all-frames         of gperftools-cpu: leave out no frame that all stacks have\n"
    "      --symfs FOLDER       files that a profile names may be opened, below FOLDER\n"
    "\n"
    "Without FILE, or when it is -, standard input is read. gz, zst, xz, bz2 and lz4 are unpacked.\n"
    "\n"
    "Formats:\n";

static _Noreturn void show_own_help(void) {
  struct text text = {0};
  text_append_string(&text, help_before);
  for (size_t i = 0; i < format_count; i++) {
    text_append_string(&text, "  ");
    text_append_string(&text, formats[i]->name);
    for (size_t width = strlen(formats[i]->name); width < NAME_WIDTH; width++) text_append_char(&text, ' ');
    text_append_string(&text, formats[i]->description);
    text_append_char(&text, '\n');
    if (!formats[i]->values) continue;
    for (size_t width = 0; width < NAME_WIDTH + 2; width++) text_append_char(&text, ' ');
    text_append_string(&text, "values: ");
    for (size_t value = 0; formats[i]->values[value]; value++) {
      if (value > 0) text_append_string(&text, ", ");
      text_append_string(&text, formats[i]->values[value]);
      if (value == 0 && formats[i]->values[1] && !formats[i]->own_default) text_append_string(&text, " (default)");
    }
    text_append_char(&text, '\n');
  }
  show_help(text.bytes);
}

static const struct format *format_of_name(const char *name) {
  for (size_t i = 0; i < format_count; i++)
    if (strcmp(formats[i]->name, name) == 0) return formats[i];
  struct text names = {0};
  append_format_names(&names, ", ");
  fail_usage("--format '%s' is not one of %s", name, names.bytes);
}

static bool has_value(const struct format *format, const char *name) {
  for (size_t i = 0; format->values && format->values[i]; i++)
    if (strcmp(format->values[i], name) == 0) return true;
  return false;
}

/* Of the format that is named, or of any. */
static void check_value(const struct options *options) {
  struct text names = {0};
  for (size_t i = 0; i < format_count; i++) {
    if (options->format && formats[i] != options->format) continue;
    if (has_value(formats[i], options->value) || formats[i]->any_value) {
      text_free(&names);
      return;
    }
    for (size_t value = 0; formats[i]->values && formats[i]->values[value]; value++) {
      if (names.length > 0) text_append_string(&names, ", ");
      text_append_string(&names, formats[i]->values[value]);
    }
  }
  if (names.length == 0) fail_usage("the values of %s have no names for --value", options->format->name);
  fail_usage("--value '%s' is not one of %s", options->value, names.bytes);
}

static enum compat compat_of_name(const char *name) {
  if (strcmp(name, "flamegraph") == 0) return COMPAT_FLAMEGRAPH;
  if (strcmp(name, "inferno") == 0) return COMPAT_INFERNO;
  fail_usage("--compat '%s' is neither flamegraph nor inferno", name);
}

/* The name as it can stand in a folded stack; NULL when it is empty. */
static char *clean_root(struct options *options, const char *name) {
  if (!*name) return NULL;
  char *root = arena_copy(&options->roots, name, strlen(name));
  replace_controls(root, strlen(root));
  for (char *semicolon = root; (semicolon = strchr(semicolon, ';'));) *semicolon = ':';
  return root;
}

static void add_source(struct options *options, const char *path, const char *root) {
  grow(&options->sources, &options->source_capacity, options->source_count + 1, sizeof *options->sources);
  options->sources[options->source_count++] = (struct source){.path = path, .root = root};
}

enum {
  LONG_ROOT = 256,
  LONG_MODULES,
  LONG_LENIENT,
  LONG_STRICT,
  LONG_EVENT,
  LONG_PID,
  LONG_TID,
  LONG_KERNEL,
  LONG_JIT,
  LONG_ALL,
  LONG_ADDRS,
  LONG_INLINE,
  LONG_CONTEXT,
  LONG_COMPAT,
  LONG_ALL_FRAMES,
  LONG_SYMFS
};

static void parse_folding_option(struct folding *folding, int option, const char *argument) {
  switch (option) {
    case LONG_EVENT: folding->event = argument; break;
    case LONG_PID: folding->pid = true; break;
    case LONG_TID: folding->pid = folding->tid = true; break;
    case LONG_KERNEL: folding->kernel = true; break;
    case LONG_JIT: folding->jit = true; break;
    case LONG_ALL: folding->kernel = folding->jit = true; break;
    case LONG_ADDRS: folding->addrs = true; break;
    case LONG_INLINE: folding->inlined = true; break;
    case LONG_CONTEXT: folding->context = true; break;
    case LONG_COMPAT: folding->compat = compat_of_name(argument); break;
    case LONG_ALL_FRAMES: folding->all_frames = true; break;
    case LONG_SYMFS: folding->symfs = argument; break;
  }
}

static void parse_options(struct options *options, int argc, char **argv) {
  static const struct option long_options[] = {
      {"format", required_argument, NULL, 'f'},
      {"value", required_argument, NULL, 'v'},
      {"root", required_argument, NULL, LONG_ROOT},
      {"modules", required_argument, NULL, LONG_MODULES},
      {"lenient", no_argument, NULL, LONG_LENIENT},
      {"strict", no_argument, NULL, LONG_STRICT},
      {"threads", required_argument, NULL, 'j'},
      {"quiet", no_argument, NULL, 'q'},
      {"event-filter", required_argument, NULL, LONG_EVENT},
      {"pid", no_argument, NULL, LONG_PID},
      {"tid", no_argument, NULL, LONG_TID},
      {"kernel", no_argument, NULL, LONG_KERNEL},
      {"jit", no_argument, NULL, LONG_JIT},
      {"all", no_argument, NULL, LONG_ALL},
      {"addrs", no_argument, NULL, LONG_ADDRS},
      {"inline", no_argument, NULL, LONG_INLINE},
      {"context", no_argument, NULL, LONG_CONTEXT},
      {"compat", required_argument, NULL, LONG_COMPAT},
      {"all-frames", no_argument, NULL, LONG_ALL_FRAMES},
      {"symfs", required_argument, NULL, LONG_SYMFS},
      {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  const char *root = NULL;
  bool root_waits = false; /* no file came since --root */
  int option;
  /* The leading '-' hands files over in their place among the options, as option 1. */
  while ((option = getopt_long(argc, argv, "-:f:v:j:qhV", long_options, NULL)) != -1) {
    switch (option) {
      case 1:
        add_source(options, optarg, root);
        root_waits = false;
        break;
      case 'f': options->format = format_of_name(optarg); break;
      case 'v': options->value = optarg; break;
      case LONG_ROOT:
        root = clean_root(options, optarg);
        root_waits = true;
        break;
      case LONG_MODULES: options->modules = optarg; break;
      case LONG_LENIENT: options->lenient = true; break;
      case LONG_STRICT: options->strict = true; break;
      case 'j': options->folding.threads = (unsigned)argument_count("--threads", optarg, 256); break;
      case 'q': options->quiet = true; break;
      case 'h': show_own_help();
      case 'V': show_version();
      case ':': fail_usage("option '%s' wants an argument", argv[optind - 1]);
      case '?': fail_option(argv);
      default: parse_folding_option(&options->folding, option, optarg);
    }
  }
  for (; optind < argc; optind++) {
    add_source(options, argv[optind], root);
    root_waits = false;
  }
  if (options->value) check_value(options);
  if (options->source_count == 0) add_source(options, "-", root);
  else if (root_waits) fail_usage("--root stands behind the last file; it is for the files that follow it");
}

/* The beginning of an input as printable ASCII. */
static char *shown(const char *bytes, size_t length) {
  struct text text = {0};
  for (size_t i = 0; i < length && i < SHOWN_BYTES; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    char escaped[5];
    if (byte >= ' ' && byte < 127 && byte != '\\') snprintf(escaped, sizeof escaped, "%c", byte);
    else if (byte == '\n') snprintf(escaped, sizeof escaped, "\\n");
    else if (byte == '\t') snprintf(escaped, sizeof escaped, "\\t");
    else snprintf(escaped, sizeof escaped, "\\x%02x", byte);
    text_append_string(&text, escaped);
  }
  return text.bytes;
}

static _Noreturn void fail_unrecognized(const struct input *input, const char *bytes, size_t length) {
  struct text names = {0};
  append_format_names(&names, ", ");
  const char *what = unread_format(bytes, length);
  if (what) fail_at(input_name(input), 0, "is %s, which is not read; the formats read are %s", what, names.bytes);
  fail_at(input_name(input), 0, "is in no format that is known: it begins with '%s'; the formats read are %s",
          shown(bytes, length), names.bytes);
}

static _Noreturn void fail_empty(const struct input *input) {
  const char *why = input_was_cut(input) ? " in what is left of it: the compressed data ends early" : "";
  fail_at(input_name(input), 0, "holds no stacks%s", why);
}

static const struct format *recognize(struct input *input) {
  const char *bytes;
  size_t length = input_peek(input, &bytes, RECOGNIZE_BYTES);
  bool complete = length < RECOGNIZE_BYTES;
  size_t blank = 0;
  while (blank < length && strchr(" \t\r\n", bytes[blank]) && bytes[blank]) blank++;
  if (blank == length && complete) fail_empty(input);
  for (size_t i = 0; i < format_count; i++) {
    if (formats[i]->last && unread_format(bytes, length)) break;
    if (formats[i]->recognize(bytes, length, complete)) return formats[i];
  }
  fail_unrecognized(input, bytes, length);
}

/* The name of the value to read from an input; NULL where the format has no names for its values, or the input decides. */
static const char *value_to_read(const struct options *options, const struct format *format, const char *name) {
  if (!options->value) return format->values && !format->own_default ? format->values[0] : NULL;
  if (format->any_value) return options->value;
  if (!format->values)
    fail_at(name, 0, "is %s, whose values have no names, so that --value %s cannot be taken from it", format->name,
            options->value);
  if (!has_value(format, options->value))
    fail_at(name, 0, "is %s, which has no value '%s'", format->name, options->value);
  return options->value;
}

/* Values of different names are different things; their sum means nothing. */
static void check_addable(const char **first_value, const char *value, const char *name) {
  if (!value) return;
  if (*first_value && strcmp(*first_value, value) != 0)
    fail_at(name, 0, "gives %s, and a file before it gave %s; they cannot be added", value, *first_value);
  *first_value = value;
}

/* Reads one input to its end. Where a compressed one ends early, the parser has met the end of a shorter input: it either
 * found itself in the middle of a record and said so, or it did not notice. */
static void parse(const struct format *format, struct input *input, struct sums *sums) {
  size_t read_before = sums->read, cut_before = sums->dropped[DROP_CUT_OFF];
  format->parse(input, sums);
  if (sums->read == read_before) fail_empty(input);
  if (input_was_cut(input) && sums->dropped[DROP_CUT_OFF] == cut_before) sums_cut_off(sums, input, "the compressed data");
}

static void read_sources(const struct options *options, struct sums *sums) {
  const char *first_value = NULL;
  for (size_t i = 0; i < options->source_count; i++) {
    const struct source *source = &options->sources[i];
    struct input *input = input_open(source->path);
    input_allow_cut(input);
    const struct format *format = options->format ? options->format : recognize(input);
    sums->value = value_to_read(options, format, input_name(input));
    check_addable(&first_value, sums->value, input_name(input));
    sums->root = source->root;
    parse(format, input, sums);
    check_addable(&first_value, sums->value, input_name(input)); /* now that the input decided, if it does */
    input_close(input);
  }
}

/* The list of modules while it is being written: a failure on the way leaves nothing behind. */
static const char *unfinished;
static void remove_unfinished(void) {
  if (unfinished) remove(unfinished);
}

static void write_modules_into(const char *path, const struct modules *modules) {
  FILE *file = fopen(path, "w");
  if (!file) fail_at(path, 0, "cannot be written: %s", strerror(errno));
  modules_write(modules, file);
  bool failed = ferror(file) != 0;
  if (fclose(file) != 0 || failed) fail_at(path, 0, "cannot be written: %s", strerror(errno));
}

/* A list that is whole, or none: it appears by rename. */
static void write_modules(const char *path, const struct modules *modules) {
  struct stat status;
  if (strcmp(path, "-") == 0) {
    size_t left_out = modules_write_remarks(modules, stdout);
    if (left_out > 0) report_warning("%zu modules with a ';' in their paths are left out; --modules FILE has them", left_out);
    return;
  }
  if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) { /* a pipe, a terminal: nothing to put in its place */
    write_modules_into(path, modules);
    return;
  }
  struct text temporary = {0};
  text_append_string(&temporary, path);
  text_append_string(&temporary, ".new");
  if (atexit(remove_unfinished) != 0) fail("out of memory");
  unfinished = temporary.bytes;
  write_modules_into(temporary.bytes, modules);
  if (rename(temporary.bytes, path) != 0) fail_at(path, 0, "cannot be written: %s", strerror(errno));
  unfinished = NULL;
  text_free(&temporary);
}

int main(int argc, char **argv) {
  report_tool("stackfold");
  list_formats();
  struct options options = {.folding = {.threads = 1}};
  parse_options(&options, argc, argv);
  struct sums sums = {.lenient = options.lenient, .folding = &options.folding};
  read_sources(&options, &sums);
  if (!options.quiet) sums_report(&sums);
  if (options.strict && sums_lost_something(&sums)) fail("not all of the input was used, and --strict is given");
  if (sums.kept == 0) fail("holds no stacks: all %zu records were dropped", sums.read);
  /* Before the stacks: who reads those from a pipe finds the whole list. */
  if (options.modules) write_modules(options.modules, &sums.modules);
  stacks_write(&sums.stacks, stdout);
  close_output();
  bool cut_off = sums.dropped[DROP_CUT_OFF] > 0 && !options.lenient;
  sums_free(&sums);
  free(options.sources);
  free(formats);
  arena_free(&options.roots);
  return cut_off ? EXIT_BAD_INPUT : 0;
}
