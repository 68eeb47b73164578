#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- replies ---- */

void reply_error(struct buffer *reply, const char *text) {
  buffer_append_text(reply, "-ERR ");
  buffer_append_text(reply, text);
  buffer_append_text(reply, "\r\n");
}

static void reply_simple(struct buffer *reply, const char *text) {
  buffer_append_text(reply, "+");
  buffer_append_text(reply, text);
  buffer_append_text(reply, "\r\n");
}

/* `MARK number CR LF`: an integer, the length of an array, that of a bulk string. */
static void reply_number(struct buffer *reply, char mark, size_t number) {
  char text[32];
  int length = snprintf(text, sizeof text, "%c%zu\r\n", mark, number);
  buffer_append(reply, text, (size_t)length);
}

static void reply_bulk(struct buffer *reply, const char *bytes, size_t length) {
  reply_number(reply, '$', length);
  buffer_append(reply, bytes, length);
  buffer_append(reply, "\r\n", 2);
}

static void reply_text(struct buffer *reply, const char *text) { reply_bulk(reply, text, strlen(text)); }

static void reply_value(struct buffer *reply, const struct entry *entry) {
  if (entry) reply_bulk(reply, entry->value.bytes, entry->value.length);
  else buffer_append_text(reply, "$-1\r\n");
}

/* ---- what an argument says ---- */

static bool argument_is(const struct buffer *argument, const char *word) {
  return argument->length == strlen(word) && strncasecmp(argument->bytes, word, argument->length) == 0;
}

static bool argument_number(const struct buffer *argument, size_t *number) {
  *number = 0;
  if (argument->length == 0 || argument->length > 9) return false;
  for (size_t i = 0; i < argument->length; i++) {
    if (argument->bytes[i] < '0' || argument->bytes[i] > '9') return false;
    *number = *number * 10 + (size_t)(argument->bytes[i] - '0');
  }
  return true;
}

/* ---- commands of one key or several ---- */

static struct entry *find(const struct store *store, const struct buffer *key) {
  return store_find(store, key->bytes, key->length);
}

static void command_get(struct store *store, struct request *request, struct buffer *reply) {
  reply_value(reply, find(store, &request->arguments[1]));
}

static void command_mget(struct store *store, struct request *request, struct buffer *reply) {
  reply_number(reply, '*', request->count - 1);
  for (size_t i = 1; i < request->count; i++) reply_value(reply, find(store, &request->arguments[i]));
}

static void set(struct store *store, const struct buffer *key, const struct buffer *value) {
  store_set(store, key->bytes, key->length, value->bytes, value->length);
}

static void command_set(struct store *store, struct request *request, struct buffer *reply) {
  set(store, &request->arguments[1], &request->arguments[2]);
  reply_simple(reply, "OK");
}

static void command_mset(struct store *store, struct request *request, struct buffer *reply) {
  if (request->count % 2 == 0) {
    reply_error(reply, "wrong number of arguments for MSET");
    return;
  }
  for (size_t i = 1; i < request->count; i += 2) set(store, &request->arguments[i], &request->arguments[i + 1]);
  reply_simple(reply, "OK");
}

static void command_append(struct store *store, struct request *request, struct buffer *reply) {
  const struct buffer *key = &request->arguments[1], *value = &request->arguments[2];
  store_append(store, key->bytes, key->length, value->bytes, value->length);
  reply_number(reply, ':', find(store, key)->value.length);
}

static void command_strlen(struct store *store, struct request *request, struct buffer *reply) {
  const struct entry *entry = find(store, &request->arguments[1]);
  reply_number(reply, ':', entry ? entry->value.length : 0);
}

static void command_del(struct store *store, struct request *request, struct buffer *reply) {
  size_t removed = 0;
  for (size_t i = 1; i < request->count; i++)
    removed += store_remove(store, request->arguments[i].bytes, request->arguments[i].length);
  reply_number(reply, ':', removed);
}

static void command_exists(struct store *store, struct request *request, struct buffer *reply) {
  size_t found = 0;
  for (size_t i = 1; i < request->count; i++) found += find(store, &request->arguments[i]) != NULL;
  reply_number(reply, ':', found);
}

/* ---- ranges ---- */

struct pair {
  struct buffer key, value;
};

struct pairs {
  struct pair *list;
  size_t count, capacity;
};

static void pairs_add(struct pairs *pairs, const struct entry *entry) {
  if (pairs->count == pairs->capacity) {
    pairs->capacity = pairs->capacity ? 2 * pairs->capacity : 16;
    struct pair *list = allocate(pairs->capacity * sizeof *list);
    if (pairs->count > 0) memcpy(list, pairs->list, pairs->count * sizeof *list);
    free(pairs->list);
    pairs->list = list;
  }
  struct pair *pair = &pairs->list[pairs->count++];
  *pair = (struct pair){0};
  buffer_append(&pair->key, entry_key(entry), entry->key_length);
  buffer_append(&pair->value, entry->value.bytes, entry->value.length);
}

