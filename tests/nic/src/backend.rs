// SPDX-License-Identifier: GPL-2.0
//! The other end of the cable: a socket to QEMU's own network, an echo, or nothing.
//!
//! Sending only queues: the guest waits in QEMU for its register write, and QEMU
//! may be the one who has to read what we send. A thread writes, another reads.

use crate::nic::Shared;
use std::io::{BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Frames that may wait for the writer.
const QUEUE: usize = 8192;
/// The longest message QEMU's stream netdev sends, and then some.
const LONGEST: usize = 1 << 17;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// From the destination address to the payload's end, no FCS.
    pub data: Vec<u8>,
    pub bad_fcs: bool,
}

/// Where frames go, as `--backend` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    None,
    /// Each frame comes back.
    Echo,
    /// A stream socket QEMU connects to: `-netdev stream,addr.type=unix,addr.path=…`.
    Listen(PathBuf),
    /// A stream socket QEMU listens on: `…,server=on`.
    Connect(PathBuf),
    /// `-netdev dgram,local.type=unix,…,remote.type=unix,…`.
    Dgram(PathBuf, PathBuf),
    /// `-netdev dgram` with inet addresses, or `-netdev socket,udp=…`.
    Udp(SocketAddr, SocketAddr),
}

impl std::str::FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let two = || {
            rest.split_once(',')
                .ok_or(format!("{kind} needs LOCAL,REMOTE"))
        };
        let addr = |a: &str| a.parse::<SocketAddr>().map_err(|e| format!("{a}: {e}"));
        match (kind, rest) {
            ("none", "") => Ok(Self::None),
            ("echo", "") => Ok(Self::Echo),
            ("listen" | "connect" | "dgram" | "udp", "") => Err(format!("{kind} needs an address")),
            ("listen", path) => Ok(Self::Listen(path.into())),
            ("connect", path) => Ok(Self::Connect(path.into())),
            ("dgram", _) => two().map(|(a, b)| Self::Dgram(a.into(), b.into())),
            ("udp", _) => two().and_then(|(a, b)| Ok(Self::Udp(addr(a)?, addr(b)?))),
            _ => Err(format!(
                "no backend {text}: none, echo, listen:PATH, connect:PATH, dgram:A,B, udp:A,B"
            )),
        }
    }
}

/// The MAC's end of the cable.
pub struct Wire {
    /// The cable is in (`link up|down`).
    pub cable: bool,
    echo: bool,
    out: Option<SyncSender<Vec<u8>>>,
    queued: Arc<AtomicUsize>,
    pub sent: u64,
    pub dropped: u64,
    pub received: u64,
}

impl Wire {
    /// The wire, and what the writer thread takes from it.
    pub fn new(spec: &Spec) -> (Self, Option<Line>) {
        let queued = Arc::new(AtomicUsize::new(0));
        let mut wire = Self {
            cable: true,
            echo: *spec == Spec::Echo,
            out: None,
            queued: Arc::clone(&queued),
            sent: 0,
            dropped: 0,
            received: 0,
        };
        if matches!(spec, Spec::None | Spec::Echo) {
            return (wire, None);
        }
        let (out, frames) = sync_channel(QUEUE);
        wire.out = Some(out);
        (
            wire,
            Some(Line {
                spec: spec.clone(),
                frames,
                queued,
            }),
        )
    }

    /// Sends a frame; an echo gives it back. A bad FCS does not survive the first switch.
    pub fn send(&mut self, frame: Frame) -> Option<Frame> {
        self.sent += 1;
        if self.echo {
            return Some(frame);
        }
        if let Some(out) = self.out.as_ref().filter(|_| !frame.bad_fcs) {
            match out.try_send(frame.data) {
                Ok(()) => {
                    self.queued.fetch_add(1, Ordering::Relaxed);
                }
                Err(_) => self.dropped += 1,
            }
        }
        None
    }

