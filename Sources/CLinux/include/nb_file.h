/* Opening files below a root, and what the C library of Debian 12 has no wrapper for.
 * Every function returns a value >= 0, or -errno. */
#ifndef NB_FILE_H
#define NB_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS: "/" and ".." are the root's. O_CLOEXEC is always added.
 * EAGAIN (a rename raced with "..") is tried again. */
int nb_open_in_root(int root, const char *path, int flags, mode_t mode);

/* openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV. For procfs, sysfs
 * and cgroupfs writes (threats.md, primitive 2). */
int nb_open_beneath(int directory, const char *path, int flags, mode_t mode);

/* How many symlinks to what is missing may follow one another. Few: each takes some 12 KB of the stack. */
enum { NB_LINKS_MAX = 8 };

/* Makes every missing folder of `path` below `root`, descriptor by descriptor, with `mode`, and returns an O_PATH
 * descriptor of the last. Existing symlinks are followed inside the root. For one to what is missing, its target is made
 * there; with `links` 0 it is -ENOENT. */
int nb_make_directories_in_root(int root, const char *path, mode_t mode, int links);

/* As above for the parent of `path`; the last component becomes an empty regular file unless something is there.
 * Returns an O_PATH descriptor of it. */
int nb_make_file_in_root(int root, const char *path, mode_t mode, int links);

/* close_range(2) with CLOSE_RANGE_CLOEXEC from `first` up. */
int nb_close_on_exec_from(unsigned int first);

/* close_range(2): closes the descriptors from `first` to `last`. */
int nb_close_range(unsigned int first, unsigned int last);

/* memfd_create(2), sealable. */
int nb_memory_file(const char *name);

/* pipe2(2) and a socketpair(2) of SOCK_SEQPACKET, close-on-exec. */
int nb_pipe(int *ends);
int nb_packet_sockets(int *ends);

/* 1 when the open file is on procfs, 0 when it is not. */
int nb_is_on_procfs(int file);
/* 1 when the open file is a namespace, 0 when it is not. */
int nb_is_on_nsfs(int file);
/* 1 when the open file is on an EROFS image, 0 when it is not. */
int nb_is_on_erofs(int file);

#endif
