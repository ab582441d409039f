/*
 * What the kernel alone needs for a container: clone3 with all namespaces, the mounts that a container of ours has,
 * pivot_root, the execution of /bin/true and its end. usage: launch-floor LAYER WORK NUMBER; prints milliseconds, one launch
 * a line. LAYER is the image's folder, WORK one for the upper and work folders.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BASE = 1500000000, COUNT = 65536 };

static void check(long result, const char *what)
{
    if (result >= 0) return;
    fprintf(stderr, "launch-floor: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static void store(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    check(file, path);
    check(write(file, text, strlen(text)), path);
    close(file);
}

/* As a container sees them where controllers are on v1, each with what its own hierarchy is called; or the one of v2. */
static void mount_cgroups(unsigned long nodev)
{
    if (mount("cgroup2", "sys/fs/cgroup", "cgroup2", nodev, NULL) == 0 &&
        access("/sys/fs/cgroup/unified", F_OK) < 0) return;
    check(mount("tmpfs", "sys/fs/cgroup", "tmpfs", nodev, "mode=755"), "tmpfs for cgroups");
    check(mkdir("sys/fs/cgroup/memory", 0755) | mkdir("sys/fs/cgroup/pids", 0755) | mkdir("sys/fs/cgroup/unified", 0755),
          "mkdir for cgroups");
    check(mount("cgroup", "sys/fs/cgroup/memory", "cgroup", nodev, "memory"), "memory cgroup");
    check(mount("cgroup", "sys/fs/cgroup/pids", "cgroup", nodev, "pids"), "pids cgroup");
    check(mount("cgroup2", "sys/fs/cgroup/unified", "cgroup2", nodev, NULL), "cgroup2");
    check(mount(NULL, "sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | nodev, NULL), "read-only cgroups");
}

static void child(const char *root, const char *options, int ready)
{
    char byte;
    check(read(ready, &byte, 1), "wait for the map");
    check(setgid(0), "setgid");
    check(setuid(0), "setuid");
    check(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "mount /");
    check(mount("overlay", root, "overlay", 0, options), "mount the overlay");
    check(chdir(root), "chdir");
    unsigned long nodev = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    check(mount("proc", "proc", "proc", nodev, NULL), "mount /proc");
    check(mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755"), "mount /dev");
    check(mkdir("dev/pts", 0755) | mkdir("dev/shm", 01777) | mkdir("dev/mqueue", 01777), "mkdir in /dev");
    check(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"), "devpts");
    check(mount("shm", "dev/shm", "tmpfs", nodev, "mode=1777,size=65536k"), "shm");
    check(mount("mqueue", "dev/mqueue", "mqueue", nodev, NULL), "mqueue");
    check(mount("sysfs", "sys", "sysfs", nodev | MS_RDONLY, NULL), "sysfs");
    mount_cgroups(nodev);
    static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
    for (int index = 0; index < 6; index++) {
        char from[64], to[64];
        snprintf(from, sizeof from, "/dev/%s", devices[index]);
        snprintf(to, sizeof to, "dev/%s", devices[index]);
        close(open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        check(mount(from, to, NULL, MS_BIND, NULL), to);
    }
    static const char *const files[] = {"hostname", "hosts", "resolv.conf"};
    for (int index = 0; index < 3; index++) {
        char to[64];
        snprintf(to, sizeof to, "etc/%s", files[index]);
        close(open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        check(mount("/etc/hostname", to, NULL, MS_BIND, NULL), to);
    }
    static const char *const readonly[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
    for (int index = 0; index < 5; index++) {
        if (mount(readonly[index], readonly[index], NULL, MS_BIND | MS_REC, NULL) < 0) continue;
        mount(NULL, readonly[index], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | nodev, NULL);
    }
    static const char *const masked[] = {"proc/kcore", "proc/keys", "proc/timer_list", "proc/latency_stats"};
    for (int index = 0; index < 4; index++) mount("dev/null", masked[index], NULL, MS_BIND, NULL);
    static const char *const hidden[] = {"proc/acpi", "proc/scsi", "sys/firmware", "sys/devices/virtual/powercap"};
    for (int index = 0; index < 4; index++) mount("tmpfs", hidden[index], "tmpfs", MS_RDONLY, "size=0");
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "umount");
    check(chdir("/"), "chdir /");
    char *const arguments[] = {"/bin/true", NULL}, *const environment[] = {NULL};
    execve(arguments[0], arguments, environment);
    check(-1, "execve");
}

static void launch(const char *layer, const char *work, int number)
{
    char root[4096], upper[4096], scratch[4096], options[16384], path[64], map[64];
    snprintf(root, sizeof root, "%s/root", work);
    snprintf(upper, sizeof upper, "%s/upper.%d", work, number);
    snprintf(scratch, sizeof scratch, "%s/work.%d", work, number);
    mkdir(root, 0755);
    check(mkdir(upper, 0755) | mkdir(scratch, 0700), "mkdir");
    check(chown(upper, BASE, BASE) | chown(scratch, BASE, BASE), "chown");
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s,userxattr,volatile", layer, upper, scratch);
    int ready[2], pidfd;
    check(pipe2(ready, O_CLOEXEC), "pipe");
    struct clone_args arguments = {
        .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
                 CLONE_PIDFD,
        .pidfd = (uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
    };
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    check(pid, "clone3");
    if (pid == 0) child(root, options, ready[0]);
    snprintf(map, sizeof map, "0 %d %d\n", BASE, COUNT);
    snprintf(path, sizeof path, "/proc/%ld/uid_map", pid);
    store(path, map);
    snprintf(path, sizeof path, "/proc/%ld/gid_map", pid);
    store(path, map);
    check(write(ready[1], "x", 1), "let the child go on");
    siginfo_t end;
    check(waitid(P_PIDFD, (id_t)pidfd, &end, WEXITED), "wait");
    if (end.si_status != 0) exit(1);
    close(pidfd);
    close(ready[0]);
    close(ready[1]);
}

int main(int count, char **arguments)
{
    if (count != 4) return 2;
    for (int number = 0; number < atoi(arguments[3]); number++) {
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        launch(arguments[1], arguments[2], number);
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%f\n", (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6);
    }
    return 0;
}
