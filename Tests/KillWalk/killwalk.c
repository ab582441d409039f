// Runs a command of Nestbox's, counts the system calls by which it and its runtime change anything, and kills one of them with SIGKILL
// right after the call of a given number has returned.
//
//   killwalk VICTIM NUMBER SUPERVISOR REPORT COMMAND [ARGUMENT...]
//
// VICTIM is command, supervisor or both. Only calls count that were made while the victim lived. SUPERVISOR is the pid of a supervisor
// that is there already, or 0. REPORT is a file for one line: `killed NUMBER CALL STATUS`, or `ended NUMBER - STATUS` when there was no
// such call (NUMBER: how many there were); STATUS is that of the command, 128 + n when signal n ended it, 255 when it hung.
//
// What executes anything else than Nestbox is let go: the container's program is never traced, and knows nothing of this.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum role { SPAWNED, COMMAND, SUPERVISOR };
enum { VICTIM_COMMAND = 1, VICTIM_SUPERVISOR = 2 };

struct tracee {
    pid_t thread;
    pid_t process;
    enum role role;
    const char *call;  // the changing call that it is in
    bool is_known;     // its first stop has been seen
};

static struct tracee tracees[256];
static size_t tracee_count;
static int victims;
static long wanted, counted;
static bool is_over;  // everybody is let go from now on
static const char *last_call = "-";
static pid_t command;

static const struct {
    long number;
    const char *name;
} changing_calls[] = {
#define CALL(name) {SYS_##name, #name}
#ifdef SYS_mkdir
    CALL(mkdir), CALL(rmdir), CALL(rename), CALL(link), CALL(unlink), CALL(symlink), CALL(mknod), CALL(chmod), CALL(chown), CALL(lchown),
    CALL(fork), CALL(vfork), CALL(open), CALL(creat),
#endif
    CALL(mkdirat), CALL(renameat2), CALL(linkat), CALL(unlinkat), CALL(symlinkat), CALL(mknodat), CALL(fchmod), CALL(fchmodat),
    CALL(fchown), CALL(fchownat), CALL(openat), CALL(openat2), CALL(write), CALL(writev), CALL(pwrite64), CALL(sendfile),
    CALL(copy_file_range), CALL(ftruncate), CALL(fallocate), CALL(fsync), CALL(fdatasync), CALL(mount), CALL(umount2), CALL(pivot_root),
    CALL(open_tree), CALL(move_mount), CALL(mount_setattr), CALL(fsopen), CALL(fsconfig), CALL(fsmount), CALL(clone), CALL(clone3),
    CALL(setns), CALL(unshare), CALL(execve), CALL(sendto), CALL(sendmsg), CALL(sendmmsg), CALL(bind), CALL(listen), CALL(shutdown),
    CALL(flock), CALL(setxattr), CALL(lsetxattr), CALL(fsetxattr), CALL(removexattr), CALL(utimensat), CALL(pidfd_send_signal),
    CALL(kill), CALL(tgkill), CALL(bpf), CALL(sethostname), CALL(setsid), CALL(chroot),
};

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static struct tracee *find(pid_t thread) {
    for (size_t index = 0; index < tracee_count; index++)
        if (tracees[index].thread == thread) return &tracees[index];
    return NULL;
}

static void forget(pid_t thread) {
    struct tracee *tracee = find(thread);
    if (tracee) *tracee = tracees[--tracee_count];
}

// The number behind a key in /proc/PID/status.
static pid_t process_of(pid_t thread) {
    char path[64], line[256];
    pid_t result = thread;
    snprintf(path, sizeof path, "/proc/%d/status", thread);
    FILE *file = fopen(path, "re");
    if (!file) return thread;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Tgid: %d", &result) == 1) break;
    fclose(file);
    return result;
}

