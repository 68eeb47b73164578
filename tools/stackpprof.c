/* Folded stacks in; out comes a profile for other tools: profile.proto.gz of pprof, or JSON of speedscope. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "memory.h"
#include "report.h"
#include "stackpprof/profile.h"

static const char help[] =
    "usage: stackpprof [OPTION]... [FILE]...\n"
    "       stackpprof [OPTION]... --value NAME/UNIT=FILE [--value ...]\n"
    "Writes folded stacks as a profile of pprof (profile.proto.gz) or speedscope; those of all FILEs are added "
    "together.\n"
    "\n"
    "      --value NAME/UNIT=FILE  a value of the profile, from the folded stacks FILE; the first is the default one\n"
    "      --type NAME/UNIT        what the values of FILEs are (default samples/count)\n"
    "      --modules TSV           paths and build ids of modules, as stackfold --modules writes them\n"
    "      --frames TSV            modules, offsets, lines and inlining of frames, as symbolize --frames writes them\n"
    "      --format FORMAT         pprof (default) or speedscope\n"
    "      --title T               title, for speedscope\n"
    "  -h, --help                  show this help\n"
    "  -V, --version               show the version\n"
    "\n"
    "Without FILE, or when it is -, standard input is read. gz, zst, xz, bz2 and lz4 are unpacked.\n";

struct options {
  const char **files; /* one a kind */
  size_t file_capacity;
  const char *type, *modules, *frames, *title;
  bool is_speedscope;
};

/* NAME/UNIT, which is cut off at the '/'. */
static void add_kind(struct profile *profile, const char *option, const char *argument, size_t length) {
  char *name = arena_copy(&profile->arena, argument, length), *slash = strchr(name, '/');
  if (!slash || slash == name || !slash[1]) fail_usage("%s '%s' is not of the form NAME/UNIT", option, name);
  *slash = '\0';
  for (size_t i = 0; i < profile->kind_count; i++)
    if (strcmp(profile->kinds[i].name, name) == 0) fail_usage("two values have the name '%s'", name);
  grow(&profile->kinds, &profile->kind_capacity, profile->kind_count + 1, sizeof *profile->kinds);
  profile->kinds[profile->kind_count++] = (struct value_kind){.name = name, .unit = slash + 1};
}

static void add_value_option(struct options *options, struct profile *profile, const char *argument) {
  const char *equals = strchr(argument, '=');
  if (!equals || !equals[1]) fail_usage("--value '%s' is not of the form NAME/UNIT=FILE", argument);
  add_kind(profile, "--value", argument, (size_t)(equals - argument));
  grow(&options->files, &options->file_capacity, profile->kind_count, sizeof *options->files);
  options->files[profile->kind_count - 1] = equals + 1;
}

static bool is_speedscope(const char *format) {
  if (strcmp(format, "pprof") == 0) return false;
  if (strcmp(format, "speedscope") == 0) return true;
  fail_usage("--format '%s' is neither pprof nor speedscope", format);
}

static void parse_options(struct options *options, struct profile *profile, int argc, char **argv) {
  enum { VALUE = 256, TYPE, MODULES, FRAMES, FORMAT, TITLE };
  static const struct option long_options[] = {
      {"value", required_argument, NULL, VALUE},
      {"type", required_argument, NULL, TYPE},
      {"modules", required_argument, NULL, MODULES},
      {"frames", required_argument, NULL, FRAMES},
      {"format", required_argument, NULL, FORMAT},
      {"title", required_argument, NULL, TITLE},
      {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  int option;
  while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
    switch (option) {
      case VALUE: add_value_option(options, profile, optarg); break;
      case TYPE: options->type = optarg; break;
      case MODULES: options->modules = optarg; break;
      case FRAMES: options->frames = optarg; break;
      case FORMAT: options->is_speedscope = is_speedscope(optarg); break;
      case TITLE: options->title = optarg; break;
      case 'h': show_help(help);
      case 'V': show_version();
      default: fail_option(argv);
    }
  }
  if (profile->kind_count > 0 && (optind < argc || options->type))
    fail_usage("--value names its own FILE; other FILEs and --type have no meaning with it");
}

int main(int argc, char **argv) {
  report_tool("stackpprof");
  struct options options = {.title = "folded stacks"};
  struct profile profile = {0};
  parse_options(&options, &profile, argc, argv);
  bool has_values = profile.kind_count > 0;
  if (!has_values) {
    const char *type = options.type ? options.type : "samples/count";
    add_kind(&profile, "--type", type, strlen(type));
  }
  if (options.modules) profile_read_modules(&profile, options.modules);
  if (options.frames) profile_read_frames(&profile, options.frames);
  for (size_t i = 0; has_values && i < profile.kind_count; i++) profile_read(&profile, i, options.files[i]);
  if (!has_values && optind == argc) profile_read(&profile, 0, "-");
  for (int i = optind; i < argc; i++) profile_read(&profile, 0, argv[i]);
  if (options.is_speedscope) write_speedscope(&profile, options.title);
  else write_pprof(&profile);
  close_output();
  profile_free(&profile);
  free(options.files);
  return 0;
}
