#define _GNU_SOURCE
#include "nb_init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NB_NOT_EXECUTABLE = 126, NB_NOT_FOUND = 127 };

static void nb_execute_program(char **program, const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
    /* A process group of its own, so that a terminal's signals reach it once; then the terminal is its. */
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN);
    if (isatty(0)) tcsetpgrp(0, getpgrp());
    signal(SIGTTOU, SIG_DFL);
    execvp(program[0], program);
    int error = errno;
    fprintf(stderr, "nestbox-init: cannot execute %s: %s\n", program[0], strerror(error));
    _exit(error == ENOENT ? NB_NOT_FOUND : NB_NOT_EXECUTABLE);
}

__attribute__((constructor)) void nb_init_if_asked(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc < 3 || strcmp(argv[0], "nestbox-init") != 0 || strcmp(argv[1], "--") != 0) return;
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t program = fork();
    if (program == 0) nb_execute_program(argv + 2, &before);
    if (program < 0) {
        fprintf(stderr, "nestbox-init: cannot fork: %s\n", strerror(errno));
        _exit(NB_NOT_EXECUTABLE);
    }
    int exit_status = 0;
    for (;;) {
        int signal_number = 0;
        if (sigwait(&all, &signal_number) != 0) continue;
        if (signal_number != SIGCHLD) {
            kill(program, signal_number);
            continue;
        }
        int status;
        pid_t ended;
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
            if (ended != program) continue;
            exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            _exit(exit_status);
        }
    }
}
