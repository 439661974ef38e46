// SPDX-License-Identifier: GPL-2.0

//! What a socket type does: `struct proto_ops`.
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

mod adapter;

use kernel::{
    error::VTABLE_DEFAULT_ERROR,
    prelude::*, //
};

pub(super) use adapter::{
    sock_ioctl,
    sock_rehash,
    table, //
};

use super::{
    AcceptRequest,
    Accepted,
    Events,
    Family,
    NameOf,
    OptionOutcome,
    OptionReply,
    OptionValue,
    Proto,
    RecvMessage,
    SendMessage,
    Sock,
    Socket,
    SocketArgs,
    SocketOption,
    SocketType, //
};
use crate::bindings;

/// The addresses of the family that socket type `T` belongs to.
type Address<T> = <<T as SocketOps>::Family as Family>::Address;

/// A socket type of a family.
///
/// `Self` is the state of one socket; it is shared by all tasks that use the socket. What needs
/// the socket lock is in [`Locked`](Self::Locked).
///
/// All methods run in process context without a lock and may sleep. Calls on one socket run at
/// the same time as each other; only `release` runs alone.
///
/// Dropping `Self` must not sleep, see [`crate::net`].
#[vtable]
pub(crate) trait SocketOps: Sized + Send + Sync + 'static {
    /// The family.
    type Family: Family;

    /// What the socket lock protects.
    type Locked: Default + Send + 'static;

    /// What the family notes of each message; at most 8 bytes.
    type Metadata: Copy + Send + 'static;

    /// The types of `socket(2)` that this is for; a few that have most in common may share one.
    const TYPES: &'static [SocketType];

    /// The name in `/proc/net/protocols`, at most 31 bytes.
    const NAME: &'static CStr;

    /// Whether `SO_PEEK_OFF` can be set, which [`Sock::peek_offset`] tells then. What
    /// [`Socket::receive_skb`] gives heeds it.
    const PEEKS_AT_OFFSET: bool = false;

    /// Where the abstraction keeps what it knows of the socket type:
    ///
    /// ```ignore
    /// fn proto() -> &'static Proto<Self> {
    ///     static PROTO: Proto<MyType> = Proto::new();
    ///     &PROTO
    /// }
    /// ```
    fn proto() -> &'static Proto<Self>;

    /// The state of a new socket, for `socket(2)`, `socketpair(2)` and `accept(2)`.
    ///
    /// # Errors
    ///
    /// `EPROTONOSUPPORT` for a protocol that the type does not have; 0 is always the default one.
    fn new(args: &SocketArgs<'_>) -> Result<impl PinInit<Self, Error>>;

    /// A socket that `socket(2)` or `socketpair(2)` has made is complete. If this fails, so does
    /// the call, and the socket goes without `release`.
    fn created(_socket: Socket<'_, Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The last close of the file.
    ///
    /// Takes the socket out of every slot and table, so that nobody finds it any more, and tells
    /// the peer.
    fn release(socket: Socket<'_, Self>);

    /// `bind(2)`
    fn bind(socket: Socket<'_, Self>, address: Address<Self>) -> Result;

    /// `connect(2)`
    fn connect(socket: Socket<'_, Self>, address: Address<Self>, nonblocking: bool) -> Result;

    /// `connect(2)` to `AF_UNSPEC`: forget the peer.
    fn disconnect(socket: Socket<'_, Self>) -> Result;

    /// `getsockname(2)`, `getpeername(2)`, and the address from `accept(2)`
    fn name(socket: Socket<'_, Self>, of: NameOf) -> Result<Address<Self>>;

    /// `send(2)`, `write(2)` and the like. Returns how many bytes were taken.
    fn send(socket: Socket<'_, Self>, message: &mut SendMessage<'_, Self>) -> Result<usize>;

    /// `recv(2)`, `read(2)` and the like. Returns how many bytes were given, or with
    /// `MSG_TRUNC` how many there were.
    fn receive(socket: Socket<'_, Self>, message: &mut RecvMessage<'_, Self>) -> Result<usize>;

    /// `shutdown(2)`
    fn shutdown(socket: Socket<'_, Self>, how: Shutdown) -> Result;

    /// What `poll(2)` reports now. The caller is on the socket's wait queue already, so an event
    /// that comes after this was asked wakes it.
    fn poll(socket: Socket<'_, Self>) -> Events;

    /// `listen(2)`; `backlog` is at most `net.core.somaxconn`. `EOPNOTSUPP` if not provided.
    fn listen(_socket: Socket<'_, Self>, _backlog: u32) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// `accept(2)`. `EOPNOTSUPP` if not provided.
    fn accept<'a>(
        _socket: Socket<'a, Self>,
        _request: AcceptRequest<'a, Self>,
    ) -> Result<Accepted<'a>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// `socketpair(2)`. `EOPNOTSUPP` if not provided.
    fn socketpair(_first: Socket<'_, Self>, _second: Socket<'_, Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// `setsockopt(2)` of an option of `SOL_SOCKET`. What the family has nothing to say about it
    /// leaves to the core. The value may have been read by then.
    fn set_option(
        _socket: Socket<'_, Self>,
        _option: SocketOption,
        _value: &OptionValue<'_>,
    ) -> Result<OptionOutcome> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// `getsockopt(2)` of an option of [`Family::OPTION_LEVEL`]. `ENOPROTOOPT` if not provided, and
    /// for all other levels.
    fn own_option(_socket: Socket<'_, Self>, _option: i32, _reply: &mut OptionReply<'_>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// `SO_RCVBUF` was changed, so there may be room for those who wait for it. Called with the
    /// socket lock held; must not sleep.
    fn receive_buffer_changed(_sk: &Sock<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The device that the socket is bound to was changed: see [`Sock::is_on_loopback`]. Called with
    /// the socket lock held; must not sleep.
    fn device_changed(_sk: &Sock<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Bytes that can be read: `SIOCINQ`, `FIONREAD`. `ENOTTY` if not provided.
    fn bytes_readable(_sk: &Sock<Self>) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Whether urgent data comes next: `SIOCATMARK`. `EOPNOTSUPP` if not provided.
    fn is_at_mark(_sk: &Sock<Self>) -> Result<bool> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Bytes that the peer has not read: `SIOCOUTQ`, `TIOCOUTQ`. `ENOTTY` if not provided.
    fn bytes_unread(_sk: &Sock<Self>) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// Which directions `shutdown(2)` closes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shutdown {
    /// `SHUT_RD`
    Read,
    /// `SHUT_WR`
    Write,
    /// `SHUT_RDWR`
    Both,
}

impl Shutdown {
    fn from_raw(how: i32) -> Result<Self> {
        match how {
            bindings::SHIM_SHUT_RD => Ok(Self::Read),
            bindings::SHIM_SHUT_WR => Ok(Self::Write),
            bindings::SHIM_SHUT_RDWR => Ok(Self::Both),
            _ => Err(EINVAL),
        }
    }

    /// Whether receiving is closed.
    pub(crate) fn reads(self) -> bool {
        self != Self::Write
    }

    /// Whether sending is closed.
    pub(crate) fn writes(self) -> bool {
        self != Self::Read
    }

    /// The call, for the log.
    fn name(self) -> &'static str {
        match self {
            Self::Read => "shutdown of reading",
            Self::Write => "shutdown of writing",
            Self::Both => "shutdown",
        }
    }

    /// The bits in `sk_shutdown`.
    pub(super) fn bits(self) -> u8 {
        match self {
            Self::Read => bindings::SHIM_RCV_SHUTDOWN,
            Self::Write => bindings::SHIM_SEND_SHUTDOWN,
            Self::Both => bindings::SHIM_RCV_SHUTDOWN | bindings::SHIM_SEND_SHUTDOWN,
        }
    }
}
