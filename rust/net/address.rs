// SPDX-License-Identifier: GPL-2.0

//! Socket addresses as bytes from and to user space.

use kernel::{
    fmt::Display,
    prelude::*, //
};

use crate::bindings;

/// The address of a socket of one family, the `struct sockaddr_*` of its user space interface. It
/// is displayed in what `SO_DEBUG` logs.
pub(crate) trait SocketAddress: Copy + Display {
    /// The encoded form, an array of bytes.
    type Bytes: AsRef<[u8]>;

    /// Reads an address.
    ///
    /// `bytes` is what the user gave, from none to 128 bytes, and begins with the family number
    /// if there are as many bytes. `family` is the number that the family is registered with.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a bad length or malformed fields, `EAFNOSUPPORT` for another family.
    fn decode(bytes: &[u8], family: u16) -> Result<Self>;

    /// Writes an address with all its padding set.
    fn encode(&self, family: u16) -> Self::Bytes;
}

/// Whose name [`SocketOps::name`](super::SocketOps::name) is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameOf {
    /// The socket's own, for `getsockname(2)`.
    Local,
    /// The peer's, for `getpeername(2)`.
    Peer,
    /// The peer's, for the address that `accept(2)` returns. An error would turn a connection
    /// that was accepted into `ECONNABORTED`, so a peer that has gone is no error here
    /// (net/socket.c, `do_accept()`).
    AcceptedPeer,
}

/// The family number at the start of an address, if it is that long.
pub(super) fn family_of(bytes: &[u8]) -> Option<u16> {
    let family = bytes.first_chunk::<2>()?;
    Some(u16::from_ne_bytes(*family))
}

/// The bytes of an address in kernel memory.
///
/// # Safety
///
/// `len` bytes at `address` must be initialised and stay unchanged for `'a`, or `len` be less
/// than one.
pub(super) unsafe fn bytes<'a>(address: *const kernel::ffi::c_void, len: i32) -> Result<&'a [u8]> {
    let Ok(len) = usize::try_from(len) else {
        return Err(EINVAL);
    };
    if len > core::mem::size_of::<bindings::__kernel_sockaddr_storage>() {
        return Err(EINVAL);
    }
    if len == 0 || address.is_null() {
        return Ok(&[]);
    }
    // SAFETY: `address` is not null and, as the caller promises, `len` bytes behind it are
    // initialised and do not change.
    Ok(unsafe { core::slice::from_raw_parts(address.cast(), len) })
}
