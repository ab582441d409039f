/* The loop that carries out the steps in the child, and the start of that child. */
#define _GNU_SOURCE
#include "nb_launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "nb_clone.h"
#include "nb_launch_internal.h"
#include "nb_process.h"
#include "nb_syscall.h"

long nb_say(struct nb_launch *launch, char message)
{
    long result;
    do result = NB_SYSCALL(SYS_sendto, launch->sync_child, &message, 1, MSG_NOSIGNAL, 0, 0);
    while (result == -EINTR);
    return result < 0 ? nb_fail(launch, NB_DETAIL_PARENT_GONE, result) : 0;
}

long nb_ask(struct nb_launch *launch, char message)
{
    long result = nb_say(launch, message);
    if (result < 0) return result;
    /* A parent that died before this child asked for PR_SET_PDEATHSIG is only heard of by its pidfd. */
    struct pollfd ends[] = {{.fd = launch->sync_child, .events = POLLIN}, {.fd = launch->parent, .events = POLLIN}};
    do result = NB_SYSCALL5(SYS_ppoll, ends, 2, NULL, NULL, 0);
    while (result == -EINTR);
    if (ends[0].revents == 0 && ends[1].revents != 0) return nb_fail(launch, NB_DETAIL_PARENT_GONE, -ECANCELED);
    char answer;
    do result = NB_SYSCALL3(SYS_read, launch->sync_child, &answer, 1);
    while (result == -EINTR);
    if (result == 1) return 0;
    return nb_fail(launch, NB_DETAIL_PARENT_GONE, result < 0 ? result : -ECANCELED);
}

long nb_send_descriptor(struct nb_launch *launch, char message, int descriptor)
{
    char text[] = {message, 0};
    return nb_fail(launch, NB_DETAIL_PARENT_GONE, nb_pass_descriptor(launch->sync_child, text, descriptor));
}

static long nb_carry_out(struct nb_launch *launch, const struct nb_step *step)
{
    static long (*const subjects[])(struct nb_launch *, const struct nb_step *) = {
        nb_step_mount,   nb_step_namespace, nb_step_identity, nb_step_process,
        nb_step_terminal, nb_step_start,    nb_step_hook};
    for (size_t index = 0; index < sizeof subjects / sizeof subjects[0]; index++) {
        long result = subjects[index](launch, step);
        if (result != NB_NOT_MINE) return result;
    }
    return -ENOSYS;
}

/* As execvp(3): a missing candidate or a folder on the way is passed over, EACCES is remembered. */
static long nb_execute(struct nb_launch *launch)
{
    if (launch->executable >= 0)
        return NB_SYSCALL5(SYS_execveat, launch->executable, "", launch->arguments, launch->environment,
                           AT_EMPTY_PATH);
    long result = -ENOENT;
    for (char *const *candidate = launch->candidates; *candidate != NULL; candidate++) {
        long attempt = NB_SYSCALL3(SYS_execve, *candidate, launch->arguments, launch->environment);
        if (attempt != -ENOENT && attempt != -ENOTDIR) result = attempt;
        if (attempt != -ENOENT && attempt != -ENOTDIR && attempt != -EACCES) break;
    }
    return result;
}

void nb_run_steps(struct nb_launch *launch, size_t first)
{
    long result = 0;
    size_t index = first;
    while (index < launch->step_count && result >= 0) {
        const struct nb_step *step = &launch->steps[index++];
        if (step->kind == NB_STEP_FORK) {
            /* The steps after this one are the second child's. */
            result = nb_step_namespace(launch, step);
            if (result >= 0) NB_SYSCALL1(SYS_exit, 0);
        } else if (step->kind == NB_STEP_NEXT_LIST) {
            result = nb_ask(launch, 'R');
            if (result >= 0) index = 0;
        } else {
            result = nb_carry_out(launch, step);
        }
    }
    int failed = (int)index - 1;
    if (result >= 0) {
        failed = -1;
        result = nb_execute(launch);
    }
    launch->outcome.failed_step = failed;
    launch->outcome.error = (int32_t)-result;
    if (launch->failure >= 0)
        NB_SYSCALL3(SYS_write, launch->failure, &launch->outcome, sizeof launch->outcome);
    for (;;) {
        NB_SYSCALL1(SYS_exit_group, 1);
        /* A seccomp profile may deny even that. An illegal instruction ends the process, ignored and blocked or not. */
        __builtin_trap();
    }
}

static int nb_child(void *argument)
{
    /* While the descriptors are shared, the parent's end of the socket stays open in the child itself: its death would
     * go unnoticed, and everything that waits for the report with it. (nb_ask() notices a death before this call.) */
    NB_SYSCALL5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    nb_run_steps(argument, 0);
    return 1;
}

struct nb_launch *nb_launch_allocate(int shared)
{
    if (!shared) return calloc(1, sizeof(struct nb_launch));
    struct nb_launch *launch =
        mmap(NULL, sizeof *launch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (launch == MAP_FAILED) return NULL;
    launch->is_shared = 1;
    return launch;
}

void nb_launch_deallocate(struct nb_launch *launch)
{
    if (launch->is_shared) munmap(launch, sizeof *launch);
    else free(launch);
}

long nb_launch(struct nb_launch *launch)
{
    launch->stack = nb_stack_allocate();
    launch->second_stack = launch->hook_stack = NULL;
    launch->parent = launch->failure = launch->listener = -1;
    if (launch->stack == NULL) return -ENOMEM;
    if (launch->forks && (launch->second_stack = nb_stack_allocate()) == NULL) return -ENOMEM;
    launch->root = launch->mask_folder = launch->mask_file = launch->proc = launch->original_root = -1;
    launch->working_directory = -1;
    launch->parent = nb_pidfd_open((int)NB_SYSCALL1(SYS_getpid, 0));
    int pidfd = -1;
    struct clone_args arguments = {
        .flags = launch->clone_flags | CLONE_VM | CLONE_FILES | CLONE_PIDFD,
        .exit_signal = SIGCHLD,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
    };
    if (launch->cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)launch->cgroup;
    }
    /* A handler of the parent must not run on the child's stack. */
    uint64_t all = ~0ULL, before = 0;
    NB_SYSCALL4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    long pid = nb_clone(&arguments, launch->stack, nb_child, launch);
    NB_SYSCALL4(SYS_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
    launch->pidfd = pidfd;
    return pid;
}

long nb_launch_prepare_hooks(struct nb_launch *launch)
{
    if (launch->hook_stack == NULL) launch->hook_stack = nb_stack_allocate();
    return launch->hook_stack == NULL ? -ENOMEM : 0;
}

void nb_launch_free(struct nb_launch *launch)
{
    nb_stack_free(launch->stack);
    nb_stack_free(launch->second_stack);
    nb_stack_free(launch->hook_stack);
    launch->stack = launch->second_stack = launch->hook_stack = NULL;
    if (launch->parent >= 0) NB_SYSCALL1(SYS_close, launch->parent);
    launch->parent = -1;
}
