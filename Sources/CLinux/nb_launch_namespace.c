/* The steps that enter and make namespaces. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "nb_clone.h"
#include "nb_launch_internal.h"
#include "nb_netdevice.h"
#include "nb_syscall.h"

struct nb_second {
    struct nb_launch *launch;
    size_t next;
};

static int nb_second_child(void *argument)
{
    struct nb_second *second = argument;
    nb_run_steps(second->launch, second->next);
    return 1;
}

/* A joined PID namespace counts for children only. The second child has the same parent as the first (CLONE_PARENT), so
 * the parent can wait for it. */
static long nb_fork(struct nb_launch *launch, const struct nb_step *step)
{
    /* Lives on the first child's stack, which the parent frees only when the second child has executed or ended. */
    struct nb_second second = {launch, (size_t)(step - launch->steps) + 1};
    uint64_t memory = step->mode & NB_OWN_MEMORY ? 0 : CLONE_VM;
    struct clone_args arguments = {
        .flags = memory | CLONE_FILES | CLONE_PARENT | CLONE_PARENT_SETTID | step->flags,
        .parent_tid = (uint64_t)(uintptr_t)&launch->outcome.pid,
    };
    return nb_clone(&arguments, launch->second_stack, nb_second_child, &second);
}

static long nb_own_descriptors(struct nb_launch *launch)
{
    long result = NB_SYSCALL1(SYS_unshare, CLONE_FILES);
    if (result < 0) return result;
    NB_SYSCALL1(SYS_close, launch->sync_parent);
    return nb_say(launch, 'F');
}

long nb_step_namespace(struct nb_launch *launch, const struct nb_step *step)
{
    switch (step->kind) {
    case NB_STEP_OWN_DESCRIPTORS: return nb_own_descriptors(launch);
    case NB_STEP_JOIN_NAMESPACES: return NB_SYSCALL2(SYS_setns, step->fd, step->flags);
    case NB_STEP_UNSHARE: return NB_SYSCALL1(SYS_unshare, step->flags);
    case NB_STEP_FORK: return nb_fork(launch, step);
    case NB_STEP_HOSTNAME: return NB_SYSCALL2(SYS_sethostname, step->source, strlen(step->source));
    case NB_STEP_DOMAINNAME: return NB_SYSCALL2(SYS_setdomainname, step->source, strlen(step->source));
    case NB_STEP_LOOPBACK_UP: return nb_loopback_up();
    default: return NB_NOT_MINE;
    }
}
