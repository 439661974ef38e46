// SPDX-License-Identifier: GPL-2.0

//! The family, as far as it is looked at here. All files but this one, `raw.rs`, `stream.rs` and
//! the checks are links to those of `rust/family`.

mod address;
mod backlog;
mod connection;
mod endpoint;
mod number;
mod raw;
mod ring;
mod stream;

use address::Address;

#[cfg(all(test, feature = "loom"))]
mod models;
#[cfg(all(test, not(feature = "loom")))]
mod properties;
