/* From a flat list of set-up steps to a running process.
 *
 * The parent prepares everything (descriptors, strings, programs) in memory that the child shares (CLONE_VM); the child
 * carries the steps out in order and executes the program. Between clone3 and execve only the C of this module runs:
 * raw system calls, no allocation, no lock, no errno of the C library. */
#ifndef NB_LAUNCH_H
#define NB_LAUNCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One set-up operation. Which members count is said beside each kind. */
enum nb_step_kind {
    /* Own descriptor table from here on, then tell the parent (a byte on the sync socket). Until then the parent's
     * descriptors are the child's. */
    NB_STEP_OWN_DESCRIPTORS = 1,
    /* Tell the parent ('R') and go on with the list that it has put in place meanwhile, from its start. */
    NB_STEP_NEXT_LIST,
    /* setns(fd, flags): a pidfd with CLONE_NEW* flags, or one namespace's descriptor with flags 0. */
    NB_STEP_JOIN_NAMESPACES,
    /* unshare(flags). */
    NB_STEP_UNSHARE,
    /* clone3 again with CLONE_PARENT so that a joined PID namespace counts; the first child ends. With NB_OWN_MEMORY in mode
     * the second child's memory is a copy; it reports in `struct nb_launch`, which is shared (nb_launch_allocate()). */
    NB_STEP_FORK,
    /* uid 0, gid 0, no supplementary groups, in the user namespace just entered. */
    NB_STEP_BECOME_ROOT,
    /* sethostname(source) / setdomainname(source). */
    NB_STEP_HOSTNAME,
    NB_STEP_DOMAINNAME,
    /* Bring the loopback interface up. */
    NB_STEP_LOOPBACK_UP,
    /* Propagation `flags` (MS_*) for the whole mount namespace. */
    NB_STEP_PROPAGATION,
    /* The detached mount fd becomes the root that targets are resolved in. */
    NB_STEP_ATTACH_ROOT,
    /* The root is the folder fd, or "/" without one, as in exec: nothing is mounted for it. */
    NB_STEP_OPEN_ROOT,
    /* A new file system of type `source` with `options`, attributes `flags`, on the folder `target`. */
    NB_STEP_MOUNT,
    /* The detached mount fd on `target`. */
    NB_STEP_ATTACH,
    /* MOUNT_ATTR_* `flags` set, `value` cleared, on what is mounted at `target`; NB_RECURSIVE in mode. */
    NB_STEP_ATTRIBUTES,
    /* Propagation `flags` on what is mounted at `target`; NB_RECURSIVE in mode. */
    NB_STEP_TARGET_PROPAGATION,
    /* Hide `target`: the null device fd over a file, an empty read-only folder over a folder. Nothing there: skipped. */
    NB_STEP_MASK,
    /* Make `target` read-only by a bind mount over itself. Nothing there: skipped. */
    NB_STEP_READ_ONLY,
    /* Symlink at `target` to `source`; what is there stays. */
    NB_STEP_SYMLINK,
    /* mknod `target`, mode, device number `value`, owner uid:gid in `flags` (uid << 32 | gid). */
    NB_STEP_DEVICE,
    /* The same, but what is there already stays, whatever it is. */
    NB_STEP_DEFAULT_DEVICE,
    /* Make the folder `target` with `mode` if it is missing, and keep it for NB_STEP_WORKING_DIRECTORY. */
    NB_STEP_MAKE_DIRECTORY,
    /* Make the attached root the root, detach the old one. */
    NB_STEP_PIVOT,
    /* The same in a mount namespace that is shared with others: chroot(2). */
    NB_STEP_CHROOT,
    /* A pseudo-terminal of the container's devpts: the master goes to the parent over the sync socket (SCM_RIGHTS), the
     * slave becomes descriptors 0, 1, 2, the controlling terminal and, with NB_CONSOLE_DEVICE in mode, /dev/console. It
     * belongs to uid `value`; its size is the struct winsize in data, if any. */
    NB_STEP_TERMINAL,
    /* fd becomes descriptor `value`. */
    NB_STEP_DESCRIPTOR,
    /* The container's own null device becomes descriptor `value`; fd, where it has none. */
    NB_STEP_NULL_DEVICE,
    /* Write `source` to /proc/sys/`target`. */
    NB_STEP_SYSCTL,
    /* Write `source` to fd, as one write: a cgroup's tasks file. */
    NB_STEP_WRITE,
    NB_STEP_BARRIER,       /* wait until the parent has done its part */
    NB_STEP_SESSION,       /* setsid */
    NB_STEP_SESSION_KEYRING, /* a keyring of its own */
    NB_STEP_UMASK,         /* value */
    NB_STEP_WORKING_DIRECTORY, /* target, or the folder that was kept; must lie below the root */
    NB_STEP_NO_NEW_PRIVILEGES,
    NB_STEP_SECCOMP,       /* program in `data`, `value` instructions, seccomp(2) flags */
    NB_STEP_BOUNDING_SET,  /* keep the capabilities in `value` */
    NB_STEP_USER,          /* uid `value`, gid `flags`, groups in `data` (gid_t[mode]) ; keeps capabilities */
    NB_STEP_RAISE_CAPABILITIES, /* every permitted capability becomes effective */
    NB_STEP_CAPABILITIES,  /* struct nb_capabilities in `data` */
    NB_STEP_PARENT_DEATH,  /* SIGKILL when the parent is gone */
    NB_STEP_DEFAULT_SIGNALS, /* every disposition back to the default, nothing blocked */
    NB_STEP_IO_PRIORITY,   /* ioprio value */
    NB_STEP_CLOSE_FROM,    /* every descriptor from `value` up is closed by execve */
    NB_STEP_PERSONALITY,   /* value */
    NB_STEP_MEMORY_POLICY, /* set_mempolicy mode `value` with the nodes in data, an array of `mode` unsigned longs */
    NB_STEP_SECURITY_LABEL, /* write `source` to attr/`target` of this process, before execve */
    NB_STEP_HOOK,          /* run the program of struct nb_hook in `data` and wait for it */
    NB_STEP_FIND_PROGRAM,  /* fail as execve would where no candidate is an executable file */
    /* Tell the parent ('C'), and once it has answered go on whatever becomes of it ('D' says so). */
    NB_STEP_LET_GO,
    /* Close every descriptor from `value` up but fd and launch->failure, and wait for a byte from fd, a FIFO. */
    NB_STEP_AWAIT_START,
};

