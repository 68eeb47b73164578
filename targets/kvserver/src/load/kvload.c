/* kvload: the client of the workload. Sends deterministic requests to the kvserver at HOST:PORT and prints what it measured
 * as name=value lines. It is no part of the server, and is built alike for both arms.
 *
 * Settings, by environment:
 *   KEYS        150000   keys; key and value n derive from n alone
 *   GROUPS_OF_REQUESTS 40  groups in the single part: one SET of LARGE bytes, SMALL_PER_LARGE small requests that are sent
 *                        one by one, and PIPED small ones that are sent together
 *   SMALL_PER_LARGE 49
 *   LARGE       240000   bytes
 *   PIPED       256
 *   EXPORTED    KEYS / 2 pairs of the one long range, which is taken after the first half of the groups
 *   CLIENTS     4        of the parts load and concurrent
 *   ROUNDS      600      of each client in the concurrent part: 16 small requests sent together
 *   SHARED      KEYS / 40  pairs of the range that each client of the concurrent part takes at its end
 *   PARTS       load,single,concurrent
 *   STATE                folder with service.pid, the process of the server, if it runs on this machine
 *
 * Latencies are those of the requests sent one by one. One in 50 is large, so the 99th percentile is the middle one of the
 * large ones, which are all alike. Server and client share one CPU meanwhile, so a request takes as long as both of them
 * compute, and that is what is counted, by their CPU clocks: what others do on that CPU in between is not. It is counted
 * at reference speed: the client does a fixed piece of like work before and after, and a figure counts in proportion to
 * that, as if it took REFERENCE_US. So are latency_p50_us, latency_p99_us, and cpu_per_request_us, the server's CPU time
 * for each of the requests sent together. latency_p99_wall_us is what the clock said, and so are all latencies where the
 * server's process is not known; a server that sleeps shows there alone. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  SHORTEST_VALUE = 100, /* bytes */
  VALUE_LENGTHS = 801,
  TEXT_SIZE = 1 << 16,
  LARGE_KEYS = 8,
  MULTIPLE = 10, /* keys of an MGET */
  STRETCH = 20,  /* pairs of a small RANGE */
  TOGETHER = 16, /* requests of a round in the parts load and concurrent */
  LONGEST_WAIT = 30, /* seconds without an answer after which a request counts as failed */
  INPUT_SIZE = 1 << 17,
};
/* What the reference work takes on an undisturbed machine of 2025, about: the small piece, and the large one. */
static const double REFERENCE_US = 100, LARGE_REFERENCE_US = 100;

static struct {
  size_t keys, groups, small_per_large, large, piped, exported, clients, rounds, shared;
  bool load, single, concurrent;
} settings;

static char text[TEXT_SIZE + SHORTEST_VALUE + VALUE_LENGTHS]; /* what values are cut from */
static char *large_value;

