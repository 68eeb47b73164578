#include "unpack.h"

#include <bzlib.h>
#include <errno.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "memory.h"

/* LZMA_MEMORY is the most that an xz file may ask for. */
enum { PACKED_SIZE = 1 << 18, UNPACKED_SIZE = 1 << 18, LZMA_MEMORY = 1 << 30 };

struct codec;
struct unpack {
  struct unpack *inner; /* where the packed bytes come from; NULL: from the descriptor */
  int descriptor;
  const struct codec *codec; /* NULL: the bytes come as they are */
  bool looked;               /* codec was chosen */
  bool in_stream;            /* after the beginning of a stream, before its end */
  bool at_end;               /* there are no more packed bytes */
  bool was_cut;
  const char *problem;
  char *packed; /* bytes from..to are read and not yet used */
  size_t from, to, capacity;
  char *unpacked;
  z_stream gzip;
  lzma_stream xz;
  bz_stream bzip2;
  ZSTD_DCtx *zstd;
  LZ4F_dctx *lz4;
};

/* What a step came to: STEP_END is the end of one stream, behind which another may begin. */
enum step { STEP_MORE, STEP_END, STEP_BROKEN };

struct codec {
  const char *magic;
  size_t magic_length;
  bool (*start)(struct unpack *unpack);
  /* Unpacks as much as fits into unpack->unpacked; *produced is how much. */
  enum step (*step)(struct unpack *unpack, size_t *produced);
  void (*stop)(struct unpack *unpack);
};

static size_t left(const struct unpack *unpack) { return unpack->to - unpack->from; }

/* ---- gzip ---- */

static bool gzip_start(struct unpack *unpack) {
  unpack->gzip = (z_stream){0};
  return inflateInit2(&unpack->gzip, MAX_WBITS + 16) == Z_OK; /* + 16: with gzip's header and checksum */
}

static enum step gzip_step(struct unpack *unpack, size_t *produced) {
  z_stream *stream = &unpack->gzip;
  stream->next_in = (Bytef *)unpack->packed + unpack->from;
  stream->avail_in = (uInt)left(unpack);
  stream->next_out = (Bytef *)unpack->unpacked;
  stream->avail_out = UNPACKED_SIZE;
  int outcome = inflate(stream, Z_NO_FLUSH);
  unpack->from = unpack->to - stream->avail_in;
  *produced = UNPACKED_SIZE - stream->avail_out;
  if (outcome == Z_STREAM_END) return STEP_END;
  if (outcome == Z_MEM_ERROR) unpack->problem = "out of memory";
  return outcome == Z_OK || outcome == Z_BUF_ERROR ? STEP_MORE : STEP_BROKEN;
}

static void gzip_stop(struct unpack *unpack) { inflateEnd(&unpack->gzip); }

/* ---- zstd ---- */

static bool zstd_start(struct unpack *unpack) {
  unpack->zstd = ZSTD_createDCtx();
  return unpack->zstd != NULL;
}

static enum step zstd_step(struct unpack *unpack, size_t *produced) {
  ZSTD_inBuffer in = {unpack->packed + unpack->from, left(unpack), 0};
  ZSTD_outBuffer out = {unpack->unpacked, UNPACKED_SIZE, 0};
  size_t outcome = ZSTD_decompressStream(unpack->zstd, &out, &in);
  unpack->from += in.pos;
  *produced = out.pos;
  if (ZSTD_isError(outcome)) {
    unpack->problem = ZSTD_getErrorName(outcome);
    return STEP_BROKEN;
  }
  return outcome == 0 ? STEP_END : STEP_MORE;
}

static void zstd_stop(struct unpack *unpack) {
  ZSTD_freeDCtx(unpack->zstd);
  unpack->zstd = NULL;
}

/* ---- xz: liblzma goes on with the streams that follow by itself ---- */

