/*
 * What the kernel alone needs for a bundle's container: clone3 with the namespaces of runc's default configuration, its mounts,
 * pivot_root, the execution of /bin/true and its end. usage: oci-floor ROOTFS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(long result, const char *what)
{
    if (result >= 0) return;
    fprintf(stderr, "oci-floor: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static void child(const char *root)
{
    const unsigned long plain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount /");
    check(mount(root, root, NULL, MS_BIND | MS_REC, NULL), "bind");
    check(chdir(root), "chdir");
    check(mount("proc", "proc", "proc", 0, NULL), "proc");
    check(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"), "dev");
    mkdir("dev/pts", 0755);
    mkdir("dev/shm", 0755);
    mkdir("dev/mqueue", 0755);
    check(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"), "devpts");
    check(mount("shm", "dev/shm", "tmpfs", plain, "mode=1777,size=65536k"), "shm");
    check(mount("mqueue", "dev/mqueue", "mqueue", plain, NULL), "mqueue");
    check(mount("sysfs", "sys", "sysfs", plain | MS_RDONLY, NULL), "sysfs");
    static const struct {
        const char *path;
        unsigned minor;
    } devices[] = {{"dev/null", 3}, {"dev/zero", 5}, {"dev/full", 7}, {"dev/random", 8}, {"dev/urandom", 9}};
    for (size_t index = 0; index < sizeof devices / sizeof devices[0]; index++)
        check(mknod(devices[index].path, S_IFCHR | 0666, (dev_t)(1 << 8 | devices[index].minor)), "mknod");
    check(sethostname("floor", 5), "sethostname");
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "umount");
    check(chdir("/"), "chdir /");
    char *arguments[] = {"true", NULL}, *environment[] = {NULL};
    check(execve("/bin/true", arguments, environment), "execve");
}

int main(int count, char **arguments)
{
    if (count != 2) return 2;
    struct clone_args clone = {
        .flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_VFORK,
        .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &clone, sizeof clone);
    check(pid, "clone3");
    if (pid == 0) child(arguments[1]);
    int status;
    check(waitpid((pid_t)pid, &status, 0), "wait");
    return status != 0;
}
