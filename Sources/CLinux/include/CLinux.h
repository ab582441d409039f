#ifndef CLINUX_H
#define CLINUX_H

#include "nb_bpf_device.h"
#include "nb_cgroup.h"
#include "nb_constants.h"
#include "nb_file.h"
#include "nb_handover.h"
#include "nb_launch.h"
#include "nb_clone.h"
#include "nb_init.h"
#include "nb_journal.h"
#include "nb_mount.h"
#include "nb_netdevice.h"
#include "nb_netlink.h"
#include "nb_process.h"
#include "nb_quota.h"
#include "nb_seal.h"
#include "nb_spawn.h"
#include "nb_syscall.h"
#include "nb_terminal.h"
#include "nb_wait.h"

#endif
