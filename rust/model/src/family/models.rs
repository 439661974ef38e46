// SPDX-License-Identifier: GPL-2.0

//! Small programs of a few tasks, of which loom tries each order of steps, with as many
//! preemptions as it is told, and each value that weak memory lets a load see.
//!
//! Documentation/testing.md says which breaks of the code they were seen to notice.

use kernel::sync::raw::model::Builder;

mod calls;
mod connection;
mod transfer;
mod wakeups;

/// Tries all orders with at most `preemptions`.
fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(model);
}