static bool xz_start(struct unpack *unpack) {
  unpack->xz = (lzma_stream)LZMA_STREAM_INIT;
  return lzma_stream_decoder(&unpack->xz, LZMA_MEMORY, LZMA_CONCATENATED) == LZMA_OK;
}

static enum step xz_step(struct unpack *unpack, size_t *produced) {
  lzma_stream *stream = &unpack->xz;
  stream->next_in = (const uint8_t *)unpack->packed + unpack->from;
  stream->avail_in = left(unpack);
  stream->next_out = (uint8_t *)unpack->unpacked;
  stream->avail_out = UNPACKED_SIZE;
  lzma_ret outcome = lzma_code(stream, unpack->at_end ? LZMA_FINISH : LZMA_RUN);
  unpack->from = unpack->to - stream->avail_in;
  *produced = UNPACKED_SIZE - stream->avail_out;
  if (outcome == LZMA_STREAM_END) return STEP_END;
  if (outcome == LZMA_MEM_ERROR) unpack->problem = "out of memory";
  if (outcome == LZMA_MEMLIMIT_ERROR) unpack->problem = "it asks for too much memory";
  return outcome == LZMA_OK || outcome == LZMA_BUF_ERROR ? STEP_MORE : STEP_BROKEN;
}

static void xz_stop(struct unpack *unpack) { lzma_end(&unpack->xz); }

/* ---- bzip2 ---- */

static bool bzip2_start(struct unpack *unpack) {
  unpack->bzip2 = (bz_stream){0};
  return BZ2_bzDecompressInit(&unpack->bzip2, 0, 0) == BZ_OK;
}

static enum step bzip2_step(struct unpack *unpack, size_t *produced) {
  bz_stream *stream = &unpack->bzip2;
  stream->next_in = unpack->packed + unpack->from;
  stream->avail_in = (unsigned)left(unpack);
  stream->next_out = unpack->unpacked;
  stream->avail_out = UNPACKED_SIZE;
  int outcome = BZ2_bzDecompress(stream);
  unpack->from = unpack->to - stream->avail_in;
  *produced = UNPACKED_SIZE - stream->avail_out;
  if (outcome == BZ_STREAM_END) return STEP_END;
  if (outcome == BZ_MEM_ERROR) unpack->problem = "out of memory";
  return outcome == BZ_OK ? STEP_MORE : STEP_BROKEN;
}

static void bzip2_stop(struct unpack *unpack) { BZ2_bzDecompressEnd(&unpack->bzip2); }

/* ---- lz4 ---- */

static bool lz4_start(struct unpack *unpack) {
  return !LZ4F_isError(LZ4F_createDecompressionContext(&unpack->lz4, LZ4F_VERSION));
}

static enum step lz4_step(struct unpack *unpack, size_t *produced) {
  size_t taken = left(unpack);
  *produced = UNPACKED_SIZE;
  size_t outcome =
      LZ4F_decompress(unpack->lz4, unpack->unpacked, produced, unpack->packed + unpack->from, &taken, NULL);
  if (LZ4F_isError(outcome)) {
    *produced = 0;
    unpack->problem = LZ4F_getErrorName(outcome);
    return STEP_BROKEN;
  }
  unpack->from += taken;
  return outcome == 0 ? STEP_END : STEP_MORE;
}

static void lz4_stop(struct unpack *unpack) {
  LZ4F_freeDecompressionContext(unpack->lz4);
  unpack->lz4 = NULL;
}

static const struct codec codecs[] = {
    {"\x1f\x8b\x08", 3, gzip_start, gzip_step, gzip_stop},
    {"\x28\xb5\x2f\xfd", 4, zstd_start, zstd_step, zstd_stop},
    {"\xfd" "7zXZ\0", 6, xz_start, xz_step, xz_stop},
    {"BZh", 3, bzip2_start, bzip2_step, bzip2_stop},
    {"\x04\x22\x4d\x18", 4, lz4_start, lz4_step, lz4_stop},
};
enum { LONGEST_MAGIC = 6 };

