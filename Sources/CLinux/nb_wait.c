#define _GNU_SOURCE
#include "nb_wait.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int nb_result(int result)
{
    return result < 0 ? -errno : result;
}

int nb_wait_open(void)
{
    return nb_result(epoll_create1(EPOLL_CLOEXEC));
}

int nb_wait_add(int wait, int descriptor, int writable, uint64_t number)
{
    struct epoll_event event = {.events = writable ? EPOLLOUT : EPOLLIN, .data.u64 = number};
    return nb_result(epoll_ctl(wait, EPOLL_CTL_ADD, descriptor, &event));
}

int nb_wait_remove(int wait, int descriptor)
{
    return nb_result(epoll_ctl(wait, EPOLL_CTL_DEL, descriptor, NULL));
}

int nb_wait_next(int wait, uint64_t *numbers)
{
    struct epoll_event events[NB_WAIT_COUNT];
    int count = epoll_wait(wait, events, NB_WAIT_COUNT, -1);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int index = 0; index < count; index++) numbers[index] = events[index].data.u64;
    return count;
}

int nb_counter_open(void)
{
    return nb_result(eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE));
}

int nb_timer_open(int64_t seconds, int64_t nanoseconds)
{
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (timer < 0) return -errno;
    struct itimerspec setting = {.it_value = {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    if (timerfd_settime(timer, 0, &setting, NULL) == 0) return timer;
    int error = errno;
    close(timer);
    return -error;
}
