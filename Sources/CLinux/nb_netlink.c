#include "nb_netlink.h"

#include <errno.h>
#include <sys/socket.h>

#include "nb_syscall.h"

int nb_netlink_send(int family, const void *message, size_t size)
{
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
    if (descriptor < 0) return -errno;
    int room = size > 65536 ? (int)size + 4096 : 0;
    if (room) setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    ssize_t count = send(descriptor, message, size, 0);
    return count < 0 ? -errno : 0;
}
