/* The bytes behind a descriptor; where they are compressed with gzip, zstd, xz, bzip2 or lz4, once or twice, unpacked.
 *
 * Of a stream that ends early every byte that can be had comes out before the end is reported. (libarchive, which reads
 * all of these, hands out nothing of its last block then, and does not survive every allocation that fails.) */
#ifndef ASSAY_UNPACK_H
#define ASSAY_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

struct unpack;

/* Reads from a descriptor that the caller closes later. */
struct unpack *unpack_open(int descriptor);

enum unpack_outcome { UNPACK_BYTES, UNPACK_END, UNPACK_FAILED };

/* UNPACK_BYTES: some bytes, at least one, valid until the next call. UNPACK_FAILED: a read error, or data that is not
 * what its beginning promises. */
enum unpack_outcome unpack_next(struct unpack *unpack, const char **bytes, size_t *length);

/* As unpack_next, into memory of the caller's, where unpack_next came to bytes that are not compressed: these need not
 * be copied. */
bool unpack_is_plain(const struct unpack *unpack);
enum unpack_outcome unpack_read_plain(struct unpack *unpack, char *bytes, size_t capacity, size_t *length);

/* After UNPACK_END: whether the stream ended before its own end. */
bool unpack_was_cut(const struct unpack *unpack);

/* After UNPACK_FAILED: what is wrong. */
const char *unpack_problem(const struct unpack *unpack);

void unpack_close(struct unpack *unpack);

#endif
