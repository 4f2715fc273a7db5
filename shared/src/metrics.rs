//! What an operator watches, as Prometheus text (exposition format 0.0.4).
//!
//! Counters are of one isolate: a host that runs several has each of them tell its own, under an
//! `isolate` label that tells them apart.

use crate::conversation::{Act, Step, Write};
use crate::guard::{Key, Standing};
use crate::wire;
use std::fmt::Write as _;
use std::time::Duration;

mod providers;

use providers::Providers;

/// Upper bounds of the histogram of steps, in seconds.
const STEP_BOUNDS: [f64; 8] = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1];
/// Upper bounds of the histogram of the outbox, in seconds.
const OUTBOX_BOUNDS: [f64; 8] = [0.1, 0.5, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0];

/// What is counted.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Events added to logs.
    pub events: u64,
    /// Requests that had been carried out before.
    pub duplicates: u64,
    /// Streams that got what they lacked.
    pub replays: u64,
    /// Answers that a crash had cut off.
    pub recoveries: u64,
    /// Pieces of answers that came too late and were not taken.
    pub late: u64,
    /// Conversations brought into memory.
    pub wakes: u64,
    /// Steps that the storage refused.
    pub faults: u64,
    /// Rows written by steps, those of alarms included.
    pub rows_written: u64,
    /// Rows read.
    pub rows_read: u64,
    /// Times that a desk was told.
    pub tells: u64,
    /// Times that a desk could not be told.
    pub tells_failed: u64,
    /// How long steps took, their writes included.
    pub steps: Histogram<8>,
    /// From the oldest event that a desk did not know until it knew it.
    pub outbox: Histogram<8>,
    /// What happened between turns and providers.
    providers: Providers,
}

/// Values in classes.
#[derive(Clone, Debug)]
pub struct Histogram<const N: usize> {
    counts: [u64; N],
    count: u64,
    sum: f64,
}

impl<const N: usize> Default for Histogram<N> {
    fn default() -> Self {
        Self { counts: [0; N], count: 0, sum: 0.0 }
    }
}

impl<const N: usize> Histogram<N> {
    fn observe(&mut self, value: f64, bounds: &[f64; N]) {
        for (count, bound) in self.counts.iter_mut().zip(bounds) {
            *count += u64::from(value <= *bound);
        }
        self.count += 1;
        self.sum += value;
    }
}

/// What only the isolate knows.
#[derive(Clone, Debug, Default)]
pub struct Isolate {
    /// Tells it from the others.
    pub id: String,
    /// Bytes of its wasm memory, which never shrinks.
    pub memory: u64,
    /// Bytes of text in its cache of contexts.
    pub contexts: u64,
}

impl Metrics {
    /// Counts a step of one of the site's conversations whose writes are durable.
    pub fn step(&mut self, site: &str, step: &Step, took: Duration) {
        for write in &step.writes {
            self.events += u64::from(matches!(write, Write::Event { .. }));
            self.rows_written += u64::from(wire::rows(write));
        }
        for act in &step.acts {
            self.replays += u64::from(matches!(act, Act::Replay { .. }));
        }
        self.duplicates += u64::from(step.tally.duplicates);
        self.recoveries += u64::from(step.tally.recoveries);
        self.late += u64::from(step.tally.late);
        for fact in &step.tally.facts {
            self.providers.learn(site, fact);
        }
        self.steps.observe(took.as_secs_f64(), &STEP_BOUNDS);
    }

    /// Counts what a desk was told, and how old it was.
    pub fn told(&mut self, age: Duration) {
        self.tells += 1;
        self.outbox.observe(age.as_secs_f64(), &OUTBOX_BOUNDS);
    }

    /// Takes note of how a provider's guard stands after an order; tells whether that changed.
    pub fn stands(&mut self, key: &Key, before: Standing, after: Standing) -> bool {
        self.providers.stands(key, before, after);
        before.name() != after.name()
    }

