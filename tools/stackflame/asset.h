/* The style sheet and the script of the SVG: flame.css and flame.js, compiled in as they are. */
#ifndef ASSAY_STACKFLAME_ASSET_H
#define ASSAY_STACKFLAME_ASSET_H

extern const char flame_css[], flame_js[]; /* each ends with a NUL */

#endif
