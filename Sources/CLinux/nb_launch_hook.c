/* Runs a hook: by the parent on the host, or as a step of the child in the container's namespaces. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "nb_clone.h"
#include "nb_file.h"
#include "nb_launch_internal.h"
#include "nb_number.h"
#include "nb_process.h"
#include "nb_syscall.h"

struct nb_hook_child {
    const struct nb_hook *hook;
    int input;
    long error;
};

/* In a container without a /dev of its own it is the image's: a FIFO that nobody reads, or a link to somewhere. */
static long nb_open_null_device(void)
{
    enum { NB_NULL_DEVICE = 0x103 };
    long null = NB_SYSCALL4(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC, 0);
    struct stat status;
    if (null < 0) return null;
    long result = NB_SYSCALL4(SYS_newfstatat, null, "", &status, AT_EMPTY_PATH);
    if (result >= 0 && S_ISCHR(status.st_mode) && status.st_rdev == NB_NULL_DEVICE) return null;
    NB_SYSCALL1(SYS_close, null);
    return -EINVAL;
}

static int nb_hook_main(void *argument)
{
    struct nb_hook_child *child = argument;
    nb_default_signals();
    long result = NB_SYSCALL3(SYS_dup3, child->input, 0, 0);
    /* Its output must not be taken for the container's, which 1 and 2 are. Without a null device it has none. */
    long output = child->hook->output;
    if (output < 0) output = nb_open_null_device();
    if (output < 0) output = nb_memory_file("output");
    for (int target = 1; target <= 2; target++) {
        if (output >= 0) NB_SYSCALL3(SYS_dup3, output, target, 0);
        else NB_SYSCALL1(SYS_close, target);
    }
    if (result >= 0) result = nb_close_on_exec_from(3);
    if (result >= 0)
        result = NB_SYSCALL3(SYS_execve, child->hook->path, child->hook->arguments, child->hook->environment);
    child->error = result;
    return 127;
}

static int64_t nb_now(void)
{
    struct timespec now;
    NB_SYSCALL2(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until `descriptor` is ready for `events` or `pidfd` tells of the hook's end: 1, 0 for the end, or -errno. */
static long nb_hook_wait(int descriptor, short events, int pidfd, int64_t deadline)
{
    for (;;) {
        struct pollfd ends[] = {{.fd = pidfd, .events = POLLIN}, {.fd = descriptor, .events = events}};
        int64_t left = deadline < 0 ? 0 : deadline - nb_now();
        if (left < 0) return -ETIMEDOUT;
        struct timespec time = {left / 1000, left % 1000 * 1000000};
        long count = NB_SYSCALL5(SYS_ppoll, ends, 2, deadline < 0 ? NULL : &time, NULL, 0);
        if (count == -EINTR) continue;
        if (count < 0) return count;
        if (count == 0) return -ETIMEDOUT;
        return ends[0].revents != 0 ? 0 : 1;
    }
}

/* All signals are blocked in this process; the one of the refused write must not be there when they are not any more. */
static long nb_take_pipe_signal(void)
{
    uint64_t signals = 1ULL << (SIGPIPE - 1);
    struct timespec now = {0, 0};
    NB_SYSCALL4(SYS_rt_sigtimedwait, &signals, 0, &now, sizeof signals);
    return 0;
}

static long nb_hook_write(int pipe, const char *text, int pidfd, int64_t deadline)
{
    size_t length = strlen(text);
    while (length > 0) {
        long ready = nb_hook_wait(pipe, POLLOUT, pidfd, deadline);
        if (ready <= 0) return ready;
        long count = NB_SYSCALL3(SYS_write, pipe, text, length);
        /* Who does not read is not forced to. */
        if (count == -EPIPE) return nb_take_pipe_signal();
        if (count == -EAGAIN || count == -EINTR) continue;
        if (count < 0) return count;
        text += count;
        length -= (size_t)count;
    }
    return 0;
}

static long nb_hook_serve(const struct nb_hook *hook, int pipe, int pidfd)
{
    int64_t deadline = hook->timeout < 0 ? -1 : nb_now() + hook->timeout;
    char pid[24];
    nb_put_number(pid, (unsigned long)(hook->pid >= 0 ? hook->pid : NB_SYSCALL0(SYS_getpid)));
    const char *parts[] = {hook->state_head, pid, hook->state_tail};
    long result = 0;
    for (int index = 0; index < 3 && result >= 0; index++) result = nb_hook_write(pipe, parts[index], pidfd, deadline);
    NB_SYSCALL1(SYS_close, pipe);
    if (result >= 0) result = nb_hook_wait(-1, 0, pidfd, deadline);
    return result;
}

long nb_hook_run(const struct nb_hook *hook, void *stack, int *detail)
{
    int ends[2], pidfd = -1;
    long result = NB_SYSCALL2(SYS_pipe2, ends, O_CLOEXEC);
    if (result < 0) return result;
    NB_SYSCALL3(SYS_fcntl, ends[1], F_SETFL, O_NONBLOCK);
    struct nb_hook_child child = {hook, ends[0], 0};
    struct clone_args arguments = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD, .exit_signal = SIGCHLD, .pidfd = (uint64_t)(uintptr_t)&pidfd};
    long pid = nb_clone(&arguments, stack, nb_hook_main, &child);
    NB_SYSCALL1(SYS_close, ends[0]);
    if (pid < 0) {
        NB_SYSCALL1(SYS_close, ends[1]);
        return pid;
    }
    result = nb_hook_serve(hook, ends[1], pidfd);
    if (result < 0) nb_pidfd_send_signal(pidfd, SIGKILL);
    int status = 0;
    while (NB_SYSCALL4(SYS_wait4, pid, &status, __WALL, 0) == -EINTR) continue;
    NB_SYSCALL1(SYS_close, pidfd);
    if (result == -ETIMEDOUT) *detail = NB_DETAIL_HOOK_TIME;
    if (result < 0) return result;
    if (child.error < 0) return child.error;
    if (status != 0) *detail = NB_DETAIL_HOOK_STATUS;
    return -status;
}

long nb_step_hook(struct nb_launch *launch, const struct nb_step *step)
{
    if (step->kind != NB_STEP_HOOK) return NB_NOT_MINE;
    int detail = NB_DETAIL_NONE;
    long result = nb_hook_run(step->data, launch->hook_stack, &detail);
    return nb_fail(launch, detail, result);
}
