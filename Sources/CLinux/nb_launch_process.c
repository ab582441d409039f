/* The steps that set what a process is born with: session, signals, scheduling, descriptors. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "nb_file.h"
#include "nb_launch_internal.h"
#include "nb_syscall.h"

long nb_default_signals(void)
{
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } fresh;
    memset(&fresh, 0, sizeof fresh);
    for (long signal = 1; signal <= 64; signal++) {
        if (signal != SIGKILL && signal != SIGSTOP)
            NB_SYSCALL4(SYS_rt_sigaction, signal, &fresh, 0, sizeof fresh.mask);
    }
    uint64_t none = 0;
    return NB_SYSCALL4(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
}

/* prctl alone would miss a parent that has just died; its end of the socket is closed then. */
static long nb_parent_death(struct nb_launch *launch)
{
    long result = NB_SYSCALL5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (result < 0) return result;
    char unread;
    result = NB_SYSCALL(SYS_recvfrom, launch->sync_child, &unread, 1, MSG_PEEK | MSG_DONTWAIT, 0, 0);
    if (result == 0) return nb_fail(launch, NB_DETAIL_PARENT_GONE, -ECANCELED);
    return 0;
}

static long nb_session_keyring(void)
{
    long result = NB_SYSCALL2(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
    /* No keyrings in this kernel, or none left for this user: then there is none of the host's to see either. */
    return result == -ENOSYS || result == -EDQUOT ? 0 : result;
}

static long nb_descriptor(const struct nb_step *step)
{
    if ((uint64_t)step->fd != step->value) return NB_SYSCALL3(SYS_dup3, step->fd, step->value, 0);
    return NB_SYSCALL3(SYS_fcntl, step->fd, F_SETFD, 0);
}

/* The container's own, so that its path means something inside; its /dev may be anything by now, so it is verified. */
static long nb_null_device(struct nb_launch *launch, const struct nb_step *step)
{
    enum { NB_NULL_DEVICE = 0x103 };
    int own = nb_open_in_root(launch->root, "dev/null", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    struct stat status;
    long result = own < 0 ? own : NB_SYSCALL4(SYS_newfstatat, own, "", &status, AT_EMPTY_PATH);
    if (result >= 0 && (!S_ISCHR(status.st_mode) || status.st_rdev != NB_NULL_DEVICE)) result = -EINVAL;
    if (result >= 0) result = NB_SYSCALL3(SYS_fcntl, own, F_SETFL, 0);
    if (result >= 0) result = NB_SYSCALL3(SYS_dup3, own, step->value, 0);
    if (own >= 0) NB_SYSCALL1(SYS_close, own);
    return result < 0 ? nb_descriptor(step) : result;
}

static long nb_memory_policy(const struct nb_step *step)
{
    /* The kernel takes the number of bits, plus one. */
    unsigned long bits = step->mode * 8 * sizeof(unsigned long) + 1;
    return NB_SYSCALL3(SYS_set_mempolicy, step->value, step->mode == 0 ? 0 : step->data, step->mode == 0 ? 0 : bits);
}

long nb_step_process(struct nb_launch *launch, const struct nb_step *step)
{
    enum { NB_IOPRIO_WHO_PROCESS = 1 };
    switch (step->kind) {
    case NB_STEP_DESCRIPTOR: return nb_descriptor(step);
    case NB_STEP_NULL_DEVICE: return nb_null_device(launch, step);
    case NB_STEP_WRITE: return NB_SYSCALL3(SYS_write, step->fd, step->source, strlen(step->source));
    case NB_STEP_BARRIER: return nb_ask(launch, 'B');
    case NB_STEP_SESSION: {
        long result = NB_SYSCALL0(SYS_setsid);
        return result == -EPERM ? 0 : result; /* leads one already */
    }
    case NB_STEP_SESSION_KEYRING: return nb_session_keyring();
    case NB_STEP_UMASK: return NB_SYSCALL1(SYS_umask, step->value);
    case NB_STEP_PARENT_DEATH: return nb_parent_death(launch);
    case NB_STEP_DEFAULT_SIGNALS: return nb_default_signals();
    case NB_STEP_IO_PRIORITY: return NB_SYSCALL3(SYS_ioprio_set, NB_IOPRIO_WHO_PROCESS, 0, step->value);
    case NB_STEP_PERSONALITY: return NB_SYSCALL1(SYS_personality, step->value);
    case NB_STEP_MEMORY_POLICY: return nb_memory_policy(step);
    case NB_STEP_CLOSE_FROM: return nb_close_on_exec_from((unsigned int)step->value);
    default: return NB_NOT_MINE;
    }
}
