#include "resolve.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tsv.h"
#include "named.h"

/* A server is asked for the debug files of modules with at least one in so many of all samples. */
enum { LEAST_SHARE = 100 };

struct resolver {
  struct frames *frames;
  uint64_t samples; /* of all modules */
  const struct resolve_options *options;
  struct stacks written; /* frames that have a row, of the present module */
};

/* ---- texts ---- */

static void append_number(uint32_t number, struct text *text) {
  char digits[10];
  size_t start = sizeof digits;
  do {
    digits[--start] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  text_append(text, digits + start, sizeof digits - start);
}

static void append_line(const struct answer_text *file, uint32_t line, enum paths paths, struct text *text) {
  const char *slash = paths == PATHS_BASE ? memrchr(file->bytes, '/', file->length) : NULL;
  const char *shown = slash && slash[1] ? slash + 1 : file->bytes;
  text_append(text, " (", 2);
  text_append(text, shown, (size_t)(file->bytes + file->length - shown));
  text_append_char(text, ':');
  append_number(line, text);
  text_append_char(text, ')');
}

/* How a frame is shown that nothing is known of. */
static void append_unknown(const struct frame *frame, const struct target *target, struct text *text) {
  char number[24];
  if (frame->text[0] == '[') {
    text_append(text, frame->text, frame->length);
    return;
  }
  text_append_char(text, '[');
  if (target->in_file) {
    text_append_string(text, target->name);
    text_append_char(text, '+');
  }
  snprintf(number, sizeof number, "0x%" PRIx64 "]", frame->address);
  text_append_string(text, number);
}

/* A frame, and in *name_end where its function's name ends. */
static void append_frame(const struct resolve_options *options, const struct target *target, const struct frame *frame,
                         const struct answer_frame *answer, struct text *text, size_t *name_end) {
  const struct answer_text *texts = target->answers.texts;
  if (answer->function) text_append(text, texts[answer->function - 1].bytes, texts[answer->function - 1].length);
  else append_unknown(frame, target, text);
  *name_end = text->length;
  if (answer->inlined && options->annotate) text_append_string(text, "_[i]");
  else if (target->kind == MODULE_PERF_MAP && options->annotate) text_append_string(text, "_[j]");
  else if (target->kind == MODULE_KERNEL && options->annotate) text_append_string(text, "_[k]");
  else if (answer->function && *frame->mark) text_append_string(text, frame->mark);
  if (options->lookup.lines && answer->file) append_line(&texts[answer->file - 1], answer->line, options->paths, text);
}

/* The frames of an address: from the end back to the first, since answers have the innermost first. */
static void answers_of(const struct target *target, size_t answer, size_t *first, size_t *end) {
  *first = answer ? target->answers.ends[answer - 1] : 0;
  *end = target->answers.ends[answer];
}

void append_resolved(const struct frames *frames, const struct resolve_options *options, const struct frame *frame,
                     struct text *text) {
  if (frame->target == NO_TARGET) {
    text_append(text, frame->text, frame->length);
    return;
  }
  const struct target *target = &frames->targets[frame->target];
  size_t first, end, name_end;
  answers_of(target, frame->answer, &first, &end);
  if (first == end) append_unknown(frame, target, text);
  for (size_t at = end; at > first; at--) {
    if (at < end) text_append_char(text, ';');
    append_frame(options, target, frame, &target->answers.frames[at - 1], text, &name_end);
  }
}

/* ---- rows of --frames ---- */

static void write_row(struct resolver *resolver, const struct target *target, const struct frame *frame,
                      const struct answer_frame *answer) {
  FILE *output = resolver->options->frames;
  struct text text = {0};
  size_t name_end;
  append_frame(resolver->options, target, frame, answer, &text, &name_end);
  if (stacks_find(&resolver->written, text.bytes, text.length)->value++ == 0) {
    tsv_write(output, text.bytes);
    putc('\t', output);
    tsv_write(output, target->name);
    fprintf(output, "\t%s\t", target->answers.build_id ? target->answers.build_id : target->build_id);
    tsv_write(output, target->path);
    fprintf(output, "\t0x%" PRIx64 "\t", frame->address);
    text.bytes[name_end] = '\0';
    tsv_write(output, text.bytes);
    putc('\t', output);
    tsv_write(output, answer->file ? target->answers.texts[answer->file - 1].bytes : "");
    fprintf(output, "\t%" PRIu32 "\t%d\n", answer->line, answer->inlined != 0);
  }
  text_free(&text);
}

static void write_rows(struct resolver *resolver, const struct target *target, const struct frame *frame) {
  size_t first, end;
  answers_of(target, frame->answer, &first, &end);
  for (size_t at = end; at > first; at--)
    if (target->answers.frames[at - 1].function) write_row(resolver, target, frame, &target->answers.frames[at - 1]);
}

/* ---- one module ---- */

static void ask(struct resolver *resolver, struct target *target, const uint64_t *addresses, size_t count) {
  struct answers *answers = &target->answers;
  const struct resolve_options *options = resolver->options;
  struct named_request request = {.target = target, .addresses = addresses, .count = count};
  switch (target->kind) {
    case MODULE_FILE:
    case MODULE_VDSO:
      if (target->file) {
        struct lookup lookup = {.name = target->name,
                                .path = target->file,
                                .build_id = target->build_id,
                                .addresses = addresses,
                                .count = count,
                                .in_file = target->in_file,
                                .vdso = target->kind == MODULE_VDSO,
                                .matters = target->samples >= resolver->samples / LEAST_SHARE};
        look_up(&lookup, &options->lookup, answers);
        return;
      }
      break;
    case MODULE_KERNEL: name_kernel(&request, options->kallsyms, answers); return;
    case MODULE_PERF_MAP: name_perf_map(&request, options->perf_map, answers); return;
    case MODULE_NONE: break;
  }
  named_nothing(&request, *target->why ? target->why : "it is no file", answers);
}

/* Whether some frame of the address has a name. */
static bool is_named(const struct target *target, size_t answer) {
  size_t first, end;
  answers_of(target, answer, &first, &end);
  while (first < end && !target->answers.frames[first].function) first++;
  return first < end;
}

static void add_samples(uint64_t *sum, uint64_t samples) {
  if (!add_checked(sum, samples)) *sum = UINT64_MAX;
}

/* Which address a frame has; sorted by target and address. */
struct place {
  uint64_t address;
  uint32_t target, frame;
};

static unsigned key_byte(const struct place *place, unsigned number) {
  uint64_t part = number < 8 ? place->address >> 8 * number : (uint64_t)place->target >> 8 * (number - 8);
  return (unsigned)(part & 255);
}

/* By the bytes of address and target, the least significant first; those that are alike in all places cost nothing. */
static void sort_places(struct place *places, size_t count) {
  struct place *other = take_array(count, sizeof *other), *from = places, *to = other;
  for (unsigned byte = 0; byte < 12; byte++) {
    size_t starts[257] = {0};
    for (size_t i = 0; i < count; i++) starts[key_byte(&from[i], byte) + 1]++;
    if (count == 0 || starts[key_byte(&from[0], byte) + 1] == count) continue;
    for (size_t i = 0; i < 256; i++) starts[i + 1] += starts[i];
    for (size_t i = 0; i < count; i++) to[starts[key_byte(&from[i], byte)]++] = from[i];
    struct place *swap = from;
    from = to;
    to = swap;
  }
  if (from != places) memcpy(places, from, count * sizeof *places);
  free(other);
}

/* All places lie in one module. */
static void resolve_module(struct resolver *resolver, const struct place *places, size_t count) {
  struct target *target = &resolver->frames->targets[places[0].target];
  uint64_t *addresses = take_array(count, sizeof *addresses);
  size_t distinct = 0;
  for (size_t i = 0; i < count; i++) {
    if (distinct == 0 || addresses[distinct - 1] != places[i].address) addresses[distinct++] = places[i].address;
    resolver->frames->list[places[i].frame].answer = distinct - 1;
  }
  ask(resolver, target, addresses, distinct);
  target->why = target->answers.why;
  free(addresses);
  for (size_t i = 0; i < count; i++) {
    const struct frame *frame = &resolver->frames->list[places[i].frame];
    add_samples(is_named(target, frame->answer) ? &target->resolved : &target->unresolved, frame->samples);
    if (resolver->options->frames) write_rows(resolver, target, frame);
  }
  stacks_free(&resolver->written);
}

void resolve_frames(struct frames *frames, const struct resolve_options *options) {
  struct resolver resolver = {.frames = frames, .options = options};
  struct place *places = take_array(frames->count, sizeof *places);
  size_t count = 0;
  for (size_t i = 0; i < frames->count; i++)
    if (frames->list[i].target != NO_TARGET)
      places[count++] = (struct place){.address = frames->list[i].address,
                                       .target = (uint32_t)frames->list[i].target,
                                       .frame = (uint32_t)i};
  for (size_t i = 0; i < count; i++) {
    uint64_t samples = frames->list[places[i].frame].samples;
    add_samples(&frames->targets[places[i].target].samples, samples);
    add_samples(&resolver.samples, samples);
  }
  sort_places(places, count);
  if (options->frames) fputs("frame\tmodule\tbuild_id\tpath\toffset\tfunction\tfile\tline\tinlined\n", options->frames);
  for (size_t first = 0, end; first < count; first = end) {
    for (end = first + 1; end < count && places[end].target == places[first].target;) end++;
    resolve_module(&resolver, places + first, end - first);
  }
  free(places);
}
