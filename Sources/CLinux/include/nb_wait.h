/*
 * Waiting for many descriptors at once, for programs that embed the engine; the runtime calls none of it. Every function
 * returns a value >= 0, or -errno.
 */
#ifndef NB_WAIT_H
#define NB_WAIT_H

#include <stdint.h>

enum nb_wait_limit { NB_WAIT_COUNT = 64 };

/* An epoll instance, close-on-exec. */
int nb_wait_open(void);

/* Listens from now on: whether `descriptor` can be written, or else read; reported under a number of the caller's. */
int nb_wait_add(int wait, int descriptor, int writable, uint64_t number);

/* No longer listens to `descriptor`. */
int nb_wait_remove(int wait, int descriptor);

/* Waits for events, and stores the numbers of at most NB_WAIT_COUNT of them. Returns how many; 0 when a signal came. */
int nb_wait_next(int wait, uint64_t *numbers);

/* A counter, close-on-exec: a write adds to it, a read waits until it is above 0 and takes 1 off. */
int nb_counter_open(void);

/* A timer, close-on-exec, that can be read when so much time is over; at least 1 nanosecond. */
int nb_timer_open(int64_t seconds, int64_t nanoseconds);

#endif
