// SPDX-License-Identifier: GPL-2.0
//! The control socket: one command a line; an answer ends with `ok` or `err …`.

use crate::backend::deliver_within;
use crate::faults::{by_name, mix, Arm, Faults, Value, F, TABLE};
use crate::nic::{Nic, Shared};
use crate::regs;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

pub const HELP: &str = "\
set NAME [VALUE] [count=N] [after=N] [every=N] [p=PERMILLE] [us=N] [ms=N]
                    arm a fault; VALUE: a number, ones, rand, xor:N, add:N;
                    count: firings; after: opportunities to let pass; every: each n-th;
                    us: the fault's delay or pace; ms: clears itself after that time
set reg.NAME VALUE  reads of a register lie; set wreg.NAME: writes to it are lost
clear [NAME]        disarm one fault, or all
list                all faults with their doorbell numbers
armed               what is armed
seed N              set the seed and start the fuzz sequence anew
fuzz on [rate=N]    each descriptor draws every fault's lot, one in N (default 500); fuzz off
frames N [min=] [max=] [seed=] [ms=]   N random frames from the wire, each waiting so long for room
inject HEX          one frame from the wire
link up|down        the cable
mode NAME VALUE     tx sync|async, tx_delay_us N, csum ixsm|real, rx wait|drop, coalesced on|off,
                    autoneg_ms N, mdic_us N
stats               what the device did, and how often each fault fired
counts [clear]      register accesses: name, reads, writes; totals of heavy and light ones
trace on|off        each register access on stderr
peek NAME | poke NAME N   a register's storage, past all side effects and faults
reset | poweron     as CTRL.RST does; as power does
help
";

/// Connections served at a time.
const CONNECTIONS: usize = 8;
/// The longest command.
const LINE: u64 = 1 << 16;

/// Listens for commands for the rest of the program's life.
pub fn serve(path: &Path, shared: Shared) -> Result<()> {
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    let open = Arc::new(AtomicUsize::new(0));
    std::thread::Builder::new()
        .name("control".into())
        .spawn(move || {
            for stream in listener.incoming().flatten() {
                if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
                    open.fetch_sub(1, Ordering::Relaxed);
                    continue; // dropped: the caller sees the end of the stream
                }
                let (shared, open) = (shared.clone(), Arc::clone(&open));
                let talk = move || {
                    let _ = converse(stream, &shared);
                    open.fetch_sub(1, Ordering::Relaxed);
                };
                let _ = std::thread::Builder::new()
                    .name("control-talk".into())
                    .spawn(talk);
            }
        })?;
    Ok(())
}

fn converse(stream: UnixStream, shared: &Shared) -> Result<()> {
    let mut out = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.by_ref().take(LINE).read_line(&mut line)? != 0 {
        let answer = match command(shared, line.trim()) {
            Ok(text) => text + "ok\n",
            Err(text) => format!("err {text}\n"),
        };
        out.write_all(answer.as_bytes())?;
        line.clear();
    }
    Ok(())
}

type Answer = std::result::Result<String, String>;

fn number(text: &str) -> std::result::Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("{text} is no number"))
}

fn value(text: &str) -> std::result::Result<Value, String> {
    match text.split_once(':') {
        Some(("xor", n)) => number(n).map(Value::Xor),
        Some(("add", n)) => number(n).map(Value::Add),
        _ if text == "ones" => Ok(Value::Ones),
        _ if text == "rand" => Ok(Value::Random),
        _ => number(text).map(Value::Fixed),
    }
}

/// `key=N` among the words, or the default.
fn option(words: &[&str], key: &str, default: u64) -> std::result::Result<u64, String> {
    let found = words
        .iter()
        .find_map(|w| w.strip_prefix(key)?.strip_prefix('='));
    found.map_or(Ok(default), number)
}

fn on_off(text: &str) -> std::result::Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("{text}: on or off")),
    }
}

