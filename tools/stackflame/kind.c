#include "kind.h"

#include <string.h>

#include "folded.h"

const char *const kind_names[KINDS] = {
    [KIND_C] = "C and other native",
    [KIND_CXX] = "C++",
    [KIND_RUST] = "Rust",
    [KIND_GO] = "Go",
    [KIND_PYTHON] = "Python",
    [KIND_JAVASCRIPT] = "JavaScript",
    [KIND_JVM] = "JVM",
    [KIND_SCRIPT] = "other scripts",
    [KIND_JIT] = "compiled at run time",
    [KIND_KERNEL] = "kernel",
    [KIND_UNRESOLVED] = "unresolved",
};

/* Part of a frame; none of these is owned. */
struct part {
  const char *bytes;
  size_t length;
};

static bool ends_with(struct part part, const char *end) {
  size_t length = strlen(end);
  return part.length >= length && memcmp(part.bytes + part.length - length, end, length) == 0;
}

static bool starts_with(struct part part, const char *start) {
  size_t length = strlen(start);
  return part.length >= length && memcmp(part.bytes, start, length) == 0;
}

static bool holds(struct part part, const char *inner) { return memmem(part.bytes, part.length, inner, strlen(inner)); }

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

/* NAME and FILE of "NAME (FILE:LINE)"; without that form all is NAME. */
static void split(struct part frame, struct part *name, struct part *file) {
  *name = *file = (struct part){.bytes = frame.bytes};
  if (!frame_has_line(frame.bytes, frame.length, &name->length)) return;
  const char *start = frame.bytes + name->length + 2; /* behind " (" */
  const char *colon = memrchr(start, ':', (size_t)(frame.bytes + frame.length - start));
  *file = (struct part){.bytes = start, .length = (size_t)(colon - start)};
}

/* The marks `_[k]`, `_[i]`, `_[j]` behind a name. */
static bool has_mark(struct part frame, char mark) {
  struct part name, file;
  split(frame, &name, &file);
  size_t end = name.length;
  return end > 4 && memcmp(name.bytes + end - 4, "_[", 2) == 0 && name.bytes[end - 2] == mark &&
         name.bytes[end - 1] == ']';
}

bool is_inlined(const char *frame, size_t length) { return has_mark((struct part){frame, length}, 'i'); }

static bool kind_of_file(struct part file, enum kind *kind) {
  static const struct {
    const char *end;
    enum kind kind;
  } files[] = {
      {".py", KIND_PYTHON},
      {".pyx", KIND_PYTHON},
      {".go", KIND_GO},
      {".rs", KIND_RUST},
      {".js", KIND_JAVASCRIPT},
      {".ts", KIND_JAVASCRIPT},
      {".mjs", KIND_JAVASCRIPT},
      {".cjs", KIND_JAVASCRIPT},
      {".java", KIND_JVM},
      {".kt", KIND_JVM},
      {".scala", KIND_JVM},
      {".rb", KIND_SCRIPT},
      {".php", KIND_SCRIPT},
      {".pl", KIND_SCRIPT},
      {".lua", KIND_SCRIPT},
      {".cc", KIND_CXX},
      {".cpp", KIND_CXX},
      {".cxx", KIND_CXX},
      {".hpp", KIND_CXX},
      {".hh", KIND_CXX},
      {".c", KIND_C},
      {".s", KIND_C},
      {".S", KIND_C},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (!ends_with(file, files[i].end)) continue;
    *kind = files[i].kind;
    return true;
  }
  if (!starts_with(file, "<frozen ") && !starts_with(file, "<string>")) return false;
  *kind = KIND_PYTHON;
  return true;
}

static bool is_hexadecimal(struct part part) {
  if (!starts_with(part, "0x") || part.length < 3) return false;
  for (size_t i = 2; i < part.length; i++)
    if (!memchr("0123456789abcdefABCDEF", part.bytes[i], 22)) return false;
  return true;
}

/* [module+0xOFFSET], [0xADDRESS], [unknown], [truncated] and whatever else is no name but a word in brackets. */
static bool is_unresolved(struct part frame) {
  if (is_hexadecimal(frame)) return true;
  return frame.length >= 2 && frame.bytes[0] == '[' && frame.bytes[frame.length - 1] == ']' && frame.bytes[1] != ']';
}

static bool is_rust(struct part name) {
  const char *hash = name.length > 19 ? name.bytes + name.length - 19 : NULL; /* ::h and 16 digits */
  if (hash && memcmp(hash, "::h", 3) == 0) {
    bool all = true;
    for (int i = 3; i < 19; i++) all = all && memchr("0123456789abcdef", hash[i], 16);
    if (all) return true;
  }
  return starts_with(name, "core::") || starts_with(name, "alloc::") || holds(name, "{{closure}}") ||
         holds(name, "{closure#") || holds(name, " as ") || starts_with(name, "__rust") || starts_with(name, "rust_");
}

/* Where the last '.' that parts a package from a name stands: outside of brackets, and not that of a version
 * (python3.11);
 * 0 where there is none. */
static size_t last_dot(struct part name) {
  size_t dot = 0;
  for (size_t i = 0; i < name.length && !memchr("([<", name.bytes[i], 3); i++)
    if (name.bytes[i] == '.' && i + 1 < name.length && !(name.bytes[i + 1] >= '0' && name.bytes[i + 1] <= '9')) dot = i;
  return dot;
}

