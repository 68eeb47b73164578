/* The lines below the header of a sample in the text of perf script: frames, leaf first, and their source lines. */
#include <string.h>

#include "perfscript.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

struct piece {
  const char *start;
  size_t length;
};
struct frame {
  struct piece address, name, module;
};

static bool piece_is(struct piece piece, const char *text) {
  return piece.length == strlen(text) && memcmp(piece.start, text, piece.length) == 0;
}
static bool piece_starts(struct piece piece, const char *text) {
  return piece.length >= strlen(text) && memcmp(piece.start, text, strlen(text)) == 0;
}
static bool piece_ends(struct piece piece, const char *text) {
  size_t length = strlen(text);
  return piece.length >= length && memcmp(piece.start + piece.length - length, text, length) == 0;
}
static const char *piece_find(struct piece piece, const char *text) {
  return memmem(piece.start, piece.length, text, strlen(text));
}

/* What is behind the last '/'. */
static struct piece base_of(struct piece path) {
  const char *slash = memrchr(path.start, '/', path.length);
  if (!slash) return path;
  return (struct piece){slash + 1, path.length - (size_t)(slash + 1 - path.start)};
}

/* Cuts "+0xDIGITS" off the end; any_digits: where none follow too. */
static struct piece without_offset(struct piece name, bool any_digits) {
  size_t end = name.length;
  while (end > 0 && is_hexadecimal(name.start[end - 1])) end--;
  if (end < 3 || (end == name.length && !any_digits) || memcmp(name.start + end - 3, "+0x", 3) != 0) return name;
  return (struct piece){name.start, end - 3};
}

/* DIGITS.map */
static bool is_map_number(const char *bytes, const char *end) {
  const char *at = bytes;
  while (at < end && is_digit(*at)) at++;
  return at > bytes && end - at >= 4 && memcmp(at, ".map", 4) == 0;
}

/* "/tmp/perf-PID.map", which compilers at run time write for perf. */
static bool is_perf_map(struct piece module) {
  static const char start[] = "/tmp/perf-";
  const char *found = piece_find(module, start);
  return found && is_map_number(found + sizeof start - 1, module.start + module.length);
}

static void append_piece(struct text *names, struct piece piece) { text_append(names, piece.start, piece.length); }

/* ---- our own rules ---- */

/* Where the bracket opens whose partner is the last byte, and before which there is a blank or nothing; length where
 * there is none. */
static size_t opening_bracket(struct piece rest) {
  size_t depth = 0;
  for (size_t at = rest.length; at-- > 0;) {
    if (rest.start[at] == ')') depth++;
    else if (rest.start[at] == '(' && --depth == 0)
      return at == 0 || is_blank(rest.start[at - 1]) ? at : rest.length;
  }
  return rest.length;
}

/* A bracket in a path may lack its partner. */
static size_t opening_of_path(struct piece rest) {
  for (size_t at = rest.length; at-- > 1;)
    if (rest.start[at] == '/' && rest.start[at - 1] == '(' && (at == 1 || is_blank(rest.start[at - 2]))) return at - 1;
  return rest.length;
}

/* ADDRESS [NAME[+0xOFFSET]] [(MODULE)] */
static bool split_frame(const char *line, size_t length, struct frame *frame) {
  const char *end = line + length;
  while (line < end && is_blank(*line)) line++;
  while (end > line && is_space(end[-1])) end--;
  const char *address = line;
  while (line < end && is_hexadecimal(*line)) line++;
  if (line == address || line - address > 16 || (line < end && !is_blank(*line))) return false;
  frame->address = (struct piece){address, (size_t)(line - address)};
  while (line < end && is_blank(*line)) line++;
  struct piece rest = {line, (size_t)(end - line)};
  frame->name = rest;
  frame->module = (struct piece){end, 0};
  if (rest.length == 0 || rest.start[rest.length - 1] != ')') return true;
  size_t open = opening_bracket(rest);
  if (open == rest.length) open = opening_of_path(rest);
  if (open == rest.length) return true;
  frame->module = (struct piece){rest.start + open + 1, rest.length - open - 2};
  while (open > 0 && is_blank(rest.start[open - 1])) open--;
  frame->name.length = open;
  return true;
}

