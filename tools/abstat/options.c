#include "options.h"

#include <getopt.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "metric.h"
#include "report.h"
#include "schedule.h"

static const char HELP[] =
    "usage: abstat --primary NAME:lower|higher [OPTION]... [FILE]...\n"
    "Decide from the samples of a base arm and others whether a change is an\n"
    "improvement: TSV, one row a metric. Without FILE, or where it is -, read stdin.\n"
    "\n"
    "What is asked:\n"
    "  -p, --primary NAME:lower|higher    the metric to decide by, and what is better\n"
    "  -g, --guard NAME:lower|higher:P%   one that must not get worse by more than P%\n"
    "  -e, --equal NAME                   one that must be the same in every run\n"
    "  -c, --control NAME                 one that the change cannot move\n"
    "  -d, --deterministic NAME           a primary or guard that does not vary\n"
    "  -b, --base ARM                     the base arm (A; go, hyperfine: first)\n"
    "  -f, --format FORMAT                samples, go, hyperfine, log, columns\n"
    "  -s, --seed S                       seed of the plan, to check the order with\n"
    "      --confirm                      fresh data of what was kept: two blocks\n"
    "      --scales                       each FILE is a scale; signs must agree\n"
    "\n"
    "How it is decided (abstat(1) explains each):\n"
    "  -r, --rule blocked|seed            (blocked)\n"
    "  -m, --mei P%                       least improvement of interest (1%)\n"
    "      --mei-abs X                    the same in the metric's unit\n"
    "      --mei-det X                    of a deterministic metric (any above 0)\n"
    "      --alpha A                      bound of false KEEPs (0.01)\n"
    "  -k, --runs K                       runs of each arm in a block (3)\n"
    "      --max-blocks M                 looks at most (4)\n"
    "      --weights W,W...               share of alpha at each look (0,.5,.3,.2)\n"
    "      --screen P                     (0.30)     --futility L     (0.90)\n"
    "      --noise-stop L                 (0.95)     --ci L           (0.95)\n"
    "      --guard-alpha A                (0.05)     --enum-max N     (200000)\n"
    "      --guard-mode proven|not-proven-worse      (proven)\n"
    "      --sd robust|residual           (robust)\n"
    "      --welch auto|always|off        (auto)\n"
    "      --resolution Q                 of the primary's values (as found)\n"
    "      --strict-overlap               KEEP only where the ranges do not overlap\n"
    "      --trust-order                  take an unknown order for a random one\n"
    "\n"
    "  -R, --report       print a report for people\n"
    "  -j, --json         print the rows as JSON\n"
    "  -x, --exit-code    exit 0 KEEP, 3 DISCARD, 4 INCONCLUSIVE\n"
    "  -h, --help         print this and exit\n"
    "  -V, --version      print the version and exit\n";

enum {
  OPTION_MEI_ABS = 256,
  OPTION_MEI_DET,
  OPTION_ALPHA,
  OPTION_MAX_BLOCKS,
  OPTION_WEIGHTS,
  OPTION_SCREEN,
  OPTION_FUTILITY,
  OPTION_NOISE_STOP,
  OPTION_CI,
  OPTION_GUARD_ALPHA,
  OPTION_GUARD_MODE,
  OPTION_SD,
  OPTION_WELCH,
  OPTION_RESOLUTION,
  OPTION_ENUM_MAX,
  OPTION_STRICT_OVERLAP,
  OPTION_TRUST_ORDER,
  OPTION_CONFIRM,
  OPTION_SCALES,
};

