#include "message.h"

#include <string.h>
#include <strings.h>

#include "metric.h"
#include "report.h"

static const struct {
  const char *name, *output_name;
  bool is_word;
} FIELDS[MESSAGE_FIELD_COUNT] = {
    [SUBJECT] = {"Subject", "subject", false},
    [HYPOTHESIS] = {"Hypothesis", "hypothesis", false},
    [ROOT_CAUSE] = {"Root-cause", "root_cause", false},
    [FUNCTION] = {"Function", "function", false},
    [SAVING] = {"Saving", "saving", false},
    [METRIC] = {"Metric", "metric", true},
    [WORKLOAD] = {"Workload", "workload", true},
    [PARENT] = {"Parent", "parent", true},
};

const char *message_name(enum message_field field) { return FIELDS[field].name; }
const char *message_output_name(enum message_field field) { return FIELDS[field].output_name; }

static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Adds a line's text to a value: without blanks at both ends, one between two lines, `?` for a control character. */
static void add_line(struct text *value, const char *text, size_t length) {
  while (length > 0 && is_blank(*text)) text++, length--;
  while (length > 0 && is_blank(text[length - 1])) length--;
  if (length > 0 && value->length > 0) text_append_char(value, ' ');
  for (size_t i = 0; i < length; i++) {
    bool control = (unsigned char)text[i] < 0x20 || text[i] == 0x7f;
    text_append_char(value, text[i] == '\t' ? ' ' : control ? '?' : text[i]);
  }
}

/* Puts the value of the field at patch line index, whose text begins at text, and its continuation lines, into the
 * message; returns the index of the line behind them. */
static size_t take_field(struct message *message, const struct patch *patch, size_t index, size_t end,
                         enum message_field field, const char *text) {
  struct text *value = &message->values[field];
  bool first = message->lines[field] == 0;
  if (first) message->lines[field] = index + 1;
  else if (!message->repeated[field]) message->repeated[field] = index + 1;
  if (first) add_line(value, text, strlen(text));
  for (index++; index < end && is_blank(*patch->lines[index].bytes); index++)
    if (first) add_line(value, patch->lines[index].bytes, patch->lines[index].length);
  return index;
}

/* The field that a line begins; MESSAGE_FIELD_COUNT when it begins none. *text is what follows its colon. */
static enum message_field field_of(const char *line, const char **text) {
  for (enum message_field field = HYPOTHESIS; field < MESSAGE_FIELD_COUNT; field++) {
    size_t length = strlen(FIELDS[field].name);
    if (strncmp(line, FIELDS[field].name, length) == 0 && line[length] == ':') {
      *text = line + length + 1;
      return field;
    }
  }
  return MESSAGE_FIELD_COUNT;
}

/* ---- the headers of a mail ---- */

static bool is_mail(const char *line) {
  if (strncmp(line, "From ", 5) == 0) return strspn(line + 5, "0123456789abcdef") >= 40;
  return strncasecmp(line, "From:", 5) == 0 || strncasecmp(line, "Subject:", 8) == 0 ||
         strncasecmp(line, "Date:", 5) == 0;
}