bool perf_frame_is_whole(const char *line, size_t length) {
  struct frame frame;
  return split_frame(line, length, &frame) && frame.name.length > 0 && line[length - 1] == ')' &&
         (piece_starts(frame.module, "/") || piece_starts(frame.module, "["));
}

/* The kernel, its modules and its BPF programs; the other names in brackets are parts of the process. */
static bool is_kernel(struct piece module) {
  static const char *const of_process[] = {"[unknown]", "[vdso",  "[vsyscall]", "[heap]",
                                           "[stack",    "[anon", "[uprobes]"};
  struct piece base = base_of(module);
  if (piece_starts(base, "vmlinux") || piece_ends(base, ".ko") || piece_find(base, ".ko.")) return true;
  if (!piece_starts(module, "[")) return piece_starts(module, "bpf_prog_");
  for (size_t i = 0; i < sizeof of_process / sizeof *of_process; i++)
    if (piece_starts(module, of_process[i])) return false;
  return true;
}

static bool is_jit(struct piece module) {
  struct piece base = base_of(module);
  return is_perf_map(module) || (piece_starts(base, "jitted-") && piece_ends(base, ".so"));
}

static void append_unresolved(const struct folding *folding, const struct frame *frame, struct text *names) {
  struct piece module = base_of(frame->module);
  if (module.length == 0) module = frame->module;
  bool in_brackets = piece_starts(module, "[") && piece_ends(module, "]");
  if (in_brackets) module = (struct piece){module.start + 1, module.length - 2};
  if (module.length == 0) module = (struct piece){"unknown", 7};
  text_append_char(names, '[');
  append_piece(names, module);
  if (folding->addrs) {
    text_append_string(names, " <");
    append_piece(names, frame->address);
    text_append_char(names, '>');
  }
  text_append_char(names, ']');
}

static void append_mark(const struct folding *folding, struct piece module, struct text *names) {
  if (folding->kernel && is_kernel(module)) text_append_string(names, "_[k]");
  else if (folding->jit && is_jit(module)) text_append_string(names, "_[j]");
}

/* Calls that a compiler at run time inlined stand in one name: CALLER->CALLEE. */
static void append_inlined(const struct folding *folding, const struct frame *frame, struct piece name,
                           struct text *names) {
  for (bool first = true;; first = false) {
    const char *arrow = piece_find(name, "->");
    struct piece part = {name.start, arrow ? (size_t)(arrow - name.start) : name.length};
    append_piece(names, part);
    if (first) append_mark(folding, frame->module, names);
    else text_append_string(names, "_[i]");
    text_append_char(names, '\n');
    if (!arrow) return;
    name = (struct piece){arrow + 2, name.length - part.length - 2};
  }
}

/* FILE:LINE, or MODULE[ADDRESS] where perf knows no line, indented by two blanks. */
static bool is_source(const char *line, size_t length, struct piece *source) {
  const char *end = line + length;
  if (length < 3 || !is_blank(line[0]) || !is_blank(line[1])) return false;
  while (line < end && is_blank(*line)) line++;
  while (end > line && is_space(end[-1])) end--;
  *source = (struct piece){line, (size_t)(end - line)};
  struct piece left = *source;
  if (piece_ends(left, " (inlined)")) left.length -= 10;
  source->length = left.length;
  if (left.length == 0) return true;
  const char *last = left.start + left.length - 1;
  if (*last == ']') {
    source->length = 0; /* says no more than the frame did */
    while (last > left.start && is_hexadecimal(last[-1])) last--;
    return last > left.start && last[-1] == '[';
  }
  const char *discriminator = piece_find(left, " (discriminator ");
  if (discriminator) last = discriminator - 1;
  source->length = (size_t)(last + 1 - left.start);
  while (last > left.start && (is_digit(*last) || *last == '?')) last--;
  return *last == ':';
}

