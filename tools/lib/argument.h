/* Arguments of options that several tools take alike. */
#ifndef ASSAY_ARGUMENT_H
#define ASSAY_ARGUMENT_H

#include <stddef.h>

/* text as a whole number from 1 to maximum; anything else is fail_usage(), which names the option. */
size_t argument_count(const char *option, const char *text, size_t maximum);

/* What getopt_long() answers with '?': a fail_usage() that names the option in arguments at which it stopped. getopt's own
 * messages are off (report_tool). */
_Noreturn void fail_option(char *const *arguments);

#endif