    /// All of it as Prometheus reads it.
    pub fn write(&self, isolate: &Isolate) -> String {
        let labels = format!("isolate=\"{}\"", isolate.id);
        let mut page = Page { text: String::new(), labels };
        for (name, help, value) in self.counters() {
            page.value(name, "counter", help, value);
        }
        let memory = "Bytes of the wasm memory, which never shrinks";
        page.value("kefu_wasm_memory_bytes", "gauge", memory, isolate.memory);
        let contexts = "Bytes of text in the cache of contexts";
        page.value("kefu_context_cache_bytes", "gauge", contexts, isolate.contexts);
        let steps = "How long steps of conversations took, their writes included";
        page.histogram("kefu_step_seconds", steps, &self.steps, &STEP_BOUNDS);
        let outbox = "From an event until the desk knew it";
        page.histogram("kefu_outbox_age_seconds", outbox, &self.outbox, &OUTBOX_BOUNDS);
        self.providers.write(&mut page);
        page.text
    }

    fn counters(&self) -> [(&'static str, &'static str, u64); 11] {
        [
            ("kefu_events_total", "Events added to logs", self.events),
            ("kefu_duplicates_total", "Requests that had been carried out before", self.duplicates),
            ("kefu_replays_total", "Streams that got what they lacked", self.replays),
            ("kefu_recoveries_total", "Answers that a crash had cut off", self.recoveries),
            ("kefu_late_total", "Pieces of answers that came too late", self.late),
            ("kefu_wakes_total", "Conversations brought into memory", self.wakes),
            ("kefu_faults_total", "Steps that the storage refused", self.faults),
            ("kefu_rows_written_total", "Rows written by steps", self.rows_written),
            ("kefu_rows_read_total", "Rows read", self.rows_read),
            ("kefu_tells_total", "Times that a desk was told", self.tells),
            ("kefu_tells_failed_total", "Times that a desk could not be told", self.tells_failed),
        ]
    }
}

struct Page {
    text: String,
    /// Those that all samples have.
    labels: String,
}

// Writing to a String cannot fail.
impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}.\n# TYPE {name} {kind}");
    }

    /// `more` labels begin with a comma.
    fn sample(&mut self, name: &str, more: &str, value: u64) {
        let _ = writeln!(self.text, "{name}{{{}{more}}} {value}", self.labels);
    }

    fn value(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        self.sample(name, "", value);
    }

    fn histogram<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: &Histogram<N>,
        bounds: &[f64; N],
    ) {
        self.head(name, "histogram", help);
        self.classes(name, "", values, bounds);
    }

    /// The samples of a histogram.
    fn classes<const N: usize>(
        &mut self,
        name: &str,
        more: &str,
        values: &Histogram<N>,
        bounds: &[f64; N],
    ) {
        let bucket = format!("{name}_bucket");
        for (bound, count) in bounds.iter().zip(values.counts) {
            self.sample(&bucket, &format!("{more},le=\"{bound}\""), count);
        }
        self.sample(&bucket, &format!("{more},le=\"+Inf\""), values.count);
        let _ = writeln!(self.text, "{name}_sum{{{}{more}}} {}", self.labels, values.sum);
        self.sample(&format!("{name}_count"), more, values.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Tally;

    #[test]
    fn a_step_is_counted_by_what_it_did() {
        let mut metrics = Metrics::default();
        let step = Step {
            writes: vec![Write::Alarm(None)],
            acts: vec![Act::Replay { conn: 1, after: 0, upto: 3 }],
            tally: Tally { duplicates: 1, recoveries: 2, late: 3, facts: Vec::new() },
            ..Step::default()
        };
        metrics.step("s", &step, Duration::from_micros(200));
        let isolate = Isolate { id: "x".into(), memory: 65_536, contexts: 0 };
        let text = metrics.write(&isolate);
        for line in [
            "kefu_rows_written_total{isolate=\"x\"} 1",
            "kefu_replays_total{isolate=\"x\"} 1",
            "kefu_duplicates_total{isolate=\"x\"} 1",
            "kefu_recoveries_total{isolate=\"x\"} 2",
            "kefu_late_total{isolate=\"x\"} 3",
            "kefu_wasm_memory_bytes{isolate=\"x\"} 65536",
            "kefu_step_seconds_bucket{isolate=\"x\",le=\"0.0001\"} 0",
            "kefu_step_seconds_bucket{isolate=\"x\",le=\"0.00025\"} 1",
            "kefu_step_seconds_count{isolate=\"x\"} 1",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
        }
    }
}
