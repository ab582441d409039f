/* Entries for the journal. */
#define _GNU_SOURCE
#include "nb_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "nb_file.h"
#include "nb_syscall.h"

int nb_journal_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    int number = (int)NB_SYSCALL3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (number < 0) return number;
    long result = NB_SYSCALL3(SYS_connect, number, &address, sizeof address);
    if (result >= 0) return number;
    NB_SYSCALL1(SYS_close, number);
    return (int)result;
}

/* A file in memory that nobody changes any more: the journal takes no other. */
static int nb_journal_file(const char *entry, size_t count)
{
    int file = nb_memory_file("journal-entry");
    if (file < 0) return file;
    long result = 0;
    while (count > 0) {
        result = NB_SYSCALL3(SYS_write, file, entry, count);
        if (result == -EINTR) continue;
        if (result < 0) break;
        entry += result;
        count -= (size_t)result;
    }
    if (result >= 0)
        result = NB_SYSCALL3(SYS_fcntl, file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    if (result >= 0) return file;
    NB_SYSCALL1(SYS_close, file);
    return (int)result;
}

int nb_journal_send(int socket, const void *entry, size_t count)
{
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    long result = NB_SYSCALL(SYS_sendto, socket, entry, count, flags, 0, 0);
    if (result != -EMSGSIZE) return result < 0 ? (int)result : 0;
    int file = nb_journal_file(entry, count);
    if (file < 0) return file;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &file, sizeof file);
    struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof control};
    result = NB_SYSCALL3(SYS_sendmsg, socket, &message, flags);
    NB_SYSCALL1(SYS_close, file);
    return result < 0 ? (int)result : 0;
}
