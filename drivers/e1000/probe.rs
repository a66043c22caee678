// SPDX-License-Identifier: GPL-2.0

//! Finding a device and getting to know it.

use crate::{
    adapter::{
        Adapter,
        Bar,
        ChipCounters,
        Config,
        Control,
        Interrupts,
        Stats,
        OVERHEAD, //
    },
    features,
    hw::{
        self,
        eeprom,
        flow::{
            self,
            FlowControl, //
        },
        mac::{
            self,
            Bits,
            Filters,
            RxMode, //
        },
        model,
        model::Model, //
        queue,
        reset,
        ring::RingSize,
        wake::Wake, //
    },
    link,
    netdev::{
        self,
        EthAddr,
        Features,
        Probed,
        Setup, //
    },
    offload,
    params::Params, //
};
use kernel::{
    device::Core,
    pci,
    prelude::*,
    sync::atomic::Atomic, //
};

/// The driver, as the PCI core sees it.
pub(crate) struct E1000;

kernel::pci_device_table!(
    PCI_TABLE,
    <E1000 as netdev::pci::Driver>::IdInfo,
    [
        (
            pci::DeviceId::from_id(pci::Vendor::INTEL, model::DEVICE_IDS[0].0),
            model::DEVICE_IDS[0].1
        ),
        (
            pci::DeviceId::from_id(pci::Vendor::INTEL, model::DEVICE_IDS[1].0),
            model::DEVICE_IDS[1].1
        ),
        (
            pci::DeviceId::from_id(pci::Vendor::INTEL, model::DEVICE_IDS[2].0),
            model::DEVICE_IDS[2].1
        ),
    ]
);

/// Smallest MTU: what IPv4 needs (RFC 791).
const MIN_MTU: u32 = 68;

/// MTU that an Ethernet interface starts with.
pub(crate) const DEFAULT_MTU: usize = 1500;

impl netdev::pci::Driver for E1000 {
    type IdInfo = Model;
    type Net<'bound> = Adapter<'bound>;

    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn irq_types() -> pci::IrqTypes {
        pci::IrqTypes::default().with(pci::IrqType::Intx)
    }

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        model: Option<&'bound Model>,
    ) -> Result<(Setup, Probed<Adapter<'bound>>)> {
        let model = *model.ok_or(ENODEV)?;
        let bar: Bar<'bound> = pdev
            .iomap_region_sized(0, c"e1000_rust")
            .inspect_err(|e| dev_err!(pdev, "cannot map the registers: {e:?}\n"))?;

        let params = Params::next(pdev.as_ref());
        let mut control = control(&params)?;

        reset::reset(&bar, &mut control.filters, model::MAX_FRAME)
            .inspect_err(|e| dev_err!(pdev, "does not come out of reset: {e:?}\n"))?;
        let (address, address_is_random) = address(pdev, &bar)?;
        let [station, ..] = &mut control.addresses;

        *station = Some(address);
        if params.flow.is_none() {
            let flow = default_flow(&bar);

            control.link.pause.rx = flow.rx;
            control.link.pause.tx = flow.tx;
        }
        init(&bar, model, &mut control, address)
            .inspect_err(|e| dev_err!(pdev, "cannot be initialised: {e:?}\n"))?;
        pdev.set_master();
        // What QEMU counted of lost frames for an earlier driver stands: neither a reset nor reading
        // makes it 0.
        control.chip.begin(&bar, &[hw::stats::Counter::MPC])?;

        let setup = Setup {
            address,
            address_is_random,
            hw_features: features::SWITCHABLE,
            features: if params.checksum_rx {
                features::DEFAULT | Features::HIGHDMA
            } else {
                features::DEFAULT & !Features::RXCSUM | Features::HIGHDMA
            },
            vlan_features: features::VLAN | Features::HIGHDMA,
            min_mtu: MIN_MTU,
            max_mtu: model::MAX_MTU,
            tso_max_size: offload::MAX_TSO_SIZE,
            no_fcs: true,
            messages: params.messages,
            watchdog_msecs: 5000,
        };
        let config = Config {
            tx: params.tx,
            rx: params.rx,
        };
        // Both wait for microseconds.
        let adaptive = params.adaptive && netdev::has_precise_timers();
        let has_flow_control = flow::is_present(&bar);
        let shared = Adapter {
            pdev,
            bar,
            has_flow_control,
            model,
            irq: Interrupts::new(),
            gone: Atomic::new(false),
            adaptive: Atomic::new(adaptive),
            gather: Atomic::new(adaptive),
            stats: Stats::default(),
            chip: ChipCounters::new()?,
            max_frame: Atomic::new(DEFAULT_MTU + OVERHEAD),
            max_descriptors: Atomic::new(0),
        };

        Ok((
            setup,
            Probed {
                shared,
                control,
                config,
            },
        ))
    }

    fn registered(dev: &netdev::Device<Adapter<'_>>) {
        let (mhz, width) = hw::Regs::read(&dev.shared().bar, hw::regs::STATUS).bus();

        netdev::netdev_info!(
            dev,
            "Intel {} at {} MHz {} bit, {}\n",
            dev.shared().model.name(),
            mhz,
            width,
            dev.address()
        );
    }
}

