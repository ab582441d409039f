/* Starts programs of the host, in processes that share the caller's memory until they are executed. */
#ifndef NB_SPAWN_H
#define NB_SPAWN_H

#include <stddef.h>

/* A mount namespace in which a detached mount is attached, and nothing else differs from the caller's. What is mounted there does
 * not reach the host. */
struct nb_stage {
    int root;
    const char *place; /* the folder where it is attached */
    /* Two folders to open as they are in there; NULL: none. What is open already belongs to the caller's mount namespace, where a
     * program in this one could mount nothing. */
    const char *folders[2];
    /* What is attached over the first folder before it is opened, a detached mount; -1: nothing. */
    int first_mount;
    /* Filled in: the folders and the mount namespace, close-on-exec; -1: none. */
    int opened[2];
    int mount_namespace;
    int result;
};

/* Returns 0, or -errno; nothing is open then. */
int nb_stage_make(struct nb_stage *stage);

struct nb_spawn {
    const char *path;
    char *const *arguments;
    char *const *environment;
    /* What the program has as its descriptors 0, 1, 2 and so on, each number above all of theirs; none: it has the caller's first
     * three. */
    const int *descriptors;
    int descriptor_count;
    /* What it has beside them, under the same numbers. Nothing else stays open. */
    const int *kept;
    int kept_count;
    /* The mount namespace to run in; -1: the caller's. */
    int mount_namespace;
    /* The folder of the unified cgroup to be born in; -1, or where the kernel does not let it in: the caller's. */
    int cgroup;
};

/* Starts it as a child with default signals. `stack` is one of nb_stack_allocate(). Returns its pid, or -errno when it could not
 * be executed. */
long nb_spawn(const struct nb_spawn *spawn, void *stack);

#endif
