#include "row.h"

#include <string.h>

bool row_ends(struct row *row) {
  row_blanks(row);
  return row->at == row->end;
}

bool row_word(struct row *row, const char *word) {
  row_blanks(row);
  size_t length = strlen(word);
  if (!row_starts_with(row->at, (size_t)(row->end - row->at), word)) return false;
  row->at += length;
  return true;
}

bool row_decimal(struct row *row, uint64_t *number) {
  row_blanks(row);
  const char *at = row->at;
  uint64_t sum = 0;
  for (; at < row->end && *at >= '0' && *at <= '9'; at++) {
    unsigned digit = (unsigned)(*at - '0');
    if (sum > (UINT64_MAX - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  if (at == row->at) return false;
  row->at = at;
  *number = sum;
  return true;
}

/* One more than the value of a hexadecimal digit; 0: it is none. */
static const unsigned char digit_plus_one[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool row_hexadecimal(struct row *row, uint64_t *number) {
  row_blanks(row);
  const char *at = row->at;
  uint64_t sum = 0;
  for (unsigned digit; at < row->end && (digit = digit_plus_one[(unsigned char)*at]); at++) {
    if (sum >> 60) return false;
    sum = sum << 4 | (digit - 1);
  }
  if (at == row->at) return false;
  row->at = at;
  *number = sum;
  return true;
}

bool row_address(struct row *row, uint64_t *address) {
  row_blanks(row);
  if (row->end - row->at < 3 || row->at[0] != '0' || row->at[1] != 'x' || !digit_plus_one[(unsigned char)row->at[2]])
    return false;
  struct row digits = {.at = row->at + 2, .end = row->end};
  if (!row_hexadecimal(&digits, address)) return false;
  row->at = digits.at;
  return true;
}

bool row_skip_word(struct row *row) {
  row_blanks(row);
  const char *start = row->at;
  while (row->at < row->end && *row->at != ' ' && *row->at != '\t') row->at++;
  return row->at > start;
}

bool row_starts_with(const char *line, size_t length, const char *start) {
  size_t start_length = strlen(start);
  return length >= start_length && memcmp(line, start, start_length) == 0;
}
