/* A service that allocates much: what bench-profilers.sh measures profilers by. A request makes a million allocations of 16
 * to 1039 bytes, by one of eight callers, each in the place of one of 100,000 that are kept: 50 MiB or so. */
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEPT = 100000, ALLOCATIONS = 1000000 };

static char *kept[KEPT];

static uint32_t draw(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 32);
}

__attribute__((noinline, noipa)) static char *make(size_t size) {
  char *bytes = malloc(size);
  if (!bytes) abort();
  memset(bytes, 1, size);
  return bytes;
}

#define CALLER(number) \
  __attribute__((noinline, noipa)) static char *caller##number(size_t size) { return make(size + number); }
CALLER(0) CALLER(1) CALLER(2) CALLER(3) CALLER(4) CALLER(5) CALLER(6) CALLER(7)

static char *(*const callers[])(size_t) = {caller0, caller1, caller2, caller3, caller4, caller5, caller6, caller7};

static void work(void) {
  for (size_t i = 0; i < ALLOCATIONS; i++) {
    size_t place = draw() % KEPT;
    free(kept[place]);
    kept[place] = callers[draw() % 8](16 + draw() % 1024);
  }
}

int main(void) {
  const char *port = getenv("PORT");
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)atoi(port ? port : "0")),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0) {
    perror("service");
    return 1;
  }
  for (;;) {
    char request[512];
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) continue;
    ssize_t length = read(connection, request, sizeof request);
    if (length > 10 && memcmp(request, "GET /work ", 10) == 0) work();
    if (write(connection, "HTTP/1.0 200 OK\r\n\r\ndone\n", 24) != 24) perror("service");
    close(connection);
  }
}
