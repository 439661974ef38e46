// SPDX-License-Identifier: GPL-2.0

//! Sending a datagram.

use kernel::prelude::*;

use super::{
    super::{
        address::Node,
        ports::reachable_port, //
    },
    bind_automatically,
    Datagram,
    Peer, //
};
use crate::net::{
    errno::{
        ECONNREFUSED,
        EDESTADDRREQ,
        EOPNOTSUPP, //
    },
    MessageFlags,
    SendMessage,
    SkBuff,
    Sock,
    Socket, //
};

/// What a message takes of the send buffer beside its bytes, at the least: as AF_UNIX reckons it
/// (net/unix/af_unix.c, `unix_dgram_sendmsg()`).
const OVERHEAD: usize = 32;

/// `send(2)`, `sendto(2)` and the like. A message that its receiver has no room for, or filters
/// out, was sent all the same.
///
/// # Errors
///
/// `EDESTADDRREQ`, `ENETUNREACH`, `EACCES` for all nodes without `SO_BROADCAST`, `ECONNREFUSED` if
/// nobody has the port or its owner takes messages from another peer only, `EMSGSIZE`, `EPIPE`
/// after `shutdown(2)`, `EAGAIN`, `EFAULT`, `ENOBUFS`. `EOPNOTSUPP` for control messages and
/// `MSG_OOB`.
pub(super) fn send(
    socket: Socket<'_, Datagram>,
    message: &mut SendMessage<'_, Datagram>,
) -> Result<usize> {
    if message.has_control() || message.flags().contains(MessageFlags::URGENT) {
        return Err(EOPNOTSUPP.into());
    }

    let (to, everywhere) = match message.destination() {
        Some(address) if address.node() == Node::All => {
            if !socket.may_broadcast() {
                return Err(EACCES);
            }
            (Peer::Port(address.port().ok_or(ECONNREFUSED)?), true)
        }
        Some(address) => (Peer::Port(reachable_port(address)?), false),
        None => (socket.peer(), false),
    };
    if to == Peer::None {
        return Err(EDESTADDRREQ.into());
    }

    let len = message.remaining();
    if len > socket.send_buffer().saturating_sub(OVERHEAD) {
        return Err(EMSGSIZE);
    }
    if to != Peer::Pair && socket.port().is_none() {
        let guard = socket.sock().lock();
        bind_automatically(socket, &guard)?;
    }

    let skb = SkBuff::from_message(socket, message, socket.address())?;
    let from = socket.sock();
    let delivered = match to {
        Peer::None => None,
        Peer::Port(port) => socket
            .namespace()
            .datagram
            .with(port, |receiver| deliver(skb, from, receiver)),
        Peer::Pair => socket.pair.with(|receiver| deliver(skb, from, receiver)),
    };
    match delivered {
        // To all nodes, that nobody listens is no error.
        None | Some(Err(_)) if everywhere => Ok(len),
        None => Err(ECONNREFUSED.into()),
        Some(result) => result.map(|()| len),
    }
}

/// Queues a message on its receiver, unless that does not want any from `from`.
fn deliver(skb: SkBuff<Datagram>, from: &Sock<Datagram>, receiver: &Sock<Datagram>) -> Result {
    let wanted = match receiver.peer() {
        Peer::None => true,
        Peer::Port(port) => from.port() == Some(port),
        Peer::Pair => from.peer() == Peer::Pair,
    };
    if !wanted || receiver.is_receive_shut() {
        return Err(ECONNREFUSED.into());
    }
    // A receiver that is full has counted the loss; one whose filter said no wanted none of it.
    let _lost = skb.deliver(receiver);
    Ok(())
}

/// Whether a message can be sent without waiting for the send buffer.
pub(super) fn has_room(socket: Socket<'_, Datagram>) -> bool {
    if socket.has_send_room() {
        return true;
    }
    socket.note_no_space();
    socket.has_send_room()
}
