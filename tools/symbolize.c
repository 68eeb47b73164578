/* Folded stacks in, or one address a line; out come the same with functions, files, lines and inlined frames in the place
 * of addresses. What became of each module goes to stderr. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "argument.h"
#include "folded.h"
#include "input.h"
#include "memory.h"
#include "report.h"
#include "symbolize/resolve.h"

static const char help[] =
    "usage: symbolize [OPTION]... [FILE]...\n"
    "Resolves the frames [module+0xOFFSET] and [0xADDRESS] of folded stacks; or, where FILE holds one\n"
    "address a line, writes the frames of each on a line, outermost first.\n"
    "\n"
    "Where modules lie:\n"
    "      --modules FILE       TSV `module path build_id`, as stackfold --modules writes it; -: the\n"
    "                           remarks before the stacks that stackfold --modules - writes\n"
    "      --exe FILE           this program or library: of frames that name it, and of addresses\n"
    "                           without a module, which are those of its symbol table\n"
    "      --maps FILE          /proc/PID/maps, or what gperftools lists under MAPPED_LIBRARIES: for\n"
    "                           addresses without a module\n"
    "      --root DIR           take the files that profiles name, and debug files, from below DIR\n"
    "      --kallsyms FILE      names of the kernel that was recorded (default: /proc/kallsyms where\n"
    "                           the running kernel is that one)\n"
    "      --perf-map FILE      names of code of a JIT compiler (default: /tmp/perf-PID.map)\n"
    "      --debuginfod         ask the servers of DEBUGINFOD_URLS for debug files that are not here\n"
    "      --force              take a file although its build id is not that of the capture\n"
    "\n"
    "What is written:\n"
    "      --lines              frames `function (file:line)`\n"
    "      --paths KIND         base: the last part of a file's path (default); full: all of it\n"
    "      --no-inlines         no frames of inlined functions\n"
    "      --annotate           mark frames of inlined functions with _[i], of the kernel with _[k],\n"
    "                           of JIT compilers with _[j]\n"
    "      --demangle MODE      full (default), simple (no parameters, no template arguments), no\n"
    "      --frames FILE        a row for each resolved frame and its module, as TSV\n"
    "      --cache DIR          keep what was read of modules there (default: $XDG_CACHE_HOME/assay, or\n"
    "                           ~/.cache/assay), 1 GiB at most\n"
    "      --no-cache           keep nothing, and use nothing that was kept\n"
    "      --strict             exit 1 if the file of a module was refused or could not be read\n"
    "  -q, --quiet              no table of the modules on stderr\n"
    "  -h, --help               show this help\n"
    "  -V, --version            show the version\n"
    "\n"
    "Without FILE, or when it is -, standard input is read. gz, zst, xz, bz2 and lz4 are unpacked.\n";

enum { MOST_TABLE_ROWS = 40, MOST_SHOWN = 60, WRITE_AT = 1 << 16 };

struct options {
  struct resolve_options resolve;
  char *root;             /* without a / at its end */
  struct text cache_path; /* of the cache that is used */
  const char *root_argument, *frames_path, *cache;
  const char **modules, **maps, **programs;
  size_t module_count, module_capacity, map_count, map_capacity, program_count, program_capacity;
  bool modules_in_input, no_cache, strict, quiet;
};

/* What was read: stacks of frames' numbers, or frames line by line. */
struct work {
  struct frames frames;
  struct stacks stacks;
  uint32_t *numbers; /* of the stack read last, and where each of its frames ends in it */
  size_t *ends;
  size_t count, number_capacity, end_capacity;
  struct text stack;
  size_t line_count; /* of addresses: each is a frame */
};

/* ---- options ---- */

enum {
  LONG_MODULES = 256,
  LONG_EXE,
  LONG_MAPS,
  LONG_ROOT,
  LONG_KALLSYMS,
  LONG_PERF_MAP,
  LONG_DEBUGINFOD,
  LONG_FORCE,
  LONG_LINES,
  LONG_PATHS,
  LONG_NO_INLINES,
  LONG_ANNOTATE,
  LONG_DEMANGLE,
  LONG_FRAMES,
  LONG_CACHE,
  LONG_NO_CACHE,
  LONG_STRICT
};

