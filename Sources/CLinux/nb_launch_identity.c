/* The steps that set user, groups, capabilities and system call filter. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/types.h>

#include "nb_launch_internal.h"
#include "nb_syscall.h"

static long nb_become(long uid, long gid, size_t group_count, const void *groups)
{
    long result = NB_SYSCALL2(SYS_setgroups, group_count, groups);
    if (result >= 0) result = NB_SYSCALL3(SYS_setresgid, gid, gid, gid);
    if (result >= 0) result = NB_SYSCALL3(SYS_setresuid, uid, uid, uid);
    return result;
}

static long nb_bounding_set(uint64_t keep)
{
    for (long capability = 0; capability < 64; capability++) {
        if (keep >> capability & 1) continue;
        long held = NB_SYSCALL2(SYS_prctl, PR_CAPBSET_READ, capability);
        if (held == -EINVAL) return 0; /* beyond the kernel's last one */
        if (held <= 0) continue;
        long result = NB_SYSCALL2(SYS_prctl, PR_CAPBSET_DROP, capability);
        if (result < 0) return result;
    }
    return 0;
}

static long nb_user(const struct nb_step *step)
{
    long result = NB_SYSCALL5(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (result >= 0) result = nb_become((long)step->value, (long)step->flags, step->mode, step->data);
    if (result >= 0) result = NB_SYSCALL5(SYS_prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0);
    return result;
}

static long nb_capabilities(const struct nb_capabilities *set)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)set->effective, (uint32_t)set->permitted, (uint32_t)set->inheritable},
        {(uint32_t)(set->effective >> 32), (uint32_t)(set->permitted >> 32), (uint32_t)(set->inheritable >> 32)},
    };
    long result = NB_SYSCALL2(SYS_capset, &header, data);
    if (result < 0) return result;
    result = NB_SYSCALL5(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (long capability = 0; capability < 64 && result >= 0; capability++) {
        if (set->ambient >> capability & 1)
            result = NB_SYSCALL5(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
    }
    return result;
}

static long nb_raise_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2];
    long result = NB_SYSCALL2(SYS_capget, &header, data);
    if (result < 0) return result;
    for (int half = 0; half < 2; half++) data[half].effective = data[half].permitted;
    return NB_SYSCALL2(SYS_capset, &header, data);
}

static long nb_seccomp(struct nb_launch *launch, const struct nb_step *step)
{
    struct sock_fprog program = {.len = (unsigned short)step->value, .filter = (struct sock_filter *)(uintptr_t)step->data};
    long result = NB_SYSCALL3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, step->flags, &program);
    /* Said in memory: any call to pass it on might be one that waits for the listener. */
    if (result > 0 && (step->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) launch->listener = (int32_t)result;
    return result;
}

long nb_step_identity(struct nb_launch *launch, const struct nb_step *step)
{
    switch (step->kind) {
    case NB_STEP_BECOME_ROOT: return nb_become(0, 0, 0, 0);
    case NB_STEP_NO_NEW_PRIVILEGES: return NB_SYSCALL5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    case NB_STEP_SECCOMP: return nb_seccomp(launch, step);
    case NB_STEP_BOUNDING_SET: return nb_bounding_set(step->value);
    case NB_STEP_USER: return nb_user(step);
    case NB_STEP_RAISE_CAPABILITIES: return nb_raise_capabilities();
    case NB_STEP_CAPABILITIES: return nb_capabilities(step->data);
    default: return NB_NOT_MINE;
    }
}
