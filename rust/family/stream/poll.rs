// SPDX-License-Identifier: GPL-2.0

//! What poll(2) and ioctl(2) tell of a stream socket.

use kernel::{
    prelude::*,
    sync::rcu, //
};

use super::{
    super::{
        connection::{
            End,
            Phase, //
        },
        message,
        ring::Ring, //
    },
    Framing,
    Stream, //
};
use crate::net::{
    errno::EOPNOTSUPP,
    Events,
    Sock,
    Socket, //
};

/// `poll(2)`. Takes no lock.
pub(super) fn poll(socket: Socket<'_, Stream>) -> Events {
    let errors = message::errors(socket);
    let rcu = rcu::read_lock();

    if let Some(backlog) = socket.backlog.get(&rcu) {
        let over = Events::READABLE | Events::READ_HANG_UP;
        return errors
            | Events::READABLE.when(backlog.has_established())
            | over.when(!backlog.is_open())
            | Events::HANG_UP.when(backlog.is_hung_up());
    }
    match socket.end.get(&rcu) {
        Some(end) => match end.phase() {
            Phase::Waiting => errors,
            Phase::Established => errors | connected(socket, &end),
            Phase::Refused => errors | unconnected(),
        },
        None => errors | unconnected(),
    }
}

/// As TCP and AF_UNIX have it.
fn unconnected() -> Events {
    Events::WRITABLE | Events::HANG_UP
}

fn connected(socket: Socket<'_, Stream>, end: &End) -> Events {
    let mut events = Events::NONE;

    let incoming = end.incoming();
    let left_out = incoming.map_or(0, |ring| ring.left_out(socket.is_urgent_inline()));
    let incoming_over = end.is_incoming_over();
    let outgoing_over = end.is_outgoing_over();
    if incoming_over {
        events |= Events::READABLE | Events::READ_HANG_UP;
    } else if end.incoming_len() >= left_out.saturating_add(socket.low_water(end)) {
        events |= Events::READABLE;
    }
    if incoming.is_some_and(Ring::has_urgent) {
        events |= Events::URGENT;
    }
    if incoming_over && outgoing_over {
        events |= Events::HANG_UP;
    }
    // A write that fails at once doesn't block either.
    if outgoing_over || has_room(socket, end) {
        events |= Events::WRITABLE;
    }
    events
}

fn has_room(socket: Socket<'_, Stream>, end: &End) -> bool {
    if end.is_writable() {
        return true;
    }
    socket.note_no_space();
    end.want_room();
    end.is_writable()
}

/// `SIOCATMARK`
///
/// # Errors
///
/// `EOPNOTSUPP` if the socket carries records.
pub(super) fn is_at_mark(sk: &Sock<Stream>) -> Result<bool> {
    if sk.framing == Framing::Records {
        return Err(EOPNOTSUPP.into());
    }
    let rcu = rcu::read_lock();
    let end = sk.end.get(&rcu);
    Ok(end.is_some_and(|end| end.incoming().is_some_and(Ring::is_at_mark)))
}

/// `SIOCINQ`
///
/// # Errors
///
/// `EINVAL` if the socket listens.
pub(super) fn bytes_readable(sk: &Sock<Stream>) -> Result<usize> {
    count(sk, End::unread)
}

/// `SIOCOUTQ`
///
/// # Errors
///
/// `EINVAL` if the socket listens.
pub(super) fn bytes_unread(sk: &Sock<Stream>) -> Result<usize> {
    count(sk, End::unsent)
}

fn count(sk: &Sock<Stream>, of: impl FnOnce(&End) -> usize) -> Result<usize> {
    let rcu = rcu::read_lock();
    if sk.backlog.get(&rcu).is_some() {
        return Err(EINVAL);
    }
    Ok(sk.end.get(&rcu).map_or(0, |end| of(&end)))
}
