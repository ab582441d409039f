#define _GNU_SOURCE
#include "nb_netdevice.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "nb_clone.h"
#include "nb_netlink.h"
#include "nb_syscall.h"

enum {
    /* The most that the kernel puts into one packet of a list. */
    NB_PACKET = 32768,
    NB_ADDRESSES = 512,
};

/* An address as it is given back. */
struct nb_kept_address {
    uint8_t family, prefix;
    uint32_t flags;
    uint8_t has_local, has_broadcast;
    /* `address` is the other end's where `local` is there, too. */
    uint8_t address[16], local[16], broadcast[16];
};

struct nb_device_work {
    struct nb_device_move *move;
    int result;
    int address_count;
    struct nb_kept_address addresses[NB_ADDRESSES];
    char packet[NB_PACKET] __attribute__((aligned(8)));
};

/* A request with room for its attributes. */
struct nb_route_request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
    } body;
    char attributes[256];
};

static void nb_begin(struct nb_route_request *request, int type, int flags, size_t body)
{
    memset(request, 0, sizeof *request);
    request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
    request->header.nlmsg_type = (uint16_t)type;
    request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    request->header.nlmsg_seq = 1;
}

/* The attributes of one request always fit: names and addresses. */
static void nb_attribute(struct nb_route_request *request, int type, const void *value, size_t size)
{
    struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
    attribute->rta_type = (uint16_t)type;
    attribute->rta_len = (uint16_t)RTA_LENGTH(size);
    memcpy(RTA_DATA(attribute), value, size);
    request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + (uint32_t)RTA_ALIGN(attribute->rta_len);
}

/* A socket in the network namespace `namespace`; the helper is left there. */
static int nb_socket_in(int namespace)
{
    long result = NB_SYSCALL2(SYS_setns, namespace, CLONE_NEWNET);
    if (result >= 0) result = NB_SYSCALL3(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (result < 0) return (int)result;
    int on = 1;
    /* The kernel's own words, and answers without a copy of the question. */
    NB_SYSCALL5(SYS_setsockopt, result, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    NB_SYSCALL5(SYS_setsockopt, result, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    return (int)result;
}

static void nb_keep_words(struct nb_device_work *work, const struct nlmsghdr *header)
{
    work->move->message[0] = 0;
    if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return;
    int left = (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof(struct nlmsgerr));
    const struct rtattr *attribute = (const struct rtattr *)((const char *)header + NLMSG_LENGTH(sizeof(struct nlmsgerr)));
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        if (attribute->rta_type != NLMSGERR_ATTR_MSG) continue;
        size_t size = RTA_PAYLOAD(attribute);
        if (size >= sizeof work->move->message) size = sizeof work->move->message - 1;
        memcpy(work->move->message, RTA_DATA(attribute), size);
        work->move->message[size] = 0;
    }
}

/* Sends a request and hands each answer to `take` until the last. 0, or -errno. */
static long nb_exchange(
    struct nb_device_work *work, int socket, struct nb_route_request *request,
    void (*take)(struct nb_device_work *, const struct nlmsghdr *, void *), void *context)
{
    int is_list = (request->header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    int is_question = is_list || (request->header.nlmsg_flags & NLM_F_ACK) == 0;
    long sent = NB_SYSCALL(SYS_sendto, socket, request, request->header.nlmsg_len, 0, 0, 0);
    if (sent < 0) return sent;
    for (;;) {
        long count;
        do count = NB_SYSCALL(SYS_recvfrom, socket, work->packet, NB_PACKET, MSG_TRUNC, 0, 0);
        while (count == -EINTR);
        if (count < 0) return count;
        if (count > NB_PACKET) return -EMSGSIZE;
        unsigned int left = (unsigned int)count;
        for (struct nlmsghdr *header = (struct nlmsghdr *)work->packet; NLMSG_OK(header, left);
             header = NLMSG_NEXT(header, left)) {
            if (header->nlmsg_type == NLMSG_DONE) return 0;
            if (header->nlmsg_type == NLMSG_ERROR) {
                if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))) return -EPROTO;
                int error = ((struct nlmsgerr *)NLMSG_DATA(header))->error;
                if (error != 0) nb_keep_words(work, header);
                return error;
            }
            if (take != NULL) take(work, header, context);
            if (is_question && !is_list) return 0;
        }
    }
}

static void nb_take_link(struct nb_device_work *work, const struct nlmsghdr *header, void *context)
{
    (void)work;
    if (header->nlmsg_type == RTM_NEWLINK && header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg)))
        *(struct ifinfomsg *)context = *(struct ifinfomsg *)NLMSG_DATA(header);
}

/* The device of a name: its number is above 0. */
static long nb_find_device(struct nb_device_work *work, int socket, const char *name, struct ifinfomsg *found)
{
    struct nb_route_request request;
    nb_begin(&request, RTM_GETLINK, 0, sizeof request.body.link);
    nb_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
    memset(found, 0, sizeof *found);
    long result = nb_exchange(work, socket, &request, nb_take_link, found);
    return result < 0 ? result : found->ifi_index > 0 ? 0 : -EPROTO;
}

