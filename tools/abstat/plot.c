#include "plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 8, COLUMNS = 64 };

struct canvas {
  char cells[ROWS][COLUMNS + 1];
  char axis[COLUMNS + 1];
  size_t width;
  double low, high;
  size_t run_count;
};

static size_t column_of(const struct canvas *canvas, size_t run) {
  if (canvas->run_count <= COLUMNS / 2) return 2 * run;
  return canvas->run_count <= COLUMNS ? run : (size_t)((double)run * COLUMNS / (double)canvas->run_count);
}

static size_t row_of(const struct canvas *canvas, double value) {
  if (!(canvas->high > canvas->low)) return ROWS / 2;
  double height = (canvas->high / 2 - value / 2) / (canvas->high / 2 - canvas->low / 2); /* halves cannot overflow */
  return (size_t)lround(height * (ROWS - 1));
}

static void clear(struct canvas *canvas) {
  for (size_t row = 0; row < ROWS; row++) {
    memset(canvas->cells[row], ' ', canvas->width);
    canvas->cells[row][canvas->width] = '\0';
  }
  memset(canvas->axis, '-', canvas->width);
  canvas->axis[canvas->width] = '\0';
}

static void mark(struct canvas *canvas, const struct run *run, size_t index, double value) {
  size_t column = column_of(canvas, index);
  if (run->status != STATUS_OK) {
    canvas->axis[column] = 'x';
    return;
  }
  char *cell = &canvas->cells[row_of(canvas, value)][column], letter = run->arm == BASE ? 'A' : 'B';
  *cell = *cell == ' ' || *cell == letter ? letter : '*';
}

/* Trailing blanks of a row are of no use. */
static const char *trimmed(char *row) {
  size_t length = strlen(row);
  while (length > 0 && row[length - 1] == ' ') length--;
  row[length] = '\0';
  return row;
}

void plot_runs(struct page *page, const struct samples *samples, const struct design *design, const double *values) {
  struct canvas canvas = {.low = INFINITY, .high = -INFINITY, .run_count = samples->run_count};
  for (size_t i = 0; i < samples->run_count; i++) {
    canvas.low = fmin(canvas.low, values[i]);
    canvas.high = fmax(canvas.high, values[i]);
  }
  if (!isfinite(canvas.low)) return;
  canvas.width = column_of(&canvas, samples->run_count - 1) + 1;
  clear(&canvas);
  for (size_t block = 0; block < design->block_count && design->block_count <= COLUMNS / 4; block++)
    canvas.axis[column_of(&canvas, design->starts[block])] = '+';
  for (size_t i = 0; i < samples->run_count; i++) mark(&canvas, &samples->runs[i], i, values[i]);

  page_line(page, "runs in order (A: %s, B: %s, *: both, x: failed, +: begin of a block)",
            page_fit(page, samples->arm_names[BASE], 12),
            samples->arm_names[CHANGED] ? page_fit(page, samples->arm_names[CHANGED], 12) : "none yet");
  for (size_t row = 0; row < ROWS; row++) {
    const char *label = "";
    if (row == row_of(&canvas, canvas.high)) label = page_format(page, "%.7g", canvas.high);
    else if (row == row_of(&canvas, canvas.low)) label = page_format(page, "%.7g", canvas.low);
    page_line(page, "%13s |%s", label, trimmed(canvas.cells[row]));
  }
  page_line(page, "%13s +%s", "", canvas.axis);
}
