// SPDX-License-Identifier: GPL-2.0

//! Ending a connection: `shutdown(2)`, the last close, and `connect(2)` to `AF_UNSPEC`.

use kernel::prelude::*;

use super::{
    super::connection::End,
    state::{
        lock,
        State, //
    },
    Stream, //
};
use crate::net::{
    errno::ENOTCONN,
    Shutdown,
    SockGuard,
    Socket,
    SocketState,
    Timeout,
    WakeBand, //
};

/// `shutdown(2)`. A listener that is shut down for reading takes no more connections; those that
/// it has can still be accepted. An attempt to connect is given up.
///
/// # Errors
///
/// `ENOTCONN` if the socket is neither connected nor listens.
pub(super) fn shutdown(socket: Socket<'_, Stream>, how: Shutdown) -> Result {
    let guard = lock(socket);
    match &guard.state {
        State::Unconnected => Err(ENOTCONN.into()),
        // As TCP does.
        State::Connecting(_) => reset(socket, guard),
        State::Connected(end) => {
            end.shutdown(how);
            Ok(())
        }
        State::Listening(backlog) => {
            backlog.shutdown(how);
            if how.reads() {
                if let Some(port) = guard.port {
                    socket.ports().unlisten(port, &guard);
                }
                socket.set_state(SocketState::Unconnected);
            }
            socket.wake_all(WakeBand::Silent);
            Ok(())
        }
    }
}

/// `connect(2)` to `AF_UNSPEC`: resets the connection; the port stays.
///
/// # Errors
///
/// `EINVAL` if the socket listens, `EINTR` if a fatal signal comes first.
pub(super) fn disconnect(socket: Socket<'_, Stream>) -> Result {
    let guard = lock(socket);
    match &guard.state {
        State::Unconnected => Ok(()),
        State::Listening(_) => Err(EINVAL),
        State::Connecting(_) | State::Connected(_) => reset(socket, guard),
    }
}

/// Resets the connection, or gives up the attempt to make one.
fn reset(socket: Socket<'_, Stream>, mut guard: SockGuard<'_, Stream>) -> Result {
    // Before anything is changed, as somebody may hold it in a page fault.
    let endpoint = socket.uninstall_killable()?;
    if let State::Connecting(connecting) = core::mem::take(&mut guard.state) {
        connecting.cancel();
    }
    if let Some(endpoint) = endpoint {
        endpoint.close(true);
    }
    socket.set_state(SocketState::Unconnected);
    socket.set_peer_credentials(None);
    let retired = socket.end.replace(None);
    drop(guard);
    // Without the lock, as it may take a while.
    drop(retired);
    socket.wake_all(WakeBand::Silent);
    // An error of the connection that is no more is no news.
    let _stale = socket.take_error();
    Ok(())
}

/// The last close. What was sent stays readable for the peer, whether the close waits for that or
/// not; what was not read is lost, and the peer is told, as it is if `SO_LINGER` gives no time.
pub(super) fn release(socket: Socket<'_, Stream>) {
    let mut guard = lock(socket);
    let state = core::mem::take(&mut guard.state);
    if let Some(port) = guard.port.take() {
        socket.ports().unbind(port, &guard);
    }
    drop(guard);

    match state {
        State::Unconnected => {}
        State::Listening(backlog) => backlog.close(),
        State::Connecting(connecting) => {
            close(socket);
            connecting.cancel();
        }
        State::Connected(_) => close(socket),
    }
}

/// Gives up the socket's end of a connection, and waits for the peer to take what was sent, as
/// `SO_LINGER` says.
fn close(socket: Socket<'_, Stream>) {
    let Some(endpoint) = socket.uninstall() else {
        return;
    };
    match Timeout::linger(socket) {
        None => endpoint.close(false),
        Some(timeout) if timeout.is_over() => endpoint.close(true),
        Some(timeout) => endpoint.close_and(false, |end| linger(socket, end, timeout)),
    }
}

/// Sleeps until the peer has taken all that was sent, or has gone.
fn linger(socket: Socket<'_, Stream>, end: &End, mut timeout: Timeout) {
    // That the time is over, or that the task is to die, ends the wait and changes nothing else.
    let _rest = socket.wait_queue().wait_killable(&mut timeout, || {
        if end.is_outgoing_drained() {
            return Some(());
        }
        end.want_room();
        end.is_outgoing_drained().then_some(())
    });
}
