/* The samples of perf script's text: where one begins and ends, and what its header says. */
#include <string.h>

#include "perfscript_fold.h"

/* ---- samples ---- */

static void drop(struct perf_fold *fold, enum drop reason, uint64_t value) {
  perf_count_value(&fold->dropped[reason].value, value);
  fold->dropped[reason].records++;
}

/* Counts the sample at hand, if there is one. */
void perf_finish_sample(struct perf_fold *fold) {
  if (!fold->in_sample) return;
  fold->in_sample = false;
  bool wants_frames = fold->folding->compat == COMPAT_INFERNO || !fold->has_comm;
  if (fold->skipping) drop(fold, DROP_OTHER_EVENT, fold->value);
  else if (fold->depth == 0 && wants_frames) drop(fold, DROP_NO_FRAMES, fold->value);
  else {
    if (fold->has_comm) perf_push(fold, fold->comm);
    perf_count_stack(fold);
  }
  fold->depth = 0;
}

/* ---- lines below a header ---- */

/* --context: the frame before becomes `NAME (FILE:LINE)`. */
static void add_source(struct perf_fold *fold, const struct line *line) {
  text_clear(&fold->parsed);
  perf_line_parse(fold->folding, fold->is_java, line->bytes, line->length - 1, &fold->parsed);
  if (fold->parsed.length == 0 || fold->depth == 0) return;
  struct text name = {0};
  const struct stack *frame = fold->by_number[fold->frames[fold->depth - 1]];
  text_append(&name, frame->bytes, frame->length);
  text_append_string(&name, " (");
  text_append(&name, fold->parsed.bytes, fold->parsed.length);
  text_append_char(&name, ')');
  fold->frames[fold->depth - 1] = perf_frame_of(fold, name.bytes, name.length);
  text_free(&name);
}

/* An empty line ends a sample for the others; here only the next header does, as frames may follow an empty line. */
static void take_blank(struct perf_fold *fold) {
  fold->blank_behind = fold->seen_blank = true;
  if (fold->folding->compat != COMPAT_NONE) perf_finish_sample(fold);
}

void perf_take_line(struct perf_fold *fold, const struct line *line) {
  fold->bare = false;
  switch (line->kind) {
    case LINE_FRAMES:
      if (fold->in_sample) perf_push_line(fold, line);
      fold->blank_behind = false;
      fold->follows_frame = true;
      return;
    case LINE_SOURCE:
      if (!fold->follows_frame) fold->other_lines++;
      else if (fold->folding->context && fold->folding->compat == COMPAT_NONE) add_source(fold, line);
      fold->follows_frame = false;
      return;
    case LINE_NOTHING: return;
    case LINE_OTHER: fold->other_lines++; return;
    case LINE_BLANK: take_blank(fold); return;
  }
}

/* ---- headers ---- */

/* The command's frame, with process and thread where they are asked for. */
static void name_command(struct perf_fold *fold, const struct perf_header *header) {
  struct text name = {0};
  const struct folding *folding = fold->folding;
  text_append(&name, header->comm, header->comm_length);
  if (folding->pid && header->pid_length > 0) {
    text_append_char(&name, '-');
    text_append(&name, header->pid, header->pid_length);
    if (folding->tid) {
      text_append_char(&name, '/');
      text_append(&name, header->tid, header->tid_length);
    }
  }
  if (folding->compat != COMPAT_NONE)
    for (size_t i = 0; i < name.length; i++)
      if (name.bytes[i] == ' ') name.bytes[i] = '_';
  fold->has_comm = name.length > 0;
  fold->comm = fold->has_comm ? perf_frame_of(fold, name.bytes, name.length) : 0;
  fold->is_java = folding->compat != COMPAT_NONE && name.length >= 4 && memcmp(name.bytes, "java", 4) == 0;
  text_free(&name);
}

/* Modifiers behind the last colon of an event's name: cycles:upp. */
static size_t without_modifiers(const char *event, size_t length) {
  size_t at = length;
  while (at > 0 && strchr("ukhHGpPSDIWeb", event[at - 1]) && event[at - 1]) at--;
  return at > 1 && at < length && event[at - 1] == ':' ? at - 1 : length;
}

/* Whether samples of the header's event are wanted; the first one's are, where none was asked for. */
static bool wants_event(struct perf_fold *fold, const struct perf_header *header) {
  bool compat = fold->folding->compat != COMPAT_NONE;
  if (compat && !header->has_event) return true;
  if (!fold->has_event) {
    fold->has_event = true;
    text_append(&fold->event, header->event, header->event_length);
    return true;
  }
  size_t length = fold->event.length;
  if (header->event_length == length && memcmp(header->event, fold->event.bytes, length) == 0) return true;
  return !compat && fold->folding->event && length == without_modifiers(header->event, header->event_length) &&
         memcmp(header->event, fold->event.bytes, length) == 0;
}

