//! Processes that do not outlive this one.

use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long processes that were killed may take to go.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a child learns that its parent is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// SIGKILL: for one that would drain for ever.
    Killed,
    /// SIGTERM: for one that has children of its own to end.
    Asked,
}

struct Order {
    command: Command,
    when: When,
    reply: Sender<io::Result<Child>>,
}

/// Starts a child that the kernel ends when this process ends, however that happens (on Linux;
/// elsewhere it is ended by whoever holds the [`Child`]).
///
/// # Errors
/// When the command cannot be run.
pub fn spawn_bound(command: Command, when: When) -> io::Result<Child> {
    static SPAWNER: OnceLock<Sender<Order>> = OnceLock::new();
    let (reply, answer) = channel();
    let gone = || io::Error::other("the spawning thread is gone");
    SPAWNER.get_or_init(spawner).send(Order { command, when, reply }).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

/// The kernel ties a child to the thread that made it, and a test's thread ends before its
/// process does: so one thread that never ends makes all of them.
fn spawner() -> Sender<Order> {
    let (orders, queue) = channel::<Order>();
    thread::spawn(move || {
        for Order { mut command, when, reply } in queue {
            bind_to_parent(&mut command, when);
            // Whoever asked may be gone; the child is then ended with this process.
            let _ = reply.send(command.spawn());
        }
    });
    orders
}

/// SIGKILL, because workerd drains for ever after a SIGTERM. What it acknowledged is on disk.
pub(crate) fn end(child: &mut Child) {
    // Both fail only for a process that is gone already.
    let _ = child.kill();
    let _ = child.wait();
}

/// The same for one that leads a process group, with its children.
pub(crate) fn end_group(child: &mut Child) {
    let led = children(child.id());
    if matches!(child.try_wait(), Ok(None)) {
        let group = format!("-{}", child.id());
        // As with `end`.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    }
    end(child);
    // Nobody here can wait for them, and what they listen on is theirs until they are gone.
    let begun = Instant::now();
    while led.iter().any(|pid| is_running(*pid)) && begun.elapsed() < PATIENCE {
        thread::yield_now();
    }
}

/// Whether a process has anything yet: its first thread may have ended before the others.
fn is_running(pid: u32) -> bool {
    of_threads(pid, "stat").iter().any(|stat| {
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
    })
}

/// What the system tells in such a file of each of a process's threads.
fn of_threads(pid: u32, file: &str) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.filter_map(|it| std::fs::read_to_string(it.path().join(file)).ok()).collect()
}

/// The processes that a process has started, by whichever of its threads, where the system tells.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    of_threads(pid, "children")
        .iter()
        .flat_map(|it| it.split_whitespace())
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "there is no safe way to run prctl between fork and exec")]
fn bind_to_parent(command: &mut Command, when: When) {
    use std::os::unix::process::{CommandExt, parent_id};
    let parent = std::process::id();
    let signal = match when {
        When::Killed => libc::SIGKILL,
        When::Asked => libc::SIGTERM,
    };
    // SAFETY: between fork and exec it makes two system calls that are async-signal-safe, and
    // neither allocates nor locks.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, signal) == -1 {
                return Err(io::Error::last_os_error());
            }
            // The parent may have ended before the signal was asked for.
            if parent_id() == parent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn bind_to_parent(_command: &mut Command, _when: When) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_outlives_the_thread_that_asked_for_it() {
        let mut sleep = Command::new("sleep");
        sleep.arg("30");
        let asked = thread::spawn(move || spawn_bound(sleep, When::Killed));
        let mut child = asked.join().unwrap().unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