enum {
    NB_RECURSIVE = 1,
    NB_CONSOLE_DEVICE = 1,
    NB_OWN_MEMORY = 1,
    NB_TARGET_FILE = 2,
    /* Every component of the target must be a folder and no symlink. */
    NB_TARGET_PLAIN_DIRECTORY = 4,
    /* The target may lie in procfs. */
    NB_TARGET_IN_PROC = 8,
};

struct nb_option {
    const char *name;
    const char *value; /* NULL: a flag */
};

struct nb_step {
    int32_t kind;
    int32_t fd;
    uint32_t mode;
    uint64_t flags;
    uint64_t value;
    const char *source;
    const char *target;
    const struct nb_option *options;
    size_t option_count;
    const void *data;
};

struct nb_capabilities {
    uint64_t effective;
    uint64_t permitted;
    uint64_t inheritable;
    uint64_t ambient;
};

/* A program that runs at a point of the container's life. */
struct nb_hook {
    const char *path;
    char *const *arguments;
    char *const *environment;
    /* What it reads: the pid stands between both parts. */
    const char *state_head;
    const char *state_tail;
    int64_t timeout; /* in milliseconds, or -1 */
    int32_t pid;     /* -1: the caller's own, as its PID namespace numbers it */
    int32_t output;  /* where its output goes, or -1: nowhere */
};