static void pairs_free(struct pairs *pairs) {
  for (size_t i = 0; i < pairs->count; i++) {
    buffer_free(&pairs->list[i].key);
    buffer_free(&pairs->list[i].value);
  }
  free(pairs->list);
}

/* The pairs whose keys are from `first` to `last`, both included, in the order of their keys, at most `limit`. */
static struct pairs range_collect(const struct store *store, const struct buffer *first, const struct buffer *last,
                                  size_t limit) {
  struct pairs pairs = {0};
  const struct entry *entry = store_find_at_least(store, first->bytes, first->length);
  for (; entry && pairs.count < limit; entry = entry->next[0]) {
    if (key_compare(entry_key(entry), entry->key_length, last->bytes, last->length) > 0) break;
    pairs_add(&pairs, entry);
  }
  return pairs;
}

/* RANGE first last limit: keys and values in turn. */
static void command_range(struct store *store, struct request *request, struct buffer *reply) {
  size_t limit;
  if (!argument_number(&request->arguments[3], &limit)) {
    reply_error(reply, "the limit of RANGE is not a number of at most 9 digits");
    return;
  }
  struct pairs pairs = range_collect(store, &request->arguments[1], &request->arguments[2], limit);
  reply_number(reply, '*', 2 * pairs.count);
  for (size_t i = 0; i < pairs.count; i++) {
    const struct pair *pair = &pairs.list[i];
    reply_bulk(reply, pair->key.bytes, pair->key.length);
    reply_bulk(reply, pair->value.bytes, pair->value.length);
  }
  pairs_free(&pairs);
}

/* ---- the server itself ---- */

static void command_ping(struct store *store, struct request *request, struct buffer *reply) {
  (void)store;
  if (request->count > 1) reply_bulk(reply, request->arguments[1].bytes, request->arguments[1].length);
  else reply_simple(reply, "PONG");
}

static void command_dbsize(struct store *store, struct request *request, struct buffer *reply) {
  (void)request;
  reply_number(reply, ':', store->count);
}

static void command_flushall(struct store *store, struct request *request, struct buffer *reply) {
  (void)request;
  store_close(store);
  store_open(store);
  reply_simple(reply, "OK");
}

static void command_info(struct store *store, struct request *request, struct buffer *reply) {
  (void)request;
  char text[128];
  snprintf(text, sizeof text, "# Server\r\nserver_name:kvserver\r\n# Keyspace\r\nkeys:%zu\r\n", store->count);
  reply_text(reply, text);
}

/* CONFIG GET save and appendonly are what redis-benchmark asks for. */
static void command_config(struct store *store, struct request *request, struct buffer *reply) {
  (void)store;
  if (!argument_is(&request->arguments[1], "get") || request->count != 3) {
    reply_error(reply, "expected CONFIG GET name");
    return;
  }
  const char *answer = NULL;
  if (argument_is(&request->arguments[2], "save")) answer = "";
  if (argument_is(&request->arguments[2], "appendonly")) answer = "no";
  reply_number(reply, '*', answer ? 2 : 0);
  if (!answer) return;
  reply_bulk(reply, request->arguments[2].bytes, request->arguments[2].length);
  reply_text(reply, answer);
}

static void command_command(struct store *store, struct request *request, struct buffer *reply) {
  (void)store, (void)request;
  reply_number(reply, '*', 0);
}

static const struct command {
  const char *name;
  void (*execute)(struct store *, struct request *, struct buffer *);
  size_t least, most; /* arguments, its name among them */
} COMMANDS[] = {
    {"get", command_get, 2, 2},
    {"set", command_set, 3, 3},
    {"mget", command_mget, 2, MOST_ARGUMENTS},
    {"mset", command_mset, 3, MOST_ARGUMENTS},
    {"range", command_range, 4, 4},
    {"append", command_append, 3, 3},
    {"strlen", command_strlen, 2, 2},
    {"del", command_del, 2, MOST_ARGUMENTS},
    {"exists", command_exists, 2, MOST_ARGUMENTS},
    {"ping", command_ping, 1, 2},
    {"dbsize", command_dbsize, 1, 1},
    {"flushall", command_flushall, 1, 2},
    {"info", command_info, 1, 2},
    {"config", command_config, 2, 3},
    {"command", command_command, 1, MOST_ARGUMENTS},
};

bool command_execute(struct store *store, struct request *request, struct buffer *reply) {
  const struct buffer *name = &request->arguments[0];
  if (argument_is(name, "quit")) {
    reply_simple(reply, "OK");
    return false;
  }
  for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
    const struct command *command = &COMMANDS[i];
    if (!argument_is(name, command->name)) continue;
    if (request->count < command->least || request->count > command->most)
      reply_error(reply, "wrong number of arguments");
    else command->execute(store, request, reply);
    return true;
  }
  reply_error(reply, "unknown command");
  return true;
}
