// SPDX-License-Identifier: GPL-2.0
//! An Intel 82540EM for QEMU's `vfio-user-pci`, faithful by default, with faults on demand.
//!
//! Written from Intel's 8254x software developer's manual (317453).

mod backend;
mod bar;
mod coalesce;
mod control;
mod dma;
mod eeprom;
mod fault_table;
mod faults;
mod filters;
mod irq;
mod link;
mod nic;
mod offload;
mod pci;
mod phy;
mod regs;
mod rx;
mod rx_ring;
#[cfg(test)]
mod tests;
mod trouble;
mod tx;
mod tx_frame;

use backend::{Spec, Wire};
use nic::{Options, Shared};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
usage: e1000-nic --socket PATH [options]
  --socket PATH        vfio-user socket for QEMU
  --backend SPEC       none | echo | listen:PATH | connect:PATH | dgram:LOCAL,REMOTE | udp:LOCAL,REMOTE
  --control PATH       control socket (try `help` there)
  --mac XX:…           default 52:54:00:12:34:56
  --device ID          100e (82540EM, default), 100f (82545EM), 100c (82544GC)
  --tx sync|async      transmit within the TDT write as QEMU, or later as the chip (default sync)
  --tx-delay-us N      of the asynchronous transmitter (default 100)
  --rx-csum ixsm|real  report no checksums as QEMU, or as the chip (default ixsm)
  --rx-full drop|wait  without free descriptors lose frames with RXO, or have the wire wait (default drop)
  --autoneg-ms N       link negotiation (default 500)
  --mdic-us N          time an MDIC access takes (default 0)
  --coalesced          see light register writes as late as under KVM
  --pm                 have the PCI power management capability
  --seed N             of random values and fuzzing
  --fuzz RATE          fuzz from the start, one in RATE
  --fault 'NAME …'     arm a fault from the start (repeatable)
  --trace              each register access on stderr
  --keep               serve again after QEMU has gone (default: end)
  --list               print the faults
";

struct Cli {
    socket: PathBuf,
    control: Option<PathBuf>,
    backend: Spec,
    options: Options,
    seed: u64,
    fuzz: u64,
    faults: Vec<String>,
    coalesced: bool,
    trace: bool,
    keep: bool,
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Cli>, String> {
    let mut cli = Cli {
        socket: PathBuf::new(),
        control: None,
        backend: Spec::None,
        options: Options::default(),
        seed: 0,
        fuzz: 0,
        faults: Vec::new(),
        coalesced: false,
        trace: false,
        keep: false,
    };
    while let Some(arg) = args.next() {
        let mut next = || args.next().ok_or(format!("{arg} needs a value"));
        let number = |text: String| {
            text.parse::<u64>()
                .map_err(|_| format!("{text} is no number"))
        };
        match arg.as_str() {
            "--socket" => cli.socket = next()?.into(),
            "--control" => cli.control = Some(next()?.into()),
            "--backend" => cli.backend = next()?.parse()?,
            "--mac" => cli.options.mac = mac(&next()?)?,
            "--device" => match next()?.as_str() {
                "100e" => cli.options.device = 0x100e,
                "100f" => cli.options.device = 0x100f,
                "100c" => cli.options.device = 0x100c,
                other => return Err(format!("no device {other}")),
            },
            "--tx" => cli.options.tx_sync = choice(&next()?, "sync", "async")?,
            "--tx-delay-us" => cli.options.tx_delay_us = number(next()?)?,
            "--rx-csum" => cli.options.real_csum = choice(&next()?, "real", "ixsm")?,
            "--rx-full" => cli.options.rx_wait = choice(&next()?, "wait", "drop")?,
            "--autoneg-ms" => cli.options.autoneg_ms = number(next()?)?,
            "--mdic-us" => cli.options.mdic_us = number(next()?)?,
            "--seed" => cli.seed = number(next()?)?,
            "--fuzz" => cli.fuzz = number(next()?)?,
            "--fault" => cli.faults.push(next()?),
            "--coalesced" => cli.coalesced = true,
            "--pm" => cli.options.pm = true,
            "--trace" => cli.trace = true,
            "--keep" => cli.keep = true,
            "--list" => {
                print!("{}", control::list());
                return Ok(None);
            }
            "--help" | "-h" => {
                print!("{USAGE}\ncontrol commands:\n{}", control::HELP);
                return Ok(None);
            }
            _ => return Err(format!("unknown option {arg}")),
        }
    }
    if cli.socket.as_os_str().is_empty() {
        return Err("--socket is needed".into());
    }
    Ok(Some(cli))
}

fn choice(text: &str, yes: &str, no: &str) -> Result<bool, String> {
    match text {
        _ if text == yes => Ok(true),
        _ if text == no => Ok(false),
        _ => Err(format!("{text}: {yes} or {no}")),
    }
}

fn mac(text: &str) -> Result<[u8; 6], String> {
    let bytes: Option<Vec<u8>> = text
        .split(':')
        .map(|part| u8::from_str_radix(part, 16).ok())
        .collect();
    bytes
        .and_then(|b| b.try_into().ok())
        .ok_or(format!("{text} is no MAC address"))
}

fn run(cli: Cli) -> Result<(), String> {
    let (wire, line) = Wire::new(&cli.backend);
    let shared = Shared::new(cli.options, wire);
    {
        let mut nic = shared.lock();
        nic.faults.reseed(cli.seed);
        nic.faults.fuzz = cli.fuzz;
        nic.coalescer.enabled = cli.coalesced;
        nic.count.trace = cli.trace;
    }
    for fault in &cli.faults {
        control::arm_at_start(&shared, fault)?;
    }
    if let Some(line) = line {
        line.start(&shared).map_err(|e| format!("backend: {e}"))?;
    }
    if let Some(path) = &cli.control {
        control::serve(path, shared.clone()).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let clock = shared.clone();
    let clock = std::thread::Builder::new()
        .name("clock".into())
        .spawn(move || clock.run_clock())
        .map_err(|e| e.to_string())?;
    let _ = std::fs::remove_file(&cli.socket);
    let server = vfio_user::Server::new(&cli.socket, true, pci::irqs(), pci::regions())
        .map_err(|e| e.to_string())?;
    let mut device = pci::Device(shared.clone());
    loop {
        // QEMU killed in the middle of a message is an end like any other.
        if let Err(e) = server.run(&mut device) {
            eprintln!("e1000-nic: connection ended: {e}");
        }
        let mut nic = shared.lock();
        nic.dma.unmap_all();
        nic.irq.connect(None);
        if !cli.keep {
            break;
        }
        nic.config = pci::Config::new(nic.options.device, nic.options.pm);
        nic.power_on();
    }
    shared.lock().quit = true;
    shared.wake.notify_all();
    shared.room.notify_all();
    let _ = clock.join();
    let listening = match &cli.backend {
        Spec::Listen(path) | Spec::Dgram(path, _) => Some(path),
        _ => None,
    };
    for path in cli.control.iter().chain(listening) {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

fn main() -> ExitCode {
    let done = match parse(std::env::args().skip(1)) {
        Ok(Some(cli)) => run(cli),
        Ok(None) => Ok(()),
        Err(e) => Err(format!("{e}\n{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("e1000-nic: {e}");
            ExitCode::FAILURE
        }
    }
}
