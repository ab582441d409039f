/* A network device on its way from one network namespace to another (runtime-spec, config-linux.md "Network Devices"), and the
 * loopback interface. Plain rtnetlink(7), so that the runtime needs no library for it. */
#ifndef NB_NETDEVICE_H
#define NB_NETDEVICE_H

#include <stdint.h>

enum { NB_DEVICE_NAME_SIZE = 16 }; /* IFNAMSIZ */

/* What a move could not do. */
enum nb_device_step {
    NB_DEVICE_PREPARE,      /* sockets and memory */
    NB_DEVICE_FIND,         /* find it in its namespace */
    NB_DEVICE_READ_ADDRESSES,
    NB_DEVICE_NAME,         /* have its new name for itself */
    NB_DEVICE_MOVE,
    NB_DEVICE_RENAME,       /* give it the name that the template stands for */
    NB_DEVICE_ADD_ADDRESS,
    NB_DEVICE_BRING_UP,
};

struct nb_device_move {
    int from, to; /* network namespaces */
    char name[NB_DEVICE_NAME_SIZE];
    /* In the new namespace; with %d in it a template, which the kernel fills in. Afterwards: the name that it has there. */
    char new_name[NB_DEVICE_NAME_SIZE];
    /* Whether it comes up there; else it stays down. */
    int brings_up;
    /* Filled in. */
    int was_up;
    int step;          /* enum nb_device_step, of a failure */
    char message[128]; /* the kernel's own words about a failure */
};

/* Moves the device with its permanent global addresses. Returns 0, or -errno: then the device is where it was, as it was (what
 * else than addresses depended on its being there, such as routes, may be lost). */
int nb_device_move(struct nb_device_move *move);

/* Brings the loopback interface of the caller's network namespace up, or that of another. Return 0, or -errno. The first makes
 * raw system calls only. */
long nb_loopback_up(void);
int nb_loopback_up_in(int network_namespace);

#endif
