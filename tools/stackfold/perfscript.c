/* The text of perf script: samples of a header and, leaf first, their frames.
 *
 *   COMM PID/TID [CPU] TIME: PERIOD EVENT:
 *           ADDRESS NAME+0xOFFSET (MODULE)
 *
 * Any of the header's parts but one may be missing. A sample ends where the next begins. The input is cut into blocks
 * where samples begin, and each thread folds every so many of them by itself. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "perfscript.h"
#include "report.h"

enum { BLOCK_SIZE = 1 << 19 };

/* What threads take blocks from. */
struct reader {
  pthread_mutex_t lock;
  struct input *input;
  enum compat compat;
  struct text rest;    /* what was read behind the last block */
  size_t block_count;
  size_t *block_lines; /* of each block, once it is folded */
  size_t block_capacity;
  bool at_end, failed;
  size_t failed_block, failed_line;
};

struct block {
  char *bytes;
  size_t length, capacity;      /* of whole lines; of bytes, with the padding */
  const char *tail;             /* behind them, in the last block */
  size_t tail_length, number;
  bool is_last;
};

struct worker {
  struct reader *reader;
  struct perf_fold *fold;
  struct block block;
  pthread_t thread;
};

/* ---- recognizing ---- */

static const char *line_end_of(const char *line, const char *end) {
  return memchr(line, '\n', (size_t)(end - line));
}

static bool is_blank_line(const char *line, const char *end) {
  while (line < end && (*line == ' ' || *line == '\t' || *line == '\r')) line++;
  return line == end;
}

static bool is_frame_line(const char *line, const char *end) {
  return line < end && (*line == ' ' || *line == '\t') && perf_frame_is_whole(line, (size_t)(end - line));
}

/* A header that can be nothing else, or one with a frame behind it. */
static bool recognize(const char *bytes, size_t length, bool complete) {
  const char *end = bytes + length;
  bool behind_header = false;
  for (const char *line = bytes, *line_end; line < end; line = line_end + 1) {
    line_end = line_end_of(line, end);
    if (!line_end && !complete) return false;
    if (!line_end) line_end = end;
    const char *text_end = line_end;
    while (text_end > line && text_end[-1] == '\r') text_end--;
    static const char command[] = "# cmdline : ";
    if (text_end - line > (ptrdiff_t)sizeof command && memcmp(line, command, sizeof command - 1) == 0) return true;
    if (is_blank_line(line, text_end)) continue;
    if (behind_header && is_frame_line(line, text_end)) return true;
    struct perf_header header;
    bool is_header = *line != '\t' && perf_header_parse(COMPAT_NONE, line, (size_t)(text_end - line), &header);
    if (is_header && header.certain) return true;
    if (*line != '#') behind_header = is_header;
  }
  return false;
}

/* ---- reading blocks ---- */

/* Reads until the block holds a place where it can be cut, which is returned, or the end of the input: NULL. */
static const char *fill_block(struct reader *reader, struct block *block) {
  for (size_t wanted = BLOCK_SIZE;; wanted = product_of(wanted, 2)) {
    grow(&block->bytes, &block->capacity, sum_of(wanted, PERF_FOLD_PADDING), 1);
    while (block->length < wanted) {
      size_t count = input_read_some(reader->input, block->bytes + block->length, wanted - block->length);
      if (count == 0) return NULL;
      block->length += count;
    }
    const char *start = perf_last_start(reader->compat, block->bytes, block->length);
    if (start) return start;
  }
}

/* A last line without a line end is whole if it looks so. */
static void end_last_block(struct block *block) {
  const char *line_end = memrchr(block->bytes, '\n', block->length);
  const char *tail = line_end ? line_end + 1 : block->bytes;
  size_t tail_length = block->length - (size_t)(tail - block->bytes);
  if (perf_frame_is_whole(tail, tail_length)) {
    block->bytes[block->length++] = '\n';
    tail_length = 0;
  }
  block->length -= tail_length;
  block->tail = block->bytes + block->length;
  block->tail_length = tail_length;
  block->is_last = true;
}

/* false when there is none left. */
static bool next_block(struct reader *reader, struct block *block) {
  pthread_mutex_lock(&reader->lock);
  bool more = !reader->at_end && !reader->failed;
  if (more) {
    grow(&block->bytes, &block->capacity, sum_of(reader->rest.length, PERF_FOLD_PADDING), 1);
    if (reader->rest.length) memcpy(block->bytes, reader->rest.bytes, reader->rest.length);
    block->length = reader->rest.length;
    const char *cut = fill_block(reader, block);
    if (cut) {
      text_clear(&reader->rest);
      text_append(&reader->rest, cut, block->length - (size_t)(cut - block->bytes));
      block->length = (size_t)(cut - block->bytes);
    } else {
      reader->at_end = true;
      end_last_block(block);
    }
    grow(&reader->block_lines, &reader->block_capacity, reader->block_count + 1, sizeof *reader->block_lines);
    block->number = reader->block_count++;
    reader->block_lines[block->number] = 0;
  }
  pthread_mutex_unlock(&reader->lock);
  return more;
}

