// SPDX-License-Identifier: GPL-2.0

//! How records lie in a ring: each after its length.

use kernel::prelude::*;

/// Bytes that a record takes beside its own.
pub(in crate::family) const HEADER: usize = core::mem::size_of::<u32>();

/// # Errors
///
/// `EMSGSIZE` if the length does not fit. No buffer is that large.
pub(super) fn encode(len: usize) -> Result<[u8; HEADER]> {
    Ok(u32::try_from(len).map_err(|_| EMSGSIZE)?.to_ne_bytes())
}

pub(super) fn decode(header: [u8; HEADER]) -> usize {
    u32::from_ne_bytes(header) as usize
}