static enum perf_line parse_own(const struct folding *folding, const char *line, size_t length, struct text *names) {
  struct frame frame;
  if (!split_frame(line, length, &frame)) {
    struct piece source;
    if (!is_source(line, length, &source)) return PERF_OTHER;
    append_piece(names, source);
    return PERF_SOURCE;
  }
  struct piece name = without_offset(frame.name, false);
  if (name.length == 0 || piece_is(name, "[unknown]")) {
    append_unresolved(folding, &frame, names);
  } else if (folding->inlined && is_perf_map(frame.module)) {
    append_inlined(folding, &frame, name, names);
    return PERF_FRAMES;
  } else {
    append_piece(names, name);
  }
  append_mark(folding, frame.module, names);
  text_append_char(names, '\n');
  return PERF_FRAMES;
}

/* ---- stackcollapse-perf.pl: /^\s*(\w+)\s*(.+) \((.*)\)/ ---- */

static bool match_frame(const char *line, size_t length, struct frame *frame) {
  const char *end = line + length, *at = line;
  while (at < end && is_space(*at)) at++;
  const char *address = at;
  while (at < end && is_word(*at)) at++;
  const char *address_end = at;
  if (at == address) return false;
  while (at < end && is_space(*at)) at++;
  const char *close = memrchr(line, ')', length);
  if (!close) return false;
  const char *open = close - 1; /* the last " (" before it */
  while (open > line && !(open[0] == '(' && open[-1] == ' ')) open--;
  if (open <= line) return false;
  const char *blank = open - 1;
  /* The name has at least one byte: what precedes it gives way. */
  const char *name = at < blank ? at : blank - 1;
  if (name < address + 1) return false;
  if (name < address_end) address_end = name;
  frame->address = (struct piece){address, (size_t)(address_end - address)};
  frame->name = (struct piece){name, (size_t)(blank - name)};
  frame->module = (struct piece){open + 1, (size_t)(close - open - 1)};
  return true;
}

/* /\.\(.*\)\./ */
static bool looks_like_go(struct piece name) {
  const char *open = piece_find(name, ".(");
  if (!open) return false;
  struct piece behind = {open + 2, name.length - (size_t)(open + 2 - name.start)};
  return piece_find(behind, ").") != NULL;
}

static struct piece without_parameters(struct piece name) {
  static const char kept[] = "(anonymous namespace)";
  for (size_t at = 0; at < name.length; at++) {
    if (name.start[at] != '(') continue;
    struct piece rest = {name.start + at, name.length - at};
    if (!piece_starts(rest, kept)) return (struct piece){name.start, at};
  }
  return name;
}

/* The name in brackets, of the module or "unknown", with the address where that is asked for. */
static void append_bracketed(const struct folding *folding, const struct frame *frame, struct text *name) {
  text_append_char(name, '[');
  if (piece_is(frame->module, "[unknown]")) text_append_string(name, "unknown");
  else append_piece(name, base_of(frame->module));
  if (folding->addrs) {
    text_append_string(name, " <");
    append_piece(name, frame->address);
    text_append_char(name, '>');
  }
  text_append_char(name, ']');
}

static struct piece piece_of(const struct text *text) {
  return (struct piece){text->length ? text->bytes : "", text->length};
}

/* Appends name tidied as the script does it; first is false for what was inlined. */
static void append_tidied(const struct folding *folding, bool is_java, const struct frame *frame, struct piece name,
                          bool first, struct text *names) {
  struct text bracketed = {0}, tidied = {0};
  if (piece_is(name, "[unknown]")) {
    append_bracketed(folding, frame, &bracketed);
    name = piece_of(&bracketed);
  }
  if (!looks_like_go(name)) name = without_parameters(name);
  for (size_t i = 0; i < name.length; i++)
    if (name.start[i] != '"' && name.start[i] != '\'') text_append_char(&tidied, name.start[i]);
  name = piece_of(&tidied);
  bool strip = is_java && piece_starts(name, "L") && memchr(name.start, '/', name.length);
  if (strip) name = (struct piece){name.start + 1, name.length - 1};
  append_piece(names, name);
  struct piece module = frame->module;
  bool kernel = (piece_starts(module, "[") || piece_ends(module, "vmlinux")) && !piece_find(module, "unknown");
  if (!first) {
    if (!piece_find(name, "_[i]")) text_append_string(names, "_[i]");
  } else if (folding->kernel && kernel) text_append_string(names, "_[k]");
  else if (folding->jit && is_perf_map(module) && !piece_find(name, "_[j]")) text_append_string(names, "_[j]");
  text_append_char(names, '\n');
  text_free(&bracketed);
  text_free(&tidied);
}