static void add_argument(const char ***list, size_t *count, size_t *capacity, const char *argument) {
  grow(list, capacity, *count + 1, sizeof **list);
  (*list)[(*count)++] = argument;
}

static enum demangle_mode demangle_of_name(const char *name) {
  if (strcmp(name, "full") == 0) return DEMANGLE_FULL;
  if (strcmp(name, "simple") == 0) return DEMANGLE_SIMPLE;
  if (strcmp(name, "no") == 0) return DEMANGLE_NO;
  fail_usage("--demangle '%s' is not one of full, simple, no", name);
}

static enum paths paths_of_name(const char *name) {
  if (strcmp(name, "base") == 0) return PATHS_BASE;
  if (strcmp(name, "full") == 0) return PATHS_FULL;
  fail_usage("--paths '%s' is neither base nor full", name);
}

static void parse_options(struct options *options, int argc, char **argv) {
  static const struct option long_options[] = {
      {"modules", required_argument, NULL, LONG_MODULES},
      {"exe", required_argument, NULL, LONG_EXE},
      {"maps", required_argument, NULL, LONG_MAPS},
      {"root", required_argument, NULL, LONG_ROOT},
      {"kallsyms", required_argument, NULL, LONG_KALLSYMS},
      {"perf-map", required_argument, NULL, LONG_PERF_MAP},
      {"debuginfod", no_argument, NULL, LONG_DEBUGINFOD},
      {"force", no_argument, NULL, LONG_FORCE},
      {"lines", no_argument, NULL, LONG_LINES},
      {"paths", required_argument, NULL, LONG_PATHS},
      {"no-inlines", no_argument, NULL, LONG_NO_INLINES},
      {"annotate", no_argument, NULL, LONG_ANNOTATE},
      {"demangle", required_argument, NULL, LONG_DEMANGLE},
      {"frames", required_argument, NULL, LONG_FRAMES},
      {"cache", required_argument, NULL, LONG_CACHE},
      {"no-cache", no_argument, NULL, LONG_NO_CACHE},
      {"strict", no_argument, NULL, LONG_STRICT},
      {"quiet", no_argument, NULL, 'q'},
      {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  struct lookup_options *lookup = &options->resolve.lookup;
  lookup->inlines = true;
  options->root_argument = "";
  int option;
  while ((option = getopt_long(argc, argv, ":qhV", long_options, NULL)) != -1) {
    switch (option) {
      case LONG_MODULES:
        if (strcmp(optarg, "-") == 0) options->modules_in_input = true;
        else add_argument(&options->modules, &options->module_count, &options->module_capacity, optarg);
        break;
      case LONG_EXE: add_argument(&options->programs, &options->program_count, &options->program_capacity, optarg); break;
      case LONG_MAPS: add_argument(&options->maps, &options->map_count, &options->map_capacity, optarg); break;
      case LONG_ROOT: options->root_argument = optarg; break;
      case LONG_KALLSYMS: options->resolve.kallsyms = optarg; break;
      case LONG_PERF_MAP: options->resolve.perf_map = optarg; break;
      case LONG_DEBUGINFOD: lookup->find.ask_server = true; break;
      case LONG_FORCE: lookup->find.force = true; break;
      case LONG_LINES: lookup->lines = true; break;
      case LONG_PATHS: options->resolve.paths = paths_of_name(optarg); break;
      case LONG_NO_INLINES: lookup->inlines = false; break;
      case LONG_ANNOTATE: options->resolve.annotate = true; break;
      case LONG_DEMANGLE: lookup->demangle = demangle_of_name(optarg); break;
      case LONG_FRAMES: options->frames_path = optarg; break;
      case LONG_CACHE: options->cache = optarg; break;
      case LONG_NO_CACHE: options->no_cache = true; break;
      case LONG_STRICT: options->strict = true; break;
      case 'q': options->quiet = true; break;
      case 'h': show_help(help);
      case 'V': show_version();
      case ':': fail_usage("option '%s' wants an argument", argv[optind - 1]);
      default: fail_option(argv);
    }
  }
  /* Without its last /, paths can be put behind it. */
  options->root = take_copy(options->root_argument);
  for (size_t length = strlen(options->root); length > 0 && options->root[length - 1] == '/';)
    options->root[--length] = '\0';
  lookup->find.root = options->root;
}

/* Makes the folder and those above it where they are missing; whether it can be used. */
static bool make_cache(const char *folder) {
  char *path = take_copy(folder);
  for (char *slash = path + 1; *path && (slash = strchr(slash, '/')); slash++) {
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
  }
  mkdir(path, 0700);
  free(path);
  return access(folder, R_OK | W_OK | X_OK) == 0;
}

/* A cache that was asked for must be there; the one by custom need not. */
static void choose_cache(struct options *options) {
  if (options->no_cache) return;
  struct text *folder = &options->cache_path;
  const char *custom = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (options->cache) text_append_string(folder, options->cache);
  else if (custom && custom[0] == '/') text_append_string(folder, custom);
  else if (home && home[0] == '/') text_append_string(folder, home);
  else return;
  if (!options->cache) text_append_string(folder, custom && custom[0] == '/' ? "/assay" : "/.cache/assay");
  if (make_cache(folder->bytes)) options->resolve.lookup.cache = folder->bytes;
  else if (options->cache)
    fail_at(options->cache, 0, "cannot be used as the cache: %s; a folder that can be written is expected", strerror(errno));
}

/* ---- reading ---- */

/* How many frames it has in common with the stack before: sorted stacks have most. */
static size_t common_frames(const struct work *work, const struct folded_line *line) {
  size_t shorter = work->stack.length < line->length ? work->stack.length : line->length, same = 0, count = 0;
  while (shorter - same >= 8 && memcmp(work->stack.bytes + same, line->stack + same, 8) == 0) same += 8;
  while (same < shorter && work->stack.bytes[same] == line->stack[same]) same++;
  while (count < work->count && work->ends[count] < same) count++; /* its `;` is the same too */
  return count;
}

static void read_stack(struct work *work, const struct folded_line *line) {
  size_t count = common_frames(work, line);
  const char *end = line->stack + line->length;
  const char *at = count > 0 ? line->stack + work->ends[count - 1] + 1 : line->stack;
  for (const char *frame_end; at <= end; at = frame_end + 1) {
    frame_end = memchr(at, ';', (size_t)(end - at));
    if (!frame_end) frame_end = end;
    size_t number = frames_number(&work->frames, at, (size_t)(frame_end - at));
    if (number > UINT32_MAX) fail("there are more than 2^32 distinct frames; symbolize fewer stacks at once");
    grow(&work->numbers, &work->number_capacity, count + 1, sizeof *work->numbers);
    grow(&work->ends, &work->end_capacity, count + 1, sizeof *work->ends);
    work->ends[count] = (size_t)(frame_end - line->stack);
    work->numbers[count++] = (uint32_t)number;
  }
  work->count = count;
  text_clear(&work->stack);
  text_append(&work->stack, line->stack, line->length);
  for (size_t i = 0; i < count; i++) {
    uint64_t *samples = &work->frames.list[work->numbers[i]].samples;
    if (!add_checked(samples, line->value)) *samples = UINT64_MAX;
  }
  if (!stacks_add(&work->stacks, (const char *)work->numbers, count * sizeof *work->numbers, line->value))
    fail("the values add up to more than 64 bits; symbolize fewer stacks at once");
}

/* The remarks before the stacks that say what modules they refer to. */
static void read_modules(struct work *work, struct input *input, const char *root) {
  const char *bytes;
  char *line;
  size_t length, mark = strlen(MODULES_REMARK);
  while (input_peek(input, &bytes, mark) == mark && memcmp(bytes, MODULES_REMARK, mark) == 0) {
    input_line(input, &line, &length);
    if (!frames_read_remark(&work->frames, line + mark, root))
      fail_at(input_name(input), input_line_number(input),
              "is no remark on a module; `# module`, its name, path and build id are expected, with tabs between them");
  }
}

static void read_stacks(struct work *work, struct input *input) {
  struct folded_line line;
  for (;;) {
    switch (folded_next(input, &line)) {
      case FOLDED_STACK: read_stack(work, &line); break;
      case FOLDED_END: return;
      case FOLDED_CUT_OFF:
        fail_at(input_name(input), input_line_number(input),
                "the last line has no value and no line end: the input is cut off; write it again as a whole");
    }
  }
}

/* Blanks around it are none of it. */
static void trim(char **line, size_t *length) {
  while (*length > 0 && ((*line)[0] == ' ' || (*line)[0] == '\t')) ++*line, --*length;
  while (*length > 0 && ((*line)[*length - 1] == ' ' || (*line)[*length - 1] == '\t')) --*length;
}

static void read_address(struct work *work, struct input *input, char *line, size_t length) {
  trim(&line, &length);
  if (length == 0) return;
  if (!frames_add_line(&work->frames, line, length)) {
    replace_controls(line, length);
    fail_at(input_name(input), input_line_number(input),
            "'%.*s' is no address; 0xADDRESS or module+0xOFFSET is expected, as in the lines before",
            length > MOST_SHOWN ? MOST_SHOWN : (int)length, line);
  }
  if (++work->line_count > UINT32_MAX) fail("there are more than 2^32 addresses; symbolize fewer at once");
}

/* Whether the input is a list of addresses: its first line is one word, which holds no `;`. */
static bool holds_addresses(struct input *input) {
  const char *bytes;
  size_t length = input_peek(input, &bytes, 1 << 12), at = 0;
  while (at < length && strchr(" \t\r\n", bytes[at]) && bytes[at]) at++;
  size_t end = at;
  while (end < length && !strchr(" \t\r\n;", bytes[end])) end++;
  if (end == at || (end < length && bytes[end] == ';')) return false;
  while (end < length && (bytes[end] == ' ' || bytes[end] == '\t' || bytes[end] == '\r')) end++;
  return end == length || bytes[end] == '\n';
}

static void read_input(struct work *work, struct input *input, const struct options *options) {
  if (options->modules_in_input) read_modules(work, input, options->root);
  if (holds_addresses(input)) {
    char *line;
    size_t length;
    if (work->stacks.count > 0) fail_at(input_name(input), 0, "holds addresses, and a file before it folded stacks");
    while (input_line(input, &line, &length)) read_address(work, input, line, length);
  } else {
    if (work->line_count > 0) fail_at(input_name(input), 0, "holds folded stacks, and a file before it addresses");
    read_stacks(work, input);
  }
  input_close(input);
}

/* ---- writing ---- */

/* The texts of all frames, one after another. */
struct shown {
  struct text texts;
  size_t *ends;
};

static void show_frames(const struct work *work, const struct resolve_options *options, struct shown *shown) {
  shown->ends = take_array(work->frames.count, sizeof *shown->ends);
  for (size_t i = 0; i < work->frames.count; i++) {
    append_resolved(&work->frames, options, &work->frames.list[i], &shown->texts);
    shown->ends[i] = shown->texts.length;
  }
}

static void write_stacks(const struct work *work, const struct resolve_options *options) {
  struct stacks resolved = {0};
  struct shown shown = {0};
  struct text line = {0};
  size_t position = 0;
  show_frames(work, options, &shown);
  for (const struct stack *stack; (stack = stacks_next(&work->stacks, &position));) {
    text_clear(&line);
    for (size_t at = 0; at < stack->length; at += sizeof(uint32_t)) {
      uint32_t number;
      memcpy(&number, stack->bytes + at, sizeof number);
      size_t start = number > 0 ? shown.ends[number - 1] : 0;
      if (at > 0) text_append_char(&line, ';');
      text_append(&line, shown.texts.bytes + start, shown.ends[number] - start);
    }
    if (!stacks_add(&resolved, line.bytes, line.length, stack->value))
      fail("the values add up to more than 64 bits; symbolize fewer stacks at once");
  }
  stacks_write(&resolved, stdout);
  stacks_free(&resolved);
  text_free(&line);
  text_free(&shown.texts);
  free(shown.ends);
}

static void write_lines(const struct work *work, const struct resolve_options *options) {
  struct text lines = {0};
  for (size_t i = 0; i < work->frames.count; i++) {
    append_resolved(&work->frames, options, &work->frames.list[i], &lines);
    text_append_char(&lines, '\n');
    if (lines.length < WRITE_AT && i + 1 < work->frames.count) continue;
    fwrite(lines.bytes, 1, lines.length, stdout);
    text_clear(&lines);
  }
  text_free(&lines);
}

static int compare_targets(const void *a, const void *b) {
  const struct target *left = *(struct target *const *)a, *right = *(struct target *const *)b;
  if (left->samples != right->samples) return left->samples > right->samples ? -1 : 1;
  return strcmp(left->name, right->name);
}

static void print_table(const struct frames *frames) {
  struct target **sorted = take_array(frames->target_count, sizeof *sorted);
  size_t count = 0;
  for (size_t i = 0; i < frames->target_count; i++)
    if (frames->targets[i].used) sorted[count++] = &frames->targets[i];
  if (count > 1) qsort(sorted, count, sizeof *sorted, compare_targets);
  if (count > 0) fprintf(stderr, "module\tsamples\tresolved\tunresolved\twhy\n");
  for (size_t i = 0; i < count && i < MOST_TABLE_ROWS; i++) {
    const struct target *target = sorted[i];
    struct text row = {0};
    text_append_string(&row, target->name);
    replace_controls(row.bytes, row.length);
    fprintf(stderr, "%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t", row.bytes, target->samples, target->resolved,
            target->unresolved);
    text_clear(&row);
    text_append_string(&row, *target->why ? target->why : "-");
    replace_controls(row.bytes, row.length);
    fprintf(stderr, "%s\n", row.bytes);
    text_free(&row);
  }
  if (count > MOST_TABLE_ROWS) fprintf(stderr, "and %zu modules more\n", count - MOST_TABLE_ROWS);
  free(sorted);
}

static bool is_any_lost(const struct frames *frames) {
  for (size_t i = 0; i < frames->target_count; i++)
    if (frames->targets[i].answers.lost) return true;
  return false;
}

static void free_all(struct options *options, struct work *work) {
  free(options->modules);
  free(options->maps);
  free(options->programs);
  free(options->root);
  text_free(&options->cache_path);
  frames_free(&work->frames);
  stacks_free(&work->stacks);
  free(work->numbers);
  free(work->ends);
  text_free(&work->stack);
}

int main(int argc, char **argv) {
  report_tool("symbolize");
  struct options options = {0};
  struct work work = {0};
  parse_options(&options, argc, argv);
  choose_cache(&options);
  frames_open(&work.frames);
  /* The list of modules is there once the stacks come: stackfold, at the other end of a pipe, writes it before them. */
  struct input *first = input_open(optind < argc ? argv[optind++] : "-");
  const char *ignored;
  input_peek(first, &ignored, 1);
  for (size_t i = 0; i < options.module_count; i++)
    frames_read_modules(&work.frames, options.modules[i], options.root);
  for (size_t i = 0; i < options.map_count; i++) frames_read_maps(&work.frames, options.maps[i], options.root);
  for (size_t i = 0; i < options.program_count; i++) frames_add_program(&work.frames, options.programs[i]);
  read_input(&work, first, &options);
  for (; optind < argc; optind++) read_input(&work, input_open(argv[optind]), &options);
  if (options.frames_path) {
    options.resolve.frames = fopen(options.frames_path, "we");
    if (!options.resolve.frames) fail_at(options.frames_path, 0, "cannot be written: %s", strerror(errno));
  }
  resolve_frames(&work.frames, &options.resolve);
  if (options.resolve.frames && (ferror(options.resolve.frames) | fclose(options.resolve.frames)) != 0)
    fail_at(options.frames_path, 0, "cannot be written: %s", strerror(errno));
  if (work.line_count > 0) write_lines(&work, &options.resolve);
  else write_stacks(&work, &options.resolve);
  if (!options.quiet) print_table(&work.frames);
  close_output();
  int status = options.strict && is_any_lost(&work.frames) ? EXIT_BAD_INPUT : 0;
  free_all(&options, &work);
  return status;
}
