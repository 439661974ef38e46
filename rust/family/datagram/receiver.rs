// SPDX-License-Identifier: GPL-2.0

//! Who gets a message.

use super::{
    Datagram,
    Peer, //
};
use crate::net::{
    Sharers,
    SkBuff,
    Sock,
    SockId,
    Socket, //
};

/// Where a message goes, or one was to go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) to: Peer,
    /// Which of those that share the port, if that is known.
    pub(super) member: Option<SockId>,
}

impl Destination {
    /// Nowhere.
    pub(super) const NONE: Self = Self {
        to: Peer::None,
        member: None,
    };
}

/// Whether `receiver` takes messages from `source`.
pub(super) fn takes_from(receiver: &Sock<Datagram>, source: Option<u32>) -> bool {
    match receiver.peer() {
        Peer::None => true,
        Peer::Port(port) => source == Some(port),
        Peer::Pair => false,
    }
}

/// Of those that share a port, the one that a message from `source` is for: who is connected to
/// that; else one of the group of the first that is connected to nobody, or that one, if it is in
/// none.
pub(super) fn choose<'a>(
    sharers: &Sharers<'a, Datagram>,
    source: Option<u32>,
    message: Option<&mut SkBuff<Datagram>>,
) -> Option<&'a Sock<Datagram>> {
    let first = sharers.first();
    if !sharers.are_several() {
        return takes_from(first, source).then_some(first);
    }

    // A group of which nobody was ever connected is not looked through.
    let mut unconnected = Some(first);
    if !first.is_grouped() || sharers.has_connected(first) {
        let is_for_source = |sk: &&Sock<Datagram>| matches!(sk.peer(), Peer::Port(_));
        let connected = sharers
            .iter()
            .find(|sk| is_for_source(sk) && takes_from(sk, source));
        if connected.is_some() {
            return connected;
        }
        unconnected = sharers.iter().find(|sk| sk.peer() == Peer::None);
    }
    let unconnected = unconnected?;
    if !unconnected.is_grouped() {
        return Some(unconnected);
    }
    let hash = first.flow_hash(source.unwrap_or(0), first.port().unwrap_or(0));
    sharers
        .choose(unconnected, hash, message)
        .filter(|chosen| chosen.peer() == Peer::None)
        .or_else(|| sharers.choose_by_hash(unconnected, hash))
        .filter(|chosen| chosen.peer() == Peer::None)
        .or(Some(unconnected))
}

/// Calls `look` with the socket that is `destination`, or would be for a message of `socket`.
/// `look` must not sleep.
pub(super) fn with_receiver<R>(
    socket: Socket<'_, Datagram>,
    destination: Destination,
    look: impl FnOnce(&Sock<Datagram>) -> R,
) -> Option<R> {
    match destination.to {
        Peer::None => None,
        Peer::Pair => socket.pair.with(look),
        Peer::Port(port) => socket
            .ports()
            .with(port, |sharers| {
                let receiver = match destination.member {
                    Some(member) => sharers.iter().find(|sk| sk.id() == member),
                    None => choose(&sharers, socket.port(), None),
                };
                receiver.map(look)
            })
            .flatten(),
    }
}
