#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"
#include "report.h"

enum { BUFFER_SIZE = 65536 };

/* The stream that is read: the command's end of the pipe is its own. */
struct stream {
  int pipe; /* -1 for none */
  int copy; /* -1 for none */
  struct readings *readings;
};

static void hand_on(int to, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(to, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write the output of a command: %s", strerror(errno));
    bytes += written;
    length -= (size_t)written;
  }
}

/* Reads what there is; 0 when there is nothing now, or nothing any more. */
static size_t read_some(struct stream *stream) {
  static char buffer[BUFFER_SIZE];
  ssize_t length = read(stream->pipe, buffer, sizeof buffer);
  if (length <= 0) return 0;
  readings_feed(stream->readings, buffer, (size_t)length);
  if (stream->copy >= 0) hand_on(stream->copy, buffer, (size_t)length);
  return (size_t)length;
}

/* The command has ended: all that it wrote is in the pipe. A process that it left behind may go on writing for ever, so
 * not more is read than the pipe can hold. */
static void drain(struct stream *stream) {
  int capacity = fcntl(stream->pipe, F_GETPIPE_SZ);
  size_t left = capacity > 0 ? (size_t)capacity : BUFFER_SIZE;
  for (size_t length; left > 0 && (length = read_some(stream)) > 0;) left -= length < left ? length : left;
  readings_end(stream->readings);
  close(stream->pipe);
}

static struct ended await(int starter, struct stream *stream) {
  struct pollfd files[] = {{.fd = starter, .events = POLLIN}, {.fd = stream->pipe, .events = POLLIN}};
  for (bool told = false;;) {
    if (!told && interrupt_signal()) {
      starter_interrupt(starter);
      told = true;
    }
    if (ppoll(files, 2, NULL, interrupt_mask()) < 0) continue;
    if (files[1].revents && read_some(stream) == 0 && !(files[1].revents & POLLIN)) files[1].fd = -1;
    if (files[0].revents) return starter_ended(starter);
  }
}

/* The reading end must not block; the command's end must, as it expects. */
static void open_stream(struct stream *stream, int *command_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
    fail("cannot make a pipe: %s", strerror(errno));
  stream->pipe = ends[0];
  *command_end = ends[1];
}

struct ended run_command(int starter, struct start *start, const struct outlets *outlets, struct readings *readings) {
  struct stream stream = {.pipe = -1, .copy = -1, .readings = readings};
  start->output = outlets->output;
  start->errors = outlets->errors;
  int command_end = -1;
  if (readings && outlets->metrics_from == FROM_STDOUT) {
    open_stream(&stream, &command_end);
    if (!outlets->output_is_dropped) stream.copy = outlets->output;
    start->output = command_end;
  } else if (readings && outlets->metrics_from == FROM_STDERR) {
    open_stream(&stream, &command_end);
    if (!outlets->errors_are_dropped) stream.copy = outlets->errors;
    start->errors = command_end;
  }
  starter_start(starter, start);
  if (command_end >= 0) close(command_end);
  struct ended ended = await(starter, &stream);
  if (stream.pipe >= 0) drain(&stream);
  return ended;
}
