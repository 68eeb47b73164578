/* Input by lines or whole, from files or stdin, compressed (gz, zst, xz, bz2, lz4) or not, through libarchive.
 *
 * Any read or decompression error, and a compressed stream that is cut short, is fail_at() with the file's name. */
#ifndef ASSAY_INPUT_H
#define ASSAY_INPUT_H

#include <stdbool.h>
#include <stddef.h>

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

/* Name for messages ("<stdin>" for "-"), and the number of the line last returned (1 for the first). */
const char *input_name(const struct input *input);
size_t input_line_number(const struct input *input);

void input_close(struct input *input);

/* All of path in one piece (a NUL follows), in *length bytes. The caller frees. */
char *input_whole(const char *path, size_t *length);

#endif
