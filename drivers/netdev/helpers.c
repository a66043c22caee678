// SPDX-License-Identifier: GPL-2.0

#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/hrtimer.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/pm_wakeup.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/gro.h>
#include <net/ip.h>
#include <net/netdev_lock.h>
#include <net/netdev_queues.h>
#include <net/page_pool/helpers.h>
#include <net/tcp.h>
#include <net/udp.h>
#include <net/xdp.h>

#include "helpers.h"

void netdev_helper_napi_add(struct net_device *dev, struct napi_struct *napi,
			    int (*poll)(struct napi_struct *napi, int budget))
{
	netif_napi_add_config(dev, napi, poll, 0);
}

void netdev_helper_napi_del(struct napi_struct *napi)
{
	netif_napi_del(napi);
}

void netdev_helper_napi_set_irq(struct napi_struct *napi, int irq)
{
	netif_napi_set_irq(napi, irq);
}

void netdev_helper_napi_gro_flush(struct napi_struct *napi)
{
	napi_gro_flush(napi, false);
}

void netdev_helper_tx_disable(struct net_device *dev)
{
	netif_tx_disable(dev);
}

void netdev_helper_tx_lock_bh(struct netdev_queue *txq)
{
	__netif_tx_lock_bh(txq);
}

void netdev_helper_tx_unlock_bh(struct netdev_queue *txq)
{
	__netif_tx_unlock_bh(txq);
}

/* In softirq context. */
void netdev_helper_tx_lock(struct netdev_queue *txq)
{
	__netif_tx_lock(txq, smp_processor_id());
}

bool netdev_helper_tx_trylock(struct netdev_queue *txq)
{
	return __netif_tx_trylock(txq);
}

void netdev_helper_tx_unlock(struct netdev_queue *txq)
{
	__netif_tx_unlock(txq);
}

void netdev_helper_tx_touch(struct netdev_queue *txq)
{
	txq_trans_cond_update(txq);
}

bool netdev_helper_tx_stopped(const struct netdev_queue *txq)
{
	return netif_tx_queue_stopped(txq);
}

void netdev_helper_tx_stop(struct netdev_queue *txq)
{
	netif_tx_stop_queue(txq);
}

void netdev_helper_tx_wake(struct netdev_queue *txq)
{
	netif_tx_wake_queue(txq);
}

bool netdev_helper_tx_sent(struct netdev_queue *txq, unsigned int bytes)
{
	return __netdev_tx_sent_queue(txq, bytes, netdev_xmit_more());
}

bool netdev_helper_xmit_more(void)
{
	return netdev_xmit_more();
}

/* Whether the stack goes on, and timers do: netpoll sends with interrupts off. */
bool netdev_helper_tx_may_hold(const struct netdev_queue *txq)
{
	return !netif_xmit_stopped(txq) && !irqs_disabled();
}

void netdev_helper_tx_completed(struct netdev_queue *txq, unsigned int pkts,
				unsigned int bytes)
{
	netdev_tx_completed_queue(txq, pkts, bytes);
}

void netdev_helper_tx_reset(struct netdev_queue *txq)
{
	netdev_tx_reset_queue(txq);
}

void netdev_helper_hold_setup(struct hrtimer *timer,
			      enum hrtimer_restart (*fn)(struct hrtimer *timer))
{
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}

bool netdev_helper_precise_timers(void)
{
	return hrtimer_resolution <= NSEC_PER_USEC;
}

void netdev_helper_hold_start(struct hrtimer *timer, u64 ns)
{
	hrtimer_start(timer, ns_to_ktime(ns), HRTIMER_MODE_REL_PINNED_SOFT);
}

struct skb_shared_info *netdev_helper_skb_shinfo(const struct sk_buff *skb)
{
	return skb_shinfo(skb);
}

/*
 * pktgen has one packet sent many times at once (IFF_TX_SKB_SHARING): these
 * change what is theirs alone.  Padding that fails frees the packet and
 * returns NULL.
 */
