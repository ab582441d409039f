/* Constants that the Swift importer does not see without _GNU_SOURCE, by their kernel values. */
#ifndef NB_CONSTANTS_H
#define NB_CONSTANTS_H

#include <stdint.h>

static const int NB_O_PATH = 010000000;
static const int NB_F_GETPIPE_SZ = 1032;

/* The symbol ("ENOENT") and the meaning of an error number; NULL where there is none. */
const char *nb_error_symbol(int error);
const char *nb_error_meaning(int error);

/* The kernel's number of a device. */
uint64_t nb_device_number(unsigned int major, unsigned int minor);

#endif
