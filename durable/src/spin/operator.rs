//! What is told to the operator: a line, and not the same one over and over.

use crate::Fault;
use crate::spin::entropy;
use kefu_shared::complaint::Complaints;
use kefu_shared::trouble::Trouble;
use std::cell::{Cell, RefCell};
use std::io::{Write, stderr};

thread_local! {
    static COMPLAINTS: RefCell<Complaints> = RefCell::default();
    static TROUBLE: Cell<Option<(Trouble, Access)>> = const { Cell::new(None) };
}

/// What the database was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Tells a line, unless it was just told.
pub fn tell(line: &str) {
    let line = COMPLAINTS.with_borrow_mut(|complaints| complaints.say(line, entropy::now()));
    if let Some(line) = line {
        write(&line);
    }
}

/// `eprintln` would trap where the log cannot be written, as on a full disk.
fn write(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

/// Tells of a fault and where it showed; one of the database is the same one everywhere.
pub(crate) fn tell_fault(place: &str, fault: &Fault) {
    match fault {
        // Told where it was seen.
        Fault::Storage(_) => {}
        Fault::Platform(_)
        | Fault::Misconfigured(_)
        | Fault::Corrupt(_)
        | Fault::Conflict
        | Fault::CutOff => tell(&format!("{place}: {fault}")),
    }
}

/// Takes note of how the database did, and tells when that changes. One that can be read may still
/// take no writes.
pub(crate) fn watch(access: Access, fault: Option<&Fault>) {
    if let Some(Fault::Storage(trouble)) = fault {
        TROUBLE.set(Some((*trouble, access)));
        tell(&line(*trouble));
    } else if fault.is_none()
        && let Some(trouble) = over(access)
        && COMPLAINTS.with_borrow_mut(|complaints| complaints.over(&line(trouble)))
    {
        write("database: it works again");
    }
}

/// The trouble that is over now that this worked.
fn over(access: Access) -> Option<Trouble> {
    let (trouble, by) = TROUBLE.get()?;
    if by == Access::Write && access == Access::Read {
        return None;
    }
    TROUBLE.set(None);
    Some(trouble)
}

fn line(trouble: Trouble) -> String {
    format!("database: {trouble}")
}
