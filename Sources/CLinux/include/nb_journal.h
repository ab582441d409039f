/* The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL). Every function returns a value >= 0, or -errno. */
#ifndef NB_JOURNAL_H
#define NB_JOURNAL_H

#include <stddef.h>

/* A datagram socket that is connected to the one at `path`; close-on-exec. */
int nb_journal_open(const char *path);

/* Sends an entry and never waits: -EAGAIN when the journal does not keep up. One that is too long for a datagram goes as a
 * sealed file in memory. */
int nb_journal_send(int socket, const void *entry, size_t count);

#endif