/* GCC's copies of a function: NAME.part.0, NAME.cold, NAME.llvm.123. */
static bool is_copy(struct part name) {
  static const char *const copies[] = {".part.",     ".isra.",      ".constprop.", ".cold", ".llvm.",
                                       ".lto_priv.", ".localalias", ".resolver",   "@plt",  "@@"};
  for (size_t i = 0; i < sizeof copies / sizeof *copies; i++)
    if (holds(name, copies[i])) return true;
  return false;
}

/* runtime.mallocgc, main.(*T).Method, net/http.HandlerFunc.ServeHTTP; and java/util/HashMap.put, com.example.A.b. */
static bool kind_of_dotted(struct part name, enum kind *kind) {
  size_t dot = last_dot(name);
  if (dot == 0 || is_copy(name) || (!is_word(name.bytes[0]))) return false;
  for (size_t i = 0; i < dot; i++)
    if (!is_word(name.bytes[i]) && !memchr("./-~%·", name.bytes[i], 7)) return false;
  static const char *const jvm[] = {"java/",  "java.",   "javax.",  "javax/", "jdk.", "jdk/", "sun.", "sun/", "scala.",
                                    "scala/", "kotlin.", "kotlin/", "com.",   "com/", "org.", "org/", "io."};
  bool is_jvm = false;
  for (size_t i = 0; i < sizeof jvm / sizeof *jvm; i++) is_jvm |= starts_with(name, jvm[i]);
  /* A host in an import path of Go has a dot before the first slash. */
  *kind = is_jvm && !holds(name, ".(*") ? KIND_JVM : KIND_GO;
  return true;
}

/* Most names of C are words, and need no further look. */
static bool is_only_word(struct part part) {
  for (size_t i = 0; i < part.length; i++)
    if (!is_word(part.bytes[i])) return false;
  return part.length > 0;
}

enum kind kind_of(const char *frame, size_t length) {
  struct part whole = {frame, length}, name, file;
  enum kind kind;
  if (is_only_word(whole) && !is_hexadecimal(whole) && !starts_with(whole, "_ZN") && !starts_with(whole, "__rust") &&
      !starts_with(whole, "rust_"))
    return KIND_C;
  if (has_mark(whole, 'k') || starts_with(whole, "[kernel") || starts_with(whole, "[guest.kernel")) return KIND_KERNEL;
  if (has_mark(whole, 'j')) return KIND_JIT;
  split(whole, &name, &file);
  if (file.length > 0 && kind_of_file(file, &kind)) return kind;
  if (is_unresolved(whole)) return KIND_UNRESOLVED;
  if (starts_with(name, "LazyCompile:") || starts_with(name, "Function:") || starts_with(name, "Script:") ||
      holds(name, ".js:"))
    return KIND_JAVASCRIPT;
  if (starts_with(name, "py::") || starts_with(name, "<frozen ") || holds(name, ".py:")) return KIND_PYTHON;
  if (is_rust(name)) return KIND_RUST;
  if (holds(name, "::") || starts_with(name, "operator ") || starts_with(name, "_ZN")) return KIND_CXX;
  if (kind_of_dotted(name, &kind)) return kind;
  return holds(name, "(") ? KIND_CXX : KIND_C;
}

/* Of A::B::c, and of void A<x::y>::B::c(z::w): the A. */
static struct part namespace_of(struct part name) {
  const char *inner = memmem(name.bytes, name.length, "::", 2);
  if (!inner) return (struct part){0};
  const char *start = inner;
  while (start > name.bytes && is_word(start[-1])) start--;
  return (struct part){start, (size_t)(inner - start)};
}

const char *module_of(const char *frame, size_t length, size_t *module_length) {
  struct part whole = {frame, length}, name, file, module = {frame, 0};
  split(whole, &name, &file);
  enum kind kind = kind_of(frame, length);
  const char *plus = length > 0 && frame[0] == '[' ? memrchr(frame, '+', length) : NULL;
  if (kind == KIND_KERNEL) module = (struct part){"kernel", 6};
  else if (plus) module = (struct part){frame + 1, (size_t)(plus - frame) - 1};
  else if (kind == KIND_CXX || kind == KIND_RUST) module = namespace_of(name);
  else if ((kind == KIND_GO || kind == KIND_JVM) && last_dot(name) > 0)
    module = (struct part){name.bytes, last_dot(name)};
  if (module.length == 0 && file.length > 0) module = file;
  if (kind == KIND_GO && module.length > 0 && module.bytes == name.bytes) { /* net/http.Handler of net/http.Handler.f */
    const char *slash = memrchr(module.bytes, '/', module.length);
    const char *from = slash ? slash : module.bytes;
    const char *dot = memchr(from, '.', (size_t)(module.bytes + module.length - from));
    if (dot) module.length = (size_t)(dot - module.bytes);
  }
  *module_length = module.length;
  return module.bytes;
}

uint32_t stable_hash(const char *bytes, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
  /* Names that differ in their last byte alone would lie side by side. */
  hash ^= hash >> 15;
  return hash * 2654435761u;
}
