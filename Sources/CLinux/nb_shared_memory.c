/* The shared memory of a container whose IPC namespace another one joins. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/vfs.h>

#include "nb_clone.h"
#include "nb_mount.h"
#include "nb_syscall.h"

struct nb_shared_memory {
    int mount_namespace;
    int result;
};

/* In the helper, which enters the other container's mount namespace: there a mount can only be cloned by who is in its
 * namespace. The other container may have put anything in the place of its /dev/shm. */
static int nb_shared_memory_helper(void *argument)
{
    struct nb_shared_memory *memory = argument;
    long result = NB_SYSCALL2(SYS_setns, memory->mount_namespace, CLONE_NEWNS);
    if (result >= 0) {
        struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                               .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
        result = NB_SYSCALL4(SYS_openat2, AT_FDCWD, "/dev/shm", &how, sizeof how);
    }
    if (result >= 0) {
        int folder = (int)result;
        struct statfs status;
        result = NB_SYSCALL2(SYS_fstatfs, folder, &status);
        if (result >= 0) result = status.f_type == TMPFS_MAGIC ? nb_clone_tree(folder, "", 0) : -EMEDIUMTYPE;
        NB_SYSCALL1(SYS_close, folder);
    }
    memory->result = (int)result;
    return 0;
}

int nb_clone_shared_memory(int mount_namespace)
{
    struct nb_shared_memory memory = {mount_namespace, -EIO};
    int result = nb_run_helper(0, nb_shared_memory_helper, &memory);
    return result < 0 ? result : memory.result;
}
