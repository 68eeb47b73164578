#include "utf8.h"

#include <stdbool.h>

static bool can_stand(uint32_t c) {
  bool is_control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  bool is_surrogate = c >= 0xd800 && c < 0xe000;
  return !is_control && !is_surrogate && c != 0xfffe && c != 0xffff && c <= 0x10ffff;
}

uint32_t utf8_next(const char *bytes, size_t length, size_t *size) {
  const unsigned char *at = (const unsigned char *)bytes;
  *size = 1;
  if (at[0] < 0x80) return can_stand(at[0]) ? at[0] : UTF8_REPLACEMENT;
  size_t wanted = at[0] >= 0xf0 && at[0] < 0xf8   ? 4
                  : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                  : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                                                  : 0;
  if (wanted == 0 || wanted > length) return UTF8_REPLACEMENT;
  uint32_t character = at[0] & (0x7fu >> wanted);
  for (size_t i = 1; i < wanted; i++) {
    if ((at[i] & 0xc0) != 0x80) return UTF8_REPLACEMENT;
    character = character << 6 | (at[i] & 0x3f);
  }
  static const uint32_t least[] = {[2] = 0x80, [3] = 0x800, [4] = 0x10000};
  if (character < least[wanted]) return UTF8_REPLACEMENT; /* a longer form than needed: not UTF-8 */
  *size = wanted;
  return can_stand(character) ? character : UTF8_REPLACEMENT;
}
