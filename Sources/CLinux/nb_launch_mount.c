/* The steps that make a container's file system. Targets are resolved in the new root, by descriptor, once. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/vfs.h>

#include "nb_file.h"
#include "nb_launch_internal.h"
#include "nb_mount.h"
#include "nb_syscall.h"

static void nb_close(int descriptor)
{
    if (descriptor >= 0) NB_SYSCALL1(SYS_close, descriptor);
}

static long nb_status(int descriptor, struct stat *status)
{
    /* newfstatat fills the C library's struct stat on both architectures. */
    return NB_SYSCALL4(SYS_newfstatat, descriptor, "", status, AT_EMPTY_PATH);
}

/* Every component of a "plain" target must be a folder, no symlink: /proc, /sys and /dev of the image may not lead
 * elsewhere (CVE-2019-16884, CVE-2023-27561, CVE-2026-41579). */
static int nb_open_plain_directory(int root, const char *path, mode_t mode)
{
    while (*path == '/') path++;
    int current = nb_open_in_root(root, ".", O_PATH | O_DIRECTORY, 0);
    while (current >= 0 && *path != 0) {
        char name[256];
        size_t length = strcspn(path, "/");
        if (length >= sizeof name) {
            nb_close(current);
            return -ENAMETOOLONG;
        }
        memcpy(name, path, length);
        name[length] = 0;
        int next = -EINVAL;
        if (strcmp(name, "..") != 0) {
            long made = NB_SYSCALL3(SYS_mkdirat, current, name, mode);
            next = made < 0 && made != -EEXIST && made != -EROFS
                       ? (int)made
                       : (int)NB_SYSCALL4(SYS_openat, current, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
        }
        nb_close(current);
        current = next;
        path += length;
        while (*path == '/') path++;
    }
    return current;
}

/* The place where a mount goes, made when it is missing. */
static long nb_open_target(struct nb_launch *launch, const struct nb_step *step)
{
    int target;
    if (step->mode & NB_TARGET_PLAIN_DIRECTORY)
        target = nb_open_plain_directory(launch->root, step->target, 0755);
    else if (step->mode & NB_TARGET_FILE) target = nb_make_file_in_root(launch->root, step->target, 0644, NB_LINKS_MAX);
    else target = nb_make_directories_in_root(launch->root, step->target, 0755, NB_LINKS_MAX);
    if (target == -ENOTDIR || target == -ELOOP) return nb_fail(launch, NB_DETAIL_NOT_A_DIRECTORY, target);
    if (target < 0) return nb_fail(launch, NB_DETAIL_MAKE_TARGET, target);
    /* Asked of the opened target, so that no symlink of the image hides it: a mount in procfs could redirect what the
     * runtime and the container's programs read and write there (CVE-2019-16884, CVE-2025-52881). */
    struct statfs kind;
    long result = NB_SYSCALL2(SYS_fstatfs, target, &kind);
    if (result >= 0 && kind.f_type == PROC_SUPER_MAGIC && (step->mode & NB_TARGET_IN_PROC) == 0)
        result = nb_fail(launch, NB_DETAIL_IN_PROC, -EPERM);
    if (result >= 0) return target;
    nb_close(target);
    return result;
}

static long nb_mount_at(struct nb_launch *launch, const struct nb_step *step, int mount)
{
    long target = nb_open_target(launch, step);
    if (target < 0) return target;
    long result = nb_attach(mount, (int)target, "");
    nb_close((int)target);
    return nb_fail(launch, NB_DETAIL_ATTACH, result);
}

static long nb_mount_new(struct nb_launch *launch, const struct nb_step *step)
{
    int context = nb_fsopen(step->source);
    if (context < 0) return nb_fail(launch, NB_DETAIL_FILE_SYSTEM, context);
    long result = 0;
    for (size_t index = 0; index < step->option_count && result >= 0; index++)
        result = nb_fail(launch, NB_DETAIL_OPTION,
                         nb_fsconfig(context, step->options[index].name, step->options[index].value));
    if (result >= 0) {
        int mount = nb_fsmount(context, step->flags);
        result = mount < 0 ? nb_fail(launch, NB_DETAIL_CREATE, mount) : nb_mount_at(launch, step, mount);
        int is_for_sysctls = result >= 0 && launch->proc < 0 && strcmp(step->source, "proc") == 0 &&
                             (step->flags & NB_MOUNT_READ_ONLY) == 0;
        if (is_for_sysctls) launch->proc = mount;
        else nb_close(mount);
    }
    if (result < 0) nb_fscontext_message(context, launch->message, sizeof launch->message);
    nb_close(context);
    return result;
}

static long nb_attach_root(struct nb_launch *launch, const struct nb_step *step)
{
    /* On top of "/": a place that exists, and that only this mount namespace sees. */
    long result = nb_attach(step->fd, AT_FDCWD, "/");
    if (result < 0) return nb_fail(launch, NB_DETAIL_ATTACH, result);
    launch->root = step->fd;
    return 0;
}

/* What lies at `target` of the root now; a value below 0 when it cannot be opened. */
static int nb_open_existing(struct nb_launch *launch, const struct nb_step *step)
{
    return nb_open_in_root(launch->root, step->target, O_PATH, 0);
}

static int nb_is_missing(int error) { return error == -ENOENT || error == -ENOTDIR; }

/* An empty read-only tmpfs over a folder; all masked folders share one. */
static long nb_mask_folder(struct nb_launch *launch, int target)
{
    int mount;
    if (launch->mask_folder >= 0) {
        mount = nb_clone_tree(launch->mask_folder, "", 0);
    } else {
        int context = nb_fsopen("tmpfs");
        if (context < 0) return nb_fail(launch, NB_DETAIL_FILE_SYSTEM, context);
        long option = nb_fsconfig(context, "nr_inodes", "2");
        if (option >= 0) option = nb_fsconfig(context, "mode", "0555");
        mount = option < 0 ? (int)option
                           : nb_fsmount(context, NB_MOUNT_READ_ONLY | NB_MOUNT_NO_SUID | NB_MOUNT_NO_DEVICES |
                                                     NB_MOUNT_NO_EXECUTE);
        nb_close(context);
    }
    if (mount < 0) return nb_fail(launch, NB_DETAIL_CREATE, mount);
    long result = nb_attach(mount, target, "");
    if (result >= 0 && launch->mask_folder < 0) launch->mask_folder = mount;
    else nb_close(mount);
    return nb_fail(launch, NB_DETAIL_ATTACH, result);
}

/* The null device, opened and verified on the host, over a file. */
static long nb_mask_file(struct nb_launch *launch, const struct nb_step *step, int target)
{
    int mount = step->fd;
    if (launch->mask_file >= 0) mount = nb_clone_tree(launch->mask_file, "", 0);
    if (mount < 0) return nb_fail(launch, NB_DETAIL_CLONE, mount);
    long result = nb_attach(mount, target, "");
    if (launch->mask_file < 0) launch->mask_file = mount;
    else nb_close(mount);
    return nb_fail(launch, NB_DETAIL_ATTACH, result);
}

static long nb_mask(struct nb_launch *launch, const struct nb_step *step)
{
    int target = nb_open_existing(launch, step);
    if (nb_is_missing(target)) return 0;
    if (target < 0) return nb_fail(launch, NB_DETAIL_OPEN_TARGET, target);
    struct stat status;
    long result = nb_status(target, &status);
    if (result >= 0)
        result = S_ISDIR(status.st_mode) ? nb_mask_folder(launch, target) : nb_mask_file(launch, step, target);
    nb_close(target);
    return result;
}

static long nb_read_only(struct nb_launch *launch, const struct nb_step *step)
{
    int target = nb_open_existing(launch, step);
    if (nb_is_missing(target)) return 0;
    if (target < 0) return nb_fail(launch, NB_DETAIL_OPEN_TARGET, target);
    int mount = nb_clone_tree(target, "", 1);
    long result = nb_fail(launch, NB_DETAIL_CLONE, mount);
    if (result >= 0)
        result = nb_fail(launch, NB_DETAIL_ATTRIBUTES, nb_set_attributes(mount, NB_MOUNT_READ_ONLY, 0, 0, -1, 1));
    if (result >= 0) result = nb_fail(launch, NB_DETAIL_ATTACH, nb_attach(mount, target, ""));
    nb_close(mount);
    nb_close(target);
    return result;
}

static long nb_change_mount(struct nb_launch *launch, const struct nb_step *step)
{
    int target = nb_open_existing(launch, step);
    if (target < 0) return nb_fail(launch, NB_DETAIL_OPEN_TARGET, target);
    int recursive = (step->mode & NB_RECURSIVE) != 0;
    long result = step->kind == NB_STEP_ATTRIBUTES
                      ? nb_set_attributes(target, step->flags, step->value, 0, -1, recursive)
                      : nb_set_attributes(target, 0, 0, step->flags, -1, recursive);
    nb_close(target);
    return nb_fail(launch, NB_DETAIL_ATTRIBUTES, result);
}

/* Splits `path` below the root into its opened parent and its last name. */
static int nb_open_parent(struct nb_launch *launch, const char *path, const char **name)
{
    char parent[4096];
    const char *slash = strrchr(path, '/');
    *name = slash == NULL ? path : slash + 1;
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (length >= sizeof parent) return -ENAMETOOLONG;
    memcpy(parent, path, length);
    parent[length] = 0;
    return nb_make_directories_in_root(launch->root, parent, 0755, NB_LINKS_MAX);
}

static long nb_symlink(struct nb_launch *launch, const struct nb_step *step)
{
    const char *name;
    int parent = nb_open_parent(launch, step->target, &name);
    if (parent < 0) return nb_fail(launch, NB_DETAIL_MAKE_TARGET, parent);
    long result = NB_SYSCALL3(SYS_symlinkat, step->source, parent, name);
    nb_close(parent);
    return result == -EEXIST ? 0 : result;
}

static long nb_device(struct nb_launch *launch, const struct nb_step *step)
{
    const char *name;
    int parent = nb_open_parent(launch, step->target, &name);
    if (parent < 0) return nb_fail(launch, NB_DETAIL_MAKE_TARGET, parent);
    /* The mode at once, and what else is done by descriptor: in a folder that another container has too, the name may be a
     * link to a file of the host's a moment later. */
    long mask = NB_SYSCALL1(SYS_umask, 0);
    long result = NB_SYSCALL4(SYS_mknodat, parent, name, step->mode, step->value);
    NB_SYSCALL1(SYS_umask, mask);
    /* One that is there already, and is the one: config-linux.md "Devices". */
    int existed = result == -EEXIST;
    if (existed && step->kind == NB_STEP_DEFAULT_DEVICE) {
        nb_close(parent);
        return 0;
    }
    if (existed) result = 0;
    int node = -1;
    struct stat status;
    if (result >= 0) result = node = (int)NB_SYSCALL4(SYS_openat, parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (result >= 0) result = nb_status(node, &status);
    int is_other = result >= 0 && ((status.st_mode & S_IFMT) != (step->mode & S_IFMT) ||
                                   (!S_ISFIFO(status.st_mode) && status.st_rdev != step->value));
    /* Another name of it may be somebody else's. */
    if (existed && result >= 0 && (is_other || status.st_nlink != 1)) result = -EEXIST;
    else if (is_other) result = -EXDEV;
    if (result >= 0)
        result = NB_SYSCALL5(SYS_fchownat, node, "", step->flags >> 32, step->flags & 0xffffffff, AT_EMPTY_PATH);
    nb_close(node);
    nb_close(parent);
    return result;
}

static long nb_pivot(struct nb_launch *launch)
{
    long result = NB_SYSCALL1(SYS_fchdir, launch->root);
    /* With "." twice the old root ends up on top of the new one and is taken off at once: pivot_root(2), NOTES. */
    if (result >= 0) result = NB_SYSCALL2(SYS_pivot_root, ".", ".");
    /* Its mounts were made private or slaves at the beginning: this unmounts nothing outside. */
    if (result >= 0) result = NB_SYSCALL2(SYS_umount2, ".", MNT_DETACH);
    if (result >= 0) result = NB_SYSCALL1(SYS_chdir, "/");
    return result;
}

static long nb_chroot(struct nb_launch *launch)
{
    long result = NB_SYSCALL1(SYS_fchdir, launch->root);
    if (result >= 0) result = NB_SYSCALL1(SYS_chroot, ".");
    if (result >= 0) result = NB_SYSCALL1(SYS_chdir, "/");
    return result;
}

/* A procfs of our own; the container's, when it has just been mounted, is one. It is never entered by its path. */
static long nb_open_proc(struct nb_launch *launch)
{
    if (launch->proc >= 0) return 0;
    int context = nb_fsopen("proc");
    if (context < 0) return nb_fail(launch, NB_DETAIL_FILE_SYSTEM, context);
    launch->proc = nb_fsmount(context, NB_MOUNT_NO_SUID | NB_MOUNT_NO_DEVICES | NB_MOUNT_NO_EXECUTE);
    nb_close(context);
    return nb_fail(launch, NB_DETAIL_CREATE, launch->proc);
}

/* Through a procfs of our own, so that nothing mounted over /proc takes part (threats.md, primitive 2). */
static long nb_sysctl(struct nb_launch *launch, const struct nb_step *step)
{
    long result = nb_open_proc(launch);
    if (result < 0) return result;
    struct statfs kind;
    result = NB_SYSCALL2(SYS_fstatfs, launch->proc, &kind);
    if (result >= 0 && kind.f_type != PROC_SUPER_MAGIC) result = nb_fail(launch, NB_DETAIL_NOT_PROCFS, -EINVAL);
    int system = result < 0 ? (int)result : nb_open_beneath(launch->proc, "sys", O_PATH | O_DIRECTORY, 0);
    int file = system < 0 ? system : nb_open_beneath(system, step->target, O_WRONLY, 0);
    if (result >= 0) result = nb_fail(launch, NB_DETAIL_OPEN_TARGET, file);
    if (result >= 0) result = NB_SYSCALL3(SYS_write, file, step->source, strlen(step->source));
    nb_close(file);
    nb_close(system);
    return result;
}

/* As above: what the image has at /proc must not get to see, or to answer, what the process is to be confined by. */
static long nb_security_label(struct nb_launch *launch, const struct nb_step *step)
{
    long result = nb_open_proc(launch);
    if (result < 0) return result;
    int own = nb_open_in_root(launch->proc, "thread-self", O_PATH | O_DIRECTORY, 0);
    int file = own < 0 ? own : nb_open_beneath(own, step->target, O_WRONLY, 0);
    result = nb_fail(launch, NB_DETAIL_OPEN_TARGET, file);
    if (result >= 0) result = NB_SYSCALL3(SYS_write, file, step->source, strlen(step->source));
    nb_close(file);
    nb_close(own);
    return result;
}

static long nb_working_directory(struct nb_launch *launch, const struct nb_step *step)
{
    int directory = launch->working_directory >= 0
                        ? launch->working_directory
                        : nb_open_in_root(launch->root, step->target, O_PATH | O_DIRECTORY, 0);
    if (directory < 0) return nb_fail(launch, NB_DETAIL_OPEN_TARGET, directory);
    long result = NB_SYSCALL1(SYS_fchdir, directory);
    nb_close(directory);
    if (result < 0) return result;
    /* The kernel writes "(unreachable)/…" for a folder outside the root (CVE-2024-21626). */
    char path[4096];
    result = NB_SYSCALL2(SYS_getcwd, path, sizeof path);
    if (result >= 0 && path[0] != '/') result = -EXDEV;
    return nb_fail(launch, NB_DETAIL_OUTSIDE_ROOT, result);
}

static long nb_make_directory(struct nb_launch *launch, const struct nb_step *step)
{
    /* Kept: by the time it is entered, its path may lead elsewhere. */
    launch->working_directory = nb_make_directories_in_root(launch->root, step->target, step->mode, NB_LINKS_MAX);
    return nb_fail(launch, NB_DETAIL_MAKE_TARGET, launch->working_directory);
}

long nb_step_mount(struct nb_launch *launch, const struct nb_step *step)
{
    switch (step->kind) {
    case NB_STEP_PROPAGATION: return NB_SYSCALL5(SYS_mount, 0, "/", 0, step->flags, 0);
    case NB_STEP_ATTACH_ROOT: return nb_attach_root(launch, step);
    case NB_STEP_OPEN_ROOT:
        launch->root = step->fd >= 0
                           ? step->fd
                           : (int)NB_SYSCALL4(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        return launch->root;
    case NB_STEP_MOUNT: return nb_mount_new(launch, step);
    case NB_STEP_ATTACH: return nb_mount_at(launch, step, step->fd);
    case NB_STEP_ATTRIBUTES:
    case NB_STEP_TARGET_PROPAGATION: return nb_change_mount(launch, step);
    case NB_STEP_MASK: return nb_mask(launch, step);
    case NB_STEP_READ_ONLY: return nb_read_only(launch, step);
    case NB_STEP_SYMLINK: return nb_symlink(launch, step);
    case NB_STEP_DEVICE:
    case NB_STEP_DEFAULT_DEVICE: return nb_device(launch, step);
    case NB_STEP_MAKE_DIRECTORY: return nb_make_directory(launch, step);
    case NB_STEP_PIVOT: return nb_pivot(launch);
    case NB_STEP_CHROOT: return nb_chroot(launch);
    case NB_STEP_SYSCTL: return nb_sysctl(launch, step);
    case NB_STEP_SECURITY_LABEL: return nb_security_label(launch, step);
    case NB_STEP_WORKING_DIRECTORY: return nb_working_directory(launch, step);
    default: return NB_NOT_MINE;
    }
}
