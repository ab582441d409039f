#ifndef CLINUX_H
#define CLINUX_H

#include "nb_constants.h"
#include "nb_file.h"
#include "nb_syscall.h"

#endif
