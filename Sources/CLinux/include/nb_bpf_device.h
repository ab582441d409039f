/* BPF_PROG_TYPE_CGROUP_DEVICE programs: load, attach, replace.
 * Every function returns a value >= 0, or -errno. */
#ifndef NB_BPF_DEVICE_H
#define NB_BPF_DEVICE_H

#include <stdint.h>

/* Loads a program of `count` instructions (8 bytes each) and returns its descriptor, close-on-exec. When the kernel
 * says EPERM or ENOMEM, which kernels before 5.11 do for want of locked memory, the load is tried once more with
 * RLIMIT_MEMLOCK raised as far as it goes; the limit is put back afterwards, since a container would inherit it. */
int nb_bpf_device_load(const uint64_t *instructions, uint32_t count);

/* The verifier's words about a program that does not load, NUL-terminated. Returns the load's result. */
int nb_bpf_device_explain(const uint64_t *instructions, uint32_t count, char *log, uint32_t capacity);

/* Attaches with BPF_F_ALLOW_MULTI, in the place of `replaced` unless that is -1. */
int nb_bpf_device_attach(int cgroup, int program, int replaced);

int nb_bpf_device_detach(int cgroup, int program);

/* Writes the ids of at most `capacity` programs attached to the cgroup itself and returns how many there are. */
int nb_bpf_device_attached(int cgroup, uint32_t *ids, uint32_t capacity);

/* A descriptor of the loaded program with this id. */
int nb_bpf_device_open(uint32_t id);

#endif
