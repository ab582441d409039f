#define _GNU_SOURCE
#include "nb_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "nb_syscall.h"

int nb_cgroup_write(int directory, const char *file, const char *value, size_t length)
{
    long descriptor = NB_SYSCALL4(SYS_openat, directory, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (descriptor < 0) return (int)descriptor;
    long result;
    do result = NB_SYSCALL3(SYS_write, descriptor, value, length);
    while (result == -EINTR);
    NB_SYSCALL1(SYS_close, descriptor);
    if (result < 0) return (int)result;
    return (size_t)result == length ? 0 : -EIO;
}

long nb_cgroup_read(int directory, const char *file, char *buffer, size_t capacity)
{
    long descriptor = NB_SYSCALL4(SYS_openat, directory, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (descriptor < 0) return descriptor;
    size_t total = 0;
    while (total < capacity) {
        long result = NB_SYSCALL3(SYS_read, descriptor, buffer + total, capacity - total);
        if (result == -EINTR) continue;
        if (result < 0) {
            NB_SYSCALL1(SYS_close, descriptor);
            return result;
        }
        if (result == 0) break;
        total += (size_t)result;
    }
    NB_SYSCALL1(SYS_close, descriptor);
    return (long)total;
}

int nb_cgroup_wait(int events, int milliseconds)
{
    struct pollfd subject = {.fd = events, .events = POLLPRI};
    int result = poll(&subject, 1, milliseconds);
    if (result < 0) return errno == EINTR ? 1 : -errno;
    return result;
}
