#define _GNU_SOURCE
#include "nb_bpf_device.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/resource.h>

#include "nb_syscall.h"

static int nb_bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
    for (int attempt = 0;; attempt++) {
        /* The verifier answers EAGAIN when a signal is pending. */
        long result = NB_SYSCALL3(SYS_bpf, command, attributes, sizeof *attributes);
        if ((result != -EAGAIN && result != -EINTR) || attempt == 16) return (int)result;
    }
}

static int nb_bpf_load(const uint64_t *instructions, uint32_t count, char *log, uint32_t capacity)
{
    static const char license[] = "Apache-2.0";
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uint64_t)(uintptr_t)instructions;
    attributes.insn_cnt = count;
    attributes.license = (uint64_t)(uintptr_t)license;
    if (log != NULL) {
        attributes.log_buf = (uint64_t)(uintptr_t)log;
        attributes.log_size = capacity;
        attributes.log_level = 1;
    }
    memcpy(attributes.prog_name, "nestbox_device", sizeof "nestbox_device");
    return nb_bpf(BPF_PROG_LOAD, &attributes);
}

int nb_bpf_device_load(const uint64_t *instructions, uint32_t count)
{
    int program = nb_bpf_load(instructions, count, NULL, 0);
    if (program != -EPERM && program != -ENOMEM) return program;

    struct rlimit before, raised = {RLIM_INFINITY, RLIM_INFINITY};
    long changed = NB_SYSCALL4(SYS_prlimit64, 0, RLIMIT_MEMLOCK, &raised, &before);
    if (changed < 0) {
        /* Without CAP_SYS_RESOURCE: up to the hard limit. */
        if (NB_SYSCALL4(SYS_prlimit64, 0, RLIMIT_MEMLOCK, NULL, &before) < 0) return program;
        raised.rlim_cur = raised.rlim_max = before.rlim_max;
        changed = NB_SYSCALL4(SYS_prlimit64, 0, RLIMIT_MEMLOCK, &raised, NULL);
        if (changed < 0) return program;
    }
    program = nb_bpf_load(instructions, count, NULL, 0);
    NB_SYSCALL4(SYS_prlimit64, 0, RLIMIT_MEMLOCK, &before, NULL);
    return program;
}

int nb_bpf_device_explain(const uint64_t *instructions, uint32_t count, char *log, uint32_t capacity)
{
    if (capacity == 0) return -EINVAL;
    log[0] = 0;
    int program = nb_bpf_load(instructions, count, log, capacity);
    log[capacity - 1] = 0;
    return program;
}

int nb_bpf_device_attach(int cgroup, int program, int replaced)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    if (replaced >= 0) {
        attributes.attach_flags |= BPF_F_REPLACE;
        attributes.replace_bpf_fd = (uint32_t)replaced;
    }
    return nb_bpf(BPF_PROG_ATTACH, &attributes);
}

int nb_bpf_device_detach(int cgroup, int program)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    return nb_bpf(BPF_PROG_DETACH, &attributes);
}

int nb_bpf_device_attached(int cgroup, uint32_t *ids, uint32_t capacity)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.query.target_fd = (uint32_t)cgroup;
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = (uint64_t)(uintptr_t)ids;
    attributes.query.prog_cnt = capacity;
    int result = nb_bpf(BPF_PROG_QUERY, &attributes);
    if (result < 0 && result != -ENOSPC) return result;
    return (int)attributes.query.prog_cnt;
}

int nb_bpf_device_open(uint32_t id)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_id = id;
    return nb_bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
}