struct sk_buff *netdev_helper_skb_pad(struct sk_buff *skb)
{
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (!skb || eth_skb_pad(skb))
		return NULL;
	return skb;
}

int netdev_helper_skb_linearize(struct sk_buff *skb)
{
	return skb_shared(skb) ? -EBUSY : skb_linearize(skb);
}

int netdev_helper_skb_cow_head(struct sk_buff *skb, unsigned int headroom)
{
	return skb_shared(skb) ? -EBUSY : skb_cow_head(skb, headroom);
}

/* A packet need not know a device that is still there. */
void netdev_helper_skb_tx_timestamp(struct sk_buff *skb,
				    const struct net_device *dev)
{
	if (skb->dev == dev)
		skb_tx_timestamp(skb);
}

void netdev_helper_skb_free(struct sk_buff *skb, enum skb_drop_reason reason)
{
	dev_kfree_skb_any_reason(skb, reason);
}

/*
 * The budget for napi_consume_skb() under the transmit lock: one above 0 promises
 * bottom halves disabled and interrupts on.  netpoll has interrupts off, or on
 * PREEMPT_RT neither; then the free is deferred.
 */
int netdev_helper_free_budget(void)
{
	return in_softirq() && !irqs_disabled();
}

void netdev_helper_skb_put_vlan(struct sk_buff *skb, u16 tci)
{
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), tci);
}

/*
 * The device replicates the headers and adds each segment's length to the
 * fields prepared here: IPv4 total length and checksum zero, the TCP
 * checksum that of the pseudo header without the length.
 */
void netdev_helper_skb_prepare_tso4(struct sk_buff *skb)
{
	struct iphdr *iph = ip_hdr(skb);

	iph->tot_len = 0;
	iph->check = 0;
	tcp_hdr(skb)->check = ~csum_tcpudp_magic(iph->saddr, iph->daddr, 0,
						 IPPROTO_TCP, 0);
}

/* The same for UDP, whose own length field the device fills in as well. */
void netdev_helper_skb_prepare_uso4(struct sk_buff *skb)
{
	struct iphdr *iph = ip_hdr(skb);

	iph->tot_len = 0;
	iph->check = 0;
	udp_hdr(skb)->check = ~csum_tcpudp_magic(iph->saddr, iph->daddr, 0,
						 IPPROTO_UDP, 0);
}

/*
 * Both return DMA_MAPPING_ERROR on failure, checked for DMA_API_DEBUG's sake.
 * The linear part of an skb is never vmalloc()ed, so its physical address is
 * known without a look at the page.
 */
dma_addr_t netdev_helper_dma_map_tx(struct device *dev, void *ptr, size_t len)
{
	dma_addr_t addr;

	addr = dma_map_phys(dev, virt_to_phys(ptr), len, DMA_TO_DEVICE, 0);
	return dma_mapping_error(dev, addr) ? DMA_MAPPING_ERROR : addr;
}

dma_addr_t netdev_helper_skb_frag_map(struct device *dev,
				      const skb_frag_t *frag)
{
	dma_addr_t addr;

	addr = skb_frag_dma_map(dev, frag, 0, skb_frag_size(frag),
				DMA_TO_DEVICE);
	return dma_mapping_error(dev, addr) ? DMA_MAPPING_ERROR : addr;
}

/* A mapping made by either of the above. */
void netdev_helper_dma_unmap_tx(struct device *dev, dma_addr_t addr,
				size_t len)
{
	dma_unmap_phys(dev, addr, len, DMA_TO_DEVICE, 0);
}

struct page *netdev_helper_pp_alloc(struct page_pool *pool)
{
	return page_pool_dev_alloc_pages(pool);
}

dma_addr_t netdev_helper_pp_dma_addr(const struct page *page)
{
	return page_pool_get_dma_addr(page);
}

