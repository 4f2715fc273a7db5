//! The findings as a Markdown table.

use crate::load::{Outcome, Shape};
use crate::machine;
use crate::options::Options;
use crate::rounds::Measured;
use crate::storage::Storage;
use crate::tally::{Faults, Latencies};
use std::fmt::Write;
use std::time::Duration;

/// Who the ratios are to: the same work, or as much of it as a disk allows.
const YARDSTICKS: [&str; 2] = ["twin", "bare"];

/// Delivery first, then throughput, latency, processor time and memory: medians over the rounds.
pub(crate) fn markdown(options: &Options, measured: &[Measured]) -> String {
    let mut text = String::new();
    let mut line = |one: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{one}");
    };
    line("# Kefu, measured\n".into());
    line(conditions(options));
    for &storage in &options.storages {
        let here: Vec<_> = measured.iter().filter(|one| one.storage == storage).collect();
        let mut shapes: Vec<_> = here.iter().map(|one| one.shape).collect();
        shapes.sort();
        shapes.dedup();
        for shape in shapes {
            let rows: Vec<_> = here.iter().copied().filter(|one| one.shape == shape).collect();
            line(format!("\n## {}\n", title(storage, &rows, shape)));
            line(table(options, &rows));
        }
    }
    line(format!("\n{}", disturbance(measured)));
    text
}

fn conditions(options: &Options) -> String {
    format!(
        "Sent, stored, acknowledged and seen by a second socket: {} conversations with two sockets \
         each, one workerd process on one core, the load on another ({}). Medians of {} rounds of \
         {} s, contenders in turn; `×` are medians of the ratios within a round. `bare` only stores and acknowledges. Latencies in ms; the processor's time in µs a \
         message, of the server alone.",
        options.conversations,
        machine::processor(),
        options.rounds,
        options.length.as_secs(),
    )
}

fn title(storage: Storage, rows: &[&Measured], shape: Shape) -> String {
    let kind = rows.first().map_or("", |one| one.kind.as_str());
    let place = match storage {
        Storage::Tmpfs => "tmpfs".to_owned(),
        Storage::Disk => format!("disk ({kind})"),
    };
    match shape {
        Shape::Saturated { window, .. } => {
            format!("{place}, saturated: {window} under way in each conversation")
        }
        Shape::Paced { rate } => {
            format!("{place}, {rate} messages a second, timed from when each was due")
        }
    }
}

fn table(options: &Options, rows: &[&Measured]) -> String {
    let mut text = String::from(
        "| | delivered | messages/s | × twin | × bare | ack P50 · P99 · max | seen P50 · P99 · max | CPU | MB |\n\
         |---|---|---|---|---|---|---|---|---|",
    );
    for contender in &options.contenders {
        let name = contender.name();
        let own: Vec<_> = of(rows, name).map(|one| &one.outcome).collect();
        if !own.is_empty() {
            let ratios = YARDSTICKS.map(|yardstick| ratio(rows, name, yardstick));
            let _ = write!(text, "\n{}", row(name, &own, &ratios, contender.shows()));
        }
    }
    text
}

fn row(name: &str, own: &[&Outcome], ratios: &[String; 2], shows: bool) -> String {
    let rates = figures(own, |one| one.rate);
    let seen = if shows { latency(own, |one| &one.seen) } else { "–".into() };
    format!(
        "| {name} | {} | {:.0} ({:.0}–{:.0}) | {} | {} | {} | {seen} | {:.0} | {:.0} |",
        delivered(own),
        median(&rates),
        rates.first().unwrap_or(&0.0),
        rates.last().unwrap_or(&0.0),
        ratios[0],
        ratios[1],
        latency(own, |one| &one.acked),
        median(&figures(own, |one| micros(one.processor_time))),
        median(&figures(own, |one| one.resident)),
    )
}

/// Over all rounds: one lost message is not made good by a round without loss.
fn delivered(own: &[&Outcome]) -> String {
    let sent: u64 = own.iter().map(|one| one.sent).sum();
    let done: u64 = own.iter().map(|one| one.done).sum();
    let mut faults = Faults::default();
    own.iter().for_each(|one| faults.add(one.faults));
    if faults == Faults::default() && sent == done {
        return format!("100 % of {sent}");
    }
    let Faults { lost, repeated, skipped, errors } = faults;
    format!(
        "{done} of {sent}: {lost} lost, {repeated} repeated, {skipped} skipped, {errors} errors"
    )
}

/// Medians of the rounds' percentiles, and the longest of all.
fn latency(own: &[&Outcome], of: impl Fn(&Outcome) -> &Latencies) -> String {
    let millis = |micros: u64| micros as f64 / 1e3;
    let at =
        |quantile: f64| median(&figures(own, |one| millis(of(one).value_at_quantile(quantile))));
    let longest = own.iter().map(|one| of(one).max()).max().unwrap_or(0);
    format!("{:.1} · {:.1} · {:.0}", at(0.5), at(0.99), millis(longest))
}

/// The median of the ratios within each round.
fn ratio(rows: &[&Measured], name: &str, yardstick: &str) -> String {
    let other = |round| of(rows, yardstick).find(|one| one.round == round);
    let mut ratios: Vec<_> = of(rows, name)
        .filter_map(|one| Some(one.outcome.rate / other(one.round)?.outcome.rate))
        .collect();
    ratios.sort_by(f64::total_cmp);
    if ratios.is_empty() { "–".into() } else { format!("{:.2}", median(&ratios)) }
}

fn disturbance(measured: &[Measured]) -> String {
    let most = |share: fn(&Outcome) -> f64| {
        let shares = measured.iter().map(|one| share(&one.outcome) * 100.0);
        shares.fold(0.0, f64::max)
    };
    let saturated = measured.iter().filter(|one| matches!(one.shape, Shape::Saturated { .. }));
    let load = saturated.map(|one| one.outcome.load * 100.0).fold(0.0, f64::max);
    format!(
        "Others took up to {:.0} % of one core; the load, when saturating, up to {load:.0} % of its own.",
        most(|one| one.others)
    )
}

fn of<'a>(rows: &[&'a Measured], name: &str) -> impl Iterator<Item = &'a Measured> {
    rows.iter().copied().filter(move |one| one.contender == name)
}

fn figures(own: &[&Outcome], figure: impl Fn(&Outcome) -> f64) -> Vec<f64> {
    let mut figures: Vec<_> = own.iter().map(|one| figure(one)).collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// Of sorted figures.
fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
