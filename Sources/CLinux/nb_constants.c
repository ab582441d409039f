#define _GNU_SOURCE
#include "nb_constants.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

_Static_assert(O_PATH == 010000000, "O_PATH differs on this architecture");
_Static_assert(F_GETPIPE_SZ == 1032, "F_GETPIPE_SZ differs on this architecture");

const char *nb_error_symbol(int error) { return strerrorname_np(error); }

const char *nb_error_meaning(int error) { return strerrordesc_np(error); }

uint64_t nb_device_number(unsigned int major, unsigned int minor) { return makedev(major, minor); }
