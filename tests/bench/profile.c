/* profile FORMAT SAMPLES STACKS [MEGABYTES]: a made-up profile on stdout: SAMPLES samples of STACKS different stacks,
 * 10 frames deep on average, in mixed order; or as many samples as make MEGABYTES of output. FORMAT is perf-script,
 * folded, or perf-data (as perf record writes into a pipe). */
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16, MODULES = 13, FUNCTIONS = 4001, FRAME_BYTES = 128 };

struct block { /* a stack as it stands in the output */
  char *bytes;
  size_t length;
};

static uint64_t written;

static uint64_t mixed(uint64_t value) {
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

static void put(const void *bytes, size_t length) {
  if (fwrite(bytes, 1, length, stdout) != length) exit(1);
  written += length;
}

static int depth_of(uint64_t stack) { return 4 + (int)(mixed(stack) % 13); }

/* The root is the same for all, then the paths part; the number of the stack is in them, so that no two are equal. */
static unsigned function_of(uint64_t stack, int level) {
  if (level == 0) return 0;
  if (level == 1) return 1 + (unsigned)(stack % 1999);
  if (level == 2) return 1 + (unsigned)(stack / 1999 % 1999);
  if (level == 3) return 1 + (unsigned)(stack / 1999 / 1999 % 1999);
  return 2000 + (unsigned)(mixed(stack * 64 + (uint64_t)level) % (FUNCTIONS - 2000));
}

static struct block perf_script_stack(uint64_t stack) {
  int depth = depth_of(stack);
  struct block block = {malloc((size_t)depth * FRAME_BYTES), 0};
  if (!block.bytes) exit(1);
  for (int level = depth; level-- > 0;) {
    unsigned function = function_of(stack, level);
    unsigned module = function % MODULES, place = (unsigned)level;
    block.length += (size_t)sprintf(block.bytes + block.length,
                                    "\t    7f%02x%06x%x function_%u_of_module_%u+0x%x"
                                    " (/usr/lib/x86_64-linux-gnu/libmodule%u.so.1)\n",
                                    module, function * 4096, place, function, module, 16 + place, module);
  }
  block.bytes[block.length++] = '\n';
  return block;
}

static struct block folded_stack(uint64_t stack) {
  int depth = depth_of(stack);
  struct block block = {malloc((size_t)depth * FRAME_BYTES), 0};
  if (!block.bytes) exit(1);
  for (int level = 0; level < depth; level++) {
    unsigned function = function_of(stack, level);
    block.length += (size_t)sprintf(block.bytes + block.length, "%sfunction_%u_of_module_%u", level ? ";" : "",
                                    function, function % MODULES);
  }
  return block;
}

static const uint64_t base = 0x7f0000000000, module_size = 1 << 24;

static struct block perf_data_stack(uint64_t stack) {
  int depth = depth_of(stack);
  uint64_t *words = malloc((size_t)(depth + 1) * sizeof *words);
  if (!words) exit(1);
  words[0] = PERF_CONTEXT_USER;
  for (int level = depth, at = 1; level-- > 0; at++) {
    unsigned function = function_of(stack, level);
    words[at] = base + function % MODULES * module_size + function * 4096u + (unsigned)level * 8 + 4;
  }
  return (struct block){(char *)words, (size_t)(depth + 1) * sizeof *words};
}

static void put_perf_data_start(void) {
  const uint64_t start[2] = {0x32454c4946524550u, 16}; /* "PERFILE2", the size of this header */
  put(start, sizeof start);
  struct {
    struct perf_event_header header;
    struct perf_event_attr attr;
    uint64_t id;
  } attr = {.header = {.type = 64, .size = sizeof attr},
            .attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr.attr, .config = PERF_COUNT_SW_CPU_CLOCK,
                     .sample_period = 250000,
                     .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CALLCHAIN},
            .id = 1};
  put(&attr, sizeof attr);
  struct {
    struct perf_event_header header;
    uint32_t pid, tid;
    char name[16];
  } comm = {{PERF_RECORD_COMM, 0, sizeof comm}, 1000, 1000, "program"};
  put(&comm, sizeof comm);
  for (unsigned module = 0; module < MODULES; module++) {
    struct {
      struct perf_event_header header;
      uint32_t pid, tid;
      uint64_t address, length, offset;
      uint32_t major, minor;
      uint64_t inode, generation;
      uint32_t protection, flags;
      char name[64];
    } mmap = {.header = {PERF_RECORD_MMAP2, PERF_RECORD_MISC_USER, sizeof mmap}, .pid = 1000, .tid = 1000,
              .address = base + module * module_size, .length = module_size, .protection = 5, .flags = 2};
    snprintf(mmap.name, sizeof mmap.name, "/usr/lib/x86_64-linux-gnu/libmodule%u.so.1", module);
    put(&mmap, sizeof mmap);
  }
}

static void put_perf_data_sample(const struct block *block, uint64_t number) {
  struct {
    struct perf_event_header header;
    uint64_t address;
    uint32_t pid, tid;
    uint64_t time, depth;
  } sample = {.header = {PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER, (uint16_t)(sizeof sample + block->length)},
              .pid = 1000, .tid = 1000, .time = number * 250000, .depth = block->length / 8};
  memcpy(&sample.address, block->bytes + 8, 8);
  put(&sample, sizeof sample);
  put(block->bytes, block->length);
  const struct perf_event_header round_finished = {.type = 68, .size = sizeof round_finished};
  if (number % 4096 == 4095) put(&round_finished, sizeof round_finished);
}

static void put_sample(char kind, const struct block *block, uint64_t number) {
  char line[128];
  if (kind == 'd') {
    put_perf_data_sample(block, number);
  } else if (kind == 's') {
    unsigned long second = number / 4000, microsecond = number % 4000 * 250;
    put(line, (size_t)sprintf(line, "program  1000 [%03u] %lu.%06lu:     250000 cpu-clock:pppH: \n",
                              (unsigned)(number % 2), second, microsecond));
    put(block->bytes, block->length);
  } else {
    put(block->bytes, block->length);
    put(" 1\n", 3);
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  char kind = strcmp(argv[1], "perf-data") == 0 ? 'd' : strcmp(argv[1], "perf-script") == 0 ? 's' : 'f';
  uint64_t samples = strtoull(argv[2], NULL, 10), stacks = strtoull(argv[3], NULL, 10);
  uint64_t bytes = argc > 4 ? strtoull(argv[4], NULL, 10) * 1000000 : 0;
  struct block *blocks = calloc(stacks, sizeof *blocks);
  if (!blocks) return 1;
  for (uint64_t i = 0; i < stacks; i++)
    blocks[i] = kind == 'd' ? perf_data_stack(i) : kind == 's' ? perf_script_stack(i) : folded_stack(i);
  if (kind == 'd') put_perf_data_start();
  for (uint64_t i = 0; bytes ? written < bytes : i < samples; i++)
    put_sample(kind, &blocks[i < stacks ? i : mixed(i) % stacks], i);
  return fflush(stdout) != 0;
}
