#define _GNU_SOURCE
#include "nb_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "nb_syscall.h"

enum {
    NB_PATH_COMPONENT_MAX = 255,
    NB_PATH_SIZE = 4096,
    NB_OPEN_RETRIES = 128,
};

static int nb_openat2(int directory, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .mode = mode, .resolve = resolve};
    for (int attempt = 0;; attempt++) {
        long result = NB_SYSCALL4(SYS_openat2, directory, path, &how, sizeof how);
        if ((result != -EAGAIN && result != -EINTR) || attempt == NB_OPEN_RETRIES) return (int)result;
    }
}

int nb_open_in_root(int root, const char *path, int flags, mode_t mode)
{
    return nb_openat2(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int nb_open_beneath(int directory, const char *path, int flags, mode_t mode)
{
    return nb_openat2(directory, path, flags, mode,
                      RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

/* What the symlink `name` in the folder `parent` stands for, as a path of the root: `parent_path`, of that length, is the
 * folder's own. */
static long nb_link_target(int parent, const char *name, const char *parent_path, size_t parent_length, char *path)
{
    char link[NB_PATH_SIZE];
    long length = NB_SYSCALL4(SYS_readlinkat, parent, name, link, sizeof link - 1);
    if (length < 0) return length;
    size_t start = link[0] == '/' ? 0 : parent_length + 1;
    if (start + (size_t)length >= NB_PATH_SIZE) return -ENAMETOOLONG;
    if (start != 0) {
        memcpy(path, parent_path, parent_length);
        path[parent_length] = '/';
    }
    memcpy(path + start, link, (size_t)length);
    path[start + (size_t)length] = 0;
    return 0;
}

/* Makes the folder `name` of `parent` and opens it; `path` up to `start` is the parent's own and up to `end` the folder's, for
 * what a symlink stands for. */
static int nb_make_directory_at(int root, int parent, const char *name, mode_t mode, const char *path, size_t start, size_t end,
                                int links)
{
    long made = NB_SYSCALL3(SYS_mkdirat, parent, name, mode);
    if (made < 0 && made != -EEXIST) return (int)made;
    int opened = (int)NB_SYSCALL4(SYS_openat, parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if ((opened != -ENOTDIR && opened != -ELOOP) || made != -EEXIST) return opened;
    /* Behind a name that was just made, as in "new/../symlink": what it leads to may be there all the same. */
    char target[NB_PATH_SIZE];
    memcpy(target, path, end);
    target[end] = 0;
    int led = nb_open_in_root(root, target, O_PATH | O_DIRECTORY, 0);
    if (led != -ENOENT || links == 0) return led;
    made = nb_link_target(parent, name, path, start, target);
    /* No symlink any more: a file, which was no folder before either. */
    if (made < 0) return made == -EINVAL ? opened : (int)made;
    return nb_make_directories_in_root(root, target, mode, links - 1);
}

/* The part of `path` that is there, opened; its length goes to `end`. */
static int nb_open_longest(int root, const char *path, size_t *end)
{
    char prefix[NB_PATH_SIZE];
    size_t length = strlen(path);
    memcpy(prefix, path, length + 1);
    for (;;) {
        int found = nb_open_in_root(root, length == 0 ? "." : prefix, O_PATH | O_DIRECTORY, 0);
        *end = length;
        if (found != -ENOENT || length == 0) return found;
        while (length > 0 && prefix[length - 1] == '/') length--;
        while (length > 0 && prefix[length - 1] != '/') length--;
        prefix[length] = 0;
    }
}

/* What is there of `path` is resolved in the root, so symlinks inside it count; what is missing is made name by name, each in
 * the descriptor of the one before; only `..` and symlinks behind what was made are looked for from the root again, in which
 * they stay. A symlink to what is missing gets its target made, too; `links` bounds how many follow one another. */
int nb_make_directories_in_root(int root, const char *path, mode_t mode, int links)
{
    if (strlen(path) >= NB_PATH_SIZE) return -ENAMETOOLONG;
    size_t position;
    int current = nb_open_longest(root, path, &position);
    while (current >= 0) {
        size_t before = position;
        while (path[position] == '/') position++;
        if (path[position] == 0) break;
        size_t size = strcspn(path + position, "/");
        char name[NB_PATH_SIZE];
        memcpy(name, path + position, size);
        name[size] = 0;
        int next;
        if (size > NB_PATH_COMPONENT_MAX) {
            next = -ENAMETOOLONG;
        } else if (strcmp(name, "..") == 0) {
            /* Only the root knows what is above. */
            memcpy(name, path, position + size);
            name[position + size] = 0;
            next = nb_open_in_root(root, name, O_PATH | O_DIRECTORY, 0);
        } else {
            next = nb_make_directory_at(root, current, name, mode, path, before, position + size, links);
        }
        NB_SYSCALL1(SYS_close, current);
        current = next;
        position += size;
    }
    return current;
}

int nb_make_file_in_root(int root, const char *path, mode_t mode, int links)
{
    int existing = nb_open_in_root(root, path, O_PATH, 0);
    if (existing != -ENOENT) return existing;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t parent_length = slash == NULL ? 0 : (size_t)(slash - path);
    char parent_path[NB_PATH_SIZE];
    if (parent_length >= sizeof parent_path) return -ENAMETOOLONG;
    memcpy(parent_path, path, parent_length);
    parent_path[parent_length] = 0;
    if (*name == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return -EINVAL;
    int parent = nb_make_directories_in_root(root, parent_path, 0755, links);
    if (parent < 0) return parent;
    long made = NB_SYSCALL4(SYS_openat, parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
    char target[NB_PATH_SIZE];
    if (made == -EEXIST && links > 0 && nb_link_target(parent, name, parent_path, parent_length, target) >= 0)
        made = nb_make_file_in_root(root, target, mode, links - 1);
    NB_SYSCALL1(SYS_close, parent);
    /* What was made is what is used; what another one has made meanwhile is opened. */
    return made == -EEXIST ? nb_open_in_root(root, path, O_PATH, 0) : (int)made;
}

int nb_close_on_exec_from(unsigned int first)
{
    enum { NB_CLOSE_RANGE_CLOEXEC = 4 };
    return (int)NB_SYSCALL3(SYS_close_range, first, ~0U, NB_CLOSE_RANGE_CLOEXEC);
}

int nb_close_range(unsigned int first, unsigned int last)
{
    return (int)NB_SYSCALL3(SYS_close_range, first, last, 0);
}

int nb_memory_file(const char *name)
{
    return (int)NB_SYSCALL2(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

static int is_on(int file, long magic)
{
    struct statfs system;
    long result = NB_SYSCALL2(SYS_fstatfs, file, &system);
    return result < 0 ? (int)result : system.f_type == magic;
}

int nb_is_on_procfs(int file) { return is_on(file, PROC_SUPER_MAGIC); }

int nb_is_on_nsfs(int file) { return is_on(file, NSFS_MAGIC); }

int nb_is_on_erofs(int file) { return is_on(file, EROFS_SUPER_MAGIC_V1); }

int nb_pipe(int *ends) { return (int)NB_SYSCALL2(SYS_pipe2, ends, O_CLOEXEC); }

int nb_packet_sockets(int *ends)
{
    return (int)NB_SYSCALL4(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}
