// SPDX-License-Identifier: GPL-2.0

//! XDP: programs that see a frame before the stack does.
//!
//! C header: [`include/net/xdp.h`](srctree/include/net/xdp.h)
//!
//! A received page becomes a [`Buff`]; [`Buff::run`] consumes it and returns the program's
//! [`Verdict`], which holds what is left of it. So nothing can look at a frame after its program
//! gave it away.
//!
//! # Soundness
//!
//! The device holds one reference to its program, in a pointer that is exchanged under RTNL and
//! read in NAPI's poll. The kernel frees a program only after a grace period of RCU, which a
//! poll, running with bottom halves disabled, holds up. So a poll that read the pointer may use
//! the program until it returns, whatever happens to the pointer meanwhile; [`Program`] cannot
//! outlive the context that it came from.
//!
//! What `xdp_do_redirect()` has queued must be flushed before the poll returns: the context
//! remembers it, and [`super::ndo::poll`] does it.
//!
//! A [`RxQueue`] is registered for a device that it does not keep. Programs follow its pointer, but
//! only in a poll of the NAPI that its pool is tied to ([`Buff::run`]). That is the NAPI of the
//! device to which it points: a device ties none but its own pools
//! ([`PagePool::attach`](super::page_pool::PagePool::attach)).
//!
//! Frames that others redirect here stay theirs from the first on that the driver gives back; it
//! is looked at whether that is the one that came.

mod buff;
mod frame;

pub(crate) use self::{
    buff::{
        Buff,
        Reason,
        Verdict, //
    },
    frame::{
        Frame,
        Frames,
        TxFrame, //
    },
};

use super::{
    bindings,
    context::{
        with_tx_lock_softirq,
        Rtnl, //
    },
    device::Device,
    driver::Driver,
    ethtool::Extack, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};
use kernel::{
    error::{
        from_result,
        to_result, //
    },
    page::PAGE_SIZE,
    prelude::*,
    types::Opaque, //
};

/// What a driver does of XDP, `NETDEV_XDP_ACT_*`
/// ([`include/uapi/linux/netdev.h`](srctree/include/uapi/linux/netdev.h)).
#[derive(Clone, Copy)]
pub(crate) struct Support(u32);

impl Support {
    /// Nothing.
    pub(crate) const NONE: Self = Self(0);
    /// All verdicts of programs, on frames of one buffer.
    pub(crate) const VERDICTS: Self = Self(
        bindings::netdev_xdp_act_NETDEV_XDP_ACT_BASIC
            | bindings::netdev_xdp_act_NETDEV_XDP_ACT_REDIRECT,
    );
    /// The same on frames of several buffers.
    pub(crate) const FRAGS: Self = Self(bindings::netdev_xdp_act_NETDEV_XDP_ACT_RX_SG);
    /// Frames that others redirect to the device, of one buffer or of several.
    pub(crate) const XMIT: Self = Self(
        bindings::netdev_xdp_act_NETDEV_XDP_ACT_NDO_XMIT
            | bindings::netdev_xdp_act_NETDEV_XDP_ACT_NDO_XMIT_SG,
    );

    /// Returns all of both.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns what `other` has not.
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn into_raw(self) -> u32 {
        self.0
    }
}

/// A program, which stays valid for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct Program<'a> {
    prog: NonNull<bindings::bpf_prog>,
    _context: PhantomData<&'a bindings::bpf_prog>,
}

impl Program<'_> {
    /// Returns whether the program can deal with frames of several buffers (`xdp.frags`).
    pub(crate) fn has_frags(self) -> bool {
        // SAFETY: The program is valid for `'a`.
        unsafe { bindings::netdev_helper_xdp_prog_has_frags(self.prog.as_ptr()) }
    }
}

/// Where a device keeps its program.
///
/// # Invariants
///
/// The pointer is null, or to a program to which it holds a reference. It is written under RTNL.
pub(super) struct Slot(UnsafeCell<*mut bindings::bpf_prog>);

impl Slot {
    pub(super) const fn new() -> Self {
        // INVARIANT: Null.
        Self(UnsafeCell::new(ptr::null_mut()))
    }

    /// # Safety
    ///
    /// RTNL must be held for `'a`, or bottom halves be disabled.
    #[inline]
    pub(super) unsafe fn get<'a>(&self) -> Option<Program<'a>> {
        // What is behind the pointer is reached through it alone (`rcu_dereference()`).
        // SAFETY: Valid and aligned, and written with one store.
        let prog = unsafe { self.0.get().read_volatile() };

        NonNull::new(prog).map(|prog| Program {
            prog,
            _context: PhantomData,
        })
    }

    /// Puts another program, or none, in place of the present one.
    ///
    /// # Safety
    ///
    /// RTNL must be held. `prog` must be null or valid, and its reference is handed over.
    unsafe fn replace(&self, prog: *mut bindings::bpf_prog) {
        // INVARIANT: The reference is the slot's from here on.
        // SAFETY: The slot is valid; the exchange is a full barrier.
        let old = unsafe { bindings::netdev_helper_xdp_swap(self.0.get(), prog) };

        if !old.is_null() {
            // SAFETY: By the type invariants. Polls that still run the program hold up its end.
            unsafe { bindings::bpf_prog_put(old) };
        }
    }
}