static const struct option KNOWN[] = {
    {"primary", required_argument, NULL, 'p'},
    {"guard", required_argument, NULL, 'g'},
    {"equal", required_argument, NULL, 'e'},
    {"control", required_argument, NULL, 'c'},
    {"deterministic", required_argument, NULL, 'd'},
    {"base", required_argument, NULL, 'b'},
    {"format", required_argument, NULL, 'f'},
    {"seed", required_argument, NULL, 's'},
    {"rule", required_argument, NULL, 'r'},
    {"mei", required_argument, NULL, 'm'},
    {"mei-abs", required_argument, NULL, OPTION_MEI_ABS},
    {"mei-det", required_argument, NULL, OPTION_MEI_DET},
    {"alpha", required_argument, NULL, OPTION_ALPHA},
    {"runs", required_argument, NULL, 'k'},
    {"max-blocks", required_argument, NULL, OPTION_MAX_BLOCKS},
    {"weights", required_argument, NULL, OPTION_WEIGHTS},
    {"screen", required_argument, NULL, OPTION_SCREEN},
    {"futility", required_argument, NULL, OPTION_FUTILITY},
    {"noise-stop", required_argument, NULL, OPTION_NOISE_STOP},
    {"ci", required_argument, NULL, OPTION_CI},
    {"guard-alpha", required_argument, NULL, OPTION_GUARD_ALPHA},
    {"guard-mode", required_argument, NULL, OPTION_GUARD_MODE},
    {"sd", required_argument, NULL, OPTION_SD},
    {"welch", required_argument, NULL, OPTION_WELCH},
    {"resolution", required_argument, NULL, OPTION_RESOLUTION},
    {"enum-max", required_argument, NULL, OPTION_ENUM_MAX},
    {"strict-overlap", no_argument, NULL, OPTION_STRICT_OVERLAP},
    {"trust-order", no_argument, NULL, OPTION_TRUST_ORDER},
    {"confirm", no_argument, NULL, OPTION_CONFIRM},
    {"scales", no_argument, NULL, OPTION_SCALES},
    {"report", no_argument, NULL, 'R'},
    {"json", no_argument, NULL, 'j'},
    {"exit-code", no_argument, NULL, 'x'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static double read_percentage(const char *option, const char *text) {
  double fraction;
  if (!metric_percentage(text, &fraction)) fail_usage("%s '%s' is no percentage; one as 2%% is expected", option, text);
  return fraction;
}

/* A number above 0 and below 1 (or up to it). */
static double read_share(const char *option, const char *text, bool one_is_fine) {
  double share;
  if (!metric_number(text, &share) || !(share > 0) || !(one_is_fine ? share <= 1 : share < 1))
    fail_usage("%s '%s' is not a number above 0 and %s 1", option, text, one_is_fine ? "at most" : "below");
  return share;
}

static double read_amount(const char *option, const char *text) {
  double amount;
  if (!metric_number(text, &amount) || amount < 0) fail_usage("%s '%s' is not a number from 0", option, text);
  return amount;
}

/* The place of text in words, which end in NULL. */
static int read_word(const char *option, const char *text, const char *const *words, const char *expected) {
  for (int i = 0; words[i]; i++)
    if (strcmp(text, words[i]) == 0) return i;
  fail_usage("%s '%s' is unknown; %s is expected", option, text, expected);
}

static double *read_weights(char *text, size_t max_blocks) {
  double *weights = take_array(max_blocks, sizeof *weights), sum = 0;
  size_t count = 0;
  for (char *weight = strtok(text, ","); weight; weight = strtok(NULL, ","), count++) {
    if (count == max_blocks || !metric_number(weight, &weights[count]) || weights[count] < 0)
      fail_usage("--weights: '%s' is not one of %zu numbers from 0, one a block", weight, max_blocks);
    sum += weights[count];
  }
  if (count != max_blocks) fail_usage("--weights has %zu numbers; %zu are expected (--max-blocks)", count, max_blocks);
  if (sum > 1 + 1e-9) fail_usage("--weights sum to %.6g; at most 1 is expected", sum);
  return weights;
}

static const char *const RULES[] = {"blocked", "seed", NULL}, *const GUARD_MODES[] = {"proven", "not-proven-worse", NULL},
                         *const SDS[] = {"robust", "residual", NULL}, *const WELCHES[] = {"auto", "always", "off", NULL};

static void read_policy(struct policy *policy, int option, char *argument) {
  switch (option) {
    case 'r': policy->rule = (enum rule)read_word("--rule", argument, RULES, "blocked or seed"); break;
    case 'm': policy->minimum_effect = read_percentage("--mei", argument); break;
    case 'k': policy->runs_each = argument_count("--runs", argument, SCHEDULE_RUNS_MAX); break;
    case OPTION_MEI_ABS: policy->minimum_absolute = read_amount("--mei-abs", argument); break;
    case OPTION_MEI_DET: policy->minimum_exact = read_amount("--mei-det", argument); break;
    case OPTION_ALPHA: policy->alpha = read_share("--alpha", argument, false); break;
    case OPTION_MAX_BLOCKS: policy->max_blocks = argument_count("--max-blocks", argument, POLICY_BLOCKS_MAX); break;
    case OPTION_SCREEN: policy->screen = read_share("--screen", argument, true); break;
    case OPTION_FUTILITY: policy->futility = read_share("--futility", argument, false); break;
    case OPTION_NOISE_STOP: policy->noise_stop = read_share("--noise-stop", argument, false); break;
    case OPTION_CI: policy->interval = read_share("--ci", argument, false); break;
    case OPTION_GUARD_ALPHA: policy->guard_alpha = read_share("--guard-alpha", argument, false); break;
    case OPTION_GUARD_MODE:
      policy->guard_open_passes = read_word("--guard-mode", argument, GUARD_MODES, "proven or not-proven-worse") == 1;
      break;
    case OPTION_SD: policy->sd = (enum sd_kind)read_word("--sd", argument, SDS, "robust or residual"); break;
    case OPTION_WELCH:
      policy->welch = (enum welch_clause)read_word("--welch", argument, WELCHES, "auto, always or off");
      break;
    case OPTION_RESOLUTION: policy->resolution = read_amount("--resolution", argument); break;
    case OPTION_ENUM_MAX: policy->labellings_max = argument_count("--enum-max", argument, 100000000); break;
    case OPTION_STRICT_OVERLAP: policy->strict_overlap = true; break;
    case OPTION_TRUST_ORDER: policy->trust_order = true; break;
    case OPTION_CONFIRM: policy->confirm = true; break;
    default: break;
  }
}

struct options options_read(int count, char **arguments) {
  struct options options = {.policy = policy_default()};
  options.policy.minimum_effect = NAN;
  char *weights = NULL, **declared = take_array((size_t)count, sizeof *declared);
  size_t declared_count = 0;
  for (int option; (option = getopt_long(count, arguments, "p:g:e:c:d:b:f:s:r:m:k:RjxhV", KNOWN, NULL)) != -1;)
    switch (option) {
      case 'p': questions_add(&options.questions, ROLE_PRIMARY, optarg); break;
      case 'g': questions_add(&options.questions, ROLE_GUARD, optarg); break;
      case 'e': questions_add(&options.questions, ROLE_EQUAL, optarg); break;
      case 'c': questions_add(&options.questions, ROLE_CONTROL, optarg); break;
      case 'd': declared[declared_count++] = optarg; break;
      case 'b': options.base = optarg; break;
      case 'f':
        if (!format_named(optarg, &options.format)) fail_usage("--format '%s' is unknown; " FORMAT_NAMES " is expected", optarg);
        break;
      case 's': options.seed = argument_count("--seed", optarg, SCHEDULE_SEED_MAX); break;
      case 'R': options.report = true; break;
      case 'j': options.json = true; break;
      case 'x': options.exit_code = true; break;
      case OPTION_SCALES: options.scales = true; break;
      case OPTION_WEIGHTS: weights = optarg; break;
      case '?': fail_option(arguments);
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: read_policy(&options.policy, option, optarg);
    }
  questions_order(&options.questions);
  for (size_t i = 0; i < declared_count; i++) questions_declare_deterministic(&options.questions, declared[i]);
  free(declared);
  struct policy *policy = &options.policy;
  if (isnan(policy->minimum_effect)) policy->minimum_effect = policy->rule == RULE_SEED ? 0 : policy_default().minimum_effect;
  policy->weights = weights ? read_weights(weights, policy->max_blocks) : policy_weights(policy->max_blocks);
  if (options.report && options.json) fail_usage("--report and --json cannot both be printed");
  return options;
}

void options_free(struct options *options) {
  questions_free(&options->questions);
  free((void *)(uintptr_t)options->policy.weights);
}