/// Carries out one command.
pub fn command(shared: &Shared, line: &str) -> Answer {
    let words: Vec<&str> = line.split_whitespace().collect();
    let Some((&verb, rest)) = words.split_first() else {
        return Ok(String::new());
    };
    if verb == "frames" {
        return frames(shared, rest);
    }
    let mut nic = shared.lock();
    match (verb, rest) {
        ("help", []) => Ok(HELP.to_string()),
        ("list", []) => Ok(list()),
        ("set", [name, rest @ ..]) => set(&mut nic, name, rest),
        ("clear", []) => {
            nic.clear_faults();
            Ok(String::new())
        }
        ("clear", [name]) => {
            let (fault, reg) = by_name(name).ok_or(format!("no fault {name}"))?;
            nic.clear_fault(fault, reg);
            Ok(String::new())
        }
        ("armed", []) => {
            Ok(nic
                .faults
                .armed()
                .into_iter()
                .fold(String::new(), |mut out, (fault, reg, arm)| {
                    let name = Faults::info(fault).map_or("?", |i| i.name);
                    let reg = reg.map_or(String::new(), |r| format!(".{}", regs::name_of(r)));
                    let _ = writeln!(
                        out,
                        "{name}{reg} {:?} count={} us={}",
                        arm.value, arm.count, arm.us
                    );
                    out
                }))
        }
        ("seed", [n]) => {
            let seed = number(n)?;
            nic.faults.reseed(seed);
            Ok(String::new())
        }
        ("fuzz", [state, rest @ ..]) => {
            nic.faults.fuzz = if on_off(state)? {
                option(rest, "rate", 500)?.max(1)
            } else {
                0
            };
            Ok(String::new())
        }
        ("inject", [hex]) => {
            let bytes = (0..hex.len()).step_by(2).map(|at| {
                hex.get(at..at + 2)
                    .and_then(|b| u8::from_str_radix(b, 16).ok())
            });
            let frame = bytes
                .collect::<Option<Vec<u8>>>()
                .ok_or("not hexadecimal")?;
            nic.rx_from_wire(frame);
            Ok(String::new())
        }
        ("link", [state @ ("up" | "down")]) => {
            nic.set_cable(*state == "up");
            Ok(String::new())
        }
        ("mode", [name, state]) => mode(&mut nic, name, state),
        ("stats", []) => Ok(stats(&nic)),
        ("counts", []) => Ok(counts(&nic)),
        ("counts", ["clear"]) => {
            nic.count.clear();
            Ok(String::new())
        }
        ("trace", [state]) => {
            nic.count.trace = on_off(state)?;
            Ok(String::new())
        }
        ("peek", [name]) => {
            let offset = regs::offset_of(name).ok_or(format!("no register {name}"))?;
            let stored = match offset {
                regs::ICR => nic.irq.icr,
                regs::IMS => nic.irq.ims,
                regs::STATUS => nic.status(),
                _ => nic.regs.get(offset),
            };
            Ok(format!("{stored:#010x}\n"))
        }
        ("poke", [name, n]) => {
            let offset = regs::offset_of(name).ok_or(format!("no register {name}"))?;
            let stored = number(n)? as u32;
            nic.regs.set(offset, stored);
            Ok(String::new())
        }
        ("reset", []) => {
            nic.reset();
            Ok(String::new())
        }
        ("poweron", []) => {
            nic.power_on();
            Ok(String::new())
        }
        _ => Err(format!("{line}: not understood; try help")),
    }
}

fn set(nic: &mut Nic, name: &str, words: &[&str]) -> Answer {
    let (fault, reg) = by_name(name).ok_or(format!("no fault {name}; try list"))?;
    let mut arm = Faults::default_arm(fault);
    for word in words {
        match word.split_once('=') {
            None => arm.value = value(word)?,
            Some(("count", n)) => arm.count = number(n)?,
            Some(("after", n)) => arm.after = number(n)?,
            Some(("every", n)) => arm.every = number(n)?.max(1),
            Some(("p", n)) => arm.p = number(n)?,
            Some(("us", n)) => arm.us = number(n)?,
            Some(("ms", n)) => arm.ms = number(n)?,
            Some((key, _)) => return Err(format!("no option {key}")),
        }
    }
    nic.set_fault(fault, reg, Arm { ..arm });
    Ok(String::new())
}

fn mode(nic: &mut Nic, name: &str, state: &str) -> Answer {
    let options = &mut nic.options;
    match (name, state) {
        ("tx", "sync") => options.tx_sync = true,
        ("tx", "async") => options.tx_sync = false,
        ("tx_delay_us", n) => options.tx_delay_us = number(n)?,
        ("csum", "ixsm") => options.real_csum = false,
        ("csum", "real") => options.real_csum = true,
        ("rx", "wait") => options.rx_wait = true,
        ("rx", "drop") => options.rx_wait = false,
        ("autoneg_ms", n) => options.autoneg_ms = number(n)?,
        ("mdic_us", n) => options.mdic_us = number(n)?,
        ("coalesced", state) => nic.coalescer.enabled = on_off(state)?,
        _ => return Err(format!("no mode {name} {state}")),
    }
    Ok(String::new())
}

pub fn list() -> String {
    TABLE
        .iter()
        .enumerate()
        .fold(String::new(), |mut out, (n, info)| {
            let _ = writeln!(out, "{:3} {:17} {}", n + 1, info.name, info.doc);
            out
        })
}

