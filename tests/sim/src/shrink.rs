//! Shrinking: a plan that fails is made smaller by leaving items out while it still fails.

use crate::invariant::Violation;
use crate::plan::Plan;
use crate::world::{Report, run};

/// How many smaller worlds are tried.
const TRIES: usize = 600;

/// Lets everything happen that is planned; what fails is shrunk.
///
/// # Errors
/// The smallest world that was found in which the same promise does not hold.
pub fn check(plan: &Plan) -> Result<Report, Box<Violation>> {
    run(plan).map_err(|violation| shrink(plan, violation))
}

/// The smallest world that was found in which the same promise does not hold.
pub fn shrink(plan: &Plan, violation: Box<Violation>) -> Box<Violation> {
    shrink_by(plan, violation, run)
}

/// The same for worlds of another shape.
pub(crate) fn shrink_by(
    plan: &Plan,
    violation: Box<Violation>,
    run: impl Fn(&Plan) -> Result<Report, Box<Violation>>,
) -> Box<Violation> {
    let mut ids: Vec<usize> = plan.items.iter().map(|item| item.id).collect();
    let mut smallest = violation;
    let mut tries = 0;
    let mut size = ids.len().div_ceil(2);
    while size > 0 && tries < TRIES {
        let before = ids.len();
        let mut at = 0;
        while at < ids.len() && tries < TRIES {
            let end = (at + size).min(ids.len());
            let fewer = [&ids[..at], &ids[end..]].concat();
            tries += 1;
            match run(&plan.keep(&fewer)) {
                Err(found) if found.broken.invariant == smallest.broken.invariant => {
                    (ids, smallest) = (fewer, found);
                }
                Ok(_) | Err(_) => at = end,
            }
        }
        // One by one until nothing more can go: what is left may have needed what went.
        if size > 1 || ids.len() == before {
            size /= 2;
        }
    }
    smallest
}
