// SPDX-License-Identifier: GPL-2.0

//! The driver's data of one device, by who may touch it.

use crate::{
    hw::{
        self,
        flow::FlowControl,
        irq::{
            Causes,
            Delays,
            Throttle, //
        },
        led::Leds,
        mac::{
            self,
            Bits,
            Filters,
            RxMode, //
        },
        model::Model,
        ring::RingSize,
        wake::Wake, //
    },
    link,
    netdev::{
        Counter,
        EthAddr,
        Polling, //
    },
};
use kernel::{
    device::Bound,
    pci,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        barrier::smp_mb, //
    },
};

/// The register space of a device.
pub(crate) type Bar<'bound> = pci::Bar<'bound, { hw::BAR_SIZE }>;

/// What every context shares: registers, atomics and counters.
pub(crate) struct Adapter<'bound> {
    pub(crate) pdev: &'bound pci::Device<Bound>,
    pub(crate) bar: Bar<'bound>,
    pub(crate) model: Model,
    pub(crate) irq: Interrupts,
    pub(crate) stats: Stats,
    /// Whether the driver decides how NAPI polls.
    pub(crate) adaptive: Atomic<bool>,
    /// Whether packets that follow each other may wait for a common doorbell.
    pub(crate) gather: Atomic<bool>,
    /// Whether the device read as all ones; then nothing but its status is read, now and then.
    pub(crate) gone: Atomic<bool>,
    pub(crate) chip: KBox<ChipCounters>,
    /// Largest frame that is received, in bytes, without FCS but with two VLAN tags. Whatever its
    /// length, the device spreads a frame over as many buffers as it takes.
    pub(crate) max_frame: Atomic<usize>,
    /// Descriptors that one packet may take of the present transmit ring.
    pub(crate) max_descriptors: Atomic<usize>,
    /// Whether the chip has flow control. One that has not is emulated, and has no wire on which
    /// errors could happen.
    pub(crate) has_flow_control: bool,
}

/// What only the control path touches, under RTNL.
pub(crate) struct Control {
    /// The chip's receive filters, with what they were last set to.
    pub(crate) filters: Filters,
    /// How the receiver works.
    pub(crate) rx_mode: RxMode,
    /// What the receive address registers hold; the first is the station address.
    pub(crate) addresses: [Option<EthAddr>; mac::RECEIVE_ADDRESSES],
    /// The multicast addresses beyond those.
    pub(crate) multicast: Bits,
    /// The VLANs that are received while the filter is on.
    pub(crate) vlans: Bits,
    /// Whether it is. While it is being switched the features say something else.
    pub(crate) vlan_filter: bool,
    /// Pause frames sent and obeyed: what [`link::Config::pause`] came to.
    pub(crate) flow: FlowControl,
    /// How the link is to come about.
    pub(crate) link: link::Config,
    /// How often the link was looked at in vain since a reset; none once there was one.
    pub(crate) linkless: Option<u32>,
    /// Interrupt moderation.
    pub(crate) throttle: Throttle,
    pub(crate) delays: Delays,
    /// Whether the log says that the device is gone.
    pub(crate) gone_reported: bool,
    /// What was taken out of the chip's counters.
    pub(crate) chip: KBox<hw::stats::Stats>,
    /// What wakes the system from sleep.
    pub(crate) wake: Wake,
    /// The LEDs while they identify the device.
    pub(crate) leds: Option<Leds>,
}

/// What the rings are built from.
#[derive(Clone, Copy)]
pub(crate) struct Config {
    pub(crate) tx: RingSize,
    pub(crate) rx: RingSize,
}

/// Bytes that the link layer adds to the MTU: header and two VLAN tags.
pub(crate) const OVERHEAD: usize = 14 + 2 * 4;

/// State of the interrupt, shared between the handler, NAPI and the transmit path.
///
/// Interrupts stay unmasked while NAPI polls: the device asserts them at most every 128 us, and an
/// `IMC` and an `IMS` write for each poll would cost two exits more than the one that a spurious
/// interrupt costs. Only if one arrives while a poll is due already are they masked until the end
/// of the poll, or if an administrator has NAPI defer them.
pub(crate) struct Interrupts {
    /// The causes that interrupt while not masked.
    enabled: Atomic<u32>,
    /// Whether the handler masked them until the end of the poll.
    masked: Atomic<bool>,
    /// Whether the NAPI polls on by itself, so that an interrupt is not wanted.
    pub(crate) polling: Atomic<bool>,
    /// How the driver last had the NAPI poll: `times` above 32 bits of nanoseconds.
    polled: Atomic<u64>,
    /// Whether the watchdog asks the next poll to look for trouble.
    pub(crate) tick: Atomic<bool>,
    /// Whether the link may have changed since the last poll.
    pub(crate) link: Atomic<bool>,
    /// Whether frames were lost since the watchdog looked last, which only the chip can count.
    pub(crate) overrun: Atomic<bool>,
    /// How often the handler has read `ICR`, which flushes the posted writes.
    pub(crate) count: Atomic<u32>,
    /// Whether the self-test wants to know of causes, which are not enabled then.
    testing: Atomic<bool>,
    /// The causes it wants to know of.
    tested: Atomic<u32>,
    /// Whether the handler was called since it began, for whatever device on the line.
    called: Atomic<bool>,
}