static struct tracee *meet(pid_t thread) {
    struct tracee *known = find(thread);
    if (known) return known;
    if (tracee_count == sizeof tracees / sizeof *tracees) {
        fputs("killwalk: too many threads\n", stderr);
        exit(2);
    }
    struct tracee *tracee = &tracees[tracee_count++];
    *tracee = (struct tracee){.thread = thread, .process = process_of(thread)};
    // A thread is what its process is; a process that was cloned is nobody until it executes.
    for (size_t index = 0; index + 1 < tracee_count; index++)
        if (tracees[index].process == tracee->process) tracee->role = tracees[index].role;
    return tracee;
}

static bool lives(enum role role) {
    for (size_t index = 0; index < tracee_count; index++)
        if (tracees[index].role == role) return true;
    return false;
}

static bool is_there(void) {
    if (victims & VICTIM_SUPERVISOR && !lives(SUPERVISOR)) return false;
    return !(victims & VICTIM_COMMAND) || lives(COMMAND);
}

// Whether a descriptor is a file or a socket: what goes into pipes and memory changes nothing that stays.
static bool is_lasting(pid_t thread, int descriptor) {
    char path[64], target[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", thread, descriptor);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) return false;
    target[length] = 0;
    if (!strncmp(target, "/memfd:", 7) || !strncmp(target, "/dev/", 5)) return false;
    return target[0] == '/' || !strncmp(target, "socket:", 7);
}

static const char *changing_call(pid_t thread, const struct __ptrace_syscall_info *info) {
    long number = (long)info->entry.nr;
    const uint64_t *arguments = info->entry.args;
    const char *name = NULL;
    for (size_t index = 0; index < sizeof changing_calls / sizeof *changing_calls; index++)
        if (changing_calls[index].number == number) name = changing_calls[index].name;
    if (!name) return NULL;
#ifdef SYS_open
    if (number == SYS_open) return arguments[1] & (O_CREAT | O_TRUNC) ? name : NULL;
#endif
    if (number == SYS_openat) return arguments[2] & (O_CREAT | O_TRUNC) ? name : NULL;
    if (number == SYS_openat2) {
        // The flags are the first word of the structure.
        errno = 0;
        long flags = ptrace(PTRACE_PEEKDATA, thread, arguments[2], NULL);
        return !errno && flags & (O_CREAT | O_TRUNC) ? name : NULL;
    }
    if (number == SYS_write || number == SYS_writev || number == SYS_pwrite64 || number == SYS_sendfile)
        return is_lasting(thread, (int)arguments[0]) ? name : NULL;
    // Signal 0 only asks.
    if (number == SYS_kill || number == SYS_pidfd_send_signal) return arguments[1] ? name : NULL;
    return name;
}

static void let_go(pid_t thread, int signal) {
    ptrace(PTRACE_DETACH, thread, NULL, signal);
    forget(thread);
}

static void end_walk(void) {
    is_over = true;
    for (size_t index = 0; index < tracee_count; index++) ptrace(PTRACE_INTERRUPT, tracees[index].thread, NULL, NULL);
}

static void strike(const char *call) {
    last_call = call;
    for (size_t index = 0; index < tracee_count; index++) {
        enum role role = tracees[index].role;
        if ((role == COMMAND && victims & VICTIM_COMMAND) || (role == SUPERVISOR && victims & VICTIM_SUPERVISOR))
            kill(tracees[index].process, SIGKILL);
    }
    end_walk();
}

static void at_call(struct tracee *tracee) {
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->thread, sizeof info, &info) <= 0) return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        tracee->call = changing_call(tracee->thread, &info);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
        const char *call = tracee->call;
        tracee->call = NULL;
        if (!call || info.exit.rval < 0 || !is_there()) return;
        if (++counted == wanted) strike(call);
    }
}

// The role of what a process has executed; nothing of ours: it is let go.
static bool at_execution(struct tracee *tracee) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/cmdline", tracee->thread);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0) close(file);
    if (length < 0) length = 0;
    text[length] = 0;
    const char *slash = strrchr(text, '/');
    const char *name = slash ? slash + 1 : text;
    if (tracee->thread == command) {
        tracee->role = COMMAND;
        return true;
    }
    // What the command has its talk with registries done by ends with it.
    if (!strcmp(name, "nestbox-registry")) {
        tracee->role = COMMAND;
        return true;
    }
    if (strcmp(name, "nestbox-runtime")) return false;
    tracee->role = SUPERVISOR;
    return true;
}

