/* Input by lines or whole, from files or stdin, compressed (gz, zst, xz, bz2, lz4) or not.
 *
 * Any read or decompression error, and a compressed stream that is cut short, is fail_at() with the file's name. */
#ifndef ASSAY_INPUT_H
#define ASSAY_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input;

/* Opens path ("-" is stdin). A directory, or what cannot be opened, is fail_at(). The caller closes. */
struct input *input_open(const char *path);

/* The same of a descriptor that is open for reading, and of which input_close closes all but stdin; name is for
 * messages. */
struct input *input_open_descriptor(int descriptor, const char *name);

/* The next line without its line end (LF or CR LF), as bytes that stay valid until the next call; they may hold NULs,
 * and one NUL follows the last. A last line without LF is a line. false at the end. */
bool input_line(struct input *input, char **line, size_t *length);

/* Whether the line last returned had its line end: a file cut off in the middle of a line ends with one that has not. */
bool input_line_ended(const struct input *input);

/* Up to length bytes from where the next line would begin, without consuming them; the count is less only at the end of
 * the input. For recognizing a format. The bytes stay valid until the next call. */
size_t input_peek(struct input *input, const char **bytes, size_t length);

/* The next length bytes, consumed, which stay valid until the next call; less of them only at the end of the input. For
 * binary formats. */
size_t input_take(struct input *input, const char **bytes, size_t length);
/* Reads up to capacity bytes from where the next line would begin; less than were asked for may come before the end, 0
 * only there. For formats that are read in blocks; what was read so has no line number until input_pass_lines says
 * how many lines it held. */
size_t input_read_some(struct input *input, char *bytes, size_t capacity);
void input_pass_lines(struct input *input, size_t count);

/* Name for messages ("<stdin>" for "-"), and the number of the line last returned (1 for the first). */
const char *input_name(const struct input *input);
size_t input_line_number(const struct input *input);

/* Makes a compressed stream that is cut short no error but an early end of the input, behind all that could be
 * unpacked; before the first read. input_was_cut tells afterwards, once the end was reached, whether it was so. Damaged
 * data remains an error. */
void input_allow_cut(struct input *input);
bool input_was_cut(const struct input *input);

/* How many bytes were read so far, unpacked: all of them, once the end was reached. */
uint64_t input_bytes_read(const struct input *input);

void input_close(struct input *input);

/* All of path in one piece (a NUL follows), in *length bytes. The caller frees. */
char *input_whole(const char *path, size_t *length);

#endif
