#define _GNU_SOURCE
#include "nb_terminal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

int nb_raise_by_default(int signal_number)
{
    sigset_t one;
    if (signal(signal_number, SIG_DFL) == SIG_ERR) return -errno;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    int error = pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    if (error) return -error;
    return kill(getpid(), signal_number) < 0 ? -errno : 0;
}

int nb_window_size(int descriptor, uint16_t *rows, uint16_t *columns)
{
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) < 0) return -errno;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}
