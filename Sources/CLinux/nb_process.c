#define _GNU_SOURCE
#include "nb_process.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nb_syscall.h"

int nb_pidfd_open(pid_t pid) { return (int)NB_SYSCALL2(SYS_pidfd_open, pid, 0); }

int nb_pidfd_send_signal(int pidfd, int signal)
{
    return (int)NB_SYSCALL4(SYS_pidfd_send_signal, pidfd, signal, 0, 0);
}

int nb_set_not_dumpable(void) { return (int)NB_SYSCALL5(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); }

int nb_set_name(const char *name) { return (int)NB_SYSCALL2(SYS_prctl, PR_SET_NAME, name); }

int nb_set_limit(pid_t pid, int resource, uint64_t soft, uint64_t hard)
{
    struct {
        uint64_t soft, hard;
    } limit = {soft, hard};
    return (int)NB_SYSCALL4(SYS_prlimit64, pid, resource, &limit, 0);
}

int nb_set_schedule(pid_t pid, const struct nb_schedule *schedule)
{
    /* struct sched_attr as of Linux 3.14; linux/sched/types.h clashes with the C library's headers. */
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {48, schedule->policy, schedule->flags, schedule->nice, schedule->priority,
                    schedule->runtime, schedule->deadline, schedule->period};
    return (int)NB_SYSCALL3(SYS_sched_setattr, pid, &attributes, 0);
}

int nb_set_affinity(pid_t pid, const void *set, size_t size)
{
    return (int)NB_SYSCALL3(SYS_sched_setaffinity, pid, size, set);
}

int nb_enter_namespace(int namespace, int kind) { return (int)NB_SYSCALL2(SYS_setns, namespace, kind); }

int nb_receive_packet(int socket, void *buffer, size_t size, int *descriptor)
{
    struct iovec data = {.iov_base = buffer, .iov_len = size};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr header = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *descriptor = -1;
    long length;
    do length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    if (length < 0) return -errno;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    if (rights != NULL && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
        rights->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(rights), sizeof *descriptor);
    if ((header.msg_flags & MSG_TRUNC) == 0) return (int)length;
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
    return -EMSGSIZE;
}

int nb_receive_descriptor(int socket, char *message, int *descriptor)
{
    return nb_receive_packet(socket, message, 1, descriptor);
}

int nb_pass_descriptor(int socket, const char *name, int descriptor)
{
    struct iovec data = {.iov_base = (void *)(uintptr_t)name, .iov_len = strlen(name)};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr header = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
    long length;
    do length = NB_SYSCALL3(SYS_sendmsg, socket, &header, MSG_NOSIGNAL);
    while (length == -EINTR);
    return (int)length;
}

int nb_take_descriptor(int pidfd, int number) { return (int)NB_SYSCALL3(SYS_pidfd_getfd, pidfd, number, 0); }

int nb_execute_descriptor(int program, char *const *arguments, char *const *environment)
{
    return (int)NB_SYSCALL5(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
}

int nb_accept_from_user(int listener, uid_t uid)
{
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) return -errno;
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == uid) return connection;
    close(connection);
    return -EPERM;
}

static sigset_t nb_signal_set(uint64_t signals)
{
    sigset_t set;
    sigemptyset(&set);
    for (int signal = 1; signal < 64; signal++)
        if (signals >> (signal - 1) & 1) sigaddset(&set, signal);
    return set;
}

int nb_block_signals(uint64_t signals)
{
    sigset_t set = nb_signal_set(signals);
    return sigprocmask(SIG_BLOCK, &set, NULL) != 0 ? -errno : 0;
}

int nb_signal_descriptor(uint64_t signals)
{
    int result = nb_block_signals(signals);
    if (result < 0) return result;
    sigset_t set = nb_signal_set(signals);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int nb_read_signal(int descriptor)
{
    struct signalfd_siginfo information;
    long length = NB_SYSCALL3(SYS_read, descriptor, &information, sizeof information);
    return length < 0 ? (int)length : (int)information.ssi_signo;
}

void nb_release_memory(void)
{
    enum { NB_PAGE = 4096, NB_KEPT = NB_PAGE, NB_RELEASED = 512 * 1024 };
    malloc_trim(0);
    /* ENOMEM for the part that was never mapped; the rest is released. The red zone and this call's frame are kept. */
    uintptr_t top = ((uintptr_t)__builtin_frame_address(0) - NB_KEPT) & ~(uintptr_t)(NB_PAGE - 1);
    NB_SYSCALL3(SYS_madvise, top - NB_RELEASED, NB_RELEASED, MADV_DONTNEED);
}
