// SPDX-License-Identifier: GPL-2.0

//! Ending a connection: `shutdown(2)`, the last close, and `connect(2)` to `AF_UNSPEC`.

use kernel::prelude::*;

use super::{
    state::{
        lock,
        State, //
    },
    Stream, //
};
use crate::net::{
    errno::ENOTCONN,
    Shutdown,
    Socket,
    SocketState,
    WakeBand, //
};

/// `shutdown(2)`. A listener that is shut down for reading takes no more connections; those that
/// it has can still be accepted.
///
/// # Errors
///
/// `ENOTCONN` if the socket is neither connected nor listens.
pub(super) fn shutdown(socket: Socket<'_, Stream>, how: Shutdown) -> Result {
    let guard = lock(socket);
    match &guard.state {
        State::Unconnected | State::Connecting(_) => Err(ENOTCONN.into()),
        State::Connected(end) => {
            end.shutdown(how);
            Ok(())
        }
        State::Listening(backlog) => {
            backlog.shutdown(how);
            socket.wake_all(WakeBand::In);
            Ok(())
        }
    }
}

/// `connect(2)` to `AF_UNSPEC`: resets the connection; the port stays.
///
/// # Errors
///
/// `EINVAL` if the socket listens.
pub(super) fn disconnect(socket: Socket<'_, Stream>) -> Result {
    let mut guard = lock(socket);
    match core::mem::take(&mut guard.state) {
        State::Unconnected => {}
        State::Listening(backlog) => {
            guard.state = State::Listening(backlog);
            return Err(EINVAL);
        }
        State::Connecting(connecting) => {
            connecting.end.close(false, true);
            socket.uninstall();
            connecting.cancel();
        }
        State::Connected(end) => {
            end.close(false, true);
            socket.uninstall();
        }
    }
    socket.set_state(SocketState::Unconnected);
    socket.end.replace(None);
    drop(guard);
    socket.wake_all(WakeBand::HangUp);
    Ok(())
}

/// The last close. What was sent stays readable for the peer; what was not read is lost, and the
/// peer is told.
pub(super) fn release(socket: Socket<'_, Stream>) {
    let mut guard = lock(socket);
    let state = core::mem::take(&mut guard.state);
    let port = guard.port.take();
    drop(guard);

    match state {
        State::Unconnected => {}
        State::Listening(backlog) => backlog.close(),
        State::Connecting(connecting) => {
            connecting.end.close(socket.uninstall(), false);
            connecting.cancel();
        }
        State::Connected(end) => end.close(socket.uninstall(), false),
    }
    if let Some(port) = port {
        socket.ports().unbind(port, socket.sock());
    }
}