static _Noreturn void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("kvload: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

static void *allocate(size_t size) {
  void *memory = malloc(size ? size : 1);
  if (!memory) fail("out of memory");
  return memory;
}

/* ---- the data ---- */

static uint64_t mixed(uint64_t n) {
  n = (n ^ n >> 31) * 0x7fb5d329728ea185u;
  n = (n ^ n >> 27) * 0x81dadef4bc2dd44du;
  return n ^ n >> 33;
}

static void make_text(void) {
  uint64_t state = 1;
  for (size_t i = 0; i < sizeof text; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    text[i] = (char)('a' + (state >> 33) % 26);
  }
  large_value = allocate(settings.large);
  for (size_t i = 0; i < settings.large; i++) large_value[i] = text[i % TEXT_SIZE];
}

/* Each number below KEYS once: a step that has no factor in common with KEYS, so that keys do not come in order. */
static size_t scattered(size_t n) {
  size_t step = settings.keys * 5 / 8 | 1;
  for (size_t a = step, b = settings.keys;; step += 2, a = step, b = settings.keys) {
    while (b) {
      size_t rest = a % b;
      a = b, b = rest;
    }
    if (a == 1) break;
  }
  return (size_t)((unsigned __int128)n * step % settings.keys);
}

/* ---- a client ---- */

struct client {
  int socket;
  char *output, *input;
  size_t output_length, output_capacity, input_length, input_at;
  uint64_t digest; /* FNV-1a of all that was sent, eight bytes at a time */
  size_t completed, failed, first, last;
  const char *problem;
};

static void client_open(struct client *client) {
  *client = (struct client){.digest = 0xcbf29ce484222325u, .input = allocate(INPUT_SIZE)};
  const char *host = getenv("HOST"), *port = getenv("PORT");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port ? port : ""))};
  if (!host || inet_pton(AF_INET, host, &address.sin_addr) != 1 || address.sin_port == 0)
    fail("expected an IPv4 address in HOST and a port in PORT");
  client->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct timeval wait = {.tv_sec = LONGEST_WAIT};
  int yes = 1;
  setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(client->socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt(client->socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (connect(client->socket, (struct sockaddr *)&address, sizeof address) != 0)
    fail("cannot connect to %s:%s: %s", host, port, strerror(errno));
}

static void client_close(struct client *client) {
  close(client->socket);
  free(client->output);
  free(client->input);
}

static void put(struct client *client, const char *bytes, size_t length) {
  if (client->output_length + length > client->output_capacity) {
    client->output_capacity = 2 * (client->output_length + length);
    client->output = realloc(client->output, client->output_capacity);
    if (!client->output) fail("out of memory");
  }
  memcpy(client->output + client->output_length, bytes, length);
  client->output_length += length;
}

static void put_count(struct client *client, char mark, size_t count) {
  char line[32];
  put(client, line, (size_t)snprintf(line, sizeof line, "%c%zu\r\n", mark, count));
}

static void put_bulk(struct client *client, const char *bytes, size_t length) {
  put_count(client, '$', length);
  put(client, bytes, length);
  put(client, "\r\n", 2);
}

static void put_word(struct client *client, const char *word) { put_bulk(client, word, strlen(word)); }

static void put_key(struct client *client, size_t n) {
  char key[32];
  put_bulk(client, key, (size_t)snprintf(key, sizeof key, "user:%08zu", n % settings.keys));
}

static void put_number(struct client *client, size_t number) {
  char digits[32];
  snprintf(digits, sizeof digits, "%zu", number);
  put_word(client, digits);
}

/* ---- requests ---- */

static void put_set(struct client *client, size_t n, size_t version) {
  uint64_t bits = mixed(n + version * 1000003);
  put_count(client, '*', 3);
  put_word(client, "SET");
  put_key(client, n);
  put_bulk(client, text + bits % TEXT_SIZE, SHORTEST_VALUE + (bits >> 32) % VALUE_LENGTHS);
}

static void put_get(struct client *client, size_t n) {
  put_count(client, '*', 2);
  put_word(client, "GET");
  put_key(client, n);
}

static void put_mget(struct client *client, size_t n) {
  put_count(client, '*', 1 + MULTIPLE);
  put_word(client, "MGET");
  for (size_t i = 0; i < MULTIPLE; i++) put_key(client, mixed(n + i) % settings.keys);
}

static void put_range(struct client *client, size_t n, size_t limit) {
  put_count(client, '*', 4);
  put_word(client, "RANGE");
  put_key(client, n);
  put_word(client, "user:~");
  put_number(client, limit);
}

static void put_large(struct client *client, size_t n) {
  char key[32];
  put_count(client, '*', 3);
  put_word(client, "SET");
  put_bulk(client, key, (size_t)snprintf(key, sizeof key, "blob:%zu", n % LARGE_KEYS));
  put_bulk(client, large_value, settings.large);
}

/* A small request, of one kind or another by n: half are GET, a quarter SET, the rest MGET and RANGE. The SETs are of
 * keys from `first` on, so that no two clients write the same one. The kind of its reply. */
static char put_small(struct client *client, size_t n, size_t version) {
  size_t any = mixed(n * 31 + version) % settings.keys;
  switch (n % 8) {
    case 1:
    case 5: put_set(client, client->first + any % (client->last - client->first), version); return '+';
    case 3: put_mget(client, any); return '*';
    case 7: put_range(client, any * 7 / 8, STRETCH); return '*';
    default: put_get(client, any); return '$';
  }
}

/* ---- sending, and replies ---- */

static bool send_all(struct client *client) {
  for (size_t i = 0; i + 8 <= client->output_length; i += 8) {
    uint64_t word;
    memcpy(&word, client->output + i, 8);
    client->digest = (client->digest ^ word) * 0x100000001b3u;
  }
  for (size_t sent = 0; sent < client->output_length;) {
    ssize_t count = send(client->socket, client->output + sent, client->output_length - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      client->problem = "cannot send";
      break;
    }
    sent += (size_t)count;
  }
  client->output_length = 0;
  return !client->problem;
}

static bool receive(struct client *client) {
  ssize_t count;
  do count = recv(client->socket, client->input, INPUT_SIZE, 0);
  while (count < 0 && errno == EINTR);
  if (count <= 0) {
    client->problem = count == 0 ? "the server closed the connection" : "no answer";
    return false;
  }
  client->input_at = 0;
  client->input_length = (size_t)count;
  return true;
}

static bool skip(struct client *client, size_t length) {
  while (length > 0) {
    if (client->input_at == client->input_length && !receive(client)) return false;
    size_t there = client->input_length - client->input_at, taken = there < length ? there : length;
    client->input_at += taken;
    length -= taken;
  }
  return true;
}

/* A line: its first character, and the number behind it. */
static char read_head(struct client *client, long long *number) {
  char line[64];
  for (size_t length = 0; length < sizeof line; length++) {
    if (client->input_at == client->input_length && !receive(client)) return 0;
    line[length] = client->input[client->input_at++];
    if (line[length] != '\n') continue;
    line[length] = '\0';
    *number = atoll(line + 1);
    return line[0];
  }
  client->problem = "a line of a reply is too long";
  return 0;
}

/* Reads one reply; its kind, 0 where there is none. */
static char read_reply(struct client *client) {
  long long number = 0;
  char kind = read_head(client, &number);
  if (kind == '$' && number >= 0 && !skip(client, (size_t)number + 2)) return 0;
  if (kind == '*')
    for (long long i = 0; i < number; i++) {
      char element = read_reply(client);
      if (!element) return 0;
      if (element != '$') client->problem = "an element of a reply is no bulk string";
    }
  return client->problem ? 0 : kind;
}

static void expect(struct client *client, char kind) {
  char got = client->problem ? 0 : read_reply(client);
  if (got == kind) client->completed++;
  else client->failed++;
  if (got && got != kind) client->problem = "a reply is of another kind than the request asks for";
}

static void send_and_expect(struct client *client, char kind) {
  if (client->problem || !send_all(client)) client->failed++;
  else expect(client, kind);
  client->output_length = 0;
}

/* Sends what was put, one request for each of kinds, and takes the replies. */
static void send_together(struct client *client, const char *kinds, size_t count) {
  if (!client->problem) send_all(client);
  for (size_t i = 0; i < count; i++) expect(client, kinds[i]);
  client->output_length = 0;
}

/* ---- time, and the speed of the machine ---- */

static double seconds_of(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) return 0;
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Two fixed pieces of work, of the kinds that a server does: small ones, calls of the system and looking at bytes; and
 * large ones, copies into the system, out of it, and in memory. */
struct reference {
  int sockets[2];
  char *from, *to;
  double *seconds; /* of each time that the small piece was done */
  size_t count;
};

struct speed {
  double small, large; /* how fast the machine was, in proportion to the REFERENCE values */
};

enum { REFERENCE_CALLS = 24, REFERENCE_MESSAGE = 512, REFERENCE_PIECE = 1 << 15, REFERENCE_SIZE = 1 << 18 };

static void pass(struct reference *reference, size_t at, size_t length) {
  char *from = reference->from + at, *to = reference->to + at;
  if (send(reference->sockets[0], from, length, 0) != (ssize_t)length ||
      recv(reference->sockets[1], to, length, MSG_WAITALL) != (ssize_t)length)
    fail("the reference work failed: %s", strerror(errno));
}

static struct speed reference_measure(struct reference *reference) {
  double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  for (int i = 0; i < REFERENCE_CALLS; i++) pass(reference, 0, REFERENCE_MESSAGE);
  uint64_t hash = 0;
  for (size_t i = 0; i < 1 << 15; i++) hash = (hash ^ (unsigned char)reference->to[i]) * 0x100000001b3u;
  double small = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  for (size_t at = 0; at < REFERENCE_SIZE; at += REFERENCE_PIECE) pass(reference, at, REFERENCE_PIECE);
  memcpy(reference->from, reference->to, REFERENCE_SIZE);
  double large = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  reference->from[hash % REFERENCE_SIZE] ^= 1;
  reference->seconds[reference->count++] = small - begin;
  return (struct speed){REFERENCE_US / 1e6 / (small - begin), LARGE_REFERENCE_US / 1e6 / (large - small)};
}

static double between(double a, double b) { return 2 / (1 / a + 1 / b); }

static void reference_open(struct reference *reference) {
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, reference->sockets) != 0) fail("socketpair: %s", strerror(errno));
  reference->from = allocate(REFERENCE_SIZE);
  reference->to = allocate(REFERENCE_SIZE);
  for (size_t i = 0; i < REFERENCE_SIZE; i++) reference->from[i] = reference->to[i] = text[i % TEXT_SIZE];
  reference->seconds = allocate((3 * settings.groups + 16) * sizeof *reference->seconds);
  reference->count = 0;
  for (int i = 0; i < 8; i++) reference_measure(reference);
  reference->count = 0;
}

