//! The machine: which core runs what, and what a process takes of it (proc(5)).

use anyhow::{Context, Result};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The core of the server and the core of the load; none on a machine with one core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    pub(crate) server: usize,
    pub(crate) load: usize,
}

impl Cores {
    /// The first two that this process may use.
    pub(crate) fn of_machine() -> Option<Self> {
        let usable = sched_getaffinity(None).ok()?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| usable.is_set(*core));
        let (server, load) = (cores.next()?, cores.next()?);
        Some(Self { server, load })
    }

    /// Keeps this thread, and those it will make, on the core of the load.
    pub(crate) fn pin_load(self) -> Result<()> {
        Ok(sched_setaffinity(None, &only(self.load))?)
    }

    /// Keeps a process, with all its threads, on the core of the server.
    pub(crate) fn pin_server(self, pid: u32) -> Result<()> {
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let id = thread?.file_name().to_string_lossy().parse().ok();
            let id = id.and_then(Pid::from_raw).context("a thread's id")?;
            sched_setaffinity(Some(id), &only(self.server))?;
        }
        Ok(())
    }
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}

/// Processor time that a process has used.
pub(crate) fn processor_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    ticks(used(&stat))
}

/// Processor time that everything on the machine has used, on all cores.
pub(crate) fn busy_time() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    ticks(busy(stat.lines().next().unwrap_or_default()))
}

/// Memory of a process that is in use, in MB.
pub(crate) fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1_024.0
}

/// The processor's name.
pub(crate) fn processor() -> String {
    let info = fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name"));
    name.map_or("an unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':'])).to_owned()
}

/// utime and stime, the 14th and 15th field; the second is a name that may hold anything.
fn used(stat: &str) -> u64 {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// All but the idle and waiting time, the 4th and 5th figure of the line `cpu …`.
fn busy(line: &str) -> u64 {
    let figures = line.split_whitespace().skip(1).take(8).enumerate();
    figures
        .filter(|(index, _)| !matches!(index, 3 | 4))
        .filter_map(|(_, figure)| figure.parse::<u64>().ok())
        .sum()
}

fn ticks(count: u64) -> Duration {
    let each = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_millis(count * 1_000 / each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_proc_are_found_behind_a_name_with_spaces() {
        assert_eq!(used("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 100 20 0 0"), 120, "utime and stime");
        assert_eq!(busy("cpu  1 2 3 1000 500 4 5 6 0 0"), 21);
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(resident(std::process::id()) > 0.1);
    }
}
