#include "store.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 1024 };

/* FNV-1a (Fowler, Noll, Vo), then the last mixing step of MurmurHash3, so that all bits depend on all bytes. */
static uint64_t hash_of(const char *key, size_t length) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)key[i]) * 0x100000001b3u;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
  return hash ^ hash >> 33;
}

/* One more level for one key in four, by bits of its hash: the same keys make the same lists in every run. */
static int levels_of(uint64_t hash) {
  int levels = 1;
  for (uint64_t bits = hash >> 20; levels < MOST_LEVELS && (bits & 3) == 0; bits >>= 2) levels++;
  return levels;
}

int key_compare(const char *a, size_t a_length, const char *b, size_t b_length) {
  size_t common = a_length < b_length ? a_length : b_length;
  int order = common ? memcmp(a, b, common) : 0;
  return order ? order : (a_length > b_length) - (a_length < b_length);
}

const char *entry_key(const struct entry *entry) { return (const char *)&entry->next[entry->levels]; }

void store_open(struct store *store) {
  *store = (struct store){.bucket_count = FIRST_BUCKETS};
  store->buckets = allocate_zeroed(FIRST_BUCKETS * sizeof *store->buckets);
}

static void entry_free(struct entry *entry) {
  buffer_free(&entry->value);
  free(entry);
}

void store_close(struct store *store) {
  for (struct entry *entry = store->first[0], *next; entry; entry = next) {
    next = entry->next[0];
    entry_free(entry);
  }
  free(store->buckets);
}

/* ---- by hash ---- */

static struct entry **bucket_of(const struct store *store, uint64_t hash) {
  return &store->buckets[hash & (store->bucket_count - 1)];
}

static void add_buckets(struct store *store) {
  size_t before = store->bucket_count;
  struct entry **old = store->buckets;
  store->bucket_count *= 2;
  store->buckets = allocate_zeroed(store->bucket_count * sizeof *store->buckets);
  for (size_t i = 0; i < before; i++)
    for (struct entry *entry = old[i], *next; entry; entry = next) {
      next = entry->in_bucket;
      struct entry **bucket = bucket_of(store, entry->hash);
      entry->in_bucket = *bucket;
      *bucket = entry;
    }
  free(old);
}

static struct entry *find(const struct store *store, uint64_t hash, const char *key, size_t length) {
  struct entry *entry = *bucket_of(store, hash);
  while (entry && (entry->hash != hash || key_compare(entry_key(entry), entry->key_length, key, length) != 0))
    entry = entry->in_bucket;
  return entry;
}

struct entry *store_find(const struct store *store, const char *key, size_t length) {
  return find(store, hash_of(key, length), key, length);
}

/* ---- in order ---- */

/* For each level, the link to the first entry whose key is not less. */
static void find_links(struct store *store, const char *key, size_t length, struct entry **links[MOST_LEVELS]) {
  struct entry **lists = store->first;
  for (int level = MOST_LEVELS - 1; level >= 0; level--) {
    for (struct entry *entry; (entry = lists[level]);) {
      if (key_compare(entry_key(entry), entry->key_length, key, length) >= 0) break;
      lists = entry->next;
    }
    links[level] = &lists[level];
  }
}

struct entry *store_find_at_least(const struct store *store, const char *key, size_t length) {
  struct entry **links[MOST_LEVELS];
  find_links((struct store *)store, key, length, links);
  return *links[0];
}

/* ---- changes ---- */

static struct entry *add_entry(struct store *store, uint64_t hash, const char *key, size_t length) {
  int levels = levels_of(hash);
  struct entry **links[MOST_LEVELS];
  find_links(store, key, length, links);
  struct entry *entry = allocate_zeroed(sizeof *entry + (size_t)levels * sizeof entry->next[0] + length);
  entry->hash = hash;
  entry->key_length = length;
  entry->levels = levels;
  if (length > 0) memcpy(&entry->next[levels], key, length);
  for (int level = 0; level < levels; level++) {
    entry->next[level] = *links[level];
    *links[level] = entry;
  }
  if (++store->count > store->bucket_count) add_buckets(store);
  struct entry **bucket = bucket_of(store, hash);
  entry->in_bucket = *bucket;
  *bucket = entry;
  return entry;
}

struct entry *store_entry(struct store *store, const char *key, size_t length) {
  uint64_t hash = hash_of(key, length);
  struct entry *entry = find(store, hash, key, length);
  return entry ? entry : add_entry(store, hash, key, length);
}

void store_set(struct store *store, const char *key, size_t key_length, const char *value, size_t length) {
  struct entry *entry = store_entry(store, key, key_length);
  buffer_free(&entry->value);
  buffer_append(&entry->value, value, length);
}

void store_append(struct store *store, const char *key, size_t key_length, const char *value, size_t length) {
  struct entry *entry = store_entry(store, key, key_length);
  buffer_append(&entry->value, value, length);
}

bool store_remove(struct store *store, const char *key, size_t length) {
  uint64_t hash = hash_of(key, length);
  struct entry **link = bucket_of(store, hash), *entry = find(store, hash, key, length);
  if (!entry) return false;
  while (*link != entry) link = &(*link)->in_bucket;
  *link = entry->in_bucket;
  struct entry **links[MOST_LEVELS];
  find_links(store, key, length, links);
  for (int level = 0; level < entry->levels; level++) *links[level] = entry->next[level];
  entry_free(entry);
  store->count--;
  return true;
}