/* ---- folding them ---- */

/* The first error in the order of the file is the one to report. */
static void note_block(struct reader *reader, const struct worker *worker, size_t lines) {
  size_t error_line = perf_fold_error_line(worker->fold);
  pthread_mutex_lock(&reader->lock);
  reader->block_lines[worker->block.number] = lines;
  if (error_line && (!reader->failed || worker->block.number < reader->failed_block)) {
    reader->failed = true;
    reader->failed_block = worker->block.number;
    reader->failed_line = error_line;
  }
  pthread_mutex_unlock(&reader->lock);
}

static bool fold_next(struct worker *worker) {
  if (!next_block(worker->reader, &worker->block)) return false;
  size_t before = perf_fold_lines(worker->fold);
  memset(worker->block.bytes + worker->block.length + worker->block.tail_length, 0, PERF_FOLD_PADDING - 1);
  perf_fold_block(worker->fold, worker->block.bytes, worker->block.length);
  note_block(worker->reader, worker, perf_fold_lines(worker->fold) - before);
  if (perf_fold_error_line(worker->fold)) return false;
  if (!worker->block.is_last) perf_fold_finish(worker->fold);
  return !worker->block.is_last;
}

static void *work(void *argument) {
  while (fold_next(argument)) continue;
  return NULL;
}

/* The first worker begins alone, until it is known which event is kept. */
static void fold_all(struct worker *workers, size_t count, const struct folding *folding) {
  const char *event;
  size_t length;
  bool more;
  do more = fold_next(&workers[0]);
  while (more && count > 1 && !(event = perf_fold_event(workers[0].fold, &length)));
  size_t started = 1;
  for (; more && started < count; started++) {
    workers[started].fold = perf_fold_open(folding, event, length);
    if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0) {
      perf_fold_close(workers[started].fold);
      workers[started].fold = NULL;
      break;
    }
  }
  while (more) more = fold_next(&workers[0]);
  for (size_t i = 1; i < started; i++)
    if (workers[i].fold) pthread_join(workers[i].thread, NULL);
}

static size_t lines_before(const struct reader *reader, size_t block) {
  size_t lines = 0;
  for (size_t i = 0; i < block; i++) lines += reader->block_lines[i];
  return lines;
}

static void end_input(struct worker *workers, size_t count, struct input *input, struct sums *sums) {
  const struct reader *reader = workers[0].reader;
  if (reader->failed)
    fail_at(input_name(input), lines_before(reader, reader->failed_block) + reader->failed_line,
            "the period of the sample does not fit 64 bits");
  input_pass_lines(input, lines_before(reader, reader->block_count));
  bool seen_blank = false;
  for (size_t i = 0; i < count; i++) seen_blank |= workers[i].fold && perf_fold_seen_blank(workers[i].fold);
  for (size_t i = 0; i < count; i++) {
    struct block *block = &workers[i].block;
    if (!workers[i].fold || !block->is_last) continue;
    if (block->tail_length > 0) input_pass_lines(input, 1);
    if (perf_fold_end(workers[i].fold, block->tail, block->tail_length, seen_blank))
      sums_cut_off(sums, input, "a sample");
  }
}

static void parse(struct input *input, struct sums *sums) {
  const struct folding *folding = sums->folding;
  struct reader reader = {.input = input, .compat = folding->compat};
  pthread_mutex_init(&reader.lock, NULL);
  size_t count = folding->threads;
  struct worker *workers = take_array(count, sizeof *workers);
  for (size_t i = 0; i < count; i++) workers[i] = (struct worker){.reader = &reader};
  size_t event_length = folding->event ? strlen(folding->event) : 0;
  workers[0].fold = perf_fold_open(folding, folding->event, event_length);
  fold_all(workers, count, folding);
  end_input(workers, count, input, sums);
  for (size_t i = 0; i < count; i++) {
    free(workers[i].block.bytes);
    if (!workers[i].fold) continue;
    perf_fold_add(workers[i].fold, sums);
    perf_fold_close(workers[i].fold);
  }
  free(workers);
  free(reader.block_lines);
  text_free(&reader.rest);
  pthread_mutex_destroy(&reader.lock);
}

FORMAT(perf_script,
    .name = "perf-script",
    .description = "the text of perf script, with any of its fields",
    .recognize = recognize,
    .parse = parse);