static const char *skip_blanks(const char *at) {
  while (*at == ' ') at++;
  return at;
}

/* Behind `[CPU] TIME: PERIOD `, where the event is; NULL where the header is of another form. *value is the period.
 * Stops at the line end. */
static const char *behind_period(const char *at, const char *end, uint64_t *value) {
  if (*at == '[') {
    while (*++at >= '0' && *at <= '9') continue;
    if (*at != ']' || at[1] != ' ') return NULL;
    at = skip_blanks(at + 1);
  }
  at = perf_time_end(at, end);
  if (!at || *at != ' ') return NULL;
  at = skip_blanks(at);
  *value = 1;
  const char *digits = at;
  uint64_t period = 0;
  while (*at >= '0' && *at <= '9') period = period * 10 + (uint64_t)(*at++ - '0');
  if (at == digits) return at;
  if (*at != ' ' || at - digits > MAX_PERIOD_DIGITS) return NULL;
  if (period > 0) *value = period;
  return at + 1;
}

static bool all_blank(const char *bytes, size_t length) {
  while (length > 0 && *bytes == ' ') bytes++, length--;
  return length == 0;
}

static void remember_event(struct perf_fold *fold, const char *event, size_t length, bool kept) {
  for (unsigned i = 0; i < RECENT_EVENTS; i++) {
    const struct text *known = &fold->events[i].suffix;
    if (known->length == length && memcmp(known->bytes, event, length) == 0) return;
  }
  struct recent_event *fresh = &fold->events[fold->oldest_event++ % RECENT_EVENTS];
  text_clear(&fresh->suffix);
  text_append(&fresh->suffix, event, length);
  fresh->kept = kept;
}

/* Keeps what the next headers are likely to share with this one, if it is of the usual form without a frame. */
static void remember_header(struct perf_fold *fold, const char *line, const char *line_end,
                            const struct perf_header *header, bool kept) {
  uint64_t value;
  if (header->behind_pid == line || !header->has_event || !all_blank(header->rest, header->rest_length)) return;
  if (behind_period(header->behind_pid, line_end, &value) != header->event) return;
  struct recent_header *recent = &fold->headers[fold->oldest_header++ % RECENT_HEADERS];
  text_clear(&recent->prefix);
  text_append(&recent->prefix, line, (size_t)(header->behind_pid - line));
  recent->comm = fold->comm;
  recent->has_comm = fold->has_comm;
  recent->is_java = fold->is_java;
  remember_event(fold, header->event, (size_t)(line_end + 1 - header->event), kept);
}

static void begin_sample(struct perf_fold *fold, bool kept, uint64_t value) {
  fold->in_sample = true;
  fold->skipping = !kept;
  fold->value = value;
  fold->blank_behind = fold->follows_frame = false;
  fold->bare = true;
}

/* A header like one of the last ones, as nearly all are: the line behind it, or NULL where it is none. block_end is
 * behind the last line end. Of the others' rules only those outside of a sample are meant. */
const char *perf_repeated_header(struct perf_fold *fold, const char *line, const char *block_end) {
  size_t left = (size_t)(block_end - line);
  if (fold->folding->compat != COMPAT_NONE && fold->in_sample) return NULL;
  for (unsigned i = 0; i < RECENT_HEADERS; i++) {
    const struct recent_header *recent = &fold->headers[i];
    size_t length = recent->prefix.length;
    if (length == 0 || length > left || !same_bytes(recent->prefix.bytes, line, length)) continue;
    uint64_t value;
    const char *event = behind_period(line + length, block_end, &value);
    if (!event) continue;
    size_t behind = (size_t)(block_end - event);
    for (unsigned j = 0; j < RECENT_EVENTS; j++) {
      const struct recent_event *known = &fold->events[j];
      size_t suffix = known->suffix.length;
      if (suffix == 0 || suffix > behind || !same_bytes(known->suffix.bytes, event, suffix)) continue;
      if (fold->folding->compat == COMPAT_NONE) perf_finish_sample(fold);
      fold->comm = recent->comm;
      fold->has_comm = recent->has_comm;
      fold->is_java = recent->is_java;
      begin_sample(fold, known->kept, value);
      return event + suffix;
    }
  }
  return NULL;
}

/* What perf prints of its other records (--show-mmap-events and the like) is no sample. */
static bool is_other_record(const struct perf_header *header) {
  static const char start[] = "PERF_RECORD_";
  const char *rest = header->rest, *end = rest + header->rest_length;
  while (rest < end && *rest == ' ') rest++;
  if (header->has_event) {
    rest = header->event;
    end = rest + header->event_length;
  }
  return (size_t)(end - rest) >= sizeof start - 1 && memcmp(rest, start, sizeof start - 1) == 0;
}

