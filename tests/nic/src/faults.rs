// SPDX-License-Identifier: GPL-2.0
//! What can go wrong on request: the table of faults, arming and drawing lots.
//!
//! A fault is armed by name (control socket) or number (PCI configuration space).
//! The engine asks `hit` at each opportunity; level faults it asks with `on`.
//! Fuzzing draws each opportunity's lot from the seed, the fault and the number of
//! the descriptor alone, so that one seed is one behaviour.

pub use crate::fault_table::{by_name, Info, Stream, Value, F, TABLE};
use Value::{Add, Fixed, Ones, Random, Xor};

/// How a fault is armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arm {
    pub value: Value,
    /// Times it fires; 0 is without end.
    pub count: u64,
    /// Opportunities to let pass first.
    pub after: u64,
    /// Fires at each n-th opportunity.
    pub every: u64,
    /// Probability in thousandths.
    pub p: u64,
    pub us: u64,
    /// Clears itself after this many milliseconds; 0 does not.
    pub ms: u64,
    /// Tells one arming from the next of the same fault.
    pub serial: u64,
}

/// One firing.
#[derive(Clone, Copy, Debug)]
pub struct Shot {
    pub value: Value,
    pub us: u64,
    pub random: u64,
}

impl Shot {
    /// What becomes of a field that is `bits` wide.
    pub fn bend(&self, old: u64, bits: u32) -> u64 {
        let mask = u64::MAX >> (64 - bits.clamp(1, 64));
        mask & match self.value {
            Fixed(v) => v,
            Ones => u64::MAX,
            Random => self.random,
            Xor(v) => old ^ v,
            Add(v) => old.wrapping_add(v),
        }
    }

    /// The step for faults that move an index.
    pub fn step(&self, ring: u64) -> u64 {
        match self.value {
            Fixed(v) | Add(v) | Xor(v) => v,
            Ones => u64::MAX,
            Random => self.random % ring.max(1),
        }
    }
}

struct Armed {
    arm: Arm,
    seen: u64,
    left: u64,
}

/// The faults in force.
#[derive(Default)]
pub struct Faults {
    armed: Vec<(F, Option<u32>, Armed)>,
    fired: Vec<u64>,
    pub seed: u64,
    /// One in how many opportunities of weight 1 fails while fuzzing; 0 is off.
    pub fuzz: u64,
    position: [u64; 4],
}

/// A well mixed number from any number (the finaliser of splitmix64).
pub fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