/* split /->/: empty parts at the end are dropped. */
static struct piece without_last_arrows(struct piece name) {
  while (piece_ends(name, "->")) name.length -= 2;
  return name;
}

static enum perf_line parse_flamegraph(const struct folding *folding, bool is_java, const char *line, size_t length,
                                       struct text *names) {
  struct frame frame;
  if (!match_frame(line, length, &frame)) return PERF_OTHER;
  struct piece name = without_last_arrows(without_offset(frame.name, false));
  if (name.length == 0 || piece_starts(name, "(")) return PERF_FRAMES;
  for (bool first = true;; first = false) {
    const char *arrow = piece_find(name, "->");
    struct piece part = {name.start, arrow ? (size_t)(arrow - name.start) : name.length};
    append_tidied(folding, is_java, &frame, part, first, names);
    if (!arrow) return PERF_FRAMES;
    name = (struct piece){arrow + 2, name.length - part.length - 2};
  }
}

/* ---- inferno-collapse-perf ---- */

static bool split_inferno(const char *line, size_t length, struct frame *frame) {
  const char *end = line + length;
  while (line < end && is_space(*line)) line++;
  while (end > line && is_space(end[-1])) end--;
  const char *blank = memchr(line, ' ', (size_t)(end - line));
  if (!blank) return false;
  frame->address = (struct piece){line, (size_t)(blank - line)};
  const char *last = memrchr(blank + 1, ' ', (size_t)(end - blank - 1));
  if (!last) return false;
  frame->module = (struct piece){last + 1, (size_t)(end - last - 1)};
  if (frame->module.length < 2 || !piece_starts(frame->module, "(") || !piece_ends(frame->module, ")")) return false;
  frame->module = (struct piece){last + 2, frame->module.length - 2};
  const char *name = blank + 1;
  while (name < last && is_space(*name)) name++;
  while (last > name && is_space(last[-1])) last--;
  frame->name = (struct piece){name, (size_t)(last - name)};
  if (frame->name.length == 0) frame->name = (struct piece){" ", 1};
  return true;
}

static const struct {
  const char *from, *to;
} rust_escapes[] = {
    {"$SP$", "@"},   {"$BP$", "*"},   {"$RF$", "&"},   {"$LT$", "<"},   {"$GT$", ">"},   {"$LP$", "("},
    {"$RP$", ")"},   {"$C$", ","},    {"$u7e$", "~"},  {"$u20$", " "},  {"$u27$", "'"},  {"$u3d$", "="},
    {"$u5b$", "["},  {"$u5d$", "]"},  {"$u7b$", "{"},  {"$u7d$", "}"},  {"$u3b$", ";"},  {"$u2b$", "+"},
    {"$u21$", "!"},  {"$u22$", "\""},
};

/* "h" and 16 digits, which end the names of Rust. */
static bool has_rust_hash(struct piece name) {
  enum { HASH_LENGTH = 17 };
  if (name.length < HASH_LENGTH || name.start[name.length - HASH_LENGTH] != 'h') return false;
  for (size_t i = 1; i < HASH_LENGTH; i++)
    if (!is_hexadecimal(name.start[name.length - i])) return false;
  return true;
}

static size_t append_rust_escape(struct piece rest, struct text *demangled) {
  for (size_t i = 0; i < sizeof rust_escapes / sizeof *rust_escapes; i++) {
    if (!piece_starts(rest, rust_escapes[i].from)) continue;
    text_append_string(demangled, rust_escapes[i].to);
    return strlen(rust_escapes[i].from);
  }
  append_piece(demangled, rest);
  return rest.length;
}

/* What perf leaves of the mangling of Rust is undone, and the hash cut off. */
static struct piece demangle_rust(struct piece name, struct text *demangled) {
  if (!has_rust_hash(name)) return name;
  struct piece rest = {name.start, name.length - 17};
  if (piece_ends(rest, "::")) rest.length -= 2;
  if (piece_starts(rest, "_$")) rest = (struct piece){rest.start + 1, rest.length - 1};
  while (rest.length > 0) {
    size_t used = 1;
    if (piece_starts(rest, "..")) {
      text_append_string(demangled, "::");
      used = 2;
    } else if (*rest.start == '$') used = append_rust_escape(rest, demangled);
    else text_append_char(demangled, *rest.start);
    rest = (struct piece){rest.start + used, rest.length - used};
  }
  return piece_of(demangled);
}

