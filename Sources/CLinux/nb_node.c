/* Device nodes for containers with a user namespace of their own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "nb_clone.h"
#include "nb_mount.h"
#include "nb_syscall.h"

struct nb_node {
    uint32_t mode;
    uint64_t device;
    uint32_t uid;
    uint32_t gid;
    const char *staging;
    int result;
};

/* In the helper: its own mount namespace and umask, shared memory and descriptors. The node lies in a file system of the
 * host's user namespace, as devices in one of the container's never work. */
static int nb_node_helper(void *argument)
{
    struct nb_node *node = argument;
    NB_SYSCALL1(SYS_umask, 0);
    long result = NB_SYSCALL5(SYS_mount, "", "/", 0, MS_REC | MS_SLAVE, 0);
    if (result >= 0)
        result = NB_SYSCALL5(SYS_mount, "nestbox", node->staging, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=700,nr_inodes=2");
    if (result >= 0) result = NB_SYSCALL1(SYS_chdir, node->staging);
    if (result >= 0) result = NB_SYSCALL4(SYS_mknodat, AT_FDCWD, "node", node->mode, node->device);
    if (result >= 0) result = NB_SYSCALL5(SYS_fchownat, AT_FDCWD, "node", node->uid, node->gid, AT_SYMLINK_NOFOLLOW);
    if (result >= 0) result = nb_clone_tree(AT_FDCWD, "node", 0);
    node->result = (int)result;
    return 0;
}

int nb_make_node(uint32_t mode, uint64_t device, uint32_t uid, uint32_t gid, const char *staging)
{
    struct nb_node node = {mode, device, uid, gid, staging, -EIO};
    int result = nb_run_helper(CLONE_NEWNS, nb_node_helper, &node);
    return result < 0 ? result : node.result;
}
