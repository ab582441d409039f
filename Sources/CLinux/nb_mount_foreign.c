/* Changes mounts of another mount namespace: the kernel lets only who is in it do that. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>

#include "nb_clone.h"
#include "nb_mount.h"
#include "nb_syscall.h"

struct nb_foreign_work {
    int mount_namespace;
    const char *path;
    uint64_t set;
    long result;
};

static int nb_foreign_helper(void *argument)
{
    struct nb_foreign_work *work = argument;
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    long result = NB_SYSCALL2(SYS_setns, work->mount_namespace, CLONE_NEWNS);
    long target = result < 0 ? result : NB_SYSCALL4(SYS_openat2, AT_FDCWD, work->path, &how, sizeof how);
    result = target < 0 ? target : nb_set_attributes((int)target, work->set, 0, 0, -1, 0);
    /* Descriptors are the caller's, too. */
    if (target >= 0) NB_SYSCALL1(SYS_close, target);
    work->result = result;
    return 0;
}

int nb_set_attributes_in(int mount_namespace, const char *path, uint64_t set)
{
    struct nb_foreign_work work = {mount_namespace, path, set, -ECHILD};
    int result = nb_run_helper(0, nb_foreign_helper, &work);
    return result < 0 ? result : (int)work.result;
}
