#define _GNU_SOURCE
#include "nb_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>

#include "nb_syscall.h"

int nb_fsopen(const char *type) { return (int)NB_SYSCALL2(SYS_fsopen, type, FSOPEN_CLOEXEC); }

int nb_fsconfig(int context, const char *name, const char *value)
{
    int command = value == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
    return (int)NB_SYSCALL5(SYS_fsconfig, context, command, name, value, 0);
}

int nb_fsconfig_descriptor(int context, const char *name, int value)
{
    return (int)NB_SYSCALL5(SYS_fsconfig, context, FSCONFIG_SET_FD, name, 0, value);
}

int nb_fsmount(int context, uint64_t attributes)
{
    long result = NB_SYSCALL5(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
    if (result < 0) return (int)result;
    return (int)NB_SYSCALL3(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
}

int nb_fscontext_message(int context, char *buffer, size_t size)
{
    long length = size == 0 ? 0 : NB_SYSCALL3(SYS_read, context, buffer, size - 1);
    if (length < 0) length = 0;
    if (size != 0) buffer[length] = 0;
    return (int)length;
}

int nb_clone_tree(int directory, const char *path, int recursive)
{
    unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW;
    if (recursive) flags |= AT_RECURSIVE;
    return (int)NB_SYSCALL3(SYS_open_tree, directory, path, flags);
}

int nb_attach(int mount, int target_directory, const char *target_path)
{
    unsigned int flags = MOVE_MOUNT_F_EMPTY_PATH | (*target_path == 0 ? MOVE_MOUNT_T_EMPTY_PATH : 0);
    return (int)NB_SYSCALL5(SYS_move_mount, mount, "", target_directory, target_path, flags);
}

int nb_set_attributes(int mount, uint64_t set, uint64_t clear, uint64_t propagation, int user_namespace, int recursive)
{
    struct mount_attr attributes = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
    if (user_namespace >= 0) {
        attributes.attr_set |= NB_MOUNT_ID_MAPPED;
        attributes.userns_fd = (uint64_t)user_namespace;
    }
    unsigned int flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    return (int)NB_SYSCALL5(SYS_mount_setattr, mount, "", flags, &attributes, sizeof attributes);
}
