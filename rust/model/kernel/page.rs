// SPDX-License-Identifier: GPL-2.0

//! The size of a page: small, so that what happens at the edge of one happens often.

/// Bytes in a page.
pub const PAGE_SIZE: usize = if cfg!(feature = "loom") { 8 } else { 32 };
