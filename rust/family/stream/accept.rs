// SPDX-License-Identifier: GPL-2.0

//! `listen(2)` and `accept(2)`.

use kernel::prelude::*;

use super::{
    super::backlog::Backlog,
    state::{
        lock,
        State, //
    },
    Stream, //
};
use crate::net::{
    AcceptRequest,
    Accepted,
    Socket,
    SocketState,
    Timeout, //
};

/// `listen(2)`
///
/// # Errors
///
/// `EINVAL` if the socket is connected or connecting, `EADDRINUSE` if it has no port and there is
/// none, or shares one on which another listens, `ENOMEM`.
pub(super) fn listen(socket: Socket<'_, Stream>, limit: u32) -> Result {
    let ports = socket.ports();
    let mut guard = lock(socket);
    let port = match (&guard.state, guard.port) {
        (State::Connecting(_) | State::Connected(_), _) => return Err(EINVAL),
        (_, Some(port)) => port,
        (_, None) => ports.bind(super::Address::ANY, socket.sock_ref())?,
    };
    guard.port = Some(port);
    // First, as nobody finds it yet who could be refused.
    if let State::Listening(backlog) = &guard.state {
        ports.listen(port, socket.sock())?;
        backlog.reopen(limit);
    } else {
        let backlog = Backlog::new(socket.sock_ref(), limit)?;
        // It held nothing.
        drop(socket.backlog.replace(Some(backlog.clone())));
        if let Err(error) = ports.listen(port, socket.sock()) {
            let refused = socket.backlog.replace(None);
            drop(guard);
            // Without the lock, as it may take a while.
            drop(refused);
            backlog.close();
            return Err(error);
        }
        guard.state = State::Listening(backlog);
    }
    socket.set_max_backlog(limit);
    socket.set_state(SocketState::Listening);
    Ok(())
}

/// `accept(2)`
///
/// # Errors
///
/// `EINVAL` if the socket does not listen, `EAGAIN`, `EINTR` or `ERESTARTSYS` if there is no
/// connection, `ENOMEM`; then the connection stays in the backlog.
pub(super) fn accept<'a>(
    socket: Socket<'a, Stream>,
    request: AcceptRequest<'a, Stream>,
) -> Result<Accepted<'a>> {
    let guard = lock(socket);
    let State::Listening(backlog) = &guard.state else {
        return Err(EINVAL);
    };
    let backlog = backlog.clone();
    drop(guard);

    let mut timeout = Timeout::receive(socket, request.is_nonblocking());
    loop {
        // One sleeper is enough for one connection.
        let wait_queue = socket.wait_queue();
        wait_queue.wait_exclusive(&mut timeout, || {
            (backlog.has_established() || !backlog.is_open()).then_some(())
        })?;

        let guard = lock(socket);
        if !backlog.has_established() {
            if !backlog.is_open() {
                // The wake of a listener that was shut down is for all sleepers.
                socket.wake_readers();
                return Err(EINVAL);
            }
            continue;
        }
        // Before the connection is taken out, so that it stays where it is if this fails. Then
        // somebody else may want to try.
        let child = request
            .child(&guard)
            .inspect_err(|_| socket.wake_readers())?;
        let Some(accepted) = backlog.pop() else {
            continue;
        };
        drop(guard);

        let end = accepted.end;
        let _none = child.install(&end, child.sock_ref());
        // The child may have larger buffers than the listener had when it was connected to.
        end.room_was_made();
        end.introduce_peer(&child);
        child.lock().state = State::Connected(end);
        child.set_state(SocketState::Established);
        return Ok(request.complete(child, accepted.more));
    }
}
