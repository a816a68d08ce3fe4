//! What is done with the answers to each exercise: one file for each.
//!
//! # Layout
//!
//! - `common`: what several scenarios do
//! - one module for each exercise, named after it

mod common;
mod pool_order;

use crate::attempt::Attempt;

/// A scenario runs the answer, as often as it likes, and fills in the sheet.
pub type Scenario = fn(&mut Attempt<'_>);

/// The scenario of an exercise.
#[must_use]
pub fn scenario(exercise: &str) -> Option<Scenario> {
    Some(match exercise {
        "pool_order" => pool_order::judge,
        _ => return None,
    })
}