/* ---- */

static struct unpack *layer(struct unpack *inner, int descriptor) {
  struct unpack *unpack = take(sizeof *unpack);
  *unpack = (struct unpack){.inner = inner, .descriptor = descriptor};
  return unpack;
}

struct unpack *unpack_open(int descriptor) { return layer(layer(NULL, descriptor), -1); }

/* Appends to what is packed; false on an error. */
static bool refill_from_inner(struct unpack *unpack) {
  const char *bytes;
  size_t length;
  switch (unpack_next(unpack->inner, &bytes, &length)) {
    case UNPACK_BYTES:
      grow(&unpack->packed, &unpack->capacity, sum_of(unpack->to, length), 1);
      memcpy(unpack->packed + unpack->to, bytes, length);
      unpack->to += length;
      return true;
    case UNPACK_END: unpack->at_end = true; return true;
    case UNPACK_FAILED: break;
  }
  unpack->problem = unpack->inner->problem;
  return false;
}

static bool refill_from_descriptor(struct unpack *unpack) {
  grow(&unpack->packed, &unpack->capacity, PACKED_SIZE, 1);
  ssize_t count;
  do count = read(unpack->descriptor, unpack->packed + unpack->to, unpack->capacity - unpack->to);
  while (count < 0 && errno == EINTR);
  if (count < 0) {
    unpack->problem = strerror(errno);
    return false;
  }
  unpack->at_end = count == 0;
  unpack->to += (size_t)count;
  return true;
}

/* Reads until at least wanted bytes (few) are there or none follow; false on an error. */
static bool refill(struct unpack *unpack, size_t wanted) {
  if (left(unpack) >= wanted) return true;
  if (left(unpack) > 0) memmove(unpack->packed, unpack->packed + unpack->from, left(unpack));
  unpack->to -= unpack->from;
  unpack->from = 0;
  while (left(unpack) < wanted && !unpack->at_end)
    if (!(unpack->inner ? refill_from_inner(unpack) : refill_from_descriptor(unpack))) return false;
  return true;
}

static bool begins_with(const struct unpack *unpack, const struct codec *codec) {
  return left(unpack) >= codec->magic_length &&
         memcmp(unpack->packed + unpack->from, codec->magic, codec->magic_length) == 0;
}

/* Of bzip2 the block's own mark too: "BZh" is text. */
static void choose_codec(struct unpack *unpack) {
  unpack->looked = true;
  for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
    if (begins_with(unpack, &codecs[i])) unpack->codec = &codecs[i];
  if (!unpack->codec) return;
  if (unpack->codec->step == bzip2_step) {
    const char *rest = unpack->packed + unpack->from + 3;
    bool is_packed = left(unpack) >= 5 && rest[0] >= '1' && rest[0] <= '9' && (rest[1] == '1' || rest[1] == '\x17');
    if (!is_packed) unpack->codec = NULL;
  }
  if (unpack->codec) unpack->unpacked = take(UNPACKED_SIZE);
}

static enum unpack_outcome as_they_are(struct unpack *unpack, const char **bytes, size_t *length) {
  if (unpack->inner && left(unpack) == 0) return unpack_next(unpack->inner, bytes, length);
  if (!refill(unpack, 1)) return UNPACK_FAILED;
  *bytes = unpack->packed + unpack->from;
  *length = left(unpack);
  unpack->from = unpack->to;
  return *length > 0 ? UNPACK_BYTES : UNPACK_END;
}

/* Frames of zstd and lz4 that hold no data may stand between those that do. */
static bool is_skippable(const struct unpack *unpack) {
  const unsigned char *magic = (const unsigned char *)unpack->packed + unpack->from;
  bool has_such = unpack->codec->step == zstd_step || unpack->codec->step == lz4_step;
  return has_such && left(unpack) >= 4 && magic[0] >> 4 == 5 && magic[1] == 0x2a &&
         magic[2] == 0x4d && magic[3] == 0x18;
}

