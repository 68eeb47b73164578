/* Writes a laid-out tree as an interactive SVG. */
#ifndef ASSAY_STACKFLAME_DRAW_H
#define ASSAY_STACKFLAME_DRAW_H

#include <stdio.h>

#include "layout.h"
#include "side.h"

enum coloring { BY_KIND, BY_MODULE, BY_NAME, BY_DIFFERENCE };

struct drawing {
  const struct tree *tree;
  const struct layout *layout;
  const char *title, *unit;           /* unit NULL: none is known */
  const char *base_label, *exp_label; /* of a difference: which files they are */
  bool is_icicle;                     /* the root at the top */
  bool normalized;                    /* the base is multiplied so that its total is that of the exp */
  enum coloring coloring;
  const struct side *side; /* NULL: none */
  double width, min_width; /* pixels */
};

void draw_svg(const struct drawing *drawing, FILE *output);

#endif