static void nb_copy(uint8_t *target, const struct rtattr *attribute)
{
    size_t size = RTA_PAYLOAD(attribute);
    memcpy(target, RTA_DATA(attribute), size > 16 ? 16 : size);
}

/* Keeps what is neither temporary nor of this link only: the rest makes no sense elsewhere, or comes by itself. */
static void nb_take_address(struct nb_device_work *work, const struct nlmsghdr *header, void *context)
{
    if (header->nlmsg_type != RTM_NEWADDR || header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg))) return;
    const struct ifaddrmsg *body = NLMSG_DATA(header);
    if ((int)body->ifa_index != *(int *)context || body->ifa_scope != RT_SCOPE_UNIVERSE) return;
    struct nb_kept_address kept = {.family = body->ifa_family, .prefix = body->ifa_prefixlen, .flags = body->ifa_flags};
    int left = (int)IFA_PAYLOAD(header);
    for (const struct rtattr *attribute = IFA_RTA(body); RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        switch (attribute->rta_type) {
        case IFA_ADDRESS: nb_copy(kept.address, attribute); break;
        case IFA_LOCAL:
            kept.has_local = 1;
            nb_copy(kept.local, attribute);
            break;
        case IFA_BROADCAST:
            kept.has_broadcast = 1;
            nb_copy(kept.broadcast, attribute);
            break;
        case IFA_FLAGS:
            if (RTA_PAYLOAD(attribute) >= sizeof kept.flags) memcpy(&kept.flags, RTA_DATA(attribute), sizeof kept.flags);
            break;
        default: break;
        }
    }
    if ((kept.flags & IFA_F_PERMANENT) == 0) return;
    /* One too many is told by the number. */
    if (work->address_count < NB_ADDRESSES) work->addresses[work->address_count] = kept;
    work->address_count++;
}

static long nb_read_addresses(struct nb_device_work *work, int socket, int index)
{
    struct nb_route_request request;
    nb_begin(&request, RTM_GETADDR, NLM_F_DUMP, sizeof request.body.address);
    work->address_count = 0;
    long result = nb_exchange(work, socket, &request, nb_take_address, &index);
    return result < 0 ? result : work->address_count > NB_ADDRESSES ? -E2BIG : 0;
}

static long nb_add_addresses(struct nb_device_work *work, int socket, int index)
{
    for (int number = 0; number < work->address_count; number++) {
        const struct nb_kept_address *kept = &work->addresses[number];
        size_t size = kept->family == AF_INET ? 4 : 16;
        struct nb_route_request request;
        nb_begin(&request, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof request.body.address);
        request.body.address.ifa_family = kept->family;
        request.body.address.ifa_prefixlen = kept->prefix;
        request.body.address.ifa_index = (uint32_t)index;
        nb_attribute(&request, IFA_ADDRESS, kept->address, size);
        if (kept->has_local) nb_attribute(&request, IFA_LOCAL, kept->local, size);
        if (kept->has_broadcast) nb_attribute(&request, IFA_BROADCAST, kept->broadcast, size);
        uint32_t flags = kept->flags & (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_NOPREFIXROUTE);
        if (flags != 0) nb_attribute(&request, IFA_FLAGS, &flags, sizeof flags);
        long result = nb_exchange(work, socket, &request, NULL, NULL);
        if (result < 0 && result != -EEXIST) return result;
    }
    return 0;
}

/* Changes a device: of another name, in another namespace, up; NULL and -1 leave that as it is. */
static long nb_change_device(
    struct nb_device_work *work, int socket, int index, const char *name, int namespace, int is_up)
{
    struct nb_route_request request;
    nb_begin(&request, RTM_NEWLINK, NLM_F_ACK, sizeof request.body.link);
    request.body.link.ifi_index = index;
    if (is_up) request.body.link.ifi_flags = request.body.link.ifi_change = IFF_UP;
    if (name != NULL) nb_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
    if (namespace >= 0) nb_attribute(&request, IFLA_NET_NS_FD, &namespace, sizeof namespace);
    return nb_exchange(work, socket, &request, NULL, NULL);
}

static void nb_take_name(struct nb_device_work *work, const struct nlmsghdr *header, void *context)
{
    (void)context;
    if (header->nlmsg_type != RTM_NEWLINK) return;
    int left = (int)IFLA_PAYLOAD(header);
    const struct rtattr *attribute = IFLA_RTA((struct ifinfomsg *)NLMSG_DATA(header));
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        if (attribute->rta_type != IFLA_IFNAME) continue;
        size_t size = RTA_PAYLOAD(attribute);
        memset(work->move->new_name, 0, IFNAMSIZ);
        memcpy(work->move->new_name, RTA_DATA(attribute), size < IFNAMSIZ ? size : IFNAMSIZ - 1);
    }
}