/// A receive queue as programs and their frames know it: `struct xdp_rxq_info`, its memory being
/// a page pool.
///
/// # Invariants
///
/// The structure is registered, until [`Self::unregister`].
pub(super) struct RxQueue(KBox<Opaque<bindings::xdp_rxq_info>>);

// SAFETY: Registration is not tied to a task.
unsafe impl Send for RxQueue {}

impl RxQueue {
    /// Registers queue 0 of `dev`. May sleep.
    ///
    /// # Safety
    ///
    /// `dev` and `pool` must be valid, and [`Self::unregister`] be called before `pool` ends. Who has
    /// a program use it must see to it that `dev` is still valid.
    pub(super) unsafe fn new(
        dev: *mut bindings::net_device,
        pool: NonNull<bindings::page_pool>,
    ) -> Result<Self> {
        let rxq = KBox::new(
            Opaque::new(pin_init::zeroed::<bindings::xdp_rxq_info>()),
            GFP_KERNEL,
        )?;

        // CAST: 2^12 to 2^16.
        // SAFETY: By the safety requirements; a frag has a page to itself. The device is noted, and
        // not looked at, neither here nor at the end. The NAPI's number is of no use to anybody.
        to_result(unsafe { bindings::__xdp_rxq_info_reg(rxq.get(), dev, 0, 0, PAGE_SIZE as u32) })?;
        // INVARIANT: Registered just now.
        let this = Self(rxq);

        // SAFETY: As above.
        to_result(unsafe {
            bindings::xdp_rxq_info_reg_mem_model(
                this.as_ptr(),
                bindings::xdp_mem_type_MEM_TYPE_PAGE_POOL,
                pool.as_ptr().cast(),
            )
        })
        .inspect_err(|_| {
            // SAFETY: Nobody has seen it.
            unsafe { this.unregister() }
        })?;
        Ok(this)
    }

    #[inline]
    fn as_ptr(&self) -> *mut bindings::xdp_rxq_info {
        self.0.get()
    }

    /// Ends its use of the pool.
    ///
    /// # Safety
    ///
    /// To be called once. Nobody must use it any more.
    pub(super) unsafe fn unregister(&self) {
        // SAFETY: By the type invariants and the safety requirements.
        unsafe { bindings::xdp_rxq_info_unreg(self.as_ptr()) };
    }
}

/// `ndo_bpf`.
///
/// # Safety
///
/// `dev` must be driven by `T`, and the core must have called under RTNL with a valid request.
pub(super) unsafe extern "C" fn bpf<T: Driver>(
    dev: *mut bindings::net_device,
    bpf: *mut bindings::netdev_bpf,
) -> c_int {
    from_result(|| {
        // SAFETY: The caller's own.
        if unsafe { (*bpf).command } != bindings::bpf_netdev_command_XDP_SETUP_PROG {
            return Err(EINVAL);
        }
        // SAFETY: What the union holds for this command.
        let (prog, extack) = unsafe {
            let setup = &(*bpf).__bindgen_anon_1.__bindgen_anon_1;

            (setup.prog, setup.extack)
        };
        // SAFETY: Called under RTNL.
        let mut rtnl = unsafe { Rtnl::new(Device::<T>::from_raw(dev)) };

        if let Some(prog) = NonNull::new(prog) {
            let program = Program {
                prog,
                _context: PhantomData,
            };

            // SAFETY: `extack` is null or valid for the call.
            let mut extack = unsafe { Extack::new(extack) };

            T::xdp_check(&mut rtnl, program, &mut extack)?;
        }
        // SAFETY: RTNL is held; the core took the reference for us.
        unsafe { rtnl.device().private().xdp.replace(prog) };
        Ok(0)
    })
}

/// `ndo_xdp_xmit`.
///
/// # Safety
///
/// `dev` must be driven by `T`; `frames` must be `count` valid frames. Softirq context.
pub(super) unsafe extern "C" fn xmit<T: Driver>(
    dev: *mut bindings::net_device,
    count: c_int,
    frames: *mut *mut bindings::xdp_frame,
    flags: u32,
) -> c_int {
    from_result(|| {
        let count = usize::try_from(count)?;

        if flags & !bindings::XDP_XMIT_FLUSH != 0 {
            return Err(EINVAL);
        }
        // SAFETY: The device is ours.
        let dev = unsafe { Device::<T>::from_raw(dev) };

        if !dev.carrier_ok() {
            return Err(ENETDOWN);
        }
        // SAFETY: The caller's own, filled with `count` frames, which are never none.
        let frames = unsafe { slice::from_raw_parts(frames, count) };
        // SAFETY: Those that are sent are handed over, from the first on.
        let mut frames = unsafe { Frames::new(frames) };
        let flush = flags & bindings::XDP_XMIT_FLUSH != 0;

        with_tx_lock_softirq(dev, |ctx, tx| T::xdp_xmit(ctx, tx, &mut frames, flush))
            .ok_or(ENETDOWN)?;
        // CAST: At most `count`.
        Ok(frames.sent() as c_int)
    })
}
