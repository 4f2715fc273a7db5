//! Objects wake and fall asleep by the thousand: nothing may be left behind of each.

use crate::talk;
use anyhow::Result;
use kefu_faults::{descriptors, figure, host_with_keeper, put_to_sleep, resident, wasm_memory};
use kefu_turns::Host;

/// Conversations that wake and fall asleep together.
const TOGETHER: u32 = 50;
/// What the last quarter may have more than the third. The wasm frees an object only when the
/// JavaScript around it is collected: the high water between two collections takes some thousand
/// wakes to come to rest, and then still moves a little.
const MORE_WASM: f64 = 2.0;
const MORE_RESIDENT: f64 = 24.0;
/// Connections come and go; a descriptor left behind by each wake would be some hundred.
const MORE_DESCRIPTORS: f64 = 16.0;

/// After each round in which all have been awake and are asleep again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// MB of wasm memory; none where the host does not tell.
    pub(crate) wasm: Option<f64>,
    /// MB of texts that the isolate keeps for the AI, up to a budget of its own.
    pub(crate) cache: f64,
    /// MB of the process.
    pub(crate) resident: f64,
    pub(crate) descriptors: usize,
}

/// All of it.
pub(crate) struct Wakes {
    pub(crate) samples: Vec<Sample>,
    /// Counted in the host's log.
    pub(crate) wakes: usize,
}

/// Lets objects wake and fall asleep so many times in all.
pub(crate) async fn measure(wakes: u32) -> Result<Wakes> {
    let host = host_with_keeper();
    let together = wakes.clamp(1, TOGETHER);
    let site = talk::site(&host, None).await;
    let talkers = talk::open(&host, &site, together as usize).await;
    let mut samples = Vec::new();
    for round in 0..wakes.div_ceil(together) {
        for talker in &talkers {
            talker.client.say(&format!("message {round}"));
        }
        for talker in &talkers {
            anyhow::ensure!(talker.settle().await, "a conversation does not answer any more");
        }
        put_to_sleep(&host).await;
        samples.push(Sample::of(&host).await);
    }
    let wakes = host.log().lines().filter(|line| line.ends_with(" woke")).count();
    Ok(Wakes { samples, wakes })
}

impl Sample {
    async fn of(host: &Host) -> Self {
        let pid = host.pid();
        let (resident, descriptors) = (resident(pid), descriptors(pid));
        let cache = figure(host, "kefu_context_cache_bytes").await.unwrap_or(0.0) / 1_048_576.0;
        Self { wasm: wasm_memory(host).await, cache, resident, descriptors }
    }
}

impl Wakes {
    /// Whether the last quarter of the samples is no higher than the third.
    pub(crate) fn levels_off(&self) -> bool {
        let level = |figure: fn(&Sample) -> f64, more| self.grown(figure) <= more;
        level(|it| it.wasm.unwrap_or(0.0), MORE_WASM)
            && level(|it| it.resident, MORE_RESIDENT)
            && level(|it| it.descriptors as f64, MORE_DESCRIPTORS)
    }

    /// What the last quarter has more than the third.
    pub(crate) fn grown(&self, figure: impl Fn(&Sample) -> f64) -> f64 {
        let count = self.samples.len();
        let most = |from: usize, to: usize| {
            let part = self.samples.get(from..to.max(from + 1)).unwrap_or_default();
            part.iter().map(&figure).fold(0.0, f64::max)
        };
        most(count * 3 / 4, count) - most(count / 2, count * 3 / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(descriptors: impl Fn(usize) -> usize) -> Wakes {
        let sample = |round| Sample {
            wasm: Some(2.0),
            cache: 0.0,
            resident: 100.0,
            descriptors: descriptors(round),
        };
        Wakes { samples: (0..100).map(sample).collect(), wakes: 100 }
    }

    #[test]
    fn what_grows_at_first_and_then_no_more_levels_off() {
        assert!(of(|round| 100 + round.min(20)).levels_off());
        assert!(!of(|round| 100 + round).levels_off());
    }
}