static int hexadecimal(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* An encoded word `=?UTF-8?q?...?=` (RFC 2047) that text begins with is appended decoded; returns what follows it, or
 * NULL when text begins with none. */
static const char *append_encoded_word(struct text *value, const char *text) {
  static const char begin[] = "=?UTF-8?q?";
  if (strncasecmp(text, begin, strlen(begin)) != 0) return NULL;
  text += strlen(begin);
  const char *end = strstr(text, "?=");
  if (!end) return NULL;
  for (; text < end; text++) {
    int high = *text == '=' ? hexadecimal(text[1]) : -1, low = high >= 0 ? hexadecimal(text[2]) : -1;
    char c = *text == '_' ? ' ' : *text;
    if (low >= 0) c = (char)(unsigned char)(high * 16 + low), text += 2;
    text_append_char(value, (unsigned char)c < 0x20 || c == 0x7f ? '?' : c);
  }
  return end + 2;
}

/* The subject as git shows it: encoded words decoded, `[PATCH ...]` left out. */
static void decode_subject(struct text *subject) {
  struct text decoded = {0};
  const char *text = subject->length ? subject->bytes : "";
  if (strncmp(text, "[PATCH", 6) == 0 && strchr(text, ']')) {
    text = strchr(text, ']') + 1;
    while (is_blank(*text)) text++;
  }
  while (*text) {
    const char *next = append_encoded_word(&decoded, text);
    if (!next) text_append_char(&decoded, *text++);
    /* The blank between two encoded words belongs to neither. */
    else text = next + (*next == ' ' && strncasecmp(next + 1, "=?UTF-8?q?", 10) == 0);
  }
  text_free(subject);
  *subject = decoded;
}

/* Reads the headers; returns the index of the first line of the text. */
static size_t read_headers(struct message *message, const struct patch *patch) {
  size_t index = 0;
  while (index < patch->message_end && patch->lines[index].length > 0) {
    const char *line = patch->lines[index].bytes, *value = strchr(line, ':');
    if (strncasecmp(line, "Subject:", 8) == 0) {
      index = take_field(message, patch, index, patch->message_end, SUBJECT, value + 1);
      continue;
    }
    if (strncasecmp(line, "Content-Transfer-Encoding:", 26) == 0) {
      value += 1 + strspn(value + 1, " \t");
      if (strcasecmp(value, "8bit") != 0 && strcasecmp(value, "7bit") != 0)
        fail_at(patch->name, index + 1, "the text is encoded as %s; 8bit is expected, as git format-patch writes it",
                value);
    }
    index++;
  }
  decode_subject(&message->values[SUBJECT]);
  return index;
}

/* ---- the whole ---- */

/* The first line of a plain message is its subject, unless it is a field. */
static size_t read_first_line(struct message *message, const struct patch *patch) {
  size_t index = 0;
  const char *text;
  while (index < patch->message_end && patch->lines[index].length == 0) index++;
  if (index == patch->message_end || field_of(patch->lines[index].bytes, &text) != MESSAGE_FIELD_COUNT) return index;
  if (strcmp(patch->lines[index].bytes, "---") == 0) return index;
  message->lines[SUBJECT] = index + 1;
  add_line(&message->values[SUBJECT], patch->lines[index].bytes, patch->lines[index].length);
  return index + 1;
}

struct message message_read(const struct patch *patch) {
  struct message message = {0};
  bool mail = patch->message_end > 0 && is_mail(patch->lines[0].bytes);
  size_t index = mail ? read_headers(&message, patch) : read_first_line(&message, patch);
  /* Behind `---` stands what git am leaves out of the commit. */
  while (index < patch->message_end && strcmp(patch->lines[index].bytes, "---") != 0) {
    const char *text;
    enum message_field field = field_of(patch->lines[index].bytes, &text);
    if (field == MESSAGE_FIELD_COUNT) index++;
    else index = take_field(&message, patch, index, patch->message_end, field, text);
  }
  for (size_t i = 0; i < MESSAGE_FIELD_COUNT; i++)
    if (!message.values[i].bytes) text_append(&message.values[i], "", 0);
  return message;
}

bool message_word_is_valid(const struct message *message, enum message_field field) {
  return !FIELDS[field].is_word || message->lines[field] == 0 || arm_name_is_valid(message->values[field].bytes);
}

bool message_has_arithmetic(const char *text) {
  bool digits = false, operator = false;
  for (const char *c = text; *c; c++) {
    char before = c > text ? c[-1] : ' ';
    bool sign = strchr("+-/", *c) && !(is_letter(before) && is_letter(c[1]));
    bool times = *c == 'x' && !is_letter(before) && !is_letter(c[1]);
    bool cross = strncmp(c, "\xc3\x97", 2) == 0; /* U+00D7 in UTF-8 */
    digits = digits || is_digit(*c);
    operator = operator || *c == '=' || *c == '*' || sign || times || cross;
  }
  return digits && operator;
}

void message_free(struct message *message) {
  for (size_t i = 0; i < MESSAGE_FIELD_COUNT; i++) text_free(&message->values[i]);
}
