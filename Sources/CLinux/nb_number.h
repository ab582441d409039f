#ifndef NB_NUMBER_H
#define NB_NUMBER_H

#include <stddef.h>

/* Writes `value` in decimal at `text` and returns the end. */
static inline char *nb_put_number(char *text, unsigned long value)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0) *text++ = digits[--count];
    *text = 0;
    return text;
}

#endif
