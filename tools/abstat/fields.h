/* The fields of a line of text, parted by blanks. */
#ifndef ABSTAT_FIELDS_H
#define ABSTAT_FIELDS_H

/* The next field of *rest, ended by a NUL that is put there, and *rest behind it; NULL where there is none. */
char *next_field(char **rest);

#endif
