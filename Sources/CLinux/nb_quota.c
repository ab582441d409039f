/* Project quotas. */
#define _GNU_SOURCE
#include "nb_quota.h"

#include <errno.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>

#include "nb_syscall.h"

/* Linux 5.14; older headers do not have it. */
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

static long nb_quotactl(int file, int command, uint32_t project, void *argument)
{
    return NB_SYSCALL4(SYS_quotactl_fd, file, QCMD((unsigned)command, PRJQUOTA), project, argument);
}

int nb_project_quota_is_enforced(int file)
{
    /* XFS's call, which the kernel answers for every file system: only this one tells counting from enforcing. */
    struct fs_quota_statv state = {.qs_version = FS_QSTATV_VERSION1};
    long result = nb_quotactl(file, Q_XGETQSTATV, 0, &state);
    switch (result) {
    case 0: return (state.qs_flags & FS_QUOTA_PDQ_ENFD) != 0;
    /* No such call, none for this kind of file system, no quotas of projects, or not switched on. */
    case -ENOSYS:
    case -EINVAL:
    case -EOPNOTSUPP:
    case -ESRCH: return 0;
    default: return (int)result;
    }
}

int nb_project_quota_get(int file, uint32_t project, struct nb_project_quota *quota)
{
    struct if_dqblk block = {0};
    long result = nb_quotactl(file, Q_GETQUOTA, project, &block);
    /* XFS has no record of a project before its first file. */
    if (result == -ENOENT) result = 0;
    if (result < 0) return (int)result;
    quota->space = block.dqb_curspace;
    quota->files = block.dqb_curinodes;
    quota->limit = block.dqb_bhardlimit * QIF_DQBLKSIZE;
    return 0;
}

int nb_project_quota_set_limit(int file, uint32_t project, uint64_t limit)
{
    uint64_t blocks = limit / QIF_DQBLKSIZE + (limit % QIF_DQBLKSIZE != 0);
    struct if_dqblk block = {.dqb_bhardlimit = blocks, .dqb_valid = QIF_BLIMITS};
    return (int)nb_quotactl(file, Q_SETQUOTA, project, &block);
}

int nb_project_assign(int folder, uint32_t project)
{
    struct fsxattr attributes;
    long result = NB_SYSCALL3(SYS_ioctl, folder, FS_IOC_FSGETXATTR, &attributes);
    if (result < 0) return (int)result;
    attributes.fsx_projid = project;
    attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    return (int)NB_SYSCALL3(SYS_ioctl, folder, FS_IOC_FSSETXATTR, &attributes);
}

int nb_project_of(int file, uint32_t *project)
{
    struct fsxattr attributes;
    long result = NB_SYSCALL3(SYS_ioctl, file, FS_IOC_FSGETXATTR, &attributes);
    if (result < 0) return (int)result;
    *project = attributes.fsx_projid;
    return 0;
}
