/* The caller's terminal, and ending as a signal would have it. Every function returns a value >= 0, or -errno. */
#ifndef NB_TERMINAL_H
#define NB_TERMINAL_H

#include <stdint.h>

/* Makes `signal` do what it does by default, and sends it to this process: it ends as if nothing had caught it. */
int nb_raise_by_default(int signal);

/* The size of the terminal `descriptor`. */
int nb_window_size(int descriptor, uint16_t *rows, uint16_t *columns);

#endif