fn stats(nic: &Nic) -> String {
    let (tx, rx, wire, dma) = (&nic.tx, &nic.rx, &nic.wire, &nic.dma);
    let mut out = String::new();
    for (name, n) in [
        ("tx_descriptors", tx.descriptors),
        ("tx_frames", tx.frames),
        ("tx_bad", tx.bad),
        ("tx_runts", tx.runts),
        ("tx_no_link", tx.no_link),
        ("rx_descriptors", rx.descriptors),
        ("rx_frames", rx.frames),
        ("rx_filtered", rx.filtered),
        ("rx_disabled", rx.disabled),
        ("rx_overruns", rx.overruns),
        ("rx_fifo", rx.waiting() as u64),
        ("wire_sent", wire.sent),
        ("wire_dropped", wire.dropped),
        ("wire_received", wire.received),
        ("irq_signals", nic.irq.signals),
        ("irq_edges", nic.irq.edges),
        ("dma_mappings", dma.mappings() as u64),
        ("dma_faults", dma.faults),
        ("dma_last_fault", dma.last_fault),
        ("dma_bytes_read", dma.bytes_read),
        ("dma_bytes_written", dma.bytes_written),
        ("heavy", nic.count.heavy),
        ("light", nic.count.light),
        ("odd", nic.count.odd),
        ("held_writes", nic.coalescer.len() as u64),
        ("eeprom_writes", nic.eeprom.writes),
        ("power_state", u64::from(nic.config.power_state())),
        ("seed", nic.faults.seed),
        ("fuzz", nic.faults.fuzz),
    ] {
        let _ = writeln!(out, "{name} {n}");
    }
    if !tx.bad_reason.is_empty() {
        let _ = writeln!(out, "tx_bad_reason {}", tx.bad_reason);
    }
    for info in TABLE {
        match nic.faults.fired(info.fault) {
            0 => {}
            n => {
                let _ = writeln!(out, "fault.{} {n}", info.name);
            }
        }
    }
    out
}

fn counts(nic: &Nic) -> String {
    let mut out = String::new();
    for (at, (reads, writes)) in nic.count.reads.iter().zip(&nic.count.writes).enumerate() {
        if reads + writes != 0 {
            let _ = writeln!(out, "{} {reads} {writes}", regs::name_of(at as u32 * 4));
        }
    }
    let _ = writeln!(out, "heavy {}\nlight {}", nic.count.heavy, nic.count.light);
    out
}

/// Random frames of every size, most of them for this host, many almost IP.
fn frames(shared: &Shared, words: &[&str]) -> Answer {
    let count = number(words.first().ok_or("how many?")?)?;
    let (min, max) = (
        option(words, "min", 14)?.max(14),
        option(words, "max", 1518)?.min(16_380),
    );
    let seed = option(words, "seed", shared.lock().faults.seed)?;
    let patience = Duration::from_millis(option(words, "ms", 0)?.min(1000));
    let own = shared.lock().eeprom.mac();
    for n in 0..count {
        deliver_within(
            shared,
            random_frame(mix(seed ^ mix(n)), own, min, max.max(min)),
            patience,
        );
        if shared.lock().quit {
            break;
        }
    }
    Ok(String::new())
}

fn random_frame(mut random: u64, own: [u8; 6], min: u64, max: u64) -> Vec<u8> {
    let size = (min + random % (max - min + 1)) as usize;
    let mut data = Vec::with_capacity(size + 8);
    while data.len() < size {
        random = mix(random);
        data.extend_from_slice(&random.to_le_bytes());
    }
    data.truncate(size);
    let choice = mix(random);
    if let (Some(dst), 0..=6) = (data.get_mut(..6), choice & 7) {
        dst.copy_from_slice(&if choice & 7 == 0 { [0xff; 6] } else { own });
    }
    let kinds: [&[u8]; 6] = [
        &[8, 0, 0x45, 0],
        &[0x86, 0xdd, 0x60],
        &[8, 6, 0, 1],
        &[0x81, 0, 0, 5, 8, 0, 0x45],
        &[0x88, 8],
        &[0, 40],
    ];
    if let Some(kind) = kinds.get((choice >> 8 & 7) as usize) {
        data.iter_mut()
            .skip(12)
            .zip(*kind)
            .for_each(|(to, from)| *to = *from);
    }
    data
}

/// Used by the command line: arms faults before QEMU starts.
pub fn arm_at_start(shared: &Shared, text: &str) -> Answer {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let mut nic = shared.lock();
    let answer = set(&mut nic, name, &words);
    if matches!(
        by_name(name),
        Some((
            F::EeSum | F::EeZero | F::EeOnes | F::EeMulticast | F::EeNoMac,
            _
        ))
    ) {
        nic.load_eeprom();
    }
    answer
}
