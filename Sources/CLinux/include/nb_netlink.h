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

#endif
