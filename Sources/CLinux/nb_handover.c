/* Descriptors for a process that runs already. */
#define _GNU_SOURCE
#include "nb_handover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct nb_handover {
    int mark;
    int numbers[NB_HANDOVER_MAX];
};

union nb_rights {
    char bytes[CMSG_SPACE(NB_HANDOVER_MAX * sizeof(int))];
    struct cmsghdr align;
};

int nb_hand_over(int socket, int mark, const int *descriptors, size_t count)
{
    if (count == 0 || count > NB_HANDOVER_MAX) return -EINVAL;
    struct nb_handover text = {.mark = mark};
    memcpy(text.numbers, descriptors, count * sizeof(int));
    struct iovec data = {.iov_base = &text, .iov_len = sizeof(int) * (1 + count)};
    union nb_rights control;
    memset(&control, 0, sizeof control);
    struct msghdr header = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(rights), descriptors, count * sizeof(int));
    ssize_t length;
    do length = sendmsg(socket, &header, MSG_NOSIGNAL);
    while (length < 0 && errno == EINTR);
    return length < 0 ? -errno : 0;
}

/* Moves a descriptor to the lowest free number from `least` on. */
static int nb_move_up(int descriptor, int least)
{
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, least);
    if (moved < 0) return -errno;
    close(descriptor);
    return moved;
}

static int nb_give_numbers(int *socket, int *received, const int *numbers, size_t count)
{
    int highest = 0;
    for (size_t index = 0; index < count; index++) {
        if (numbers[index] <= STDERR_FILENO) return -EPROTO;
        if (numbers[index] > highest) highest = numbers[index];
    }
    /* First all out of the way: one may have come with the number that another is to get. */
    int moved = nb_move_up(*socket, highest + 1);
    if (moved < 0) return moved;
    *socket = moved;
    for (size_t index = 0; index < count; index++) {
        received[index] = nb_move_up(received[index], highest + 1);
        if (received[index] < 0) return received[index];
    }
    for (size_t index = 0; index < count; index++) {
        if (dup3(received[index], numbers[index], O_CLOEXEC) < 0) return -errno;
        close(received[index]);
    }
    return (int)count;
}

int nb_take_over(int *socket, int *mark, int numbers[NB_HANDOVER_MAX])
{
    struct nb_handover text;
    struct iovec data = {.iov_base = &text, .iov_len = sizeof text};
    union nb_rights control;
    struct msghdr header = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t length;
    do length = recvmsg(*socket, &header, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    if (length <= 0) return length < 0 ? -errno : 0;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    if (rights == NULL || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) return -EPROTO;
    size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if ((size_t)length != sizeof(int) * (1 + count)) return -EPROTO;
    int received[NB_HANDOVER_MAX];
    memcpy(received, CMSG_DATA(rights), count * sizeof(int));
    memcpy(numbers, text.numbers, count * sizeof(int));
    *mark = text.mark;
    return nb_give_numbers(socket, received, numbers, count);
}