/* Fills in a template, and finds out what has become of it. */
static long nb_fill_in(struct nb_device_work *work, int socket, int index)
{
    long result = nb_change_device(work, socket, index, work->move->new_name, -1, 0);
    if (result < 0) return result;
    struct nb_route_request request;
    nb_begin(&request, RTM_GETLINK, 0, sizeof request.body.link);
    request.body.link.ifi_index = index;
    return nb_exchange(work, socket, &request, nb_take_name, NULL);
}

/* A name that nobody else uses meanwhile. */
static void nb_transient_name(char *name)
{
    uint64_t random = 0;
    NB_SYSCALL3(SYS_getrandom, &random, sizeof random, 0);
    memcpy(name, "nb", 3);
    for (int index = 2; index < IFNAMSIZ - 1; index++, random >>= 4) name[index] = "0123456789abcdef"[random & 15];
    name[IFNAMSIZ - 1] = 0;
}

static long nb_fail_move(struct nb_device_work *work, int step, long result)
{
    if (result < 0) work->move->step = step;
    return result;
}

/* What is left to be done where it has arrived. */
static long nb_settle(struct nb_device_work *work, int socket, const char *name, int is_template, int is_up, int *index)
{
    struct ifinfomsg device;
    long result = nb_fail_move(work, NB_DEVICE_FIND, nb_find_device(work, socket, name, &device));
    if (result < 0) return result;
    *index = device.ifi_index;
    if (is_template) result = nb_fail_move(work, NB_DEVICE_RENAME, nb_fill_in(work, socket, *index));
    if (result >= 0) result = nb_fail_move(work, NB_DEVICE_ADD_ADDRESS, nb_add_addresses(work, socket, *index));
    if (result >= 0 && is_up)
        result = nb_fail_move(work, NB_DEVICE_BRING_UP, nb_change_device(work, socket, *index, NULL, -1, 1));
    return result;
}

/* The way back of a device that could not be settled: all that the failure has left of it. */
static void nb_take_back(struct nb_device_work *work, int here, int there, int index)
{
    struct nb_device_move *move = work->move;
    struct nb_device_move failure = *move;
    struct ifinfomsg device;
    if (nb_change_device(work, there, index, move->name, move->from, 0) >= 0 &&
        nb_find_device(work, here, move->name, &device) >= 0) {
        nb_add_addresses(work, here, device.ifi_index);
        if (move->was_up) nb_change_device(work, here, device.ifi_index, NULL, -1, 1);
    }
    *move = failure;
}

static long nb_move(struct nb_device_work *work, int here, int there)
{
    struct nb_device_move *move = work->move;
    struct ifinfomsg device, other;
    long result = nb_fail_move(work, NB_DEVICE_FIND, nb_find_device(work, here, move->name, &device));
    if (result < 0) return result;
    move->was_up = (device.ifi_flags & IFF_UP) != 0;
    result = nb_fail_move(work, NB_DEVICE_READ_ADDRESSES, nb_read_addresses(work, here, device.ifi_index));
    if (result < 0) return result;
    int is_template = strchr(move->new_name, '%') != NULL;
    char name[IFNAMSIZ];
    if (is_template) nb_transient_name(name);
    else memcpy(name, move->new_name, sizeof name);
    /* Asked before: the kernel looks only once the device has moved, and one that cannot be moved back is lost with the
     * namespace. */
    result = nb_find_device(work, there, name, &other);
    if (result == 0) return nb_fail_move(work, NB_DEVICE_NAME, -EEXIST);
    if (result != -ENODEV) return nb_fail_move(work, NB_DEVICE_NAME, result);
    move->message[0] = 0;
    int index = 0;
    result = nb_change_device(work, here, device.ifi_index, name, move->to, 0);
    if (result < 0) {
        /* It may be there already, under its old name. */
        int is_gone = nb_find_device(work, here, move->name, &other) == -ENODEV;
        if (is_gone && nb_find_device(work, there, move->name, &other) >= 0)
            nb_take_back(work, here, there, other.ifi_index);
        return nb_fail_move(work, NB_DEVICE_MOVE, result);
    }
    result = nb_settle(work, there, name, is_template, move->brings_up, &index);
    if (result < 0 && index > 0) nb_take_back(work, here, there, index);
    return result;
}

/* In the helper: a socket belongs to the namespace where it is opened. */
static int nb_move_helper(void *argument)
{
    struct nb_device_work *work = argument;
    int here = nb_socket_in(work->move->from);
    int there = here < 0 ? here : nb_socket_in(work->move->to);
    long result = there < 0 ? nb_fail_move(work, NB_DEVICE_PREPARE, there) : nb_move(work, here, there);
    work->result = (int)result;
    /* Descriptors are the caller's, too. */
    if (here >= 0) NB_SYSCALL1(SYS_close, here);
    if (there >= 0) NB_SYSCALL1(SYS_close, there);
    return 0;
}

int nb_device_move(struct nb_device_move *move)
{
    struct nb_device_work *work = calloc(1, sizeof *work);
    move->step = NB_DEVICE_PREPARE;
    move->message[0] = 0;
    if (work == NULL) return -ENOMEM;
    work->move = move;
    int result = nb_run_helper(0, nb_move_helper, work);
    if (result >= 0) result = work->result;
    free(work);
    return result;
}
