/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bindgen reads for drivers/netdev/bindings.rs.
 *
 * The bindings of Linux 7.3's own `bindings` crate leave out
 * linux/netdevice.h; in the kernel tree these lines would be a few more
 * includes in rust/bindings/bindings_helper.h.
 */
#ifndef NETDEV_BINDINGS_HELPER_H
#define NETDEV_BINDINGS_HELPER_H

/* Avoid forward references to `enum` types (rust-bindgen issue 3179). */
#include <linux/hrtimer_types.h>

#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/filter.h>
#include <linux/if_vlan.h>
#include <linux/interrupt.h>
#include <linux/mii.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <net/netdev_queues.h>
#include <net/page_pool/helpers.h>
#include <net/xdp.h>

#include "../helpers.h"

/* bindgen cannot evaluate these macros by itself. */
static const u64 NETDEV_CONST_NETIF_F_SG = NETIF_F_SG;
static const u64 NETDEV_CONST_NETIF_F_HW_CSUM = NETIF_F_HW_CSUM;
static const u64 NETDEV_CONST_NETIF_F_HIGHDMA = NETIF_F_HIGHDMA;
static const u64 NETDEV_CONST_NETIF_F_TSO = NETIF_F_TSO;
static const u64 NETDEV_CONST_NETIF_F_TSO_MANGLEID = NETIF_F_TSO_MANGLEID;
static const u64 NETDEV_CONST_NETIF_F_TSO6 = NETIF_F_TSO6;
static const u64 NETDEV_CONST_NETIF_F_GSO_UDP_L4 = NETIF_F_GSO_UDP_L4;
static const u64 NETDEV_CONST_NETIF_F_GSO_MASK = NETIF_F_GSO_MASK;
static const u64 NETDEV_CONST_NETIF_F_CSUM_MASK = NETIF_F_CSUM_MASK;
static const u64 NETDEV_CONST_NETIF_F_HW_VLAN_CTAG_TX = NETIF_F_HW_VLAN_CTAG_TX;
static const u64 NETDEV_CONST_NETIF_F_HW_VLAN_CTAG_RX = NETIF_F_HW_VLAN_CTAG_RX;
static const u64 NETDEV_CONST_NETIF_F_HW_VLAN_CTAG_FILTER =
	NETIF_F_HW_VLAN_CTAG_FILTER;
static const u64 NETDEV_CONST_NETIF_F_RXCSUM = NETIF_F_RXCSUM;
static const u64 NETDEV_CONST_NETIF_F_RXALL = NETIF_F_RXALL;
static const u64 NETDEV_CONST_NETIF_F_RXFCS = NETIF_F_RXFCS;
static const u64 NETDEV_CONST_NETIF_F_LOOPBACK = NETIF_F_LOOPBACK;
static const u64 NETDEV_CONST_NETIF_F_GRO = NETIF_F_GRO;

static const u32 NETDEV_CONST_IFF_UNICAST_FLT = IFF_UNICAST_FLT;
static const u32 NETDEV_CONST_IFF_LIVE_ADDR_CHANGE = IFF_LIVE_ADDR_CHANGE;
static const u32 NETDEV_CONST_IFF_SUPP_NOFCS = IFF_SUPP_NOFCS;

static const u32 NETDEV_CONST_ETHTOOL_COALESCE_RX_USECS =
	ETHTOOL_COALESCE_RX_USECS;
static const u32 NETDEV_CONST_ETHTOOL_COALESCE_TX_USECS =
	ETHTOOL_COALESCE_TX_USECS;
static const u32 NETDEV_CONST_ETHTOOL_COALESCE_USE_ADAPTIVE_RX =
	ETHTOOL_COALESCE_USE_ADAPTIVE_RX;
static const u32 NETDEV_CONST_ETHTOOL_COALESCE_USE_ADAPTIVE_TX =
	ETHTOOL_COALESCE_USE_ADAPTIVE_TX;

static const size_t NETDEV_CONST_PRIV_OFFSET = offsetof(struct net_device, priv);
static const size_t NETDEV_CONST_PRIV_ALIGN = __alignof__(struct net_device);
static const size_t NETDEV_CONST_SKB_SHINFO_SIZE =
	SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
static const u32 NETDEV_CONST_SMP_CACHE_BYTES = SMP_CACHE_BYTES;
static const int NETDEV_CONST_NUMA_NO_NODE = NUMA_NO_NODE;
static const u32 NETDEV_CONST_PP_FLAG_DMA_MAP = PP_FLAG_DMA_MAP;
static const u32 NETDEV_CONST_PP_FLAG_DMA_SYNC_DEV = PP_FLAG_DMA_SYNC_DEV;
static const gfp_t NETDEV_CONST_GFP_ATOMIC = GFP_ATOMIC;
static const gfp_t NETDEV_CONST_GFP_KERNEL = GFP_KERNEL;

#endif
