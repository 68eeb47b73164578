/* The line that begins a sample in the text of perf script. */
#include <string.h>

#include "perfscript.h"

struct word {
  const char *start, *end;
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_blank(char c) { return c == ' ' || c == '\t'; }
/* What \s of a regular expression matches, but for the line end. */
static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool all_digits(const char *bytes, const char *end) {
  if (bytes == end) return false;
  while (bytes < end && is_digit(*bytes)) bytes++;
  return bytes == end;
}

/* Reads digits as a period: 0 and none are 1, as a sample is worth no less. */
static void read_period(const char *bytes, const char *end, struct perf_header *header) {
  uint64_t value = 0;
  for (; bytes < end; bytes++) {
    uint64_t digit = (uint64_t)(*bytes - '0');
    if (value > (UINT64_MAX - digit) / 10) {
      header->too_large = true;
      return;
    }
    value = value * 10 + digit;
  }
  header->value = value ? value : 1;
}

const char *perf_time_end(const char *bytes, const char *end) {
  const char *at = bytes;
  while (at < end && is_digit(*at)) at++;
  if (at == bytes || at == end || *at != '.') return NULL;
  const char *fraction = ++at;
  while (at < end && is_digit(*at)) at++;
  if (at - fraction < 3 || at == end || *at != ':') return NULL;
  return at + 1;
}

static bool next_word(const char **at, const char *end, struct word *word) {
  const char *from = *at;
  while (from < end && is_blank(*from)) from++;
  if (from == end) return false;
  word->start = from;
  while (from < end && !is_blank(*from)) from++;
  word->end = *at = from;
  return true;
}

static bool is_time(const struct word *word) { return perf_time_end(word->start, word->end) == word->end; }

/* "[DIGITS]" */
static bool is_cpu(const struct word *word) {
  return word->end - word->start > 2 && *word->start == '[' && word->end[-1] == ']' &&
         all_digits(word->start + 1, word->end - 1);
}

/* "PID" or "PID/TID", either of which may be negative. */
static bool is_process(const struct word *word) {
  const char *slash = memchr(word->start, '/', (size_t)(word->end - word->start));
  const char *pid_end = slash ? slash : word->end;
  const char *pid = word->start + (*word->start == '-');
  if (!all_digits(pid, pid_end)) return false;
  if (!slash) return true;
  const char *tid = slash + 1 + (slash + 1 < word->end && slash[1] == '-');
  return all_digits(tid, word->end);
}

/* The capital letters that -F misc puts before the time. */
static bool is_mode(const struct word *word) {
  for (const char *at = word->start; at < word->end; at++)
    if (*at < 'A' || *at > 'Z') return false;
  return true;
}

/* What older and newer perf print for "PID" alone is the thread. */
static void take_process(const struct word *word, struct perf_header *header) {
  const char *slash = memchr(word->start, '/', (size_t)(word->end - word->start));
  header->pid = word->start;
  header->pid_length = (size_t)((slash ? slash : word->end) - word->start);
  header->tid = slash ? slash + 1 : word->start;
  header->tid_length = (size_t)(word->end - header->tid);
  if (!slash) {
    header->pid = "?";
    header->pid_length = 1;
  }
}

static void take_comm(const char *line, const char *end, struct perf_header *header) {
  while (line < end && is_blank(*line)) line++;
  while (end > line && is_blank(end[-1])) end--;
  header->comm = line;
  header->comm_length = (size_t)(end - line);
}

/* `PERIOD EVENT: REST` from at on. false where no event stands there. */
static bool take_event(const char *at, const char *end, struct perf_header *header) {
  struct word word;
  header->rest = end;
  header->rest_length = 0;
  if (!next_word(&at, end, &word)) return false;
  if (all_digits(word.start, word.end)) {
    read_period(word.start, word.end, header);
    if (!next_word(&at, end, &word)) return false;
  }
  if (word.end - word.start < 2 || word.end[-1] != ':') {
    header->rest = word.start;
    header->rest_length = (size_t)(end - word.start);
    return false;
  }
  header->has_event = true;
  header->event = word.start;
  header->event_length = (size_t)(word.end - 1 - word.start);
  header->rest = word.end;
  header->rest_length = (size_t)(end - word.end);
  return true;
}

/* With `[CPU]` or `TIME:` as the anchor: what is before them is the process, and before that the command. */
static bool take_anchored(const char *line, const char *end, struct perf_header *header) {
  struct word before[2] = {{line, line}, {line, line}}, word; /* the two words before the present one */
  size_t count = 0;
  for (const char *at = line; next_word(&at, end, &word); count++) {
    bool cpu = is_cpu(&word), time = !cpu && is_time(&word);
    if (time || (cpu && count > 0 && is_process(&before[0]))) { /* the CPU alone may be a part of the command */
      const struct word *process = count > 1 && is_mode(&before[0]) && is_process(&before[1]) ? &before[1] : &before[0];
      header->behind_pid = word.start;
      if (count > 0 && is_process(process)) {
        take_process(process, header);
        take_comm(line, process->start, header);
      } else take_comm(line, word.start, header);
      if (cpu) {
        struct word next;
        const char *behind = at;
        if (next_word(&behind, end, &next) && is_time(&next)) {
          time = true;
          at = behind;
        }
      }
      bool event = take_event(at, end, header);
      header->certain = time && event && header->pid_length > 0;
      return time || event;
    }
    before[1] = before[0];
    before[0] = word;
  }
  return false;
}

/* `COMM PID PERIOD EVENT:`, with neither time nor CPU: the first word that may be a process, and an event behind it. */
static bool take_bare(const char *line, const char *end, struct perf_header *header) {
  struct word word;
  const char *at = line;
  if (!next_word(&at, end, &word)) return false;
  while (next_word(&at, end, &word)) {
    if (!is_process(&word)) continue;
    take_process(&word, header);
    take_comm(line, word.start, header);
    header->behind_pid = end;
    return take_event(at, end, header);
  }
  return false;
}

static bool parse_own(const char *line, size_t length, struct perf_header *header) {
  const char *end = line + length;
  return take_anchored(line, end, header) || take_bare(line, end, header);
}

/* ---- stackcollapse-perf.pl ---- */

/* Where /\s+(\d+)\/\*(\d+)*\s+/ (with * for /) matches from at on, which must be a space: its end, else NULL. */
static const char *match_process(const char *at, const char *end, struct perf_header *header) {
  if (at == end || !is_space(*at)) return NULL;
  while (at < end && is_space(*at)) at++;
  const char *pid = at;
  while (at < end && is_digit(*at)) at++;
  if (at == pid) return NULL;
  header->pid = pid;
  header->pid_length = (size_t)(at - pid);
  while (at < end && *at == '/') at++;
  header->tid = at;
  while (at < end && is_digit(*at)) at++;
  header->tid_length = (size_t)(at - header->tid);
  if (at == end || !is_space(*at)) return NULL;
  /* Without a tid, or with one that Perl holds for false, the number is that of the thread. */
  if (header->tid_length == 0 || (header->tid_length == 1 && *header->tid == '0')) {
    header->tid = header->pid;
    header->tid_length = header->pid_length;
    header->pid = "?";
    header->pid_length = 1;
  }
  while (at < end && is_space(*at)) at++;
  return at;
}

/* /:\s*(\d+)*\s+(\S+):\s*$/ */
static void match_event(const char *line, const char *end, struct perf_header *header) {
  while (end > line && is_space(end[-1])) end--;
  if (end - line < 2 || end[-1] != ':') return;
  const char *word_end = end - 1, *word = word_end;
  while (word > line && !is_space(word[-1])) word--;
  if (word == word_end) return;
  const char *at = word;
  while (at > line && is_space(at[-1])) at--;
  if (at == word || at == line) return;
  const char *digits_end = at, *digits = at;
  while (digits > line && is_digit(digits[-1])) digits--;
  const char *colon = digits;
  if (digits == digits_end) {
    if (at[-1] != ':') return;
  } else {
    while (colon > line && is_space(colon[-1])) colon--;
    if (colon == line || colon[-1] != ':') return;
  }
  header->has_event = true;
  header->event = word;
  header->event_length = (size_t)(word_end - word);
  if (digits < digits_end) read_period(digits, digits_end, header);
}

static bool parse_flamegraph(const char *line, size_t length, struct perf_header *header) {
  const char *end = line + length;
  if (length == 0 || is_space(*line)) return false;
  for (const char *at = line + 2; at < end; at++) {
    const char *behind = match_process(at, end, header);
    if (!behind) continue;
    header->comm = line;
    header->comm_length = (size_t)(at - line);
    header->behind_pid = behind;
    match_event(line, end, header);
    return true;
  }
  return false;
}

/* ---- inferno-collapse-perf ---- */

/* The first word but the line's first that is all digits, perhaps with a slash; and the command before it. */
static const char *find_process(const char *line, const char *end, struct perf_header *header) {
  const char *word = line, *slash = NULL;
  bool digits = false, last_was_space = false;
  for (const char *at = line; at < end; at++) {
    if (*at == ' ') {
      if (digits && !last_was_space) {
        header->pid = slash ? word : "?";
        header->pid_length = slash ? (size_t)(slash - word) : 1;
        header->tid = slash ? slash + 1 : word;
        header->tid_length = (size_t)(at - header->tid);
        take_comm(line, word - 1, header);
        return at + 1;
      }
      word = at + 1;
      digits = true;
    } else if (*at == '/') {
      if (digits) slash = at;
    } else if (!is_digit(*at)) {
      digits = false;
      slash = NULL;
    }
    last_was_space = *at == ' ';
  }
  return NULL;
}

static bool parse_inferno(const char *line, size_t length, struct perf_header *header) {
  const char *end = line + length;
  const char *at = find_process(line, end, header);
  if (!at) return false;
  const char *blank = at;
  while (blank < end && is_blank(*blank)) blank++;
  header->behind_pid = blank;
  const char *colon = memchr(at, ':', (size_t)(end - at));
  if (!colon) return true;
  const char *event_end = memchr(colon + 1, ':', (size_t)(end - colon - 1));
  if (!event_end) event_end = end;
  const char *event = memrchr(colon + 1, ' ', (size_t)(event_end - colon - 1));
  const char *period_end = event;
  event = event ? event + 1 : colon + 1;
  header->has_event = true;
  header->event = event;
  header->event_length = (size_t)(event_end - event);
  if (period_end) {
    const char *period = period_end;
    while (period > colon + 1 && period[-1] != ' ') period--;
    if (all_digits(period, period_end)) read_period(period, period_end, header);
  }
  if (event_end == end) return true;
  /* Behind the event come modifiers up to a colon or blank, or else all is a frame. */
  const char *rest = event_end + 1;
  for (const char *stop = rest; stop < end; stop++) {
    if (*stop != ':' && *stop != ' ') continue;
    rest = stop + 1;
    break;
  }
  while (rest < end && is_space(*rest)) rest++;
  header->rest = rest;
  header->rest_length = (size_t)(end - rest);
  return true;
}

bool perf_header_parse(enum compat compat, const char *line, size_t length, struct perf_header *header) {
  *header = (struct perf_header){.value = 1, .comm = line, .pid = line, .tid = line, .event = line, .rest = line,
                                 .behind_pid = line};
  switch (compat) {
    case COMPAT_FLAMEGRAPH: return parse_flamegraph(line, length, header);
    case COMPAT_INFERNO: return parse_inferno(line, length, header);
    case COMPAT_NONE: break;
  }
  return parse_own(line, length, header);
}
