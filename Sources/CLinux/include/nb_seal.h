/* A program that nobody can write through, whoever reaches it by /proc/PID/exe (CVE-2019-5736). */
#ifndef NB_SEAL_H
#define NB_SEAL_H

/* The mounts that a sealed program was opened through, each attached nowhere. */
struct nb_seal {
    int overlay, lower, empty;
};

/* Opens `name` in the folder `path` through a read-only overlay, and returns its descriptor, close-on-exec, or -errno. The mounts
 * are the caller's to close then. */
int nb_open_sealed(const char *path, const char *name, struct nb_seal *seal);

/* 1 when the running program is one that nobody can write through, else 0. */
int nb_is_sealed(void);

#endif
