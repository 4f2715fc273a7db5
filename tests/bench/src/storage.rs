//! Where a contender's objects are stored: in memory, so that the program is measured, or on a
//! disk, where one sync a message is.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// A kind of storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    /// `/dev/shm`.
    Tmpfs,
    /// `target/` of this checkout.
    Disk,
}

/// A folder that is removed with everything in it.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Storage {
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Tmpfs, Self::Disk].into_iter().find(|storage| storage.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tmpfs => "tmpfs",
            Self::Disk => "disk",
        }
    }

    /// A new folder on it, for that contender.
    ///
    /// # Errors
    /// When it cannot be made, or what should be a disk is memory, or the other way round.
    pub(crate) fn folder(self, contender: &str) -> Result<Folder> {
        let parent = match self {
            Self::Tmpfs => PathBuf::from("/dev/shm"),
            Self::Disk => env::var_os("KEFU_BENCH_DISK")
                .map_or_else(|| kefu_test_host::workspace().join("target/bench"), PathBuf::from),
        };
        let folder = Folder(parent.join(format!("kefu-bench-{}-{contender}", process::id())));
        fs::create_dir_all(&folder.0).with_context(|| folder.0.display().to_string())?;
        let kind = kind(&folder.0);
        ensure!(
            (kind == "tmpfs") == (self == Self::Tmpfs),
            "{} is on {kind}: name a folder of a real disk in KEFU_BENCH_DISK",
            folder.0.display()
        );
        Ok(folder)
    }
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is in a temporary place.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The kind of the file system that a folder is on, such as `ext4`.
pub(crate) fn kind(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_default();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    deepest(&mounts, &folder).unwrap_or_else(|| "an unknown file system".into())
}

/// Lines of `mounts` are `device place kind …` (fstab(5)).
fn deepest(mounts: &str, folder: &Path) -> Option<String> {
    let place = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
    };
    mounts
        .lines()
        .filter_map(place)
        .filter(|(at, _)| folder.starts_with(at))
        .max_by_key(|(at, _)| at.len())
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_tells_the_kind() {
        let mounts =
            "/dev/vda / ext4 rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\nproc /proc proc rw 0 0\n";
        let of = |path: &str| deepest(mounts, Path::new(path)).unwrap();
        assert_eq!(of("/home/a"), "ext4");
        assert_eq!(of("/dev/shm/b"), "tmpfs");
        assert_eq!(of("/dev/shmem"), "ext4");
    }
}
