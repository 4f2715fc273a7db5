//! Processes and file systems, as the machine has them.

use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io, process};

/// Stops a process where it is, with SIGSTOP: its sockets stay open and nothing is answered.
///
/// # Errors
/// When there is no such process.
pub fn freeze(pid: u32) -> io::Result<()> {
    signal(pid, Signal::STOP)
}

/// Lets a stopped process go on.
///
/// # Errors
/// When there is no such process.
pub fn thaw(pid: u32) -> io::Result<()> {
    signal(pid, Signal::CONT)
}

fn signal(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("a process's id is above zero"))?;
    Ok(kill_process(pid, signal)?)
}

/// How many files and sockets a process has open.
pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// Memory of a process that is in use, in MB.
pub fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1_024.0
}

/// A small file system in memory, which can be full. It is gone when this is dropped.
#[derive(Debug)]
pub struct Tmpfs {
    folder: PathBuf,
}

impl Tmpfs {
    /// Mounts one; none where that is not allowed.
    pub fn mount(name: &str, megabytes: u32) -> Option<Self> {
        let folder = env::temp_dir().join(format!("kefu-{name}-{}", process::id()));
        fs::create_dir_all(&folder).ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(&folder);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            // It is empty.
            let _ = fs::remove_dir(&folder);
        }
        mounted.then_some(Self { folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Mounts it again, `ro` or `rw`; tells whether that was done.
    pub fn remount(&self, how: &str) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{how}")]).arg(&self.folder);
        mount.status().is_ok_and(|status| status.success())
    }

    /// Leaves no byte free, until [`Tmpfs::make_room`].
    ///
    /// # Errors
    /// When it fails for another reason than that the disk is full.
    pub fn fill(&self) -> io::Result<()> {
        match fs::write(self.ballast(), vec![0; 256 << 20]) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(io::Error::other("the file system is larger than its ballast")),
        }
    }

    /// Gives the space back.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn make_room(&self) -> io::Result<()> {
        fs::remove_file(self.ballast())
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Whatever still has files open there keeps it until it ends.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
        let _ = fs::remove_dir(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_descriptors_and_memory() {
        assert!(descriptors(process::id()) > 2);
        assert!(resident(process::id()) > 0.1);
    }
}
