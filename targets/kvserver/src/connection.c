#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands.h"
#include "request.h"

enum {
  READ_SIZE = 32 * 1024,       /* bytes asked of the socket at once, at least */
  KEPT_CAPACITY = 1024 * 1024, /* bytes: an empty buffer that is larger is given back */
};

bool connection_is_blocked(const struct connection *connection) {
  return connection->sent < connection->output.length;
}

static void give_back(struct buffer *buffer) {
  if (buffer->length == 0 && buffer->capacity > KEPT_CAPACITY) buffer_free(buffer);
}

static bool send_output(struct connection *connection) {
  struct buffer *output = &connection->output;
  while (connection->sent < output->length) {
    ssize_t count = send(connection->socket, output->bytes + connection->sent, output->length - connection->sent,
                         MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    connection->sent += (size_t)count;
  }
  output->length = connection->sent = 0;
  give_back(output);
  return !connection->is_ending;
}

/* Answers the whole requests of the input; their replies are sent together. A client that does not take its replies gets
 * no further ones made. */
static void answer(struct connection *connection, struct store *store) {
  struct buffer *input = &connection->input;
  size_t done = 0;
  while (!connection->is_ending && connection->output.length < KEPT_CAPACITY) {
    struct request *request;
    size_t used;
    const char *problem;
    enum request_status status = request_read(input->bytes + done, input->length - done, &request, &used, &problem);
    if (status == REQUEST_PARTIAL) break;
    if (status == REQUEST_WRONG) {
      reply_error(&connection->output, problem);
      connection->is_ending = true;
      break;
    }
    done += used;
    if (!request) continue;
    connection->is_ending = !command_execute(store, request, &connection->output);
    request_free(request);
  }
  buffer_consume(input, done);
  give_back(input);
}

/* Answers and sends, until the input holds no whole request or the client takes no more. */
static bool answer_and_send(struct connection *connection, struct store *store) {
  do {
    answer(connection, store);
    if (connection->output.length == 0) return !connection->is_ending;
    if (!send_output(connection)) return false;
  } while (!connection_is_blocked(connection) && connection->input.length > 0);
  return true;
}

bool connection_read(struct connection *connection, struct store *store) {
  struct buffer *input = &connection->input;
  buffer_reserve(input, READ_SIZE);
  ssize_t count = recv(connection->socket, input->bytes + input->length, input->capacity - input->length, 0);
  if (count < 0) return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
  if (count == 0) return false;
  input->length += (size_t)count;
  return answer_and_send(connection, store);
}

bool connection_write(struct connection *connection, struct store *store) {
  if (!send_output(connection)) return false;
  return connection_is_blocked(connection) || answer_and_send(connection, store);
}

void connection_free(struct connection *connection) {
  close(connection->socket);
  buffer_free(&connection->input);
  buffer_free(&connection->output);
  free(connection);
}
