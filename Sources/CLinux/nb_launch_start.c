/* The steps between a container that is made and its program: what OCI's `create` and `start` put between them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nb_file.h"
#include "nb_launch_internal.h"
#include "nb_syscall.h"

/* As nb_execute() goes through the candidates, without executing one. */
static long nb_find_program(struct nb_launch *launch)
{
    long result = -ENOENT;
    for (char *const *candidate = launch->candidates; *candidate != NULL; candidate++) {
        struct stat status;
        long attempt = NB_SYSCALL4(SYS_newfstatat, AT_FDCWD, *candidate, &status, 0);
        if (attempt >= 0) attempt = S_ISREG(status.st_mode) ? NB_SYSCALL3(SYS_faccessat, AT_FDCWD, *candidate, X_OK) : -EACCES;
        if (attempt >= 0) return 0;
        if (attempt != -ENOENT && attempt != -ENOTDIR) result = attempt;
    }
    return result;
}

static long nb_let_go(struct nb_launch *launch)
{
    long result = nb_ask(launch, 'C');
    if (result >= 0) result = NB_SYSCALL5(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
    /* Until then the parent's end is this process's. */
    if (result >= 0) result = nb_say(launch, 'D');
    return result;
}

/* Closes what the parent had open, the lock of the container's folder and the sync socket among it: this process may wait for
 * days. */
static void nb_close_all_but(unsigned int first, unsigned int one, unsigned int other)
{
    unsigned int low = one < other ? one : other, high = one < other ? other : one;
    if (low > first) nb_close_range(first, low - 1);
    if (high > low + 1) nb_close_range(low + 1, high - 1);
    nb_close_range(high + 1, ~0U);
}

static long nb_await_start(struct nb_launch *launch, const struct nb_step *step)
{
    nb_close_all_but((unsigned int)step->value, (unsigned int)step->fd, (unsigned int)launch->failure);
    char byte;
    long result;
    /* The FIFO is open for writing here, too: it never ends. */
    do result = NB_SYSCALL3(SYS_read, step->fd, &byte, 1);
    while (result == -EINTR);
    return result < 0 ? result : 0;
}

long nb_step_start(struct nb_launch *launch, const struct nb_step *step)
{
    switch (step->kind) {
    case NB_STEP_FIND_PROGRAM: return nb_find_program(launch);
    case NB_STEP_LET_GO: return nb_let_go(launch);
    case NB_STEP_AWAIT_START: return nb_await_start(launch, step);
    default: return NB_NOT_MINE;
    }
}