/*
 * Whether the caller's share of a page is all of it, and the page is the
 * pool's: another's may be unmapped already.  The share is given up if not.
 */
static bool pp_reclaim(const struct page_pool *pool, struct page *page)
{
	struct page_pool *owner;

	if (page_pool_unref_page(page, 1))
		return false;

	smp_acquire__after_ctrl_dep();
	owner = pp_page_to_nmdesc(page)->pp;
	/* What page_pool_put_page() asks of a page, too. */
	if (likely(owner == pool && page_ref_count(page) == 1 &&
		   !page_is_pfmemalloc(page)))
		return true;

	page_pool_put_unrefed_page(owner, page, -1, false);
	return false;
}

static void pp_sync_for_device(const struct page_pool *pool, dma_addr_t addr)
{
	dma_sync_single_for_device(pool->p.dev, addr, pool->p.max_len,
				   pool->p.dma_dir);
}

/* Of a slot, see page_pool/slot.rs. */
#define PP_NO_BUFFER	1UL

/*
 * Leaves in each of n slots a page that is the caller's alone, and in addrs
 * where the device is to write.  What is there is NULL or a page of which the
 * caller has a share, with that bit or without: it stays if nobody else has a
 * share of it, and one is from the pool else.  Returns how many there were pages
 * for; the slot after these is then NULL, with the bit.
 *
 * Others gave up theirs after their last access, by an atomic operation that
 * orders it, and after they took a reference to the page if they did.  The
 * device gets the page by a store that depends on both loads.
 */
u32 netdev_helper_pp_renew(struct page_pool *pool, unsigned long *slots,
			   dma_addr_t *addrs, u32 n)
{
	bool sync = dma_dev_need_sync(pool->p.dev);
	u32 offset = pool->p.offset;
	u32 i;

	for (i = 0; i < n; i++) {
		struct page *page = (struct page *)(slots[i] & ~PP_NO_BUFFER);
		dma_addr_t addr;

		if (unlikely(!page || !pp_reclaim(pool, page))) {
			page = page_pool_dev_alloc_pages(pool);
			if (unlikely(!page)) {
				slots[i] = PP_NO_BUFFER;
				break;
			}
			addr = page_pool_get_dma_addr(page) + offset;
		} else {
			addr = page_pool_get_dma_addr(page) + offset;
			if (unlikely(sync))
				pp_sync_for_device(pool, addr);
		}
		slots[i] = (unsigned long)page;
		addrs[i] = addr;
	}
	return i;
}

/*
 * A pool that ends unmaps pages which are still out, once nobody is between the
 * look at dma_sync and the sync (page_pool_scrub()).
 */
static noinline void pp_do_sync_for_cpu(const struct page_pool *pool,
					struct page *page, u32 len)
{
	rcu_read_lock();
	if (pool->dma_sync)
		page_pool_dma_sync_for_cpu(pool, page, 0, len);
	rcu_read_unlock();
}

static __always_inline void pp_sync_for_cpu(struct page *page, u32 len)
{
	const struct page_pool *pool = pp_page_to_nmdesc(page)->pp;

	if (unlikely(dma_dev_need_sync(pool->p.dev)))
		pp_do_sync_for_cpu(pool, page, len);
}

/*
 * Both split a page that the device has written to, after XDP_PACKET_HEADROOM
 * bytes, in two shares, of which one becomes the packet's.  The barrier: the
 * data is read after what told that it is there.
 */
struct sk_buff *netdev_helper_pp_build_skb(struct page *page, u32 len)
{
	struct sk_buff *skb;

	dma_rmb();
	pp_sync_for_cpu(page, len);
	skb = napi_build_skb(page_address(page), PAGE_SIZE);
	if (unlikely(!skb))
		return NULL;

	page_pool_fragment_page(page, 2);
	skb_reserve(skb, XDP_PACKET_HEADROOM);
	__skb_put(skb, len);
	skb_mark_for_recycle(skb);
	return skb;
}