/* Cut at the first bracket outside of all others, but for receivers of Go and anonymous namespaces. */
static struct piece without_parameters_nested(struct piece name) {
  long depth = 0;
  for (size_t at = 0; at < name.length; at++) {
    char c = name.start[at];
    struct piece rest = {name.start + at, name.length - at};
    if (c == '<' || c == '{' || c == '[') depth++;
    else if (c == '>' || c == '}' || c == ']' || c == ')') depth--;
    else if (c == '(') {
      bool is_go = at > 0 && name.start[at - 1] == '.';
      if (depth == 0 && !is_go && !piece_starts(rest, "(anonymous namespace)")) return (struct piece){name.start, at};
      depth++;
    }
  }
  return name;
}

static bool is_vmlinux(struct piece module) {
  const char *found = NULL;
  for (const char *at; (at = piece_find(module, "vmlinux"));) {
    found = at;
    module = (struct piece){at + 1, module.length - (size_t)(at + 1 - module.start)};
  }
  if (!found) return false;
  for (const char *end = module.start + module.length; found < end; found++)
    if (!is_word(*found) && *found != '-' && *found != '.') return false;
  return true;
}

static bool is_kernel_of_inferno(struct piece module) {
  return (piece_starts(module, "[") || piece_ends(module, ".ko") || is_vmlinux(module)) &&
         !piece_is(module, "[unknown]");
}

static bool is_jit_of_inferno(struct piece module) {
  return (piece_starts(module, "/tmp/perf-") && piece_ends(module, ".map")) ||
         (piece_find(module, "/jitted-") && piece_ends(module, ".so"));
}

static void append_inferno(const struct folding *folding, bool is_java, const struct frame *frame, struct piece name,
                           bool first, struct text *names) {
  struct text bracketed = {0};
  if (piece_is(name, "[unknown]")) {
    append_bracketed(folding, frame, &bracketed);
    name = piece_of(&bracketed);
  }
  name = without_parameters_nested(name);
  if (is_java && piece_starts(name, "L") && memchr(name.start, '/', name.length))
    name = (struct piece){name.start + 1, name.length - 1};
  append_piece(names, name);
  if (!first) {
    if (!piece_find(name, "_[i]")) text_append_string(names, "_[i]");
  } else if (folding->kernel && is_kernel_of_inferno(frame->module)) text_append_string(names, "_[k]");
  else if (folding->jit && is_jit_of_inferno(frame->module) && !piece_find(name, "_[j]"))
    text_append_string(names, "_[j]");
  text_append_char(names, '\n');
  text_free(&bracketed);
}

static enum perf_line parse_inferno(const struct folding *folding, bool is_java, const char *line, size_t length,
                                    struct text *names) {
  struct frame frame;
  if (!split_inferno(line, length, &frame)) return PERF_OTHER;
  struct piece name = without_offset(frame.name, true);
  if (piece_starts(name, "(")) return PERF_FRAMES;
  struct text demangled = {0};
  name = demangle_rust(name, &demangled);
  for (bool first = true;; first = false) {
    const char *arrow = piece_find(name, "->");
    struct piece part = {name.start, arrow ? (size_t)(arrow - name.start) : name.length};
    append_inferno(folding, is_java, &frame, part, first, names);
    if (!arrow) break;
    name = (struct piece){arrow + 2, name.length - part.length - 2};
  }
  text_free(&demangled);
  return PERF_FRAMES;
}

enum perf_line perf_line_parse(const struct folding *folding, bool is_java, const char *line, size_t length,
                               struct text *names) {
  switch (folding->compat) {
    case COMPAT_FLAMEGRAPH: return parse_flamegraph(folding, is_java, line, length, names);
    case COMPAT_INFERNO: return parse_inferno(folding, is_java, line, length, names);
    case COMPAT_NONE: break;
  }
  return parse_own(folding, line, length, names);
}
