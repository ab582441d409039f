/* The root mount of another mount namespace without what is mounted in it. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>

#include "nb_clone.h"
#include "nb_mount.h"
#include "nb_syscall.h"

struct nb_bare_root {
    int mount_namespace;
    int root;
    int result;
};

/* In the helper: a mount can only be cloned by who is in its namespace. No path is looked up there. */
static int nb_bare_root_helper(void *argument)
{
    struct nb_bare_root *bare = argument;
    long result = NB_SYSCALL2(SYS_setns, bare->mount_namespace, CLONE_NEWNS);
    bare->result = result < 0 ? (int)result : nb_clone_tree(bare->root, "", 0);
    return 0;
}

int nb_clone_bare_root(int mount_namespace, int root)
{
    struct nb_bare_root bare = {mount_namespace, root, -EIO};
    int result = nb_run_helper(0, nb_bare_root_helper, &bare);
    return result < 0 ? result : bare.result;
}