void netdev_helper_pp_add_frag(struct sk_buff *skb, struct page *page, u32 len)
{
	dma_rmb();
	pp_sync_for_cpu(page, len);
	page_pool_fragment_page(page, 2);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page,
			XDP_PACKET_HEADROOM, len, PAGE_SIZE);
}

void *netdev_helper_page_address(const struct page *page)
{
	return page_address(page);
}

/*
 * A hard interrupt may be one in the middle of what a softirq does to the cache
 * of the pool, which page_pool_napi_local() does not see.  With interrupts off,
 * the pool's lock would turn bottom halves off and on again, and have softirqs
 * run on the way.  Better lose the page.
 */
static bool pp_may_put(void)
{
	return !WARN_ON_ONCE(in_hardirq() || irqs_disabled());
}

void netdev_helper_pp_put(struct page *page)
{
	if (pp_may_put())
		page_pool_put_full_page(pp_page_to_nmdesc(page)->pp, page,
					false);
}

static noinline bool pp_do_sync_part(const struct page_pool *pool,
				     dma_addr_t addr, u32 len)
{
	bool synced = false;

	rcu_read_lock();
	if (pool->dma_sync) {
		dma_sync_single_for_device(pool->p.dev, addr, len,
					   DMA_BIDIRECTIONAL);
		synced = true;
	}
	rcu_read_unlock();
	return synced;
}

/*
 * The address for the device of a part of an order-0 page from a pool that maps
 * its pages in both directions; DMA_MAPPING_ERROR if that is another device's
 * pool, or one that has ended.
 */
static __always_inline dma_addr_t pp_sync_part(struct device *dev,
					       struct page *page, u32 offset,
					       u32 len)
{
	const struct page_pool *pool = pp_page_to_nmdesc(page)->pp;
	dma_addr_t addr = page_pool_get_dma_addr(page) + offset;

	if (unlikely(pool->p.dev != dev || !pool->dma_sync))
		return DMA_MAPPING_ERROR;
	if (unlikely(dma_dev_need_sync(dev)) &&
	    !pp_do_sync_part(pool, addr, len))
		return DMA_MAPPING_ERROR;

	return addr;
}

dma_addr_t netdev_helper_pp_sync_head(struct device *dev, const void *data,
				      u32 len)
{
	return pp_sync_part(dev, virt_to_page(data), offset_in_page(data), len);
}

dma_addr_t netdev_helper_pp_sync_frag(struct device *dev,
				      const skb_frag_t *frag)
{
	return pp_sync_part(dev, skb_frag_page(frag), skb_frag_off(frag),
			    skb_frag_size(frag));
}

/* Of a frame that begins in a page of another pool it aborts the run. */
u32 netdev_helper_xdp_run(const struct bpf_prog *prog, struct xdp_buff *xdp,
			  struct page *page, const struct page_pool *pool)
{
	if (unlikely(pp_page_to_nmdesc(page)->pp != pool))
		return XDP_ABORTED;

	return bpf_prog_run_xdp(prog, xdp);
}

void netdev_helper_xdp_return(struct xdp_frame *frame)
{
	if (pp_may_put())
		xdp_return_frame(frame);
}

void netdev_helper_xdp_exception(const struct net_device *dev,
				 const struct bpf_prog *prog, u32 act)
{
	trace_xdp_exception(dev, prog, act);
}

struct bpf_prog *netdev_helper_xdp_swap(struct bpf_prog **slot,
					struct bpf_prog *prog)
{
	return xchg(slot, prog);
}

bool netdev_helper_xdp_prog_has_frags(const struct bpf_prog *prog)
{
	return prog->aux->xdp_has_frags;
}

u32 netdev_helper_xdp_len(const struct xdp_buff *xdp)
{
	return xdp_get_buff_len(xdp);
}

