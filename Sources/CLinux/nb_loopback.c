#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "nb_clone.h"
#include "nb_netdevice.h"
#include "nb_syscall.h"

struct nb_loopback_work {
    int network_namespace;
    long result;
};

long nb_loopback_up(void)
{
    long socket = NB_SYSCALL3(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return socket;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    long result = NB_SYSCALL3(SYS_ioctl, socket, SIOCSIFFLAGS, &request);
    NB_SYSCALL1(SYS_close, socket);
    return result;
}

/* In the helper: a socket belongs to the namespace where it is opened. */
static int nb_loopback_helper(void *argument)
{
    struct nb_loopback_work *work = argument;
    work->result = NB_SYSCALL2(SYS_setns, work->network_namespace, CLONE_NEWNET);
    if (work->result >= 0) work->result = nb_loopback_up();
    return 0;
}

int nb_loopback_up_in(int network_namespace)
{
    struct nb_loopback_work work = {network_namespace, -ECHILD};
    int result = nb_run_helper(0, nb_loopback_helper, &work);
    return result < 0 ? result : (int)work.result;
}
