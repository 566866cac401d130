//! What an expression has left to spend. A thread runs one expression at a time, from start to end.

use std::cell::Cell;

use cel::ExecutionError;
use cel::common::types::{CelBytes, CelString};
use cel::common::value::{CowVal, Val};

use super::message::Message;
use crate::validate::CEL_COST_MAX;

/// What is said of an expression that costs too much.
pub(super) const SPENT: &str = "the expression takes too many steps for a message of this size";

/// Bytes that count as one step.
const BYTES_PER_STEP: u64 = 64;

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(0) };
    static IS_SPENT: Cell<bool> = const { Cell::new(false) };
}

/// An expression begins.
pub(super) fn begin() {
    LEFT.set(CEL_COST_MAX);
    IS_SPENT.set(false);
}

/// The expression that ran last has spent everything, whatever it says.
pub(super) fn is_spent() -> bool {
    IS_SPENT.get()
}

/// Counts a value by its size and hands it on.
pub(super) fn count<'b, 'v>(
    mut args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = args
        .pop()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    spend(1 + size(&*value))?;
    Ok(value)
}

/// Spends some steps.
pub(super) fn spend(steps: u64) -> Result<(), ExecutionError> {
    match LEFT.get().checked_sub(steps) {
        Some(left) => {
            LEFT.set(left);
            Ok(())
        }
        None => {
            LEFT.set(0);
            IS_SPENT.set(true);
            Err(ExecutionError::function_error("cost", SPENT))
        }
    }
}

fn size(value: &(dyn Val + '_)) -> u64 {
    let bytes = if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        text.inner().len()
    } else if let Some(bytes) = value.downcast_ref::<CelBytes<'_>>() {
        bytes.inner().len()
    } else if let Some(message) = value.downcast_ref::<Message>() {
        message.len()
    } else {
        let sizer = value.as_sizer();
        let size = sizer.map_or(0, |sizer| *sizer.size().inner());
        return u64::try_from(size).unwrap_or(0);
    };
    bytes as u64 / BYTES_PER_STEP
}
