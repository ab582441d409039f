/*
 * Which of a program's code is executed, in the order in which that is for the first time: steps NAME PROGRAM ARGUMENT…
 *
 * Of the program and all that it starts, those of that name run step by step. Each line of standard error is an address in it,
 * a multiple of 16.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TASKS = 256, BLOCKS = 1 << 24 };

static unsigned char seen[BLOCKS / 8];

static struct {
    pid_t pid;
    int is_followed;
} tasks[TASKS];

static int slot(pid_t pid)
{
    int free = -1;
    for (int index = 0; index < TASKS; index++) {
        if (tasks[index].pid == pid) return index;
        if (tasks[index].pid == 0 && free < 0) free = index;
    }
    if (free < 0) exit(3);
    tasks[free].pid = pid;
    tasks[free].is_followed = -1;
    return free;
}

/* Whether a process executes the program of that name. */
static int executes(pid_t pid, const char *name)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/%d/exe", pid);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strcmp(strrchr(path, '/') + 1, name) == 0;
}

static void note(uint64_t address)
{
    uint64_t block = address >> 4;
    if (block >= BLOCKS || seen[block / 8] & 1 << block % 8) return;
    seen[block / 8] |= 1 << block % 8;
    fprintf(stderr, "%llx\n", (unsigned long long)block << 4);
}

int main(int count, char **arguments)
{
    if (count < 3) return 2;
    pid_t first = fork();
    if (first == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execv(arguments[2], arguments + 2);
        _exit(127);
    }
    int status;
    if (first < 0 || waitpid(first, &status, 0) < 0 || !WIFSTOPPED(status)) return 1;
    /* What is still there at the first one's end, as the container that `create` leaves, goes on without being followed. */
    ptrace(PTRACE_SETOPTIONS, first, NULL,
           PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC);
    int own = slot(first);
    tasks[own].is_followed = executes(first, arguments[1]);
    ptrace(tasks[own].is_followed ? PTRACE_SINGLESTEP : PTRACE_CONT, first, NULL, NULL);
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0) return 1;
        int task = slot(pid), event = status >> 16, signal = 0;
        if (!WIFSTOPPED(status)) {
            if (pid == first) return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
            tasks[task].pid = 0;
            continue;
        }
        /* A new process and one that has executed: the kernel has just made it what it is. */
        if (event == PTRACE_EVENT_EXEC || tasks[task].is_followed < 0) tasks[task].is_followed = executes(pid, arguments[1]);
        if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP) signal = WSTOPSIG(status);
        if (tasks[task].is_followed) note((uint64_t)ptrace(PTRACE_PEEKUSER, pid, (void *)offsetof(struct user, regs.rip), NULL));
        ptrace(tasks[task].is_followed ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, NULL, (void *)(long)signal);
    }
}
