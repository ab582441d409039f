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

/* Walks `path` prefix by prefix: each prefix is resolved in the root, so symlinks inside it count, and a missing last
 * component is made in the descriptor of the prefix before it. A symlink to what is missing gets its target made, too;
 * `links` bounds how many follow one another. */
int nb_make_directories_in_root(int root, const char *path, mode_t mode, int links)
{
    char prefix[NB_PATH_SIZE];
    size_t length = strlen(path);
    if (length >= sizeof prefix) return -ENAMETOOLONG;
    /* Nearly always all of it is there. */
    int whole = nb_open_in_root(root, length == 0 ? "." : path, O_PATH | O_DIRECTORY, 0);
    if (whole != -ENOENT) return whole;
    int current = nb_open_in_root(root, ".", O_PATH | O_DIRECTORY, 0);
    size_t position = 0;
    while (current >= 0) {
        size_t before = position;
        while (path[position] == '/') position++;
        if (path[position] == 0) break;
        size_t end = position;
        while (path[end] != 0 && path[end] != '/') end++;
        size_t size = end - position;
        if (size > NB_PATH_COMPONENT_MAX) {
            NB_SYSCALL1(SYS_close, current);
            return -ENAMETOOLONG;
        }
        char name[NB_PATH_COMPONENT_MAX + 1];
        memcpy(name, path + position, size);
        name[size] = 0;
        memcpy(prefix, path, end);
        prefix[end] = 0;
        int next = nb_open_in_root(root, prefix, O_PATH | O_DIRECTORY, 0);
        if (next == -ENOENT) {
            long made = NB_SYSCALL3(SYS_mkdirat, current, name, mode);
            if (made == -EEXIST && links > 0) {
                char target[NB_PATH_SIZE];
                made = nb_link_target(current, name, path, before, target);
                if (made >= 0) made = nb_make_directories_in_root(root, target, mode, links - 1);
                if (made >= 0) NB_SYSCALL1(SYS_close, made);
                /* No symlink: another one made the folder meanwhile. */
                if (made == -EINVAL) made = 0;
            }
            next = made < 0 && made != -EEXIST ? (int)made : nb_open_in_root(root, prefix, O_PATH | O_DIRECTORY, 0);
        }
        NB_SYSCALL1(SYS_close, current);
        current = next;
        position = end;
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
    if (made < 0 && made != -EEXIST) return (int)made;
    if (made >= 0) NB_SYSCALL1(SYS_close, made);
    return nb_open_in_root(root, path, O_PATH, 0);
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

int nb_pipe(int *ends) { return (int)NB_SYSCALL2(SYS_pipe2, ends, O_CLOEXEC); }

int nb_packet_sockets(int *ends)
{
    return (int)NB_SYSCALL4(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}