bool netdev_helper_xdp_add_frag(struct xdp_buff *xdp, struct page *page,
				u32 off, u32 len, u32 truesize)
{
	const struct page *head = virt_to_page(xdp->data_hard_start);

	if (unlikely(pp_page_to_nmdesc(page)->pp !=
		     pp_page_to_nmdesc(head)->pp))
		return false;

	return xdp_buff_add_frag(xdp, page_to_netmem(page), off, len,
				 truesize);
}

void netdev_helper_xdp_put_frags(const struct xdp_buff *xdp)
{
	struct skb_shared_info *sinfo = xdp_get_shared_info_from_buff(xdp);
	u32 i;

	if (!pp_may_put())
		return;

	for (i = 0; i < sinfo->nr_frags; i++) {
		netmem_ref netmem = skb_frag_netmem(&sinfo->frags[i]);

		page_pool_put_full_netmem(netmem_get_pp(netmem), netmem,
					  false);
	}
}

/*
 * xdp_build_skb_from_buff() but for the end: eth_type_trans() is left to the
 * one who hands the packet to the stack.
 */
struct sk_buff *netdev_helper_xdp_build_skb(const struct xdp_buff *xdp)
{
	const struct skb_shared_info *sinfo;
	struct sk_buff *skb;
	u32 nr_frags = 0;
	int metalen;

	/* The place of sinfo is that of the skb's; the count is cleared. */
	sinfo = xdp_get_shared_info_from_buff(xdp);
	if (unlikely(xdp_buff_has_frags(xdp)))
		nr_frags = sinfo->nr_frags;

	skb = napi_build_skb(xdp->data_hard_start, xdp->frame_sz);
	if (unlikely(!skb))
		return NULL;

	skb_reserve(skb, xdp->data - xdp->data_hard_start);
	__skb_put(skb, xdp->data_end - xdp->data);
	metalen = xdp->data - xdp->data_meta;
	if (metalen > 0)
		skb_metadata_set(skb, metalen);
	skb_mark_for_recycle(skb);
	if (unlikely(nr_frags))
		xdp_update_skb_frags_info(skb, nr_frags,
					  sinfo->xdp_frags_size,
					  sinfo->xdp_frags_truesize,
					  xdp_buff_get_skb_flags(xdp));
	return skb;
}

struct xdp_frame *netdev_helper_xdp_to_frame(struct xdp_buff *xdp)
{
	return xdp_convert_buff_to_frame(xdp);
}

struct skb_shared_info *
netdev_helper_xdp_frame_shinfo(const struct xdp_frame *frame)
{
	return xdp_get_shared_info_from_frame(frame);
}

/* Bytes behind the data, before the shared info. */
u32 netdev_helper_xdp_frame_tailroom(const struct xdp_frame *frame)
{
	void *end = xdp_get_shared_info_from_frame(frame);
	void *tail = frame->data + frame->len;

	return end > tail ? end - tail : 0;
}

void netdev_helper_pp_sync_for_cpu(struct page *page, u32 len)
{
	/* The data is read after what told that it is there. */
	dma_rmb();
	pp_sync_for_cpu(page, len);
}

/*
 * The lock that it takes is one for bottom halves: in a hard interrupt it may be
 * held here already, and with interrupts off softirqs would run at its end.
 */
void netdev_helper_work_sched(struct net_device *dev, unsigned long events)
{
	if (!WARN_ON_ONCE(in_hardirq() || irqs_disabled()))
		netdev_work_sched(dev, events);
}

/*
 * The core forgets about lists and flags that change while the device is not
 * present: have it look at them once more.  Any change does that, so one is made
 * and undone.
 */
void netdev_helper_rx_mode(struct net_device *dev)
{
	static const u8 addr[ETH_ALEN] __aligned(2) = {
		0x01, 0x80, 0xc2, 0x00, 0x00, 0x01
	};

	if (!dev_mc_add(dev, addr))
		dev_mc_del(dev, addr);
	else
		netif_rx_mode_schedule_retry(dev);
}