    /// The wire is busy: the asynchronous transmitter waits.
    pub fn is_full(&self) -> bool {
        self.queued.load(Ordering::Relaxed) >= QUEUE / 2
    }
}

/// The socket's side of the wire.
pub struct Line {
    spec: Spec,
    frames: Receiver<Vec<u8>>,
    queued: Arc<AtomicUsize>,
}

enum Peer {
    Stream(UnixStream),
    Dgram(UnixDatagram, PathBuf),
    Udp(UdpSocket, SocketAddr),
}

impl Peer {
    fn send(&mut self, frames: &[Vec<u8>]) -> Result<()> {
        match self {
            Self::Stream(stream) => {
                let mut bytes = Vec::with_capacity(frames.iter().map(|f| f.len() + 4).sum());
                for frame in frames {
                    bytes.extend_from_slice(&(frame.len() as u32).to_be_bytes());
                    bytes.extend_from_slice(frame);
                }
                stream.write_all(&bytes)
            }
            // The other end may not be there yet: such frames are lost, as on a wire.
            Self::Dgram(socket, to) => frames
                .iter()
                .try_for_each(|f| socket.send_to(f, &*to).map(drop).or(Ok(()))),
            Self::Udp(socket, to) => frames
                .iter()
                .try_for_each(|f| socket.send_to(f, *to).map(drop).or(Ok(()))),
        }
    }
}

impl Line {
    /// Binds what has to be there before QEMU starts, and runs the two threads.
    pub fn start(self, shared: &Shared) -> Result<()> {
        let peer: Arc<Mutex<Option<Peer>>> = Arc::default();
        let Self {
            spec,
            frames,
            queued,
        } = self;
        let (for_writer, for_reader) = (Arc::clone(&peer), shared.clone());
        std::thread::Builder::new()
            .name("wire-out".into())
            .spawn(move || write_frames(&frames, &queued, &for_writer))?;
        let reader: Box<dyn FnOnce() + Send> = match spec {
            Spec::None | Spec::Echo => return Ok(()),
            Spec::Listen(path) => {
                let _ = std::fs::remove_file(&path);
                let listener = UnixListener::bind(&path)?;
                Box::new(move || {
                    for stream in listener.incoming().flatten() {
                        serve_stream(stream, &peer, &for_reader);
                    }
                })
            }
            Spec::Connect(path) => Box::new(move || loop {
                if let Ok(stream) = UnixStream::connect(&path) {
                    serve_stream(stream, &peer, &for_reader);
                }
                std::thread::sleep(Duration::from_millis(100));
            }),
            Spec::Dgram(local, remote) => {
                let _ = std::fs::remove_file(&local);
                let socket = UnixDatagram::bind(&local)?;
                set(&peer, Some(Peer::Dgram(socket.try_clone()?, remote)));
                Box::new(move || read_datagrams(|buf| socket.recv(buf), &for_reader))
            }
            Spec::Udp(local, remote) => {
                let socket = UdpSocket::bind(local)?;
                set(&peer, Some(Peer::Udp(socket.try_clone()?, remote)));
                Box::new(move || read_datagrams(|buf| socket.recv(buf), &for_reader))
            }
        };
        std::thread::Builder::new()
            .name("wire-in".into())
            .spawn(reader)?;
        Ok(())
    }
}

fn set(peer: &Mutex<Option<Peer>>, value: Option<Peer>) {
    *peer.lock().unwrap_or_else(|e| e.into_inner()) = value;
}

