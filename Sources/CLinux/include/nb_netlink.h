// The numbers and structures of the kernel's netlink protocols: rtnetlink(7) and nf_tables. Nothing that includes
// linux/in.h (as linux/netfilter.h does): its structures are not the C library's of the same names.
#ifndef NB_NETLINK_H
#define NB_NETLINK_H

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stddef.h>

// Sends a complete message to a netlink family of this network namespace, from a process that is about to end; its answer
// is not waited for. The socket stays open: closing it waits for what was removed to be freed (nft_rcv_nl_event of
// net/netfilter/nf_tables_api.c), which takes some milliseconds, and the end of the process does so when nobody waits any more.
int nb_netlink_send(int family, const void *message, size_t size);

#endif
