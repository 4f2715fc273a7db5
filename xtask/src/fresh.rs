//! Doing a step only when what it is made from has changed.

use anyhow::{Context, Result};
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

/// What a step is made from. Contents count, not times: a checkout has new times and a cache of
/// CI old ones.
#[derive(Default)]
pub(crate) struct Inputs(DefaultHasher);

impl Inputs {
    /// And from this text: a version, a mode, an argument.
    pub(crate) fn text(mut self, text: &str) -> Self {
        text.hash(&mut self.0);
        self
    }

    /// And from this file, or all files of this folder whose path does not end in one of `skip`.
    /// What does not exist is an input too.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn path(mut self, path: &Path, skip: &[&str]) -> Result<Self> {
        self.add(path, skip).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(self)
    }

    fn add(&mut self, path: &Path, skip: &[&str]) -> Result<()> {
        if skip.iter().any(|skipped| path.ends_with(skipped)) {
            return Ok(());
        }
        path.hash(&mut self.0);
        if path.is_dir() {
            let mut inside = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
            inside.sort_by_key(fs::DirEntry::file_name);
            return inside.iter().try_for_each(|entry| self.add(&entry.path(), skip));
        }
        if path.is_file() {
            fs::read(path)?.hash(&mut self.0);
        }
        Ok(())
    }

    /// Makes `outputs` unless `stamp` says that they were made from the same inputs.
    ///
    /// # Errors
    /// When making them fails: there is then no stamp, so that the next run tries again.
    pub(crate) fn make(
        self,
        stamp: &Path,
        outputs: &[&Path],
        work: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let print = format!("{:016x}\n", self.0.finish());
        let same = fs::read_to_string(stamp).is_ok_and(|old| old == print);
        if same && outputs.iter().all(|output| output.exists()) {
            return Ok(());
        }
        // It may not be there; a half-made output must not look made.
        let _ = fs::remove_file(stamp);
        work()?;
        if let Some(folder) = stamp.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(stamp, print).with_context(|| format!("{} cannot be written", stamp.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::{env, process};

    fn folder(name: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("kefu-fresh-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Whether the step is done when asked.
    fn made(folder: &Path, text: &str) -> bool {
        let mut done = false;
        let output = folder.join("out");
        let inputs = Inputs::default().text(text).path(&folder.join("in"), &["skipped"]).unwrap();
        let work = || {
            done = true;
            Ok(fs::write(&output, "made")?)
        };
        inputs.make(&folder.join("stamp"), &[&output], work).unwrap();
        done
    }

    #[test]
    fn a_step_is_done_again_only_when_its_inputs_or_outputs_changed() {
        let folder = folder("again");
        fs::create_dir_all(folder.join("in")).unwrap();
        fs::write(folder.join("in/a"), "1").unwrap();
        assert!(made(&folder, "x"), "the first time");
        assert!(!made(&folder, "x"), "nothing changed");
        fs::write(folder.join("in/a"), "2").unwrap();
        assert!(made(&folder, "x"), "a file changed");
        fs::write(folder.join("in/b"), "").unwrap();
        assert!(made(&folder, "x"), "a file is new");
        fs::write(folder.join("in/skipped"), "").unwrap();
        assert!(!made(&folder, "x"), "a skipped file is new");
        assert!(made(&folder, "y"), "the text changed");
        fs::remove_file(folder.join("out")).unwrap();
        assert!(made(&folder, "y"), "the output is gone");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_step_that_failed_is_tried_again() {
        let folder = folder("failed");
        let stamp = folder.join("stamp");
        let failed = Inputs::default().make(&stamp, &[], || anyhow::bail!("no"));
        assert!(failed.is_err() && !stamp.exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
