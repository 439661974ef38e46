// SPDX-License-Identifier: GPL-2.0

//! Error numbers of sockets, which [`kernel::error::code`] does not have.
//!
//! C header: [`include/uapi/asm-generic/errno.h`](srctree/include/uapi/asm-generic/errno.h)

use kernel::error::Error;

use crate::bindings;

/// An error number that becomes an [`Error`] where it is returned.
///
/// Outside the kernel crate no `Error` can be made in a constant. Negative, as the kernel has it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errno(i32);

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        Self::from_errno(errno.0)
    }
}

impl PartialEq<Errno> for Error {
    fn eq(&self, other: &Errno) -> bool {
        *self == Self::from(*other)
    }
}

macro_rules! declare_errnos {
    ($($name:ident, $doc:literal;)+) => {
        $(
            #[doc = $doc]
            pub(crate) const $name: Errno = Errno(-(bindings::$name as i32));
        )+
    };
}

declare_errnos! {
    EADDRINUSE, "Address already in use.";
    EADDRNOTAVAIL, "Cannot assign requested address.";
    EAFNOSUPPORT, "Address family not supported by protocol.";
    EALREADY, "Operation already in progress.";
    ECONNABORTED, "Software caused connection abort.";
    ECONNREFUSED, "Connection refused.";
    ECONNRESET, "Connection reset by peer.";
    EDESTADDRREQ, "Destination address required.";
    EINPROGRESS, "Operation now in progress.";
    EISCONN, "Transport endpoint is already connected.";
    ENETUNREACH, "Network is unreachable.";
    ENOBUFS, "No buffer space available.";
    ENOPROTOOPT, "Protocol not available.";
    ENOTCONN, "Transport endpoint is not connected.";
    EOPNOTSUPP, "Operation not supported on transport endpoint.";
    EPROTONOSUPPORT, "Protocol not supported.";
    ESOCKTNOSUPPORT, "Socket type not supported.";
    ETOOMANYREFS, "Too many references: cannot splice.";
}
