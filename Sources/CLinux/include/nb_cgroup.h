/* Files of a cgroup folder: one open, one transfer, one close.
 * Every function returns a value >= 0, or -errno. */
#ifndef NB_CGROUP_H
#define NB_CGROUP_H

#include <stddef.h>

/* Writes the whole value with a single write(2), as the kernel's cgroup files want it. */
int nb_cgroup_write(int directory, const char *file, const char *value, size_t length);

/* Reads from the start, at most `capacity` bytes, and returns how many. */
long nb_cgroup_read(int directory, const char *file, char *buffer, size_t capacity);

/* Waits until the open cgroup.events file reports a change: 1, or 0 after `milliseconds`. The state before the call
 * is the one that was last read through this descriptor, so nothing is missed between read and wait. */
int nb_cgroup_wait(int events, int milliseconds);

#endif
