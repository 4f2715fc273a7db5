//! Randomness from a seed (SplitMix64).

/// What tells the streams of things of different kinds apart, see [`Chance::of`].
pub(crate) mod kind {
    pub(crate) const ROOM: u64 = 1;
    pub(crate) const LINK: u64 = 2;
    pub(crate) const CALL: u64 = 3;
    pub(crate) const GATEWAY: u64 = 4;
    pub(crate) const OFFICE: u64 = 5;
}

/// A stream of numbers that its seed determines.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def0)
    }

    /// The stream of one thing in the world of a seed: what else happens there does not change it,
    /// so that a world from which something is left out stays the same world otherwise.
    pub fn of(seed: u64, thing: &[u64]) -> Self {
        let mut chance = Self::new(seed);
        for &part in thing {
            chance.0 ^= part.wrapping_add(1).wrapping_mul(0xd6e8_feb8_6659_fd93);
            chance.0 = chance.bits();
        }
        chance
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 128 bits.
    pub fn entropy(&mut self) -> u128 {
        u128::from(self.bits()) << 64 | u128::from(self.bits())
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.bits() % end.max(1)
    }

    /// A number of the range, both ends included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// An index of something that has `length` parts.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of the choices.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }
}
