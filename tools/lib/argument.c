#include "argument.h"

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "metric.h"
#include "report.h"

size_t argument_count(const char *option, const char *text, size_t maximum) {
  size_t count;
  if (!metric_count(text, maximum, &count))
    fail_usage("%s '%s' is not a whole number from 1 to %zu", option, text, maximum);
  return count;
}

void fail_option(char *const *arguments) {
  static const char reason[] = "cannot be understood: there is none, or its argument is missing or not wanted";
  const char *last = arguments[optind - 1];
  bool is_short = optopt > 0 && optopt < 128 && strncmp(last, "--", 2) != 0;
  if (is_short) fail_usage("the option '-%c' %s", optopt, reason);
  fail_usage("the option '%s' %s", last, reason);
}
