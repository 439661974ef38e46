// SPDX-License-Identifier: GPL-2.0

//! `bind(2)`, `getsockname(2)` and `getpeername(2)`.

use kernel::prelude::*;

use super::{
    super::Address,
    state::{
        lock,
        State, //
    },
    Stream, //
};
use crate::net::{
    errno::ENOTCONN,
    NameOf,
    Socket, //
};

/// `bind(2)`
///
/// # Errors
///
/// `EINVAL` if the socket has a port or is in use, and those of
/// [`PortTable::bind`](super::super::ports::PortTable::bind).
pub(super) fn bind(socket: Socket<'_, Stream>, address: Address) -> Result {
    let mut guard = lock(socket);
    if guard.port.is_some() || !matches!(guard.state, State::Unconnected) {
        return Err(EINVAL);
    }
    let ports = socket.ports();
    guard.port = Some(ports.bind(address, socket.sock_ref())?);
    Ok(())
}

/// `getsockname(2)`, `getpeername(2)`, and the address from `accept(2)`
///
/// # Errors
///
/// `ENOTCONN` if there is no peer. One that has gone still has its name.
pub(super) fn name(socket: Socket<'_, Stream>, of: NameOf) -> Result<Address> {
    let guard = lock(socket);
    match (&guard.state, of) {
        (State::Connected(end), NameOf::Local) => Ok(end.address()),
        (State::Connected(end), NameOf::Peer | NameOf::AcceptedPeer) => Ok(end.peer_address()),
        (_, NameOf::Local) => Ok(Address::local_or_any(guard.port)),
        (_, NameOf::Peer | NameOf::AcceptedPeer) => Err(ENOTCONN.into()),
    }
}
