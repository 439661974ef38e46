// SPDX-License-Identifier: GPL-2.0

//! `connect(2)` and `socketpair(2)`.

use kernel::prelude::*;

use super::{
    super::{
        connection::{
            End,
            Origin,
            Phase, //
        },
        endpoint::Endpoint,
        ports::reachable_port,
        Address, //
    },
    state::{
        bind_automatically,
        lock,
        Connecting,
        State, //
    },
    Stream, //
};
use crate::net::{
    errno::{
        EALREADY,
        ECONNABORTED,
        ECONNREFUSED,
        EINPROGRESS,
        EISCONN,
        ENETUNREACH, //
    },
    PeerCredentials,
    Retired,
    Socket,
    SocketState,
    Timeout,
    WakeBand, //
};

/// `connect(2)`. Waits while the backlog of the listener is full; after `SO_SNDTIMEO`, after a
/// signal, or if it may not wait, the attempt goes on by itself.
///
/// # Errors
///
/// As connect(2) and experimental(7) say: `EISCONN`, `EINVAL`, `EINPROGRESS`, `EALREADY`,
/// `ECONNREFUSED`, `ECONNABORTED` if another task gave the attempt up, `ENETUNREACH`,
/// `EADDRNOTAVAIL`, `EINTR`, `ENOBUFS`, `ENOMEM`.
pub(super) fn connect(socket: Socket<'_, Stream>, to: Address, nonblocking: bool) -> Result {
    let mut guard = lock(socket);
    let already = match &guard.state {
        State::Connected(end) => {
            // The first call after a connection has come about by itself is told so.
            return if end.take_news() {
                Ok(())
            } else {
                Err(EISCONN.into())
            };
        }
        State::Listening(_) => return Err(EINVAL),
        State::Connecting(_) => true,
        State::Unconnected => false,
    };

    if !already {
        // An attempt that came to nothing is reported once, here or elsewhere.
        socket.take_error()?;
        let from = bind_automatically(socket, &mut guard)?;
        let (state, old) = begin(socket, from, reachable_port(to)?)?;
        let connected = matches!(state, State::Connected(_));
        guard.state = state;
        drop(guard);
        // Without the lock, as it may take a while.
        drop(old);
        if connected {
            return Ok(());
        }
    } else {
        drop(guard);
    }

    let mut timeout = Timeout::send(socket, nonblocking);
    let waited = socket.wait_queue().wait(&mut timeout, || {
        let decided = socket
            .end
            .get_counted()
            .is_none_or(|end| end.phase() != Phase::Waiting);
        decided.then_some(())
    });
    if let Err(error) = waited {
        return Err(match error {
            EAGAIN if already => EALREADY.into(),
            EAGAIN => EINPROGRESS.into(),
            signal => signal,
        });
    }

    let guard = lock(socket);
    match &guard.state {
        State::Connected(end) => {
            end.take_news();
            Ok(())
        }
        _ => Err(socket.take_error().err().unwrap_or(ECONNABORTED.into())),
    }
}

/// Makes a connection and puts the other end of it in the backlog of whoever listens on port `to`.
///
/// What comes second is to be dropped without the socket lock.
fn begin(socket: Socket<'_, Stream>, from: u32, to: u32) -> Result<(State, Option<Retired<End>>)> {
    if !socket.is_on_loopback() {
        return Err(ENETUNREACH.into());
    }
    let (backlog, mut party) = socket
        .ports()
        .with(to, |sharers| {
            let first = sharers.first();
            let listener = if first.is_grouped() {
                let chosen = sharers.choose(first, first.flow_hash(from, to), None);
                chosen.unwrap_or(first)
            } else {
                first
            };
            let party = Origin {
                address: Address::local(to),
                before: listener.as_receiver(),
                credentials: None,
                listener: Some(listener.try_ref()?),
            };
            let backlog = listener.backlog.get_counted()?;
            listener.is_on_loopback().then_some((backlog, party))
        })
        .flatten()
        .ok_or(ECONNREFUSED)?;
    party.credentials = backlog.credentials();

    let (end, theirs) = Endpoint::pair(
        Origin {
            address: Address::local(from),
            before: socket.as_receiver(),
            credentials: PeerCredentials::current(),
            listener: None,
        },
        party,
        socket.namespace().limits.memory(),
    )?;
    let (phase, ticket) = backlog.push(theirs)?;
    let old = socket.install(&end, socket.sock_ref());
    end.introduce_peer(socket.sock());

    if phase == Phase::Established {
        socket.set_state(SocketState::Established);
        // Those who poll have only seen an unconnected socket.
        socket.wake_all(WakeBand::Out);
        return Ok((State::Connected(end), old));
    }
    socket.set_state(SocketState::Connecting);
    end.expect_news();
    let state = State::Connecting(Connecting {
        end,
        backlog,
        ticket,
    });
    Ok((state, old))
}

/// `socketpair(2)`
///
/// # Errors
///
/// `ENOBUFS`, `ENOMEM`
pub(super) fn pair(first: Socket<'_, Stream>, second: Socket<'_, Stream>) -> Result {
    let party = |socket: Socket<'_, Stream>| Origin {
        address: Address::ANY,
        before: socket.as_receiver(),
        credentials: PeerCredentials::current(),
        listener: None,
    };
    let (one, other) = Endpoint::pair(
        party(first),
        party(second),
        first.namespace().limits.memory(),
    )?;
    for (socket, end) in [(first, one), (second, other)] {
        let _none = socket.install(&end, socket.sock_ref());
        end.introduce_peer(socket.sock());
        lock(socket).state = State::Connected(end);
        socket.set_state(SocketState::Established);
    }
    Ok(())
}
