// Builds an inverted index (word -> the documents that hold it) of generated documents in one of eight ways, and answers
// queries from it: what the profiles in this folder are of.
//
//   index WAY [DOCUMENTS]
//
// Writes bytes_per_document, build_seconds, documents_per_second, queries_per_second and answers, as name=value lines.
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#define APART __attribute__((noinline))

typedef std::vector<uint32_t> Documents;
typedef std::vector<std::string> Words;

// A linear congruential generator (Knuth, MMIX), so that every run sees the same documents.
struct Random {
  uint64_t state;
  uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
  }
  // Small numbers are frequent, as words are: a product of uniform ones.
  uint32_t word() {
    double a = next() / 2147483648.0, b = next() / 2147483648.0;
    return (uint32_t)(a * a * b * 30000);
  }
};

static std::string spelling(uint32_t word) {
  static const char *syllables[] = {"ra", "ven", "mid", "night", "drea", "ry", "lore", "chamber"};
  std::string text;
  do {
    text += syllables[word % 8];
    word /= 8;
  } while (word > 0);
  return text + "s";
}

static uint64_t hash_of(std::string_view word) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (unsigned char c : word) hash = (hash ^ c) * 1099511628211u;
  return hash ? hash : 1;
}

struct Index {
  virtual ~Index() = default;
  virtual void add(uint32_t document, const Words &words) = 0;
  virtual void finish() {}
  virtual Documents documents_of(const std::string &word) = 0;
};

struct TreeSetString : Index {
  std::map<std::string, std::set<uint32_t>> postings;
  APART void add(uint32_t document, const Words &words) override {
    for (std::string word : words) postings[word].insert(document);
  }
  Documents documents_of(const std::string &word) override {
    auto found = postings.find(word);
    return found == postings.end() ? Documents() : Documents(found->second.begin(), found->second.end());
  }
};

struct TreeSetHash : Index {
  std::map<uint64_t, std::set<uint32_t>> postings;
  APART void add(uint32_t document, const Words &words) override {
    for (const auto &word : words) postings[hash_of(word)].insert(document);
  }
  Documents documents_of(const std::string &word) override {
    auto found = postings.find(hash_of(word));
    return found == postings.end() ? Documents() : Documents(found->second.begin(), found->second.end());
  }
};

static void append(Documents &documents, uint32_t document) {
  if (documents.empty() || documents.back() != document) documents.push_back(document);
}

struct TreeVectorHash : Index {
  std::map<uint64_t, Documents> postings;
  APART void add(uint32_t document, const Words &words) override {
    for (const auto &word : words) append(postings[hash_of(word)], document);
  }
  Documents documents_of(const std::string &word) override {
    auto found = postings.find(hash_of(word));
    return found == postings.end() ? Documents() : found->second;
  }
};

struct SortedPairs : Index {
  std::vector<std::pair<std::string, uint32_t>> pairs;
  APART void add(uint32_t document, const Words &words) override {
    for (const auto &word : words) pairs.emplace_back(word, document);
  }
  APART void finish() override {
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  }
  Documents documents_of(const std::string &word) override {
    Documents documents;
    auto at = std::lower_bound(pairs.begin(), pairs.end(), std::make_pair(word, 0u));
    for (; at != pairs.end() && at->first == word; ++at) documents.push_back(at->second);
    return documents;
  }
};

struct HashVectorString : Index {
  std::unordered_map<std::string, Documents> postings;
  APART void add(uint32_t document, const Words &words) override {
    for (std::string word : words) append(postings[word], document);
  }
  Documents documents_of(const std::string &word) override {
    auto found = postings.find(word);
    return found == postings.end() ? Documents() : found->second;
  }
};

struct HashVectorHash : Index {
  std::unordered_map<uint64_t, Documents> postings;
  APART void add(uint32_t document, const Words &words) override {
    for (const auto &word : words) append(postings[hash_of(word)], document);
  }
  Documents documents_of(const std::string &word) override {
    auto found = postings.find(hash_of(word));
    return found == postings.end() ? Documents() : found->second;
  }
};

// A table of places in a row; a hash of 0 is a free one.
template <typename Value> struct Flat {
  std::vector<std::pair<uint64_t, Value>> places = std::vector<std::pair<uint64_t, Value>>(1 << 16);
  Value &operator[](uint64_t hash) {
    size_t at = hash & (places.size() - 1);
    while (places[at].first != 0 && places[at].first != hash) at = (at + 1) & (places.size() - 1);
    places[at].first = hash;
    return places[at].second;
  }
};

struct FlatVector : Index {
  Flat<Documents> postings;
  APART void add(uint32_t document, const Words &words) override {
    for (const auto &word : words) append(postings[hash_of(word)], document);
  }
  Documents documents_of(const std::string &word) override { return postings[hash_of(word)]; }
};