/* A sample of one frame has it on the line of its header, and there it ends. */
static void take_frame_of_header(struct perf_fold *fold, const struct perf_header *header) {
  if (fold->skipping || header->rest_length == 0 || fold->folding->compat == COMPAT_FLAMEGRAPH) return;
  bool own = fold->folding->compat == COMPAT_NONE;
  if (own && !perf_frame_is_whole(header->rest, header->rest_length)) return;
  struct text line = {0};
  text_append(&line, header->rest, header->rest_length);
  text_append_char(&line, '\n');
  perf_take_line(fold, perf_keep_line(fold, line.bytes, line.length));
  text_free(&line);
  if (!own) perf_finish_sample(fold);
}

/* A header that was parsed; the sample before it ends, but for the script, to which the frames of both are one. */
static void start_sample(struct perf_fold *fold, const char *line, const char *line_end,
                         const struct perf_header *header) {
  if (header->too_large && fold->error_line == 0) fold->error_line = fold->line_count + 1;
  if (fold->folding->compat == COMPAT_FLAMEGRAPH) {
    if (!wants_event(fold, header)) {
      drop(fold, DROP_OTHER_EVENT, header->value);
      return;
    }
    if (fold->in_sample) drop(fold, DROP_UNREADABLE, fold->value);
  } else perf_finish_sample(fold);
  bool kept = wants_event(fold, header);
  name_command(fold, header);
  begin_sample(fold, kept, header->value);
  remember_header(fold, line, line_end, header, kept);
  take_frame_of_header(fold, header);
}

/* Whether the line of perf's text is a header. An indented one must be so beyond doubt, as frames are indented too. */
bool perf_own_header(const char *line, size_t length, struct perf_header *header) {
  while (length > 0 && line[length - 1] == '\r') length--;
  if (length == 0) return false;
  bool sure = is_blank(*line) || *line == '#';
  if (*line == '\t' || !perf_header_parse(COMPAT_NONE, line, length, header)) return false;
  return !sure || header->certain;
}

/* A line that is not known yet. STEP_LINE: it is one below a header, to be parsed as such and kept; else it was dealt
 * with. What begins at the margin and is nothing that perf prints ends a sample only behind an empty line: it may be a
 * message that came between. */
static enum step own_step(struct perf_fold *fold, const char *line, const char *line_end) {
  struct perf_header header;
  size_t length = (size_t)(line_end - line);
  if (perf_own_header(line, length, &header)) {
    if (is_other_record(&header)) {
      perf_finish_sample(fold);
      fold->other_lines++;
    } else start_sample(fold, line, line_end, &header);
    return STEP_DONE;
  }
  bool indented = is_blank(*line), empty = perf_is_empty(fold, line, length);
  if (*line == '#') return STEP_DONE;
  if (fold->in_sample && (indented || empty || perf_frame_is_whole(line, length))) return STEP_LINE;
  if (fold->in_sample && fold->blank_behind) perf_finish_sample(fold);
  if (!perf_all_space(line, length)) fold->other_lines++;
  return STEP_DONE;
}

static enum step flamegraph_step(struct perf_fold *fold, const char *line, const char *line_end) {
  struct perf_header header;
  if (*line == '#') return STEP_DONE;
  if (perf_header_parse(COMPAT_FLAMEGRAPH, line, (size_t)(line_end - line), &header)) {
    start_sample(fold, line, line_end, &header);
    return STEP_DONE;
  }
  return STEP_LINE; /* outside of samples too, to tell what is a frame from what is nothing */
}

static enum step inferno_step(struct perf_fold *fold, const char *line, const char *line_end) {
  struct perf_header header;
  const char *end = line_end;
  if (*line == '#') return STEP_DONE;
  if (fold->in_sample || perf_is_empty(fold, line, (size_t)(line_end - line))) return STEP_LINE;
  while (end > line && perf_all_space(end - 1, 1)) end--;
  if (perf_header_parse(COMPAT_INFERNO, line, (size_t)(end - line), &header))
    start_sample(fold, line, line_end, &header);
  else fold->other_lines++;
  return STEP_DONE;
}

enum step perf_step(struct perf_fold *fold, const char *line, const char *line_end) {
  switch (fold->folding->compat) {
    case COMPAT_FLAMEGRAPH: return flamegraph_step(fold, line, line_end);
    case COMPAT_INFERNO: return inferno_step(fold, line, line_end);
    case COMPAT_NONE: break;
  }
  return own_step(fold, line, line_end);
}
