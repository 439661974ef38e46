// SPDX-License-Identifier: GPL-2.0

//! `struct exp_raw_header`, what stands before each message.
//!
//! Mirrors `include/uapi/linux/experimental.h`.

use kernel::prelude::*;

use super::super::Address;
use crate::net::{
    SocketAddress,
    SocketType, //
};

/// `EXP_RAW_VERSION`
const VERSION: u8 = 1;

/// The socket types whose messages there are.
const TYPES: &[SocketType] = &[
    SocketType::Datagram,
    SocketType::ReliableMessage,
    SocketType::SeqPacket,
];

/// What a raw socket tells of a message, or is told.
pub(in crate::family) struct Header {
    /// The type of the sockets that exchange it.
    pub(in crate::family) socket_type: SocketType,
    /// Bytes in the message.
    pub(in crate::family) len: usize,
    /// Who sent it.
    pub(in crate::family) source: Address,
    /// Who gets it.
    pub(in crate::family) destination: Address,
}

impl Header {
    /// Bytes in a `struct exp_raw_header`.
    pub(in crate::family) const LEN: usize = 40;

    /// The socket type that has the number `raw`, if its messages can be seen.
    pub(in crate::family) fn socket_type(raw: i32) -> Option<SocketType> {
        TYPES
            .iter()
            .copied()
            .find(|socket_type| socket_type.into_raw() == raw)
    }

    /// Reads a header. `family` is the number of the family.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is malformed, `EAFNOSUPPORT` for addresses of another family.
    pub(super) fn decode(bytes: &[u8; Self::LEN], family: u16) -> Result<Self> {
        let (fields, addresses) = bytes.split_first_chunk::<8>().ok_or(EINVAL)?;
        let (source, destination) = addresses.split_first_chunk::<16>().ok_or(EINVAL)?;
        let &[VERSION, socket_type, 0, 0, l0, l1, l2, l3] = fields else {
            return Err(EINVAL);
        };
        Ok(Self {
            socket_type: Self::socket_type(i32::from(socket_type)).ok_or(EINVAL)?,
            len: u32::from_ne_bytes([l0, l1, l2, l3]) as usize,
            source: Address::decode(source, family)?,
            destination: Address::decode(destination, family)?,
        })
    }

    /// Writes a header.
    pub(in crate::family) fn encode(&self, family: u16) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let socket_type = u8::try_from(self.socket_type.into_raw()).unwrap_or(0);
        let [l0, l1, l2, l3] = u32::try_from(self.len).unwrap_or(u32::MAX).to_ne_bytes();
        let fields = [VERSION, socket_type, 0, 0, l0, l1, l2, l3];
        let addresses = [self.source.encode(family), self.destination.encode(family)];
        let parts = [fields.as_slice(), addresses.as_flattened()];
        for (byte, part) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *byte = *part;
        }
        bytes
    }
}
