#define _GNU_SOURCE
#include "nb_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "nb_clone.h"
#include "nb_file.h"
#include "nb_launch_internal.h"
#include "nb_mount.h"
#include "nb_syscall.h"

static void nb_close_all(struct nb_stage *stage)
{
    int *numbers[] = {&stage->opened[0], &stage->opened[1], &stage->mount_namespace};
    for (int index = 0; index < 3; index++) {
        if (*numbers[index] >= 0) NB_SYSCALL1(SYS_close, *numbers[index]);
        *numbers[index] = -1;
    }
}

static int nb_open_folder(const char *path)
{
    return (int)NB_SYSCALL4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

/* In the helper, whose descriptors are the caller's, too. */
static int nb_stage_helper(void *argument)
{
    struct nb_stage *stage = argument;
    /* Slaves: a mount of the host's that is bound into a container as a slave has to stay one. */
    long result = NB_SYSCALL5(SYS_mount, 0, "/", 0, MS_REC | MS_SLAVE, 0);
    if (result >= 0) result = nb_attach(stage->root, AT_FDCWD, stage->place);
    /* Both may be one folder: the second is what it is on the host. */
    for (int index = 1; index >= 0 && result >= 0; index--) {
        if (stage->folders[index] == NULL) continue;
        if (index == 0 && stage->first_mount >= 0)
            result = nb_attach(stage->first_mount, AT_FDCWD, stage->folders[index]);
        if (result >= 0) result = stage->opened[index] = nb_open_folder(stage->folders[index]);
    }
    if (result >= 0)
        result = stage->mount_namespace =
            (int)NB_SYSCALL4(SYS_openat, AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC, 0);
    stage->result = (int)result;
    if (result < 0) nb_close_all(stage);
    return 0;
}

int nb_stage_make(struct nb_stage *stage)
{
    stage->opened[0] = stage->opened[1] = stage->mount_namespace = -1;
    stage->result = -ECHILD;
    int result = nb_run_helper(CLONE_NEWNS, nb_stage_helper, stage);
    if (result < 0) return result;
    return stage->result < 0 ? stage->result : 0;
}

struct nb_spawn_child {
    const struct nb_spawn *spawn;
    long error;
};

static int nb_spawn_main(void *argument)
{
    struct nb_spawn_child *child = argument;
    const struct nb_spawn *spawn = child->spawn;
    long result = 0;
    if (spawn->mount_namespace >= 0) result = NB_SYSCALL2(SYS_setns, spawn->mount_namespace, CLONE_NEWNS);
    for (int target = 0; target < spawn->descriptor_count && result >= 0; target++)
        result = NB_SYSCALL3(SYS_dup3, spawn->descriptors[target], target, 0);
    unsigned int first = spawn->descriptor_count == 0 ? 3 : (unsigned int)spawn->descriptor_count;
    if (result >= 0) result = nb_close_on_exec_from(first);
    for (int index = 0; index < spawn->kept_count && result >= 0; index++)
        result = NB_SYSCALL3(SYS_fcntl, spawn->kept[index], F_SETFD, 0);
    /* Lets signals through, so not before all else is done. */
    nb_default_signals();
    if (result >= 0) result = NB_SYSCALL3(SYS_execve, spawn->path, spawn->arguments, spawn->environment);
    child->error = result;
    return 127;
}

long nb_spawn(const struct nb_spawn *spawn, void *stack)
{
    struct nb_spawn_child child = {spawn, 0};
    struct clone_args arguments = {.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD};
    if (spawn->cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)spawn->cgroup;
    }
    /* A handler of the caller's that ran in the child would work on the caller's memory. */
    uint64_t all = ~0ULL, before = 0;
    NB_SYSCALL4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    long pid = nb_clone(&arguments, stack, nb_spawn_main, &child);
    if (pid < 0 && spawn->cgroup >= 0) {
        arguments.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
        pid = nb_clone(&arguments, stack, nb_spawn_main, &child);
    }
    NB_SYSCALL4(SYS_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
    if (pid < 0 || child.error == 0) return pid;
    int status = 0;
    while (NB_SYSCALL4(SYS_wait4, pid, &status, 0, 0) == -EINTR) continue;
    return child.error;
}
