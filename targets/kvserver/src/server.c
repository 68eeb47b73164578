/* kvserver: an in-memory store of keys and values, in order, behind a part of the protocol RESP2.
 *
 * Environment: HOST (127.0.0.1 unless set) and PORT (6379 unless set). SIGTERM and SIGINT end it in an orderly way. One
 * thread answers all clients. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "store.h"

enum {
  EVENTS = 64, /* looked at in one turn */
  BACKLOG = 128,
};

struct server {
  int events, listener, signals;
  struct store store;
  struct connection *connections;
};

static _Noreturn void stop(const char *what) {
  fprintf(stderr, "kvserver: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void watch(struct server *server, int descriptor, void *data) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
  if (epoll_ctl(server->events, EPOLL_CTL_ADD, descriptor, &event) != 0) stop("epoll_ctl");
}

static int listen_at(const char *host, const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
    fprintf(stderr, "kvserver: HOST is '%s', expected an IPv4 address\n", host);
    exit(1);
  }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
  if (listener < 0) stop("socket");
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) stop("bind");
  if (listen(listener, BACKLOG) != 0) stop("listen");
  return listener;
}

/* ---- clients come and go ---- */

static void accept_client(struct server *server) {
  int client = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), yes = 1;
  if (client < 0) return;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  struct connection *connection = allocate_zeroed(sizeof *connection);
  connection->socket = client;
  connection->next = server->connections;
  if (connection->next) connection->next->before = connection;
  server->connections = connection;
  watch(server, client, connection);
}

static void end_connection(struct server *server, struct connection *connection) {
  if (connection->next) connection->next->before = connection->before;
  if (connection->before) connection->before->next = connection->next;
  else server->connections = connection->next;
  connection_free(connection);
}

static void serve(struct server *server, struct connection *connection, uint32_t what) {
  bool was_blocked = connection_is_blocked(connection);
  bool goes_on = was_blocked ? connection_write(connection, &server->store)
                             : connection_read(connection, &server->store);
  if (!goes_on || (what & EPOLLERR)) {
    end_connection(server, connection);
    return;
  }
  bool is_blocked = connection_is_blocked(connection);
  if (is_blocked == was_blocked) return;
  struct epoll_event event = {.events = is_blocked ? EPOLLOUT : EPOLLIN, .data.ptr = connection};
  if (epoll_ctl(server->events, EPOLL_CTL_MOD, connection->socket, &event) != 0) stop("epoll_ctl");
}

/* ---- the loop ---- */

static void run(struct server *server) {
  struct epoll_event ready[EVENTS];
  for (;;) {
    int count = epoll_wait(server->events, ready, EVENTS, -1);
    if (count < 0 && errno != EINTR) stop("epoll_wait");
    for (int i = 0; i < count; i++) {
      if (ready[i].data.ptr == &server->signals) return;
      if (ready[i].data.ptr == &server->listener) accept_client(server);
      else serve(server, ready[i].data.ptr, ready[i].events);
    }
  }
}

int main(void) {
  const char *host = getenv("HOST"), *port = getenv("PORT");
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  struct server server = {
      .events = epoll_create1(EPOLL_CLOEXEC),
      .listener = listen_at(host ? host : "127.0.0.1", port ? port : "6379"),
      .signals = signalfd(-1, &signals, SFD_CLOEXEC),
  };
  if (server.events < 0 || server.signals < 0) stop("epoll_create1 or signalfd");
  watch(&server, server.listener, &server.listener);
  watch(&server, server.signals, &server.signals);
  store_open(&server.store);
  run(&server);
  while (server.connections) end_connection(&server, server.connections);
  store_close(&server.store);
  close(server.listener);
  close(server.signals);
  close(server.events);
  return 0;
}
