#include "answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folded.h"

enum { FLUSH_AT = 1 << 16 };

enum kind { ANSWER_TEXT = 'T', ANSWER_FRAMES = 'F', ANSWER_BUILD_ID = 'B', ANSWER_END = 'E', ANSWER_LOST = 'L' };

struct answer_head {
  uint32_t kind, size; /* size: bytes of a text, or frames */
};

/* ---- who answers ---- */

static void flush(struct answer_writer *writer) {
  for (size_t written = 0; written < writer->buffer.length;) {
    ssize_t count = write(writer->descriptor, writer->buffer.bytes + written, writer->buffer.length - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) _exit(1); /* nobody listens */
    written += (size_t)count;
  }
  text_clear(&writer->buffer);
}

static void say(struct answer_writer *writer, enum kind kind, size_t size, const void *bytes, size_t length) {
  struct answer_head head = {.kind = kind, .size = (uint32_t)size};
  text_append(&writer->buffer, (const char *)&head, sizeof head);
  text_append(&writer->buffer, bytes, length);
  if (writer->buffer.length >= FLUSH_AT) flush(writer);
}

uint32_t answer_text(struct answer_writer *writer, const char *bytes, size_t length) {
  if (length > INT32_MAX) length = INT32_MAX;
  say(writer, ANSWER_TEXT, length, bytes, length);
  return ++writer->text_count;
}

void answer_frames(struct answer_writer *writer, const struct answer_frame *frames, size_t count) {
  say(writer, ANSWER_FRAMES, count, frames, count * sizeof *frames);
}

void answer_build_id(struct answer_writer *writer, const char *build_id) {
  say(writer, ANSWER_BUILD_ID, strlen(build_id), build_id, strlen(build_id));
}

void answer_end(struct answer_writer *writer, const char *why, bool lost) {
  say(writer, lost ? ANSWER_LOST : ANSWER_END, strlen(why), why, strlen(why));
  flush(writer);
}

/* ---- who asked ---- */

static bool take_frames(struct answers *answers, const char *bytes, size_t count, size_t asked) {
  if (answers->count == asked) return false;
  grow(&answers->frames, &answers->frame_capacity, sum_of(answers->frame_count, count), sizeof *answers->frames);
  struct answer_frame *frames = answers->frames + answers->frame_count;
  if (count) memcpy(frames, bytes, count * sizeof *frames);
  for (size_t i = 0; i < count; i++)
    if (frames[i].function > answers->text_count || frames[i].file > answers->text_count) return false;
  answers->frame_count += count;
  grow(&answers->ends, &answers->capacity, answers->count + 1, sizeof *answers->ends);
  answers->ends[answers->count++] = answers->frame_count;
  return true;
}

void answers_add_text(struct answers *answers, const char *bytes, size_t length) {
  char *copy = arena_copy(&answers->arena, bytes, length);
  replace_controls(copy, length);
  for (char *semicolon = copy; (semicolon = strchr(semicolon, ';'));) *semicolon = ':';
  grow(&answers->texts, &answers->text_capacity, answers->text_count + 1, sizeof *answers->texts);
  answers->texts[answers->text_count++] = (struct answer_text){.bytes = copy, .length = length};
}

size_t answers_take(struct answers *answers, const char *bytes, size_t length, size_t asked, bool *sound) {
  size_t used = 0;
  struct answer_head head;
  *sound = true;
  while (length - used >= sizeof head && !answers->complete) {
    memcpy(&head, bytes + used, sizeof head);
    size_t size = head.kind == ANSWER_FRAMES ? head.size * sizeof(struct answer_frame) : head.size;
    if (length - used - sizeof head < size) break;
    const char *content = bytes + used + sizeof head;
    if (head.kind == ANSWER_TEXT) {
      answers_add_text(answers, content, size);
    } else if (head.kind == ANSWER_FRAMES) {
      *sound = take_frames(answers, content, head.size, asked);
    } else if (head.kind == ANSWER_BUILD_ID) {
      answers->build_id = arena_copy(&answers->arena, content, size);
    } else if (head.kind == ANSWER_END || head.kind == ANSWER_LOST) {
      answers->lost = head.kind == ANSWER_LOST;
      answers->why = arena_copy(&answers->arena, content, size);
      answers->complete = true;
      *sound = answers->count == asked;
    } else *sound = false;
    if (!*sound) return used;
    used += sizeof head + size;
  }
  return used;
}

void answers_free(struct answers *answers) {
  free(answers->texts);
  free(answers->frames);
  free(answers->ends);
  arena_free(&answers->arena);
  *answers = (struct answers){0};
}
