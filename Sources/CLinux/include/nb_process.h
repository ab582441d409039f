/* Processes by descriptor (pidfd_open(2), pidfd_send_signal(2)) and what a process says about itself.
 * Every function returns a value >= 0, or -errno. */
#ifndef NB_PROCESS_H
#define NB_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int nb_pidfd_open(pid_t pid);
int nb_pidfd_send_signal(int pidfd, int signal);

/* prctl(PR_SET_DUMPABLE, 0): nobody but root reads this process's memory or /proc/PID/exe. */
int nb_set_not_dumpable(void);
/* The name that ps(1) shows, of at most 15 bytes. */
int nb_set_name(const char *name);

/* prlimit64(2): sets a limit of another process. Units as in setrlimit(2). */
int nb_set_limit(pid_t pid, int resource, uint64_t soft, uint64_t hard);

/* sched_setattr(2) and sched_setaffinity(2) of another process. `set` has `size` bytes, bit n is CPU n. */
struct nb_schedule {
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};
int nb_set_schedule(pid_t pid, const struct nb_schedule *schedule);
int nb_set_affinity(pid_t pid, const void *set, size_t size);

/* setns(2): moves the calling thread into a namespace. */
int nb_enter_namespace(int namespace, int kind);

/* Receives one byte, and a descriptor when one comes with it (-1 otherwise), from a SOCK_SEQPACKET socket. 0: the
 * other end is closed. */
int nb_receive_descriptor(int socket, char *message, int *descriptor);

/* As nb_receive_descriptor(), a packet of at most `size` bytes. Returns its length; -EMSGSIZE when it is longer. */
int nb_receive_packet(int socket, void *buffer, size_t size, int *descriptor);

/* Sends a descriptor, with a name of at least one byte, over a connected socket. */
int nb_pass_descriptor(int socket, const char *name, int descriptor);

/* pidfd_getfd(2): a copy of another process's descriptor, close-on-exec. */
int nb_take_descriptor(int pidfd, int number);

/* Gives memory back that the process used before and does not use now: free heap, and the stack below the caller. For a
 * process that has set something up and now only waits. */
void nb_release_memory(void);

/* execveat(2) of an open program. Returns only -errno. */
int nb_execute_descriptor(int program, char *const *arguments, char *const *environment);

/* Accepts a connection, non-blocking and close-on-exec, whose peer runs as `uid`; -EPERM for any other. */
int nb_accept_from_user(int listener, uid_t uid);

/* Blocks `signals` (a mask: bit n-1 is signal n). */
int nb_block_signals(uint64_t signals);

/* A signalfd for such a mask of signals, which are blocked from now on. */
int nb_signal_descriptor(uint64_t signals);
/* Reads one signal number; -EAGAIN when none is pending. */
int nb_read_signal(int descriptor);

#endif