void netdev_helper_set_parent(struct net_device *dev, struct device *parent)
{
	SET_NETDEV_DEV(dev, parent);
}

/*
 * The functions that change the command register read it first and write it
 * then: a handler must not put back what the control path has just taken out.
 */
static DEFINE_RAW_SPINLOCK(command_lock);

/* The PCI device, if it is one. */
static struct pci_dev *pci_parent(const struct net_device *dev)
{
	struct device *parent = dev->dev.parent;

	return parent && dev_is_pci(parent) ? to_pci_dev(parent) : NULL;
}

/* Lets a PCI device assert its INTx line, or not; any context. */
void netdev_helper_intx(struct net_device *dev, bool on)
{
	struct pci_dev *pdev = pci_parent(dev);
	unsigned long flags;

	if (!pdev)
		return;
	raw_spin_lock_irqsave(&command_lock, flags);
	pci_intx(pdev, on);
	raw_spin_unlock_irqrestore(&command_lock, flags);
}

/* Takes the line from a PCI device that asserts it, and tells whether it did; any context. */
bool netdev_helper_intx_mask(struct net_device *dev)
{
	struct pci_dev *pdev = pci_parent(dev);
	unsigned long flags;
	bool masked;

	if (!pdev)
		return false;
	raw_spin_lock_irqsave(&command_lock, flags);
	masked = pci_check_and_mask_intx(pdev);
	raw_spin_unlock_irqrestore(&command_lock, flags);
	return masked;
}

/* Lets a PCI device reach memory, or not. */
void netdev_helper_dma(struct net_device *dev, bool on)
{
	struct pci_dev *pdev = pci_parent(dev);
	unsigned long flags;

	if (!pdev)
		return;
	raw_spin_lock_irqsave(&command_lock, flags);
	if (on)
		pci_set_master(pdev);
	else
		pci_clear_master(pdev);
	raw_spin_unlock_irqrestore(&command_lock, flags);
}

/* A device is to sleep while the machine is off, and may then wake it. */
void netdev_helper_pci_off(struct pci_dev *pdev)
{
	if (system_state != SYSTEM_POWER_OFF)
		return;
	pci_wake_from_d3(pdev, device_may_wakeup(&pdev->dev));
	pci_set_power_state(pdev, PCI_D3hot);
}

bool netdev_helper_running(const struct net_device *dev)
{
	return netif_running(dev);
}

bool netdev_helper_rtnl_locked(void)
{
	return rtnl_is_locked();
}

bool netdev_helper_can_wakeup(const struct net_device *dev)
{
	return dev->dev.parent && device_can_wakeup(dev->dev.parent);
}

int netdev_helper_set_wakeup(struct net_device *dev, bool enable)
{
	/* What is enabled twice is an error to device_wakeup_enable(). */
	if (device_may_wakeup(dev->dev.parent) == enable)
		return 0;
	return device_set_wakeup_enable(dev->dev.parent, enable);
}

netdev_features_t netdev_helper_features_check(struct sk_buff *skb,
					       netdev_features_t features)
{
	return vlan_features_check(skb, features);
}

struct mii_ioctl_data *netdev_helper_mii(struct ifreq *ifr)
{
	return if_mii(ifr);
}

struct netdev_hw_addr *
netdev_helper_addr_next(const struct netdev_hw_addr_list *list,
			const struct netdev_hw_addr *prev)
{
	const struct list_head *next;

	next = prev ? prev->list.next : list->list.next;
	if (next == &list->list)
		return NULL;
	return list_entry(next, struct netdev_hw_addr, list);
}

void netdev_helper_timer_setup(struct timer_list *timer,
			       void (*fn)(struct timer_list *timer))
{
	timer_setup(timer, fn, 0);
}

void netdev_helper_extack(struct netlink_ext_ack *extack, const char *msg)
{
	/* Not NL_SET_ERR_MSG(): the message is a constant of the Rust side. */
	if (extack)
		extack->_msg = msg;
}
