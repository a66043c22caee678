/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Out-of-line versions of the network core's inline functions and macros,
 * for Rust. One line of C each wherever possible: what a function does, its
 * context and its locking are those of the function it wraps.
 */
#ifndef NETDEV_HELPERS_H
#define NETDEV_HELPERS_H

#include <linux/hrtimer.h>
#include <linux/mii.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/page_pool/types.h>
#include <net/xdp.h>

struct bpf_prog;

/* NAPI */
void netdev_helper_napi_add(struct net_device *dev, struct napi_struct *napi,
			    int (*poll)(struct napi_struct *napi, int budget));
void netdev_helper_napi_del(struct napi_struct *napi);
void netdev_helper_napi_set_irq(struct napi_struct *napi, int irq);
void netdev_helper_napi_gro_flush(struct napi_struct *napi);

/* Transmit queue 0 */
void netdev_helper_tx_disable(struct net_device *dev);
void netdev_helper_tx_lock_bh(struct netdev_queue *txq);
void netdev_helper_tx_unlock_bh(struct netdev_queue *txq);
void netdev_helper_tx_lock(struct netdev_queue *txq);
bool netdev_helper_tx_trylock(struct netdev_queue *txq);
void netdev_helper_tx_unlock(struct netdev_queue *txq);
void netdev_helper_tx_touch(struct netdev_queue *txq);
bool netdev_helper_tx_stopped(const struct netdev_queue *txq);
void netdev_helper_tx_stop(struct netdev_queue *txq);
void netdev_helper_tx_wake(struct netdev_queue *txq);
bool netdev_helper_tx_sent(struct netdev_queue *txq, unsigned int bytes);
bool netdev_helper_xmit_more(void);
bool netdev_helper_tx_may_hold(const struct netdev_queue *txq);
void netdev_helper_tx_completed(struct netdev_queue *txq, unsigned int pkts,
				unsigned int bytes);
void netdev_helper_tx_reset(struct netdev_queue *txq);
void netdev_helper_hold_setup(struct hrtimer *timer,
			      enum hrtimer_restart (*fn)(struct hrtimer *timer));
bool netdev_helper_precise_timers(void);
void netdev_helper_hold_start(struct hrtimer *timer, u64 ns);

/* sk_buff */
struct skb_shared_info *netdev_helper_skb_shinfo(const struct sk_buff *skb);
struct sk_buff *netdev_helper_skb_pad(struct sk_buff *skb);
int netdev_helper_skb_linearize(struct sk_buff *skb);
int netdev_helper_skb_cow_head(struct sk_buff *skb, unsigned int headroom);
void netdev_helper_skb_tx_timestamp(struct sk_buff *skb,
				    const struct net_device *dev);
void netdev_helper_skb_free(struct sk_buff *skb, enum skb_drop_reason reason);
int netdev_helper_free_budget(void);
void netdev_helper_skb_put_vlan(struct sk_buff *skb, u16 tci);
void netdev_helper_skb_prepare_tso4(struct sk_buff *skb);
void netdev_helper_skb_prepare_uso4(struct sk_buff *skb);

/* Streaming DMA */
dma_addr_t netdev_helper_dma_map_tx(struct device *dev, void *ptr, size_t len);
dma_addr_t netdev_helper_skb_frag_map(struct device *dev,
				      const skb_frag_t *frag);
void netdev_helper_dma_unmap_tx(struct device *dev, dma_addr_t addr,
				size_t len);

/* page_pool */
struct page *netdev_helper_pp_alloc(struct page_pool *pool);
dma_addr_t netdev_helper_pp_dma_addr(const struct page *page);
u32 netdev_helper_pp_renew(struct page_pool *pool, unsigned long *slots,
			   dma_addr_t *addrs, u32 n);
struct sk_buff *netdev_helper_pp_build_skb(struct page *page, u32 len);
void netdev_helper_pp_add_frag(struct sk_buff *skb, struct page *page, u32 len);
void *netdev_helper_page_address(const struct page *page);
void netdev_helper_pp_put(struct page *page);
dma_addr_t netdev_helper_pp_sync_head(struct device *dev, const void *data,
				      u32 len);
dma_addr_t netdev_helper_pp_sync_frag(struct device *dev,
				      const skb_frag_t *frag);
void netdev_helper_pp_sync_for_cpu(struct page *page, u32 len);

/* XDP */
u32 netdev_helper_xdp_run(const struct bpf_prog *prog, struct xdp_buff *xdp,
			  struct page *page, const struct page_pool *pool);
void netdev_helper_xdp_return(struct xdp_frame *frame);
void netdev_helper_xdp_exception(const struct net_device *dev,
				 const struct bpf_prog *prog, u32 act);
struct bpf_prog *netdev_helper_xdp_swap(struct bpf_prog **slot,
					struct bpf_prog *prog);
bool netdev_helper_xdp_prog_has_frags(const struct bpf_prog *prog);
u32 netdev_helper_xdp_len(const struct xdp_buff *xdp);
bool netdev_helper_xdp_add_frag(struct xdp_buff *xdp, struct page *page,
				u32 off, u32 len, u32 truesize);
void netdev_helper_xdp_put_frags(const struct xdp_buff *xdp);
struct sk_buff *netdev_helper_xdp_build_skb(const struct xdp_buff *xdp);
struct xdp_frame *netdev_helper_xdp_to_frame(struct xdp_buff *xdp);
struct skb_shared_info *
netdev_helper_xdp_frame_shinfo(const struct xdp_frame *frame);
u32 netdev_helper_xdp_frame_tailroom(const struct xdp_frame *frame);

/* net_device */
void netdev_helper_set_parent(struct net_device *dev, struct device *parent);
void netdev_helper_work_sched(struct net_device *dev, unsigned long events);
void netdev_helper_rx_mode(struct net_device *dev);
void netdev_helper_intx(struct net_device *dev, bool on);
bool netdev_helper_intx_mask(struct net_device *dev);
void netdev_helper_dma(struct net_device *dev, bool on);
bool netdev_helper_running(const struct net_device *dev);
bool netdev_helper_rtnl_locked(void);
bool netdev_helper_can_wakeup(const struct net_device *dev);
void netdev_helper_pci_off(struct pci_dev *pdev);
int netdev_helper_set_wakeup(struct net_device *dev, bool enable);

netdev_features_t netdev_helper_features_check(struct sk_buff *skb,
					       netdev_features_t features);
struct mii_ioctl_data *netdev_helper_mii(struct ifreq *ifr);

/* Lists of addresses */
struct netdev_hw_addr *
netdev_helper_addr_next(const struct netdev_hw_addr_list *list,
			const struct netdev_hw_addr *prev);

/* Timer */
void netdev_helper_timer_setup(struct timer_list *timer,
			       void (*fn)(struct timer_list *timer));

/* Extended acknowledgment */
void netdev_helper_extack(struct netlink_ext_ack *extack, const char *msg);

#endif
