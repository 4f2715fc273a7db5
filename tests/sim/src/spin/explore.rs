//! Every order in which instances can go on, one after the other.

use super::Shape;
use super::world::run_choosing;
use crate::invariant::Violation;
use crate::plan::Plan;
use crate::world::Report;

/// A world in one of its orders.
#[derive(Debug)]
pub struct Order {
    /// Who went on at each choice.
    pub choices: Vec<usize>,
    /// What happened.
    pub report: Report,
}

/// Lets a plan happen in every order of its first `depth` choices, at most `most` of them, and
/// gives each to `seen`.
///
/// # Errors
/// The first world in which something did not hold.
pub fn every_order(
    plan: &Plan,
    shape: &Shape,
    (depth, most): (usize, usize),
    mut seen: impl FnMut(Order),
) -> Result<usize, Box<Violation>> {
    let mut order: Vec<usize> = Vec::new();
    for count in 1.. {
        let shape = Shape { order: Some(order.clone()), ..shape.clone() };
        let (result, could) = run_choosing(plan, &shape);
        let report = result.map_err(|mut violation| {
            violation.origin.0 = format!("{} in the order {order:?}", violation.origin.0);
            violation
        })?;
        seen(Order { choices: order.clone(), report });
        let Some(next) = next(&order, &could, depth) else { return Ok(count) };
        order = next;
        if count >= most {
            return Ok(count);
        }
    }
    Ok(0)
}

/// The next order, as digits are counted up.
fn next(order: &[usize], could: &[usize], depth: usize) -> Option<Vec<usize>> {
    let mut digits: Vec<usize> =
        (0..could.len().min(depth)).map(|at| order.get(at).copied().unwrap_or(0)).collect();
    while let Some(last) = digits.pop() {
        if last + 1 < could[digits.len()] {
            digits.push(last + 1);
            return Some(digits);
        }
    }
    None
}
