#include "port.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report.h"

static int try_port(unsigned port, in_addr_t host, bool reuse) {
  int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return errno;
  if (reuse) setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {.s_addr = htonl(host)}};
  int error = bind(probe, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
  close(probe);
  return error;
}

/* A port of five digits that is free on every address. The search starts below 32768, where the kernel by default
 * takes no ports for outgoing connections, so that no client takes it before the service does. */
static unsigned free_port(void) {
  enum { FIRST = 20000, OUTGOING = 32768, END = 60000 };
  uint32_t drawn;
  if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn) fail("cannot draw a port: %s", strerror(errno));
  unsigned start = drawn % (OUTGOING - FIRST);
  for (unsigned i = 0; i < END - FIRST; i++) {
    unsigned port = FIRST + (start + i) % (END - FIRST);
    if (try_port(port, INADDR_ANY, false) == 0) return port;
  }
  fail("no free TCP port between %d and %d", FIRST, END - 1);
}

static unsigned given_port(const char *text) {
  char *end;
  errno = 0;
  unsigned long port = strtoul(text, &end, 10);
  if (errno || *end || text[0] < '0' || text[0] > '9' || port == 0 || port > 65535)
    fail("PORT is \"%s\", expected a TCP port (1 to 65535), or unset PORT to get a free one", text);
  int error = try_port((unsigned)port, INADDR_LOOPBACK, true); /* connections that linger do not take a port */
  if (error == EADDRINUSE) fail("port %lu (from PORT) is taken; unset PORT to get a free one", port);
  if (error) fail("port %lu (from PORT) cannot be used: %s", port, strerror(error));
  return (unsigned)port;
}

unsigned provide_port(void) {
  const char *given = getenv("PORT"), *host = getenv("HOST");
  unsigned port = given && *given ? given_port(given) : free_port();
  char digits[16];
  snprintf(digits, sizeof digits, "%u", port);
  if (setenv("PORT", digits, 1) != 0 || ((!host || !*host) && setenv("HOST", "127.0.0.1", 1) != 0))
    fail("cannot set PORT: %s", strerror(errno));
  return port;
}
