//! The findings as Markdown tables.

use crate::kills::Soaked;
use crate::options::Options;
use crate::wakes::{Sample, Wakes};
use hdrhistogram::Histogram;
use std::fmt::Write;

/// What was counted, and how long recovery took.
pub(crate) fn soak(options: &Options, soaked: &Soaked) -> String {
    let Soaked { count, kills } = soaked;
    let rows = [
        ("messages sent", count.sent.to_string()),
        ("times that an agent took a conversation and gave it back", count.visits.to_string()),
        (
            "acknowledged (an acknowledgement may be cut off; its message is shown all the same)",
            count.acknowledged.to_string(),
        ),
        ("stored", count.stored.to_string()),
        ("shown", count.shown.to_string()),
        ("answers stored", format!("{}, {} of them interrupted", count.answers, count.interrupted)),
        (
            "**lost · duplicated · misordered**",
            format!("**{} · {} · {}**", count.lost, count.duplicated, count.misordered),
        ),
        (
            "AI text after a person took over · pieces that do not fit",
            format!("{} · {}", count.faults.late_ai, count.faults.misfits),
        ),
        (
            "clients that never settled · began afresh",
            format!("{} · {}", count.unsettled, count.afresh),
        ),
        ("connections", count.connections.to_string()),
        ("kill to listening, P50 · P99 · max", millis(&kills.listening)),
        ("kill to caught up, P50 · P99 · max", millis(&kills.caught_up)),
        ("clients that the next kill overtook", kills.overtaken.to_string()),
    ];
    let title = format!(
        "{} clients and {} agents for {:.1} minutes, a SIGKILL every {:.0} s ({} in all)",
        options.clients,
        options.agents,
        options.length.as_secs_f64() / 60.0,
        options.kill_every.as_secs_f64(),
        kills.count,
    );
    table(&title, &["", ""], &rows.map(|(what, figure)| [what.to_owned(), figure]))
}

fn millis(times: &Histogram<u64>) -> String {
    let at = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1e3;
    format!("{:.0} · {:.0} · {:.0} ms", at(0.5), at(0.99), at(1.0))
}

/// Memory and descriptors, ten times along the way.
pub(crate) fn wakes(measured: &Wakes) -> String {
    let samples = &measured.samples;
    let each = samples.len().div_ceil(10).max(1);
    let chosen = samples.iter().enumerate().skip(each - 1).step_by(each);
    let mut rows: Vec<_> =
        chosen.map(|(round, sample)| row(&(round + 1).to_string(), sample)).collect();
    let grown = |figure: fn(&Sample) -> f64| format!("{:+.1}", measured.grown(figure));
    rows.push([
        "last quarter above the third".to_owned(),
        grown(|it| it.wasm.unwrap_or(0.0)),
        grown(|it| it.cache),
        grown(|it| it.resident),
        grown(|it| it.descriptors as f64),
    ]);
    let title = format!("{} wakes of objects that were put to sleep", measured.wakes);
    table(
        &title,
        &["round", "wasm MB", "of which context cache", "process MB", "descriptors"],
        &rows,
    )
}

fn row(round: &str, sample: &Sample) -> [String; 5] {
    [
        round.to_owned(),
        sample.wasm.map_or("–".into(), |wasm| format!("{wasm:.1}")),
        format!("{:.1}", sample.cache),
        format!("{:.1}", sample.resident),
        sample.descriptors.to_string(),
    ]
}

fn table<const N: usize>(title: &str, head: &[&str; N], rows: &[[String; N]]) -> String {
    let mut text = format!("## {title}\n\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}
