/* What the server holds: values by key, and the keys in byte order. */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

enum { MOST_LEVELS = 20 };

/* A key with its value: linked in the bucket of its hash, and in the lists of the levels that it takes part in. */
struct entry {
  struct entry *in_bucket;
  struct buffer value;
  uint64_t hash;
  size_t key_length;
  int levels;
  struct entry *next[]; /* one a level, then the bytes of the key */
};

struct store {
  struct entry **buckets;
  size_t bucket_count, count;
  struct entry *first[MOST_LEVELS];
};

void store_open(struct store *store);
void store_close(struct store *store);

const char *entry_key(const struct entry *entry);
/* NULL: there is no such key. */
struct entry *store_find(const struct store *store, const char *key, size_t length);
/* The first entry whose key is not less; NULL: there is none. The next in order is entry->next[0]. */
struct entry *store_find_at_least(const struct store *store, const char *key, size_t length);
/* The entry of the key, which is there then; a new one has an empty value. */
struct entry *store_entry(struct store *store, const char *key, size_t length);
void store_set(struct store *store, const char *key, size_t key_length, const char *value, size_t length);
void store_append(struct store *store, const char *key, size_t key_length, const char *value, size_t length);
bool store_remove(struct store *store, const char *key, size_t length);
/* Orders keys by their bytes; the shorter of two that are equal so far comes first. */
int key_compare(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
