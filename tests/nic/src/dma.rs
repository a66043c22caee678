// SPDX-License-Identifier: GPL-2.0
//! Guest memory as the device's DMA engine sees it.
//!
//! QEMU hands over each mapping as a file and an offset. A file is mapped whole
//! and once, so that a virtual IOMMU's many small mappings cost no `mmap` each.
//! Every access is checked against the mappings in force; what lies outside
//! them is refused and counted, never touched.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use vm_memory::{Bytes, FileOffset, MmapRegion, VolatileMemory};

/// One contiguous range of bus addresses.
struct Map {
    size: u64,
    memory: Arc<MmapRegion>,
    offset: u64,
    writable: bool,
}

/// The DMA engine: mappings, the bus master switch and what went wrong.
#[derive(Default)]
pub struct Dma {
    maps: BTreeMap<u64, Map>,
    files: Vec<(u64, u64, Weak<MmapRegion>)>,
    /// PCI COMMAND bit 2: without it the device may not touch memory.
    pub master: bool,
    /// The `dma.off` fault: every access fails although it should not.
    pub broken: bool,
    /// Accesses refused because no mapping covers them.
    pub faults: u64,
    /// The last address refused.
    pub last_fault: u64,
    pub bytes_read: u64,
    pub bytes_written: u64,
}

impl Dma {
    /// Adds a mapping; one without a file cannot be reached and is left out.
    pub fn map(
        &mut self,
        addr: u64,
        size: u64,
        offset: u64,
        writable: bool,
        file: Option<File>,
    ) -> Result<()> {
        let Some(file) = file else { return Ok(()) };
        let meta = file.metadata()?;
        let end = offset.checked_add(size).ok_or(ErrorKind::InvalidInput)?;
        if size == 0 || addr.checked_add(size).is_none() || end > meta.len() {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.files.retain(|f| f.2.strong_count() > 0);
        let known = self
            .files
            .iter()
            .find(|f| (f.0, f.1) == (meta.dev(), meta.ino()));
        let memory = match known.and_then(|f| f.2.upgrade()) {
            Some(memory) if end <= memory.size() as u64 => memory,
            _ => {
                let len = usize::try_from(meta.len()).map_err(|_| ErrorKind::InvalidInput)?;
                let region =
                    MmapRegion::from_file(FileOffset::new(file, 0), len).map_err(Error::other)?;
                let memory = Arc::new(region);
                self.files
                    .push((meta.dev(), meta.ino(), Arc::downgrade(&memory)));
                memory
            }
        };
        self.maps.insert(
            addr,
            Map {
                size,
                memory,
                offset,
                writable,
            },
        );
        Ok(())
    }

    /// Takes a range away; what a mapping has beyond it stays.
    pub fn unmap(&mut self, addr: u64, size: u64) {
        let end = addr.saturating_add(size);
        let hit = self.maps.range(..end);
        let hit: Vec<u64> = hit
            .filter(|(a, m)| a.saturating_add(m.size) > addr)
            .map(|(a, _)| *a)
            .collect();
        for start in hit {
            let Some(map) = self.maps.remove(&start) else {
                continue;
            };
            let stop = start.saturating_add(map.size);
            if stop > end {
                let (memory, skip) = (Arc::clone(&map.memory), end - start);
                let rest = Map {
                    size: stop - end,
                    memory,
                    offset: map.offset + skip,
                    ..map
                };
                self.maps.insert(end, rest);
            }
            if start < addr {
                self.maps.insert(
                    start,
                    Map {
                        size: addr - start,
                        ..map
                    },
                );
            }
        }
    }

    /// Mappings in force.
    pub fn mappings(&self) -> usize {
        self.maps.len()
    }

    pub fn unmap_all(&mut self) {
        self.maps.clear();
        self.master = false;
    }

    /// The mapping that holds `addr`, with the offset in its file and the bytes left in it.
    fn find(&self, addr: u64, write: bool) -> Option<(&Map, usize, u64)> {
        let (start, map) = self.maps.range(..=addr).next_back()?;
        let skip = addr.checked_sub(*start).filter(|skip| *skip < map.size)?;
        if write && !map.writable {
            return None;
        }
        let at = usize::try_from(map.offset.checked_add(skip)?).ok()?;
        Some((map, at, map.size - skip))
    }

    fn refuse(&mut self, addr: u64) -> bool {
        self.faults += 1;
        self.last_fault = addr;
        false
    }

    /// Reads guest memory; on failure the rest of `buf` is zero and `false` is returned.
    pub fn read(&mut self, mut addr: u64, buf: &mut [u8]) -> bool {
        buf.fill(0);
        if !self.master || self.broken {
            return false;
        }
        self.bytes_read += buf.len() as u64;
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|r| !r.is_empty()) {
            let Some((map, at, left)) = self.find(addr, false) else {
                return self.refuse(addr);
            };
            let n = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let Some(part) = rest.get_mut(..n) else {
                return false;
            };
            let Ok(slice) = map.memory.get_slice(at, n) else {
                return self.refuse(addr);
            };
            slice.copy_to(part);
            done += n;
            addr = addr.wrapping_add(n as u64);
        }
        true
    }