/// Causes that interrupt from the start. `TXDW` is added only if transmission turns out to
/// complete later than the doorbell.
const CAUSES: Causes = Causes::RX.with(Causes::LSC);

impl Interrupts {
    pub(crate) fn new() -> Self {
        Self {
            enabled: Atomic::new(0),
            masked: Atomic::new(false),
            polling: Atomic::new(false),
            polled: Atomic::new(0),
            tick: Atomic::new(false),
            link: Atomic::new(false),
            overrun: Atomic::new(false),
            count: Atomic::new(0),
            testing: Atomic::new(false),
            tested: Atomic::new(0),
            called: Atomic::new(false),
        }
    }

    /// Returns what was last set of how the NAPI polls; it outlives the rings.
    pub(crate) fn polled(&self) -> Polling {
        let raw = self.polled.load(Relaxed);

        // CAST: Each is a half.
        Polling {
            interval_ns: raw as u32 as usize,
            times: (raw >> 32) as u32,
        }
    }

    /// Notes how the NAPI polls. Only in its poll.
    pub(crate) fn set_polled(&self, polling: Polling) {
        // CAST: No interval is as long as 2^32 nanoseconds; the others keep their value.
        let raw = u64::from(polling.times) << 32 | u64::from(polling.interval_ns as u32);

        self.polled.store(raw, Relaxed);
    }

    /// Has [`Self::test`] take notes, from none on.
    pub(crate) fn begin_test(&self) {
        self.tested.store(0, Relaxed);
        self.called.store(false, Relaxed);
        self.testing.store(true, Relaxed);
    }

    /// Ends what [`Self::begin_test`] began.
    pub(crate) fn end_test(&self) {
        self.testing.store(false, Relaxed);
    }

    /// Takes a note of the causes of an interrupt that is not enabled, and returns whether that
    /// was for a test. In the handler.
    pub(crate) fn test(&self, causes: Causes) -> bool {
        let testing = self.testing.load(Relaxed);

        if testing {
            self.called.store(true, Relaxed);
            self.tested
                .store(self.tested().with(causes).into_raw(), Relaxed);
        }
        testing && !causes.is_empty()
    }

    /// Returns whether the handler was called for something that is not enabled since
    /// [`Self::begin_test`].
    pub(crate) fn was_called(&self) -> bool {
        self.called.load(Relaxed)
    }

    /// Returns the causes of which notes were taken.
    pub(crate) fn tested(&self) -> Causes {
        Causes::from_raw(self.tested.load(Relaxed))
    }
}

impl Adapter<'_> {
    /// Returns the causes that may interrupt.
    #[inline]
    pub(crate) fn enabled_causes(&self) -> Causes {
        Causes::from_raw(self.irq.enabled.load(Relaxed))
    }

    /// Lets the device interrupt: the interface comes up.
    ///
    /// What came before may have been taken with another device's interrupt on the same line, and
    /// is looked for once.
    pub(crate) fn enable_interrupts(&self) {
        self.irq.masked.store(false, Relaxed);
        self.irq.enabled.store(CAUSES.into_raw(), Relaxed);
        hw::irq::unmask(&self.bar, CAUSES);
        hw::irq::raise(&self.bar, Causes::RXT0.with(Causes::LSC));
    }

    /// Stops the device from interrupting: the interface goes down.
    ///
    /// Final, though the end of a poll and the transmit path may be about to unmask: they look
    /// again after that, see [`Self::unmask`].
    pub(crate) fn disable_interrupts(&self) {
        self.irq.enabled.store(0, Relaxed);
        smp_mb(Full);
        hw::irq::mask(&self.bar, Causes::ALL);
    }

    /// Unmasks `causes`, which were enabled just now.
    ///
    /// Either [`Self::disable_interrupts`] masks after this, or what it stored is seen here.
    fn unmask(&self, causes: Causes) {
        hw::irq::unmask(&self.bar, causes);
        smp_mb(Full);
        if self.enabled_causes().is_empty() {
            hw::irq::mask(&self.bar, Causes::ALL);
        }
    }

    /// Masks until [`Self::unmask_after_poll`]. In the handler; another attempt at scheduling
    /// NAPI must follow.
    ///
    /// The flag is set after the register: a poll that ends in between sees the flag unset and
    /// leaves the mask alone, and the attempt that follows has it run once more, which then sees
    /// both.
    pub(crate) fn mask_until_polled(&self) {
        hw::irq::mask(&self.bar, Causes::ALL);
        self.irq.masked.xchg(true, Full);
    }

    /// Undoes [`Self::mask_until_polled`], if that was called since.
    pub(crate) fn unmask_after_poll(&self) {
        if self.irq.masked.load(Relaxed) && self.irq.masked.xchg(false, Full) {
            self.unmask(self.enabled_causes());
        }
    }

    /// Has the write-back of transmit descriptors interrupt from now on. One that came before is
    /// pending in `ICR` and interrupts at once.
    ///
    /// Returns whether that is new.
    pub(crate) fn enable_tx_interrupt(&self) -> bool {
        let enabled = self.enabled_causes();

        if enabled.is_empty() || enabled.intersects(Causes::TXDW) {
            return false;
        }
        let wanted = enabled.with(Causes::TXDW).into_raw();

        // Unless they have been disabled meanwhile.
        if self
            .irq
            .enabled
            .cmpxchg(enabled.into_raw(), wanted, Relaxed)
            .is_err()
        {
            return false;
        }
        self.unmask(Causes::TXDW);
        true
    }

    /// Returns whether the handler masked the interrupts until the end of a poll.
    pub(crate) fn interrupts_masked(&self) -> bool {
        self.irq.masked.load(Relaxed)
    }

    /// Returns whether it takes an interrupt to have NAPI scheduled now.
    pub(crate) fn awaits_interrupt(&self) -> bool {
        !self.irq.polling.load(Relaxed) && !self.interrupts_masked()
    }

    /// Returns whether transmission completes by interrupt.
    #[inline]
    pub(crate) fn tx_interrupt_enabled(&self) -> bool {
        self.enabled_causes().intersects(Causes::TXDW)
    }

    /// Makes the device see all posted writes now.
    ///
    /// KVM queues light writes until the next access that leaves the guest. Rewriting the mask
    /// changes nothing else.
    pub(crate) fn flush_posted_writes(&self) {
        hw::irq::unmask(&self.bar, Causes::NONE);
    }

    /// The same, if anything was written.
    pub(crate) fn flush_if(&self, written: bool) {
        if written {
            self.flush_posted_writes();
        }
    }
}

