/* Descriptors for a process that runs already: it gets them with the numbers that they have here, as if it had inherited
 * them. Every function returns a value >= 0, or -errno. */
#ifndef NB_HANDOVER_H
#define NB_HANDOVER_H

#include <stddef.h>

/* The most descriptors of one handover (SCM_MAX_FD of the kernel is 253). */
enum { NB_HANDOVER_MAX = 200 };

/* Sends `count` open descriptors over a SOCK_SEQPACKET socket, with a mark that says what they are. */
int nb_hand_over(int socket, int mark, const int *descriptors, size_t count);

/* Receives what was handed over: `numbers` gets the descriptors, open and close-on-exec, `mark` what came with them. The
 * socket gets out of their way: its number changes. Returns how many there are; 0: the other end is closed. */
int nb_take_over(int *socket, int *mark, int numbers[NB_HANDOVER_MAX]);

#endif
