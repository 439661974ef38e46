// SPDX-License-Identifier: GPL-2.0

//! Raw sockets, of which only the header is looked at.

mod header;

pub(super) use header::Header;

/// What send(2) on a raw socket is given.
pub(super) fn decode(bytes: &[u8; Header::LEN], family: u16) -> kernel::error::Result<Header> {
    Header::decode(bytes, family)
}