fn write_frames(frames: &Receiver<Vec<u8>>, queued: &AtomicUsize, peer: &Mutex<Option<Peer>>) {
    while let Ok(first) = frames.recv() {
        let mut batch = vec![first];
        while let Some(next) = Some(&frames)
            .filter(|_| batch.len() < 64)
            .and_then(|f| f.try_recv().ok())
        {
            batch.push(next);
        }
        // A clone, so that a peer slow to read does not keep a new one from being set.
        let clone = match &*peer.lock().unwrap_or_else(|e| e.into_inner()) {
            Some(Peer::Stream(s)) => s.try_clone().map(Peer::Stream).ok(),
            Some(Peer::Dgram(s, to)) => s.try_clone().map(|s| Peer::Dgram(s, to.clone())).ok(),
            Some(Peer::Udp(s, to)) => s.try_clone().map(|s| Peer::Udp(s, *to)).ok(),
            None => None,
        };
        if let Some(mut to) = clone {
            // A broken stream is noticed and replaced by the reader.
            let _ = to.send(&batch);
        }
        queued.fetch_sub(batch.len(), Ordering::Relaxed);
    }
}

fn serve_stream(stream: UnixStream, peer: &Mutex<Option<Peer>>, shared: &Shared) {
    set(peer, stream.try_clone().ok().map(Peer::Stream));
    let mut reader = BufReader::with_capacity(1 << 18, stream);
    while let Ok(frame) = read_frame(&mut reader) {
        deliver(shared, frame);
    }
    set(peer, None);
}

fn read_frame(reader: &mut impl Read) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    reader.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > LONGEST {
        return Err(Error::from(ErrorKind::InvalidData));
    }
    let mut frame = vec![0; length];
    reader.read_exact(&mut frame)?;
    Ok(frame)
}

fn read_datagrams(mut recv: impl FnMut(&mut [u8]) -> Result<usize>, shared: &Shared) {
    let mut buf = vec![0; LONGEST];
    loop {
        match recv(&mut buf) {
            Ok(n) => deliver(shared, buf.get(..n).unwrap_or(&[]).to_vec()),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Hands a frame to the MAC, waiting for room first if that was asked for.
pub fn deliver(shared: &Shared, frame: Vec<u8>) {
    deliver_within(shared, frame, Duration::ZERO);
}

/// The same, waiting for room at least that long, if need be.
pub fn deliver_within(shared: &Shared, frame: Vec<u8>, patience: Duration) {
    let end = Instant::now() + patience;
    let mut nic = shared.lock();
    while !nic.rx_room(frame.len()) && !nic.quit {
        let left = if nic.options.rx_wait {
            Duration::from_millis(500)
        } else {
            end.saturating_duration_since(Instant::now())
        };
        if left.is_zero() {
            break;
        }
        let woken = shared.room.wait_timeout(nic, left);
        nic = woken.unwrap_or_else(|e| e.into_inner()).0;
    }
    nic.wire.received += 1;
    nic.rx_from_wire(frame);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_parse() {
        assert_eq!("none".parse(), Ok(Spec::None));
        assert_eq!("listen:/a/b".parse(), Ok(Spec::Listen("/a/b".into())));
        assert_eq!("dgram:a,b".parse(), Ok(Spec::Dgram("a".into(), "b".into())));
        for bad in ["", "listen", "dgram:a", "udp:1,2", "tap:x"] {
            assert!(bad.parse::<Spec>().is_err(), "{bad}");
        }
    }

    #[test]
    fn frames_are_cut_from_the_stream_and_absurd_lengths_end_it() {
        let mut bytes: &[u8] = &[0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0xff, 0, 0, 0];
        assert_eq!(read_frame(&mut bytes).unwrap(), [7, 8]);
        assert!(read_frame(&mut bytes).unwrap().is_empty());
        assert!(read_frame(&mut bytes).is_err());
    }

    #[test]
    fn a_wire_nobody_reads_drops_and_never_blocks() {
        let (mut wire, line) = Wire::new(&Spec::Listen("unused".into()));
        for _ in 0..QUEUE + 5 {
            assert_eq!(
                wire.send(Frame {
                    data: vec![0; 60],
                    bad_fcs: false
                }),
                None
            );
        }
        assert_eq!((wire.dropped, wire.is_full()), (5, true));
        drop(line);
        let (mut echo, _) = Wire::new(&Spec::Echo);
        assert!(echo
            .send(Frame {
                data: vec![1],
                bad_fcs: false
            })
            .is_some());
    }
}
