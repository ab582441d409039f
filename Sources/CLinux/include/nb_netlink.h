// The numbers and structures of the kernel's netlink protocols: rtnetlink(7) and nf_tables.
#ifndef NB_NETLINK_H
#define NB_NETLINK_H

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#endif
