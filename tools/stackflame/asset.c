#include "asset.h"

const char flame_css[] =
#include "stackflame/flame.css.h"
    ;
const char flame_js[] =
#include "stackflame/flame.js.h"
    ;