/* Filled in by the child, read by the parent when the sync socket closes. */
struct nb_outcome {
    int32_t failed_step; /* index, or -1 for the execve itself */
    int32_t error;       /* errno; 0: the program was executed */
    int32_t detail;      /* which call of the step, for the error text */
    int32_t pid;         /* of the process that NB_STEP_FORK made, in the parent's PID namespace */
};

enum nb_detail {
    NB_DETAIL_NONE = 0,
    NB_DETAIL_OPEN_TARGET,
    NB_DETAIL_MAKE_TARGET,
    NB_DETAIL_FILE_SYSTEM,
    NB_DETAIL_OPTION,
    NB_DETAIL_CREATE,
    NB_DETAIL_ATTACH,
    NB_DETAIL_CLONE,
    NB_DETAIL_ATTRIBUTES,
    NB_DETAIL_NOT_A_DIRECTORY,
    NB_DETAIL_OUTSIDE_ROOT,
    NB_DETAIL_PARENT_GONE,
    NB_DETAIL_NOT_PROCFS,
    NB_DETAIL_NOT_A_TERMINAL,
    NB_DETAIL_IN_PROC,
    NB_DETAIL_HOOK_STATUS, /* the error is its wait status */
    NB_DETAIL_HOOK_TIME,
};

struct nb_launch {
    uint64_t clone_flags;   /* CLONE_NEW*; CLONE_VM and CLONE_FILES are added */
    int32_t cgroup;         /* descriptor for CLONE_INTO_CGROUP, or -1 */
    int32_t sync_child;     /* the child's end of the sync socket (SOCK_SEQPACKET) */
    int32_t sync_parent;
    int32_t executable;     /* execveat with AT_EMPTY_PATH when >= 0, else the candidates in turn */
    int32_t forks;          /* a list has NB_STEP_FORK */
    /* These the parent may replace while the child waits in NB_STEP_NEXT_LIST. */
    const struct nb_step *steps;
    size_t step_count;
    char *const *candidates; /* absolute paths of the program, NULL-terminated */
    char *const *arguments;
    char *const *environment;
    volatile struct nb_outcome outcome;
    /* Where the outcome of a failure is written once the parent may be gone, or -1. */
    int32_t failure;
    /* Set by nb_launch(). */
    int32_t pidfd;
    int32_t parent;          /* pidfd of the parent, or -1 */
    void *stack;
    void *second_stack;
    void *hook_stack;
    int32_t listener; /* the child's descriptor of what its seccomp filter asks, or -1 */
    /* The child's own. */
    int32_t root;
    int32_t mask_folder;
    int32_t mask_file;
    int32_t proc; /* a procfs of the container's namespaces that nothing can be mounted over yet, or -1 */
    int32_t original_root;
    int32_t working_directory; /* as it was made, or -1 */
    int32_t is_shared;         /* set by nb_launch_allocate() */
    char message[256]; /* what the kernel said about a refused mount */
};

/* Runs a hook, starting it on `stack`, and waits for its end. Returns 0, or -errno and, where it is told, an nb_detail. */
long nb_hook_run(const struct nb_hook *hook, void *stack, int *detail);

/* Memory for a launch, all 0; NULL when there is none. With `shared`, children of NB_OWN_MEMORY write to it, too. */
struct nb_launch *nb_launch_allocate(int shared);
void nb_launch_deallocate(struct nb_launch *launch);

/* Starts the child. Returns its pid (host side), or -errno. pidfd is set. The child then follows the steps; the parent
 * answers NB_STEP_NEXT_LIST with a byte through the sync socket. */
long nb_launch(struct nb_launch *launch);
/* Allocates what NB_STEP_HOOK needs. Returns 0, or -errno. */
long nb_launch_prepare_hooks(struct nb_launch *launch);
/* Frees the stacks and closes `parent`, once the child has executed or ended. */
void nb_launch_free(struct nb_launch *launch);

#endif