/* What follows a stream and is no other one is no part of it, as gzip and bzip2 see it too. */
static bool start_stream(struct unpack *unpack) {
  if (!begins_with(unpack, unpack->codec) && !is_skippable(unpack)) {
    const char *rest = unpack->packed + unpack->from;
    unpack->was_cut = left(unpack) > 0 && left(unpack) < unpack->codec->magic_length &&
                      memcmp(rest, unpack->codec->magic, left(unpack)) == 0;
    return false;
  }
  unpack->in_stream = unpack->codec->start(unpack);
  if (!unpack->in_stream) unpack->problem = "out of memory";
  return unpack->in_stream;
}

static void stop_stream(struct unpack *unpack) {
  if (unpack->in_stream) unpack->codec->stop(unpack);
  unpack->in_stream = false;
}

enum unpack_outcome unpack_next(struct unpack *unpack, const char **bytes, size_t *length) {
  if (unpack->problem) return UNPACK_FAILED;
  if (unpack->was_cut) return UNPACK_END;
  if (!unpack->looked) {
    if (!refill(unpack, LONGEST_MAGIC)) return UNPACK_FAILED;
    choose_codec(unpack);
  }
  if (!unpack->codec) return as_they_are(unpack, bytes, length);
  for (;;) {
    if (!refill(unpack, unpack->in_stream ? 1 : LONGEST_MAGIC)) return UNPACK_FAILED;
    if (!unpack->in_stream && !start_stream(unpack)) return unpack->problem ? UNPACK_FAILED : UNPACK_END;
    size_t produced = 0;
    size_t before = left(unpack);
    bool had_all = unpack->at_end && before == 0;
    enum step step = unpack->codec->step(unpack, &produced);
    if (step == STEP_MORE && produced == 0 && before > 0 && left(unpack) == before) step = STEP_BROKEN; /* stuck */
    if (step != STEP_MORE) stop_stream(unpack);
    if (step == STEP_BROKEN && !unpack->problem) unpack->problem = "the compressed data is damaged";
    *bytes = unpack->unpacked;
    *length = produced;
    if (produced > 0) return UNPACK_BYTES;
    if (step == STEP_BROKEN) return UNPACK_FAILED;
    if (step == STEP_MORE && had_all) {
      unpack->was_cut = true;
      return UNPACK_END;
    }
  }
}

bool unpack_is_plain(const struct unpack *unpack) { return unpack->looked && !unpack->codec && !unpack->inner; }

enum unpack_outcome unpack_read_plain(struct unpack *unpack, char *bytes, size_t capacity, size_t *length) {
  if (unpack->problem) return UNPACK_FAILED;
  *length = left(unpack) < capacity ? left(unpack) : capacity;
  if (*length > 0) memcpy(bytes, unpack->packed + unpack->from, *length);
  unpack->from += *length;
  while (*length == 0 && !unpack->at_end) {
    ssize_t count = read(unpack->descriptor, bytes, capacity);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      unpack->problem = strerror(errno);
      return UNPACK_FAILED;
    }
    unpack->at_end = count == 0;
    *length = (size_t)count;
  }
  return *length > 0 ? UNPACK_BYTES : UNPACK_END;
}

bool unpack_was_cut(const struct unpack *unpack) {
  return unpack->was_cut || (unpack->inner && unpack_was_cut(unpack->inner));
}

const char *unpack_problem(const struct unpack *unpack) {
  return unpack->problem ? unpack->problem : unpack_problem(unpack->inner);
}

void unpack_close(struct unpack *unpack) {
  if (unpack->inner) unpack_close(unpack->inner);
  stop_stream(unpack);
  free(unpack->unpacked);
  free(unpack->packed);
  free(unpack);
}
