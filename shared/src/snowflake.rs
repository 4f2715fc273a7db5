//! Message ids for people and for sorting: 41 bits of Unix milliseconds, 10 of node, 12 of
//! sequence. Duplicates are told by conversation, epoch and seq, never by this id.

use crate::time::Millis;

const NODE_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;
const SEQUENCE_MAX: u64 = (1 << SEQUENCE_BITS) - 1;
const MILLIS_MAX: u64 = (1 << 41) - 1;

/// Makes ids that rise within one node, also when its clock falls back.
#[derive(Clone, Copy, Debug)]
pub struct Snowflake {
    node: u64,
    last_millis: u64,
    sequence: u64,
}

impl Snowflake {
    /// Continues after `last`, the node's newest id (0 for none).
    pub fn after(last: i64, node: u16) -> Self {
        let last = u64::try_from(last).unwrap_or(0);
        Self {
            node: u64::from(node) & ((1 << NODE_BITS) - 1),
            last_millis: last >> (NODE_BITS + SEQUENCE_BITS),
            sequence: if last == 0 { SEQUENCE_MAX } else { last & SEQUENCE_MAX },
        }
    }

    /// Goes on after an id of the same node that was made elsewhere.
    pub fn follow(&mut self, id: i64) {
        let other = Self::after(id, 0);
        if (other.last_millis, other.sequence) > (self.last_millis, self.sequence) && id > 0 {
            (self.last_millis, self.sequence) = (other.last_millis, other.sequence);
        }
    }

    /// The next id.
    pub fn next(&mut self, now: Millis) -> i64 {
        let millis = now.0.min(MILLIS_MAX);
        if millis > self.last_millis {
            self.last_millis = millis;
            self.sequence = 0;
        } else if self.sequence < SEQUENCE_MAX {
            self.sequence += 1;
        } else {
            // A full millisecond, or a clock that fell back: borrow from the next one.
            self.last_millis += 1;
            self.sequence = 0;
        }
        let id = self.last_millis << (NODE_BITS + SEQUENCE_BITS)
            | self.node << SEQUENCE_BITS
            | self.sequence;
        i64::try_from(id).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_time_and_its_node() {
        let id = Snowflake::after(0, 77).next(Millis(1_763_907_720_123));
        assert_eq!(id >> 22, 1_763_907_720_123);
        assert_eq!((id >> 12) & 1023, 77);
    }

    #[test]
    fn ids_rise_within_a_millisecond_over_its_end_and_through_a_clock_that_falls_back() {
        let mut ids = Snowflake::after(0, 1);
        let mut last = 0;
        for round in 0..10_000_u64 {
            let now = if round % 3 == 0 { Millis(5_000) } else { Millis(1_000) };
            let id = ids.next(now);
            assert!(id > last, "round {round}");
            last = id;
        }
        let mut resumed = Snowflake::after(last, 1);
        assert!(resumed.next(Millis(10)) > last, "a resumed node goes on where it was");
    }
}