    /// Writes guest memory; stops at the first byte that is not mapped.
    pub fn write(&mut self, mut addr: u64, buf: &[u8]) -> bool {
        if !self.master || self.broken {
            return false;
        }
        self.bytes_written += buf.len() as u64;
        let mut done = 0;
        while let Some(rest) = buf.get(done..).filter(|r| !r.is_empty()) {
            let Some((map, at, left)) = self.find(addr, true) else {
                return self.refuse(addr);
            };
            let n = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let Ok(slice) = map.memory.get_slice(at, n) else {
                return self.refuse(addr);
            };
            slice.copy_from(rest.get(..n).unwrap_or(&[]));
            done += n;
            addr = addr.wrapping_add(n as u64);
        }
        true
    }

    /// Stores eight bytes at once and after everything written before: a
    /// descriptor's second half, whose DD bit publishes the buffer.
    pub fn store64(&mut self, addr: u64, value: u64) -> bool {
        self.publish(addr, &value.to_le_bytes(), |map, at| {
            map.memory
                .get_slice(at, 8)
                .is_ok_and(|s| s.store(value.to_le(), 0, Ordering::Release).is_ok())
        })
    }

    /// Stores one byte after everything written before: a transmit descriptor's status.
    pub fn store8(&mut self, addr: u64, value: u8) -> bool {
        self.publish(addr, &[value], |map, at| {
            map.memory
                .get_slice(at, 1)
                .is_ok_and(|s| s.store(value, 0, Ordering::Release).is_ok())
        })
    }

    /// Tries one atomic store, or plain bytes where that is not possible.
    fn publish(&mut self, addr: u64, bytes: &[u8], store: impl Fn(&Map, usize) -> bool) -> bool {
        if !self.master || self.broken {
            return false;
        }
        let stored = match self.find(addr, true) {
            Some((map, at, left)) if left >= bytes.len() as u64 => store(map, at),
            _ => false,
        };
        if stored {
            self.bytes_written += bytes.len() as u64;
        }
        stored || self.write(addr, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Dma {
        let path = std::env::temp_dir().join(format!(
            "e1000-nic-dma-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .unwrap();
        file.set_len(0x4000).unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut dma = Dma {
            master: true,
            ..Dma::default()
        };
        dma.map(0x1000, 0x1000, 0, true, Some(file.try_clone().unwrap()))
            .unwrap();
        dma.map(
            0x2000,
            0x1000,
            0x2000,
            true,
            Some(file.try_clone().unwrap()),
        )
        .unwrap();
        dma.map(0x8000, 0x1000, 0x3000, false, Some(file)).unwrap();
        dma
    }

    #[test]
    fn reads_back_across_two_mappings() {
        let mut dma = memory();
        assert!(dma.write(0x1ffc, b"abcdefgh"));
        let mut buf = [0; 8];
        assert!(dma.read(0x1ffc, &mut buf));
        assert_eq!(&buf, b"abcdefgh");
        assert!(dma.store64(0x2008, 0x1122_3344_5566_7788));
        assert!(dma.read(0x2008, &mut buf));
        assert_eq!(u64::from_le_bytes(buf), 0x1122_3344_5566_7788);
    }

    #[test]
    fn refuses_what_is_not_mapped() {
        let mut dma = memory();
        for addr in [0, 0xffc, 0x2ffd, 0x3000, 0x9000, u64::MAX - 1] {
            assert!(!dma.write(addr, &[1; 8]), "{addr:#x}");
        }
        assert!(!dma.write(0x8000, &[1]), "read-only");
        assert_eq!(dma.faults, 7);
        dma.unmap(0x2000, 0x1000);
        assert!(!dma.read(0x2000, &mut [0; 4]));
        dma.master = false;
        assert!(!dma.read(0x1000, &mut [0; 4]));
        assert_eq!(dma.faults, 8, "without bus master nothing is tried");
    }

    #[test]
    fn a_part_can_be_unmapped() {
        let mut dma = memory();
        assert!(dma.write(0x1000, &[7; 0x1000]));
        dma.unmap(0x1400, 0x400);
        let ok = [0x13ff, 0x1400, 0x17ff, 0x1800, 0x1fff].map(|a| dma.read(a, &mut [0; 1]));
        assert_eq!(ok, [true, false, false, true, true]);
        let mut byte = [0];
        assert!(dma.read(0x1800, &mut byte) && byte == [7]);
        dma.unmap(0, u64::MAX);
        assert_eq!(dma.mappings(), 0);
    }

    #[test]
    fn refuses_mappings_beyond_the_file() {
        let mut dma = memory();
        let file = File::open("/dev/null").unwrap();
        assert!(dma.map(0, 0x1000, 0, true, Some(file)).is_err());
        assert!(dma.map(0, 0x1000, 0, true, None).is_ok());
        assert!(!dma.read(0, &mut [0; 1]));
    }
}