static pid_t server_process(void) {
  char path[4096];
  int process = 0;
  snprintf(path, sizeof path, "%s/service.pid", getenv("STATE") ? getenv("STATE") : "");
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  if (fscanf(file, "%d", &process) != 1) process = 0;
  fclose(file);
  return process;
}

/* This process and the server, where it is on this machine and may be told, on one CPU; or again on those of before. */
static void share_cpu(pid_t server, bool together) {
  static cpu_set_t own, of_server;
  static bool server_is_moved;
  if (!together) {
    sched_setaffinity(0, sizeof own, &own);
    if (server_is_moved) sched_setaffinity(server, sizeof of_server, &of_server);
    return;
  }
  cpu_set_t one;
  sched_getaffinity(0, sizeof own, &own);
  int cpu = CPU_SETSIZE - 1;
  while (cpu > 0 && !CPU_ISSET(cpu, &own)) cpu--;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
  server_is_moved = server > 0 && sched_getaffinity(server, sizeof of_server, &of_server) == 0 &&
                    sched_setaffinity(server, sizeof one, &one) == 0;
}

static int by_size(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

/* The nearest-rank percentile; the values become ordered. */
static double percentile(double *values, size_t count, size_t percent) {
  if (count == 0) return 0;
  qsort(values, count, sizeof *values, by_size);
  return values[(count * percent + 99) / 100 - 1];
}

/* ---- the parts ---- */

/* The keys of this client, in pieces of TOGETHER. */
static void *load(void *argument) {
  struct client *client = argument;
  char kinds[TOGETHER];
  memset(kinds, '+', sizeof kinds);
  for (size_t n = client->first; n < client->last;) {
    size_t count = 0;
    for (; count < TOGETHER && n < client->last; count++, n++) put_set(client, scattered(n), 0);
    send_together(client, kinds, count);
  }
  return NULL;
}

static void *mix(void *argument) {
  struct client *client = argument;
  char kinds[TOGETHER];
  for (size_t round = 0; round < settings.rounds; round++) {
    for (size_t i = 0; i < TOGETHER; i++) kinds[i] = put_small(client, client->first + round * TOGETHER + i, 2);
    send_together(client, kinds, TOGETHER);
  }
  put_range(client, client->first, settings.shared);
  send_and_expect(client, '*');
  return NULL;
}

/* Carries a part out with a thread for each client. */
static void together(struct client *clients, void *part(void *)) {
  pthread_t *threads = allocate(settings.clients * sizeof *threads);
  for (size_t i = 0; i < settings.clients; i++)
    if (pthread_create(&threads[i], NULL, part, &clients[i]) != 0) fail("cannot start a thread");
  for (size_t i = 0; i < settings.clients; i++) pthread_join(threads[i], NULL);
  free(threads);
}

struct measured {
  bool server_is_known;
  clockid_t server;                   /* its CPU time */
  double *latencies, *by_clock, *cpu; /* seconds; the first and the last at reference speed */
  size_t count, cpu_count;
};

static void timed(struct client *client, struct measured *measured, char kind) {
  size_t i = measured->count++;
  double server = measured->server_is_known ? seconds_of(measured->server) : 0;
  double own = seconds_of(CLOCK_THREAD_CPUTIME_ID), begin = seconds_of(CLOCK_MONOTONIC);
  send_and_expect(client, kind);
  measured->by_clock[i] = measured->latencies[i] = seconds_of(CLOCK_MONOTONIC) - begin;
  if (!measured->server_is_known) return;
  own = seconds_of(CLOCK_THREAD_CPUTIME_ID) - own;
  measured->latencies[i] = own + seconds_of(measured->server) - server;
}

/* The server's CPU time for each of the requests that are sent together. */
static void timed_together(struct client *client, struct measured *measured, size_t group) {
  char *kinds = allocate(settings.piped);
  for (size_t i = 0; i < settings.piped; i++) kinds[i] = put_small(client, group * settings.piped + i, 1);
  double begin = seconds_of(measured->server);
  send_together(client, kinds, settings.piped);
  measured->cpu[measured->cpu_count++] = (seconds_of(measured->server) - begin) / (double)settings.piped;
  free(kinds);
}

static void one_group(struct client *client, struct reference *reference, struct measured *measured, size_t group) {
  struct speed first = reference_measure(reference);
  put_large(client, group);
  timed(client, measured, '+');
  struct speed second = reference_measure(reference);
  measured->latencies[measured->count - 1] *= between(first.large, second.large);
  size_t before = measured->count, cpu = measured->cpu_count;
  for (size_t i = 0; i < settings.small_per_large; i++) {
    char kind = put_small(client, group * settings.small_per_large + i, 1);
    timed(client, measured, kind);
  }
  timed_together(client, measured, group);
  double speed = between(second.small, reference_measure(reference).small);
  for (size_t i = before; i < measured->count; i++) measured->latencies[i] *= speed;
  measured->cpu[cpu] *= speed;
}

static void single(struct client *client, struct reference *reference, struct measured *measured) {
  pid_t server = server_process();
  share_cpu(server, true);
  measured->server_is_known = server > 0 && clock_getcpuclockid(server, &measured->server) == 0;
  if (!measured->server_is_known) measured->server = CLOCK_MONOTONIC;
  for (size_t group = 0; group < settings.groups; group++) {
    one_group(client, reference, measured, group);
    if (group + 1 == (settings.groups + 1) / 2) {
      put_range(client, 0, settings.exported);
      send_and_expect(client, '*');
    }
  }
  share_cpu(server, false);
}

/* ---- settings ---- */

static size_t setting(const char *name, size_t otherwise, size_t least) {
  const char *given = getenv(name);
  if (!given || !*given) return otherwise;
  char *end;
  errno = 0;
  unsigned long long number = strtoull(given, &end, 10);
  if (errno || *end || *given < '0' || *given > '9' || number < least || number > 100000000)
    fail("%s is '%s', expected a whole number from %zu to 100000000", name, given, least);
  return (size_t)number;
}

static void read_settings(void) {
  settings.keys = setting("KEYS", 150000, 100);
  settings.groups = setting("GROUPS_OF_REQUESTS", 40, 1);
  settings.small_per_large = setting("SMALL_PER_LARGE", 49, 0);
  settings.large = setting("LARGE", 240000, 1);
  settings.piped = setting("PIPED", 256, 1);
  settings.exported = setting("EXPORTED", settings.keys / 2, 1);
  settings.clients = setting("CLIENTS", 4, 1);
  settings.rounds = setting("ROUNDS", 600, 1);
  settings.shared = setting("SHARED", settings.keys / 40, 1);
  const char *parts = getenv("PARTS");
  char *copy = strdup(parts && *parts ? parts : "load,single,concurrent"), *rest = copy;
  for (char *part; (part = strsep(&rest, ","));) {
    if (strcmp(part, "load") == 0) settings.load = true;
    else if (strcmp(part, "single") == 0) settings.single = true;
    else if (strcmp(part, "concurrent") == 0) settings.concurrent = true;
    else fail("PARTS names '%s', expected load, single and concurrent with commas between", part);
  }
  free(copy);
  if (settings.clients > settings.keys) fail("CLIENTS is greater than KEYS");
}

/* ---- */

int main(void) {
  read_settings();
  make_text();
  struct client *clients = allocate((settings.clients + 1) * sizeof *clients), *alone = &clients[settings.clients];
  for (size_t i = 0; i <= settings.clients; i++) {
    client_open(&clients[i]);
    clients[i].first = i * settings.keys / settings.clients;
    clients[i].last = (i + 1) * settings.keys / settings.clients;
  }
  alone->first = 0;
  alone->last = settings.keys;
  struct reference reference;
  reference_open(&reference);
  size_t most = settings.groups * (settings.small_per_large + 1);
  struct measured measured = {
      .latencies = allocate(most * sizeof(double)),
      .by_clock = allocate(most * sizeof(double)),
      .cpu = allocate(settings.groups * sizeof(double)),
  };

  double begin = seconds_of(CLOCK_MONOTONIC);
  put_count(alone, '*', 1);
  put_word(alone, "FLUSHALL");
  send_and_expect(alone, '+');
  if (settings.load) together(clients, load);
  if (settings.single) single(alone, &reference, &measured);
  if (settings.concurrent) together(clients, mix);
  double seconds = seconds_of(CLOCK_MONOTONIC) - begin;

  size_t completed = 0, failed = 0;
  uint64_t digest = 0;
  for (size_t i = 0; i <= settings.clients; i++) {
    completed += clients[i].completed;
    failed += clients[i].failed;
    digest = mixed(digest) ^ clients[i].digest;
    if (clients[i].problem) fprintf(stderr, "kvload: client %zu: %s\n", i, clients[i].problem);
    client_close(&clients[i]);
  }
  if (settings.single) {
    printf("latency_p50_us=%.3f\n", percentile(measured.latencies, measured.count, 50) * 1e6);
    printf("latency_p99_us=%.3f\n", percentile(measured.latencies, measured.count, 99) * 1e6);
    printf("latency_p99_wall_us=%.3f\n", percentile(measured.by_clock, measured.count, 99) * 1e6);
    printf("reference_us=%.3f\n", percentile(reference.seconds, reference.count, 50) * 1e6);
    if (measured.server_is_known)
      printf("cpu_per_request_us=%.4f\n", percentile(measured.cpu, measured.cpu_count, 50) * 1e6);
  }
  printf("throughput_qps=%.3f\n", (double)completed / seconds);
  printf("error_rate=%.6f\n", (double)failed / (double)(completed + failed));
  printf("total_requests=%zu\n", completed + failed);
  printf("data_digest=%llu\n", (unsigned long long)(digest >> 16));
  free(measured.latencies);
  free(measured.by_clock);
  free(measured.cpu);
  free(clients);
  free(large_value);
  return 0;
}
