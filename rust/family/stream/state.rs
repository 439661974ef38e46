// SPDX-License-Identifier: GPL-2.0

//! What a stream socket is doing.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    super::{
        backlog::{
            Backlog,
            Ticket, //
        },
        connection::{
            End,
            Phase, //
        }, //
    },
    Stream, //
};
use crate::net::{
    SockGuard,
    SockRef,
    Socket,
    SocketState, //
};

/// What the socket lock protects.
#[derive(Default)]
pub(crate) struct Locked {
    /// The port that the socket has in the port table.
    pub(super) port: Option<u32>,
    pub(super) state: State,
}

/// What the socket is doing.
#[derive(Default)]
pub(super) enum State {
    /// Nothing yet, or again.
    #[default]
    Unconnected,
    /// Waiting to be accepted; perhaps the wait is over by now.
    Connecting(Connecting),
    /// Carrying data, until it is closed or disconnected. Either end may have been shut down.
    Connected(End),
    /// Taking connections, or listened until it was shut down.
    Listening(Arc<Backlog>),
}

/// A connection that a backlog had no room for.
pub(super) struct Connecting {
    pub(super) end: End,
    pub(super) backlog: Arc<Backlog>,
    pub(super) ticket: Ticket,
}

impl Connecting {
    /// Takes the connection back, if it is still waiting.
    pub(super) fn cancel(self) {
        self.backlog.cancel(self.ticket);
    }
}

/// Takes the socket lock, after which the state is up to date: a connection that was waiting may
/// have been established or refused by the listener, which does not take this lock.
///
/// Nobody looks at the state in any other way.
pub(super) fn lock(socket: Socket<'_, Stream>) -> SockGuard<'_, Stream> {
    let mut guard = socket.sock().lock();
    guard.state = match core::mem::take(&mut guard.state) {
        State::Connecting(connecting) => match connecting.end.phase() {
            Phase::Waiting => State::Connecting(connecting),
            Phase::Established => {
                socket.set_state(SocketState::Established);
                State::Connected(connecting.end)
            }
            Phase::Refused => {
                connecting.end.detach();
                // Nothing was ever written or read, so nobody holds these rights for long.
                drop(socket.uninstall());
                socket.set_peer_credentials(None);
                socket.set_state(SocketState::Unconnected);
                State::Unconnected
            }
        },
        state => state,
    };
    guard
}

/// Gives the socket a port if it has none.
///
/// # Errors
///
/// `EADDRNOTAVAIL`, `ENOMEM`
pub(super) fn bind_automatically(
    socket: Socket<'_, Stream>,
    guard: &mut SockGuard<'_, Stream>,
) -> Result<u32> {
    if let Some(port) = guard.port {
        return Ok(port);
    }
    let sk: SockRef<Stream> = socket.sock_ref();
    let port = socket.ports().bind_automatically(sk)?;
    guard.port = Some(port);
    Ok(port)
}