/// Counters of the transmit path.
#[derive(Default)]
pub(crate) struct TxStats {
    pub(crate) packets: Counter,
    pub(crate) bytes: Counter,
    pub(crate) dropped: Counter,
    pub(crate) doorbells: Counter,
    pub(crate) reclaimed_inline: Counter,
    pub(crate) deferred: Counter,
    pub(crate) stopped: Counter,
    pub(crate) woken: Counter,
    pub(crate) busy: Counter,
    pub(crate) copied: Counter,
    pub(crate) map_failed: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) hangs: Counter,
    pub(crate) checksums: Counter,
    pub(crate) gso_packets: Counter,
    pub(crate) gso_bytes: Counter,
    pub(crate) gso_wire_packets: Counter,
    pub(crate) gso_wire_bytes: Counter,
    pub(crate) contexts: Counter,
}

/// Counters of the receive path.
#[derive(Default)]
pub(crate) struct RxStats {
    pub(crate) packets: Counter,
    pub(crate) bytes: Counter,
    pub(crate) multicast: Counter,
    pub(crate) broadcast: Counter,
    pub(crate) polls: Counter,
    pub(crate) doorbells: Counter,
    pub(crate) alloc_failed: Counter,
    pub(crate) dropped_no_memory: Counter,
    pub(crate) length_errors: Counter,
    pub(crate) crc_errors: Counter,
    pub(crate) bad_descriptors: Counter,
    pub(crate) stalls: Counter,
    pub(crate) checksum_good: Counter,
}

/// Counters of XDP programs' verdicts, and of frames that others redirected here.
#[derive(Default)]
pub(crate) struct XdpStats {
    pub(crate) pass: Counter,
    pub(crate) drop: Counter,
    pub(crate) aborted: Counter,
    pub(crate) tx: Counter,
    pub(crate) tx_failed: Counter,
    pub(crate) redirect: Counter,
    pub(crate) redirect_failed: Counter,
    pub(crate) xmit: Counter,
    pub(crate) xmit_failed: Counter,
}

/// Counters of one device; they survive down, up and reset.
#[derive(Default)]
pub(crate) struct Stats {
    pub(crate) tx: TxStats,
    pub(crate) rx: RxStats,
    pub(crate) xdp: XdpStats,
    pub(crate) interrupts: Counter,
    pub(crate) lost: Counter,
    pub(crate) masked: Counter,
    pub(crate) resets: Counter,
    pub(crate) link_changes: Counter,
    pub(crate) link_losses: Counter,
}

/// The chip's counters as of the last time that it was asked: its registers take RTNL, readers of
/// statistics have none.
pub(crate) struct ChipCounters([Counter; hw::stats::COUNT]);

impl ChipCounters {
    /// Makes counters at zero.
    #[inline(never)]
    pub(crate) fn new() -> Result<KBox<Self>> {
        let counters = [const { Counter::new() }; hw::stats::COUNT];

        Ok(KBox::new(Self(counters), GFP_KERNEL)?)
    }

    /// Returns the last known sum of `counter`.
    pub(crate) fn get(&self, counter: hw::stats::Counter) -> u64 {
        self.0.get(counter as usize).map_or(0, Counter::get)
    }

    /// Makes the sum of `counter` known. Under RTNL.
    pub(crate) fn publish(&self, counter: hw::stats::Counter, sum: u64) {
        if let Some(published) = self.0.get(counter as usize) {
            published.set(sum);
        }
    }
}