/// Makes the data of the control path.
// Not on the caller's stack, of which there is not much.
#[inline(never)]
fn control(params: &Params) -> Result<KBox<Control>> {
    let control = Control {
        filters: Filters::new(),
        rx_mode: RxMode::DEFAULT,
        addresses: [None; mac::RECEIVE_ADDRESSES],
        multicast: Bits::NONE,
        // Frames with a priority but no VLAN are always wanted.
        vlans: priority_tagged(),
        vlan_filter: true,
        flow: FlowControl::NONE,
        link: link::Config::new(params.link, params.flow.unwrap_or(FlowControl::NONE)),
        linkless: None,
        throttle: params.throttle,
        delays: params.delays,
        gone_reported: false,
        chip: hw::stats::Stats::new()?,
        wake: Wake::NONE,
        leds: None,
    };

    Ok(KBox::new(control, GFP_KERNEL)?)
}

/// The VLAN table with only VLAN 0 in it.
fn priority_tagged() -> Bits {
    let mut bits = Bits::NONE;

    bits.insert(0);
    bits
}

/// Returns the address of the device from its EEPROM, or a random one if the EEPROM is not to be
/// trusted, and whether it is random.
///
/// Fails only with `ENODEV`, if the device is gone.
fn address(pdev: &pci::Device<Core<'_>>, bar: &Bar<'_>) -> Result<(EthAddr, bool)> {
    let found = match eeprom::read_all(bar) {
        Ok(words) if !eeprom::checksum_ok(&words) => Err("its EEPROM's checksum is wrong"),
        Ok(_) => match eeprom::mac_address(bar) {
            Ok(addr) if EthAddr(addr).is_valid() => Ok(EthAddr(addr)),
            Ok(_) => Err("the address in its EEPROM is none of a station"),
            Err(e) if e == ENODEV => return Err(e),
            Err(_) => Err("its EEPROM cannot be read"),
        },
        Err(e) if e == ENODEV => return Err(e),
        Err(_) => Err("its EEPROM cannot be read"),
    };

    Ok(match found {
        Ok(addr) => (addr, false),
        Err(why) => {
            let addr = EthAddr::random();

            dev_warn!(pdev, "{why}; using the random address {addr}\n");
            (addr, true)
        }
    })
}

/// Returns what the EEPROM wants offered of flow control; all of it if it cannot be read.
fn default_flow(bar: &Bar<'_>) -> FlowControl {
    eeprom::flow_control(bar).unwrap_or(FlowControl { rx: true, tx: true })
}

/// Writes every register the driver relies on, with the receiver on and out of descriptors.
///
/// The receiver is enabled here, once: each write of `RCTL` stops QEMU's receiver for a second, so
/// that bringing the interface up had better not do it.
pub(crate) fn init(bar: &Bar<'_>, model: Model, control: &mut Control, address: EthAddr) -> Result {
    reset::init(
        bar,
        &mut control.filters,
        &reset::Config {
            model,
            address: address.0,
            max_frame: model::MAX_FRAME,
            vlan_mode: true,
            flow: control.flow,
            throttle: control.throttle,
            delays: control.delays,
        },
    )?;
    // The filter is on from the start.
    control.filters.vlans.commit(bar, &control.vlans);

    // The PHY has negotiated by itself, and is left alone if that was about the right things.
    control.link.program(bar)?;

    // No ring yet: head and tail equal, so that nothing is received.
    queue::set_rx_ring(bar, 0, RingSize::DEFAULT, 0)?;
    control.filters.control.apply(bar, control.rx_mode);
    Ok(())
}