static void at_stop(pid_t thread, int status) {
    struct tracee *tracee = meet(thread);
    int signal = WSTOPSIG(status), event = status >> 16;
    if (is_over) {
        let_go(thread, event || signal == (SIGTRAP | 0x80) ? 0 : signal);
        return;
    }
    if (signal == (SIGTRAP | 0x80)) {
        at_call(tracee);
        signal = 0;
    } else if (event == PTRACE_EVENT_EXEC) {
        // The other threads are gone, and this one has the process' number.
        if (!at_execution(tracee)) return let_go(thread, 0);
        signal = 0;
    } else if (event == PTRACE_EVENT_STOP) {
        if (tracee->is_known && (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)) {
            ptrace(PTRACE_LISTEN, thread, NULL, NULL);
            return;
        }
        signal = 0;
    } else if (event) {
        signal = 0;
    }
    tracee->is_known = true;
    if (is_over)
        let_go(thread, signal);
    else
        ptrace(PTRACE_SYSCALL, thread, NULL, signal);
}

static long long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void on_alarm(int signal) { (void)signal; }

int main(int count, char **words) {
    if (count < 6) {
        fputs("usage: killwalk command|supervisor|both NUMBER SUPERVISOR REPORT COMMAND [ARGUMENT...]\n", stderr);
        return 2;
    }
    victims = !strcmp(words[1], "both") ? 3 : !strcmp(words[1], "supervisor") ? VICTIM_SUPERVISOR : VICTIM_COMMAND;
    wanted = atol(words[2]);
    pid_t supervisor = atoi(words[3]);
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

    int gate[2];
    if (pipe2(gate, O_CLOEXEC)) fail("pipe");
    command = fork();
    if (command < 0) fail("fork");
    if (command == 0) {
        char byte;
        close(gate[1]);
        if (read(gate[0], &byte, 1) == 1) execvp(words[5], words + 5);
        _exit(127);
    }
    if (ptrace(PTRACE_SEIZE, command, NULL, options)) fail("trace the command");
    meet(command)->role = COMMAND;
    if (supervisor > 0) {
        if (ptrace(PTRACE_SEIZE, supervisor, NULL, options)) fail("trace the supervisor");
        meet(supervisor)->role = SUPERVISOR;
        // From its next call on: it waits in one now.
        ptrace(PTRACE_INTERRUPT, supervisor, NULL, NULL);
    }
    ptrace(PTRACE_INTERRUPT, command, NULL, NULL);
    if (write(gate[1], "g", 1) != 1) fail("write");

    // Interrupts the wait below now and then.
    if (sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL)) fail("sigaction");
    struct itimerval interval = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000};
    if (setitimer(ITIMER_REAL, &interval, NULL)) fail("setitimer");

    int ending = -1;
    long long start = milliseconds(), last = start;
    while (tracee_count || ending < 0) {
        int status;
        pid_t thread = waitpid(-1, &status, __WALL);
        long long now = milliseconds();
        if (thread < 0) {
            if (errno == ECHILD) break;
            // What the supervisor has left to do after the command's end counts, too.
            if (!is_over && ending >= 0 && now - last > 150) end_walk();
            if (now - start > 30000) {
                kill(command, SIGKILL);
                ending = 255;
                break;
            }
            continue;
        }
        last = now;
        if (WIFSTOPPED(status)) {
            at_stop(thread, status);
        } else {
            forget(thread);
            if (thread == command) ending = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
    FILE *report = fopen(words[4], "we");
    if (!report) fail(words[4]);
    fprintf(report, "%s %ld %s %d\n", wanted > 0 && counted >= wanted ? "killed" : "ended", counted, last_call, ending);
    return fclose(report) ? 2 : 0;
}