impl Faults {
    pub fn info(fault: F) -> Option<&'static Info> {
        TABLE.get(fault as usize)
    }

    /// How a fault is armed when nothing more is said.
    pub fn default_arm(fault: F) -> Arm {
        let (value, us) = Self::info(fault).map_or((Ones, 0), |i| (i.value, i.us));
        Arm {
            value,
            count: 0,
            after: 0,
            every: 1,
            p: 1000,
            us,
            ms: 0,
            serial: 0,
        }
    }

    /// Arms a fault; `reg` names the register for `reg` and `wreg`.
    pub fn arm(&mut self, fault: F, reg: Option<u32>, arm: Arm) {
        self.clear(fault, reg);
        if self.armed.len() < 256 {
            self.armed.push((
                fault,
                reg,
                Armed {
                    arm,
                    seen: 0,
                    left: arm.count,
                },
            ));
        }
    }

    pub fn clear(&mut self, fault: F, reg: Option<u32>) {
        self.armed.retain(|a| (a.0, a.1) != (fault, reg));
    }

    /// What is armed, for clearing it all.
    pub fn armed(&self) -> Vec<(F, Option<u32>, Arm)> {
        self.armed.iter().map(|a| (a.0, a.1, a.2.arm)).collect()
    }

    /// Whether a level fault is in force.
    pub fn on(&self, fault: F) -> bool {
        self.armed.iter().any(|a| a.0 == fault)
    }

    pub fn arm_of(&self, fault: F) -> Option<Arm> {
        self.armed.iter().find(|a| a.0 == fault).map(|a| a.2.arm)
    }

    pub fn fired(&self, fault: F) -> u64 {
        self.fired.get(fault as usize).copied().unwrap_or(0)
    }

    pub fn note(&mut self, fault: F) {
        self.fired.resize(TABLE.len(), 0);
        if let Some(n) = self.fired.get_mut(fault as usize) {
            *n += 1;
        }
    }

    /// Moves a stream on: the next descriptor, interrupt or register access.
    pub fn next(&mut self, stream: Stream) {
        if let Some(n) = self.position.get_mut(stream as usize) {
            *n = n.wrapping_add(1);
        }
    }

    pub fn position(&self, stream: Stream) -> u64 {
        self.position.get(stream as usize).copied().unwrap_or(0)
    }

    /// Starts the sequence anew.
    pub fn reseed(&mut self, seed: u64) {
        self.seed = seed;
        self.position = [0; 4];
    }

    /// Whether the fault fires at this opportunity.
    pub fn hit(&mut self, fault: F) -> Option<Shot> {
        self.hit_reg(fault, None)
    }

    pub fn hit_reg(&mut self, fault: F, reg: Option<u32>) -> Option<Shot> {
        if self.armed.is_empty() && self.fuzz == 0 {
            return None;
        }
        let shot = self
            .draw_armed(fault, reg)
            .or_else(|| self.draw_fuzz(fault));
        if shot.is_some() {
            self.note(fault);
        }
        shot
    }

    fn draw_armed(&mut self, fault: F, reg: Option<u32>) -> Option<Shot> {
        let at = self.armed.iter().position(|a| (a.0, a.1) == (fault, reg))?;
        let (_, _, armed) = self.armed.get_mut(at)?;
        let arm = armed.arm;
        armed.seen += 1;
        let random = mix(self.seed ^ mix(fault as u64) ^ armed.seen << 8);
        let turn = armed.seen.checked_sub(arm.after + 1)?;
        if turn % arm.every.max(1) != 0 || arm.p < 1000 && mix(random) % 1000 >= arm.p {
            return None;
        }
        if arm.count != 0 {
            armed.left = armed.left.saturating_sub(1);
            if armed.left == 0 {
                self.armed.remove(at);
            }
        }
        Some(Shot {
            value: arm.value,
            us: arm.us,
            random,
        })
    }

    /// The lot of this descriptor for this fault; a level fault's is drawn by `fuzz_level`.
    fn draw_fuzz(&mut self, fault: F) -> Option<Shot> {
        let info = Self::info(fault)?;
        let odds = self
            .fuzz
            .checked_mul(u64::from(info.fuzz))
            .filter(|o| *o != 0)?;
        let lot = mix(self.seed ^ mix(fault as u64 | 0x100) ^ mix(self.position(info.stream)));
        if lot % odds != 0 {
            return None;
        }
        let random = mix(lot);
        let us = random % 5_000;
        Some(Shot {
            value: Random,
            us,
            random,
        })
    }

    /// The level faults that fuzzing switches on at this position of a stream, and for how many milliseconds.
    pub fn fuzz_level(&mut self, stream: Stream) -> Vec<(F, u64)> {
        if self.fuzz == 0 {
            return Vec::new();
        }
        let level = TABLE
            .iter()
            .filter(|i| i.level && i.stream == stream && !self.on(i.fault));
        let faults: Vec<F> = level.map(|i| i.fault).collect();
        faults
            .into_iter()
            .filter_map(|f| Some((f, 1 + self.draw_fuzz(f)?.random % 40)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_order_and_names_are_unique() {
        for (n, info) in TABLE.iter().enumerate() {
            assert_eq!(info.fault as usize, n);
            assert!(TABLE.iter().filter(|i| i.name == info.name).count() == 1);
            assert!(
                matches!(info.fault, F::RegRead | F::RegWrite)
                    || by_name(info.name) == Some((info.fault, None))
            );
        }
        assert_eq!(by_name("reg.ICR"), Some((F::RegRead, Some(0xc0))));
        assert_eq!(by_name("reg.NONE"), None);
        assert!(TABLE.len() < 256);
    }

    fn pattern(arm: Arm) -> String {
        let mut f = Faults::default();
        f.arm(F::RxLength, None, arm);
        (0..8)
            .map(|_| {
                if f.hit(F::RxLength).is_some() {
                    'x'
                } else {
                    '.'
                }
            })
            .collect()
    }

    #[test]
    fn count_after_and_every() {
        let d = Faults::default_arm(F::RxLength);
        assert_eq!(pattern(d), "xxxxxxxx");
        assert_eq!(pattern(Arm { count: 2, ..d }), "xx......");
        assert_eq!(
            pattern(Arm {
                count: 2,
                after: 3,
                ..d
            }),
            "...xx..."
        );
        assert_eq!(pattern(Arm { every: 3, ..d }), "x..x..x.");
        assert_eq!(pattern(Arm { p: 0, ..d }), "........");
    }

    #[test]
    fn values_bend_a_field() {
        let shot = |value| Shot {
            value,
            us: 0,
            random: 0x1234_5678_9abc_def0,
        };
        assert_eq!(shot(Fixed(0x1_0005)).bend(0, 16), 5);
        assert_eq!(shot(Ones).bend(0, 8), 0xff);
        assert_eq!(shot(Xor(2)).bend(7, 8), 5);
        assert_eq!(shot(Add(1)).bend(0xffff, 16), 0);
        assert_eq!(shot(Random).bend(0, 16), 0xdef0);
        assert_eq!(shot(Ones).bend(0, 64), u64::MAX);
    }

    #[test]
    fn fuzz_repeats_by_seed_and_not_by_call_order() {
        let run = |seed, skip: bool| {
            let mut f = Faults {
                seed,
                fuzz: 4,
                ..Faults::default()
            };
            let mut seen = Vec::new();
            for n in 0..500u32 {
                f.next(Stream::Rx);
                if skip && n % 3 == 0 {
                    let _ = f.hit(F::RxErrors);
                }
                seen.push(f.hit(F::RxLength).map(|s| s.random));
            }
            seen
        };
        assert_eq!(run(7, false), run(7, true));
        assert_ne!(run(7, false), run(8, false));
        let hits = run(7, false).iter().flatten().count();
        assert!((80..180).contains(&hits), "{hits}");
    }

    #[test]
    fn dangerous_faults_stay_out_of_fuzzing() {
        let mut f = Faults {
            fuzz: 1,
            ..Faults::default()
        };
        for _ in 0..1000 {
            f.next(Stream::Rx);
            assert!(f.hit(F::RxRecycled).is_none() && f.hit(F::RxEarly).is_none());
        }
    }
}
