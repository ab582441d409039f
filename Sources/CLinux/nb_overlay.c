/* Overlay mounts from descriptors, on kernels that take them and on those that want paths. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/vfs.h>

#include "nb_clone.h"
#include "nb_mount.h"
#include "nb_number.h"
#include "nb_syscall.h"

/* overlayfs: OVL_MAX_STACK. */
enum { NB_LAYERS_MAX = 500, NB_OPTIONS_SIZE = 4096 };

/* Layers may be file systems of their own: all files are to have the overlay's device number nevertheless, or tar, du and
 * rsync take them for another file system's, and an inode number that stays when a file is copied up. */
#define NB_INODES "on"

struct nb_overlay {
    const int *lower;
    size_t lower_count;
    int upper;
    int work;
    int is_volatile;
    uint64_t attributes;
    const char *staging;
    int result;
};

static char *nb_put_text(char *text, const char *value)
{
    while (*value != 0) *text++ = *value++;
    *text = 0;
    return text;
}

/* Linux 6.13 takes layers by descriptor, 6.15 also detached ones. */
static int nb_overlay_by_descriptor(const struct nb_overlay *overlay)
{
    int context = nb_fsopen("overlay");
    if (context < 0) return context;
    int result = nb_fsconfig(context, "xino", NB_INODES);
    for (size_t index = 0; index < overlay->lower_count && result >= 0; index++)
        result = nb_fsconfig_descriptor(context, "lowerdir+", overlay->lower[index]);
    if (result >= 0 && overlay->upper >= 0) {
        result = nb_fsconfig_descriptor(context, "upperdir", overlay->upper);
        if (result >= 0) result = nb_fsconfig_descriptor(context, "workdir", overlay->work);
        if (result >= 0 && overlay->is_volatile) result = nb_fsconfig(context, "volatile", NULL);
    }
    if (result >= 0) result = nb_fsmount(context, overlay->attributes);
    NB_SYSCALL1(SYS_close, context);
    return result;
}

/* Makes `name` a symlink to the folder that the descriptor stands for. The descriptor's own mount belongs to the caller's
 * mount namespace; by its path the helper finds its copy of it. */
static long nb_link_descriptor(int descriptor, const char *name)
{
    char source[40], path[4096];
    nb_put_number(nb_put_text(source, "/proc/self/fd/"), (unsigned long)descriptor);
    long length = NB_SYSCALL4(SYS_readlinkat, AT_FDCWD, source, path, sizeof path - 1);
    if (length < 0) return length;
    path[length] = 0;
    return NB_SYSCALL3(SYS_symlinkat, path, AT_FDCWD, name);
}

/* A layer as staging/`name`: a detached mount is attached there, a plain folder is linked to. */
static long nb_place_layer(int layer, const char *name)
{
    long result = NB_SYSCALL3(SYS_mkdirat, AT_FDCWD, name, 0700);
    if (result < 0) return result;
    result = nb_attach(layer, AT_FDCWD, name);
    if (result >= 0) return result;
    NB_SYSCALL3(SYS_unlinkat, AT_FDCWD, name, AT_REMOVEDIR);
    return nb_link_descriptor(layer, name);
}

/* In the helper: its own mount namespace, shared memory and descriptors. Layers appear as staging/0, 1, … so that
 * mount(2)'s one page of options holds 500 of them. */
static int nb_overlay_helper(void *argument)
{
    struct nb_overlay *overlay = argument;
    char options[NB_OPTIONS_SIZE];
    long result = NB_SYSCALL5(SYS_mount, "", "/", 0, MS_REC | MS_SLAVE, 0);
    if (result >= 0) result = NB_SYSCALL5(SYS_mount, "nestbox", overlay->staging, "tmpfs", MS_NOSUID, "mode=700");
    if (result >= 0) result = NB_SYSCALL1(SYS_chdir, overlay->staging);
    char *end = nb_put_text(options, "xino=" NB_INODES ",lowerdir=");
    for (size_t index = 0; index < overlay->lower_count && result >= 0; index++) {
        char name[24];
        nb_put_number(name, index);
        if (index != 0) *end++ = ':';
        end = nb_put_text(end, name);
        result = nb_place_layer(overlay->lower[index], name);
    }
    if (result >= 0 && overlay->upper >= 0) {
        /* By symlinks: upper and work must lie in one mount. */
        end = nb_put_text(end, ",upperdir=upper,workdir=work");
        if (overlay->is_volatile) nb_put_text(end, ",volatile");
        result = nb_link_descriptor(overlay->upper, "upper");
        if (result >= 0) result = nb_link_descriptor(overlay->work, "work");
    }
    if (result >= 0) result = NB_SYSCALL3(SYS_mkdirat, AT_FDCWD, "merged", 0700);
    if (result >= 0) result = NB_SYSCALL5(SYS_mount, "overlay", "merged", "overlay", 0, options);
    if (result >= 0) result = nb_clone_tree(AT_FDCWD, "merged", 0);
    if (result >= 0 && overlay->attributes != 0) {
        int tree = (int)result;
        long set = nb_set_attributes(tree, overlay->attributes, 0, 0, -1, 0);
        if (set < 0) {
            NB_SYSCALL1(SYS_close, tree);
            result = set;
        }
    }
    overlay->result = (int)result;
    return 0;
}

static int nb_overlay_by_path(struct nb_overlay *overlay)
{
    overlay->result = -EIO;
    int result = nb_run_helper(CLONE_NEWNS, nb_overlay_helper, overlay);
    return result < 0 ? result : overlay->result;
}

int nb_mount_overlay(const int *lower, size_t lower_count, int upper, int work, int is_volatile, uint64_t attributes,
                     const char *staging)
{
    if (lower_count == 0 || lower_count > NB_LAYERS_MAX) return -EINVAL;
    struct nb_overlay overlay = {lower, lower_count, upper, work, is_volatile, attributes, staging, 0};
    int result = nb_overlay_by_descriptor(&overlay);
    /* EOPNOTSUPP: Linux 6.1, options of the old kind; EBADF: 6.12, a path is expected; EINVAL: no detached layers. */
    if (result == -EINVAL || result == -EOPNOTSUPP || result == -EBADF) result = nb_overlay_by_path(&overlay);
    return result;
}

int nb_is_on_read_only_overlay(int descriptor)
{
    struct statfs status;
    long result = NB_SYSCALL2(SYS_fstatfs, descriptor, &status);
    if (result < 0) return (int)result;
    return status.f_type == OVERLAYFS_SUPER_MAGIC && (status.f_flags & ST_RDONLY) != 0;
}
