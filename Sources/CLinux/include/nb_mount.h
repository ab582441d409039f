/* The mount API of Linux 5.2 and later, by descriptors (fsopen(2), open_tree(2), move_mount(2), mount_setattr(2)).
 * Every function returns a value >= 0, or -errno. Safe in the child of nb_launch(). */
#ifndef NB_MOUNT_H
#define NB_MOUNT_H

#include <stddef.h>
#include <stdint.h>

/* MOUNT_ATTR_* of linux/mount.h, which the Swift importer does not see beside sys/mount.h. */
static const uint64_t NB_MOUNT_READ_ONLY = 0x1;
static const uint64_t NB_MOUNT_NO_SUID = 0x2;
static const uint64_t NB_MOUNT_NO_DEVICES = 0x4;
static const uint64_t NB_MOUNT_NO_EXECUTE = 0x8;
static const uint64_t NB_MOUNT_ACCESS_TIMES = 0x70;
static const uint64_t NB_MOUNT_NO_ACCESS_TIME = 0x10;
static const uint64_t NB_MOUNT_STRICT_ACCESS_TIME = 0x20;
static const uint64_t NB_MOUNT_NO_DIRECTORY_ACCESS_TIME = 0x80;
static const uint64_t NB_MOUNT_ID_MAPPED = 0x100000;
static const uint64_t NB_MOUNT_NO_SYMLINK_FOLLOW = 0x200000;

/* MS_* propagation kinds. */
static const uint64_t NB_PROPAGATION_UNBINDABLE = 1 << 17;
static const uint64_t NB_PROPAGATION_PRIVATE = 1 << 18;
static const uint64_t NB_PROPAGATION_SLAVE = 1 << 19;
static const uint64_t NB_PROPAGATION_SHARED = 1 << 20;

/* A file system context, close-on-exec. */
int nb_fsopen(const char *type);
/* Sets "name" (value NULL) or "name=value". */
int nb_fsconfig(int context, const char *name, const char *value);
/* Sets an option whose value is a descriptor (overlayfs layers, Linux 6.13). */
int nb_fsconfig_descriptor(int context, const char *name, int value);
/* Creates the superblock and returns it as a detached mount, close-on-exec. */
int nb_fsmount(int context, uint64_t attributes);
/* The kernel's own words about what it refused, from the context; 0 when it said nothing. */
int nb_fscontext_message(int context, char *buffer, size_t size);

/* A detached clone of what lies at `path` below `directory` ("" with AT_EMPTY_PATH semantics: the descriptor itself). */
int nb_clone_tree(int directory, const char *path, int recursive);
/* An attached or detached mount's descriptor without cloning it. */
int nb_attach(int mount, int target_directory, const char *target_path);
/* mount_setattr(2) on the mount that the descriptor stands for. `user_namespace` < 0: none. */
int nb_set_attributes(int mount, uint64_t set, uint64_t clear, uint64_t propagation, int user_namespace,
                      int recursive);

/* Mounts an overlay of `lower` (topmost first) and returns it detached.
 *
 * From Linux 6.15 the layers may be detached mounts. Before, overlayfs wants them attached in the caller's mount
 * namespace, and before 6.8 it wants one string of paths: then a helper process with its own mount namespace attaches
 * them, mounts the overlay and leaves nothing behind. upper and work are -1 for a read-only overlay.
 * A volatile one never waits for the disk, neither when it is asked to nor when it is unmounted: its upper layer is worth
 * nothing after a crash, and is mounted again only once work/work/incompat was removed.
 * `staging` is an empty folder of the host, used by the helper only. */
int nb_mount_overlay(const int *lower, size_t lower_count, int upper, int work, int is_volatile, uint64_t attributes,
                     const char *staging);

/* Makes a device node (mode with its kind) of those host ids in a file system of its own, and returns it as a detached
 * mount to attach over a file. `staging` is an empty folder of the host, used by the helper process only. */
int nb_make_node(uint32_t mode, uint64_t device, uint32_t uid, uint32_t gid, const char *staging);

/* The tmpfs on /dev/shm in another mount namespace, as a detached clone. -EMEDIUMTYPE: something else is there. */
int nb_clone_shared_memory(int mount_namespace);

/* A detached clone of the mount that `root` is on, in another mount namespace, without the mounts below it. */
int nb_clone_bare_root(int mount_namespace, int root);

/* Sets attributes of what is mounted at `path`, which has no symlink in it, in another mount namespace. */
int nb_set_attributes_in(int mount_namespace, const char *path, uint64_t set);

/* 1 when the descriptor's file lies on a read-only overlay mount, else 0. */
int nb_is_on_read_only_overlay(int descriptor);

#endif
