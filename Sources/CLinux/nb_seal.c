/* A program that nobody can write through. */
#define _GNU_SOURCE
#include <fcntl.h>

#include "nb_mount.h"
#include "nb_seal.h"
#include "nb_syscall.h"

static void nb_close_seal(struct nb_seal *seal)
{
    int *descriptors[] = {&seal->overlay, &seal->lower, &seal->empty};
    for (int index = 0; index < 3; index++) {
        if (*descriptors[index] >= 0) NB_SYSCALL1(SYS_close, *descriptors[index]);
        *descriptors[index] = -1;
    }
}

static int nb_empty_folder(void)
{
    int context = nb_fsopen("tmpfs");
    if (context < 0) return context;
    int result = nb_fsmount(context, NB_MOUNT_READ_ONLY);
    NB_SYSCALL1(SYS_close, context);
    return result;
}

/* A clone, so that it is found wherever it lies: by its path, the staging folder could hide it. */
static int nb_clone_folder(const char *path)
{
    long folder = NB_SYSCALL4(SYS_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (folder < 0) return (int)folder;
    int result = nb_clone_tree((int)folder, "", 0);
    NB_SYSCALL1(SYS_close, folder);
    return result;
}

int nb_open_sealed(const char *path, const char *name, struct nb_seal *seal)
{
    *seal = (struct nb_seal){-1, -1, -1};
    int result = seal->lower = nb_clone_folder(path);
    /* Without a writable layer overlayfs wants two: the second one is empty. */
    if (result >= 0) result = seal->empty = nb_empty_folder();
    int layers[] = {seal->lower, seal->empty};
    if (result >= 0) result = seal->overlay = nb_mount_overlay(layers, 2, -1, -1, 0, NB_MOUNT_READ_ONLY, "/tmp");
    if (result >= 0)
        result = (int)NB_SYSCALL4(SYS_openat, seal->overlay, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (result < 0) nb_close_seal(seal);
    return result;
}

int nb_is_sealed(void)
{
    long file = NB_SYSCALL4(SYS_openat, AT_FDCWD, "/proc/self/exe", O_PATH | O_CLOEXEC, 0);
    if (file < 0) return 0;
    int result = nb_is_on_read_only_overlay((int)file);
    NB_SYSCALL1(SYS_close, file);
    return result == 1;
}