// Differences of document numbers, 7 bits a byte, in blocks that grow and come from one pool.
struct Pool {
  std::vector<std::unique_ptr<uint8_t[]>> chunks;
  size_t used = 0, size = 0;
  APART uint8_t *take(size_t bytes) {
    if (size - used < bytes) {
      size = 1 << 18;
      used = 0;
      chunks.push_back(std::unique_ptr<uint8_t[]>(new uint8_t[size]));
    }
    used += bytes;
    return chunks.back().get() + used - bytes;
  }
};

struct Packed {
  struct Block {
    Block *next;
    uint16_t used, size;
  };
  Block *first = nullptr, *last = nullptr;
  uint32_t document = UINT32_MAX;
  void put(Pool &pool, uint8_t byte) {
    if (!last || last->used == last->size) {
      uint16_t size = last ? (uint16_t)std::min(last->size * 2 + 16, 4096) : 16;
      Block *block = new (pool.take(sizeof(Block) + size)) Block{nullptr, 0, size};
      (last ? last->next : first) = block;
      last = block;
    }
    reinterpret_cast<uint8_t *>(last + 1)[last->used++] = byte;
  }
  void append(Pool &pool, uint32_t fresh) {
    if (fresh == document) return;
    uint32_t difference = fresh - document;
    document = fresh;
    for (; difference > 127; difference >>= 7) put(pool, (uint8_t)(difference | 128));
    put(pool, (uint8_t)difference);
  }
};

struct FlatPacked : Index {
  Pool pool;
  Flat<Packed> postings;
  APART void add(uint32_t document, const Words &words) override {
    for (const auto &word : words) postings[hash_of(word)].append(pool, document);
  }
  Documents documents_of(const std::string &word) override {
    Documents documents;
    uint32_t document = UINT32_MAX, difference = 0, shift = 0;
    for (auto *block = postings[hash_of(word)].first; block; block = block->next)
      for (size_t i = 0; i < block->used; i++) {
        uint8_t byte = reinterpret_cast<uint8_t *>(block + 1)[i];
        difference |= (uint32_t)(byte & 127) << shift;
        shift = byte & 128 ? shift + 7 : 0;
        if (shift > 0) continue;
        documents.push_back(document += difference);
        difference = 0;
      }
    return documents;
  }
};

static std::unique_ptr<Index> index_of(const char *way) {
  std::string name = way;
  if (name == "tree-set-string") return std::make_unique<TreeSetString>();
  if (name == "tree-set-hash") return std::make_unique<TreeSetHash>();
  if (name == "tree-vector-hash") return std::make_unique<TreeVectorHash>();
  if (name == "sorted-pairs") return std::make_unique<SortedPairs>();
  if (name == "hash-vector-string") return std::make_unique<HashVectorString>();
  if (name == "hash-vector-hash") return std::make_unique<HashVectorHash>();
  if (name == "flat-vector") return std::make_unique<FlatVector>();
  if (name == "flat-packed") return std::make_unique<FlatPacked>();
  fprintf(stderr, "index: there is no way '%s'\n", way);
  exit(2);
}

static std::vector<Words> documents(size_t count) {
  Random random = {1};
  std::vector<Words> all(count);
  for (auto &words : all)
    for (size_t i = 0; i < 60; i++) words.push_back(spelling(random.word()));
  return all;
}

// CPU time: a loaded machine does not change it much.
static double seconds() { return (double)clock() / CLOCKS_PER_SEC; }

APART static void build(Index &index, const std::vector<Words> &all) {
  for (size_t i = 0; i < all.size(); i++) index.add((uint32_t)i, all[i]);
  index.finish();
}

// Documents with two words of a document each.
APART static size_t query(Index &index, const std::vector<Words> &all, size_t queries) {
  size_t answers = 0;
  for (size_t i = 0; i < queries; i++) {
    const Words &words = all[i * 7919 % all.size()];
    Documents a = index.documents_of(words[0]), b = index.documents_of(words[1]), both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    answers += both.size();
  }
  return answers;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: index WAY [DOCUMENTS]\n");
    return 2;
  }
  size_t count = argc > 2 ? strtoul(argv[2], nullptr, 10) : 20000;
  bool is_profiled = getenv("INDEX_BUILD_ONLY");  // profiles are of the build alone
  auto all = documents(count);
  auto index = index_of(argv[1]);
  struct mallinfo2 before = mallinfo2();
  double start = seconds();
  build(*index, all);
  double built = seconds();
  struct mallinfo2 after = mallinfo2();
  if (is_profiled) return 0;
  size_t queries = 2000, answers = query(*index, all, queries);
  double queried = seconds();
  printf("bytes_per_document=%.1f\n", (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / (double)count);
  printf("build_seconds=%.3f\n", built - start);
  printf("documents_per_second=%.0f\n", (double)count / (built - start));
  printf("queries_per_second=%.0f\n", (double)queries / (queried - built));
  printf("answers=%zu\n", answers);
}
