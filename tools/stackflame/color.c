#include "color.h"

#include <math.h>

const struct color no_module_color = {0xc8, 0xc8, 0xcf};

struct hue {
  double degrees, saturation; /* saturation from 0 to 1 */
};

static const struct hue kind_hues[KINDS] = {
    [KIND_C] = {30, 0.92},       [KIND_CXX] = {48, 0.90},         [KIND_RUST] = {10, 0.80},
    [KIND_GO] = {186, 0.60},     [KIND_PYTHON] = {212, 0.78},     [KIND_JAVASCRIPT] = {78, 0.62},
    [KIND_JVM] = {140, 0.48},    [KIND_SCRIPT] = {330, 0.65},     [KIND_JIT] = {165, 0.55},
    [KIND_KERNEL] = {272, 0.62}, [KIND_UNRESOLVED] = {240, 0.05},
};

/* From hue, saturation and lightness (Joblove and Greenberg, 1978): lightness from 0 to 1. */
static double channel(struct hue hue, double lightness, double offset) {
  double k = fmod(offset + hue.degrees / 30, 12);
  double low = fmin(k - 3, 9 - k);
  return lightness - hue.saturation * fmin(lightness, 1 - lightness) * fmax(-1, fmin(1, low));
}

static struct color color_of(struct hue hue, double lightness) {
  return (struct color){
      .red = (unsigned char)lround(255 * channel(hue, lightness, 0)),
      .green = (unsigned char)lround(255 * channel(hue, lightness, 8)),
      .blue = (unsigned char)lround(255 * channel(hue, lightness, 4)),
  };
}

static double shade(const char *name, size_t length) {
  return name ? 0.60 + 0.16 * (double)(stable_hash(name, length) >> 16 & 15) / 15 : 0.68;
}

struct color kind_color(enum kind kind, bool inlined, const char *name, size_t length) {
  struct hue hue = kind_hues[kind];
  double lightness = shade(name, length) + (inlined ? 0.12 : 0);
  if (name) hue.degrees += (double)(stable_hash(name, length) >> 20 & 15) - 7.5;
  return color_of(hue, lightness);
}

struct color text_color(const char *text, size_t length, const char *name, size_t name_length) {
  uint32_t hash = stable_hash(text, length);
  struct hue hue = {.degrees = (double)(hash >> 16) * 360 / 65536,
                    .saturation = 0.55 + 0.35 * (double)(hash & 255) / 255};
  return color_of(hue, shade(name, name_length));
}

struct color difference_color(double change) {
  if (change == 0) return (struct color){0xe6, 0xe6, 0xe6};
  struct hue hue = change > 0 ? (struct hue){4, 0.85} : (struct hue){214, 0.82};
  return color_of(hue, 0.92 - 0.32 * fabs(change));
}
