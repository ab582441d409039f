/* The step that gives the process a terminal of the container's own devpts. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "nb_file.h"
#include "nb_launch_internal.h"
#include "nb_mount.h"
#include "nb_syscall.h"

/* A slave is character device 136:n (to 143) on a devpts: nothing that an image could put in its place is. */
static long nb_verify_slave(int slave)
{
    struct stat status;
    struct statfs kind;
    long result = NB_SYSCALL4(SYS_newfstatat, slave, "", &status, AT_EMPTY_PATH);
    if (result >= 0) result = NB_SYSCALL2(SYS_fstatfs, slave, &kind);
    if (result < 0) return result;
    int is_slave = S_ISCHR(status.st_mode) && major(status.st_rdev) >= 136 && major(status.st_rdev) <= 143;
    return is_slave && kind.f_type == DEVPTS_SUPER_MAGIC ? 0 : -EINVAL;
}

static long nb_console_device(struct nb_launch *launch, int slave)
{
    int target = nb_make_file_in_root(launch->root, "dev/console", 0600, NB_LINKS_MAX);
    if (target < 0) return nb_fail(launch, NB_DETAIL_MAKE_TARGET, target);
    /* A /dev of the image's own may lead anywhere in the root, but not over what the kernel shows and takes (CVE-2025-52565). */
    if (nb_is_on_procfs(target) != 0) {
        NB_SYSCALL1(SYS_close, target);
        return nb_fail(launch, NB_DETAIL_IN_PROC, -EPERM);
    }
    int mount = nb_clone_tree(slave, "", 0);
    long result = nb_fail(launch, NB_DETAIL_CLONE, mount);
    if (result >= 0) result = nb_fail(launch, NB_DETAIL_ATTACH, nb_attach(mount, target, ""));
    if (mount >= 0) NB_SYSCALL1(SYS_close, mount);
    NB_SYSCALL1(SYS_close, target);
    return result;
}

static long nb_terminal(struct nb_launch *launch, const struct nb_step *step)
{
    int master = nb_open_in_root(launch->root, "dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);
    if (master < 0) return nb_fail(launch, NB_DETAIL_OPEN_TARGET, master);
    int unlocked = 0;
    long result = NB_SYSCALL3(SYS_ioctl, master, TIOCSPTLCK, &unlocked);
    long slave = result < 0 ? result : NB_SYSCALL3(SYS_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    result = slave < 0 ? slave : nb_fail(launch, NB_DETAIL_NOT_A_TERMINAL, nb_verify_slave((int)slave));
    if (result >= 0 && step->data != 0) result = NB_SYSCALL3(SYS_ioctl, master, TIOCSWINSZ, step->data);
    if (result >= 0 && (step->mode & NB_CONSOLE_DEVICE) != 0) result = nb_console_device(launch, (int)slave);
    if (result >= 0) result = NB_SYSCALL5(SYS_fchownat, slave, "", step->value, -1, AT_EMPTY_PATH);
    if (result >= 0) result = nb_send_descriptor(launch, 'T', master);
    for (int target = 0; target <= 2 && result >= 0; target++) result = NB_SYSCALL3(SYS_dup3, slave, target, 0);
    if (result >= 0) result = NB_SYSCALL3(SYS_ioctl, 0, TIOCSCTTY, 0);
    NB_SYSCALL1(SYS_close, master);
    if (slave > 2) NB_SYSCALL1(SYS_close, slave);
    return result;
}

long nb_step_terminal(struct nb_launch *launch, const struct nb_step *step)
{
    return step->kind == NB_STEP_TERMINAL ? nb_terminal(launch, step) : NB_NOT_MINE;
}
