// SPDX-License-Identifier: GPL-2.0

//! Sending a message.

use kernel::{
    prelude::*,
    sync::atomic::ordering::Relaxed, //
};

use super::{
    super::{
        address::Node,
        message,
        ports::reachable_port,
        raw::Header,
        taps::Taps, //
    },
    bind_automatically,
    congestion::{
        self,
        Waiter, //
    },
    receiver::{
        choose,
        takes_from,
        with_receiver,
        Destination, //
    },
    Datagram,
    Delivery,
    Peer, //
};
use crate::net::{
    errno::{
        ECONNREFUSED,
        EDESTADDRREQ,
        ENETUNREACH,
        ENOBUFS,
        EOPNOTSUPP, //
    },
    Interest,
    MessageFlags,
    QueueOutcome,
    SendMessage,
    SkBuff,
    Sock,
    SockId,
    Socket,
    SocketType,
    Timeout,
    SHORT, //
};

/// What a message takes of the send buffer beside its bytes, at the least: as AF_UNIX reckons it
/// (net/unix/af_unix.c, `unix_dgram_sendmsg()`).
const OVERHEAD: usize = 32;

/// `send(2)`, `sendto(2)` and the like. A datagram that its receiver has no room for, and any
/// message that it filters out, was sent all the same.
///
/// # Errors
///
/// `EDESTADDRREQ`, `ENETUNREACH`, also for a socket bound to another device, `EACCES` for all nodes without `SO_BROADCAST`, `ECONNREFUSED` if
/// nobody has the port or its owner takes messages from another peer only, `EMSGSIZE`, `EPIPE`
/// after `shutdown(2)`, `EAGAIN`, `EFAULT`, `ENOBUFS`. `EOPNOTSUPP` for `MSG_OOB` and
/// a reliable message to all nodes. `EPERM` if the receiver takes no descriptors, and the errors
/// of control messages.
pub(super) fn send(
    socket: Socket<'_, Datagram>,
    message: &mut SendMessage<'_, Datagram>,
) -> Result<usize> {
    if message.flags().contains(MessageFlags::URGENT) {
        return Err(EOPNOTSUPP.into());
    }
    let control = message::control(socket, message)?;

    let (to, everywhere) = destination(socket, message)?;
    let sender = socket.as_sender();
    if sender.interest.contains(Interest::ELSEWHERE) {
        return Err(ENETUNREACH.into());
    }
    let len = message.remaining();
    if len > sender.buffer.saturating_sub(OVERHEAD) {
        return Err(EMSGSIZE);
    }
    if to != Peer::Pair && socket.port().is_none() {
        let guard = socket.sock().lock();
        bind_automatically(socket, &guard)?;
    }

    let mut timeout = Timeout::send(socket, message.is_nonblocking());
    let mut short = None;
    if len <= SHORT && control.is_none() && !sender.interest.contains(Interest::SENT_STAMP) {
        // One that may be lost is charged to its receiver as soon as it is queued.
        let charged = socket.delivery == Delivery::Reliable;
        short = SkBuff::from_short_message(socket, message, charged, socket.address())?;
    }
    let mut skb = match short {
        Some(skb) => skb,
        None => SkBuff::from_message(socket, message, control, socket.address())?,
    };
    let identified = sender.interest.contains(Interest::CREDENTIALS);
    loop {
        if socket.is_send_shut() {
            return Err(EPIPE);
        }
        socket.take_error()?;
        skb = match deliver(socket, to, everywhere, identified, skb) {
            Delivered::Taken => break,
            // To all nodes, that nobody listens is no error.
            Delivered::Refused if everywhere => break,
            Delivered::Refused => return Err(ECONNREFUSED.into()),
            Delivered::NoDescriptors => return Err(EPERM),
            Delivered::OverLimit => return Err(ENOBUFS.into()),
            Delivered::Full(again, full) => {
                let full = Destination {
                    to,
                    member: Some(full),
                };
                wait_for_room(socket, full, &mut timeout)?;
                again
            }
        };
    }
    if socket.congested() != Destination::NONE {
        // A destination that was full before is no concern of this message's sender any more.
        set_congested(socket, Destination::NONE);
    }
    Ok(len)
}

/// Where the message is to go, and whether that is to all nodes.
fn destination(
    socket: Socket<'_, Datagram>,
    message: &SendMessage<'_, Datagram>,
) -> Result<(Peer, bool)> {
    let to = match message.destination() {
        Some(address) if address.node() == Node::All => {
            if socket.delivery == Delivery::Reliable {
                return Err(EOPNOTSUPP.into());
            }
            if !socket.may_broadcast() {
                return Err(EACCES);
            }
            return Ok((Peer::Port(address.port().ok_or(ECONNREFUSED)?), true));
        }
        Some(address) => Peer::Port(reachable_port(address)?),
        None => socket.peer(),
    };
    match to {
        Peer::None => Err(EDESTADDRREQ.into()),
        to => Ok((to, false)),
    }
}

/// How an attempt to deliver a message came out.
enum Delivered {
    /// It is the receiver's business now.
    Taken,
    /// Nobody is there, or nobody who wants it.
    Refused,
    /// The receiver takes no descriptors.
    NoDescriptors,
    /// This one has no room for it.
    Full(SkBuff<Datagram>, SockId),
    /// The namespace holds all that it may.
    OverLimit,
}

/// Delivers a message to `to`, with its sender's name if that is to be `identified`.
fn deliver(
    socket: Socket<'_, Datagram>,
    to: Peer,
    everywhere: bool,
    identified: bool,
    mut skb: SkBuff<Datagram>,
) -> Delivered {
    let from = socket.sock();
    let hand_over = |receiver: &Sock<Datagram>, skb, taps| {
        hand_over(
            skb,
            receiver,
            identified,
            |len| Header {
                socket_type: from.delivery.socket_type(),
                len,
                source: from.address(),
                destination: receiver.address(),
            },
            taps,
        )
    };
    let taps = Some(&from.namespace().taps);
    let delivered = match to {
        Peer::None => None,
        Peer::Pair => socket.pair.with(|other| {
            if other.peer() == Peer::Pair || takes_from(other, from.port()) {
                hand_over(other, skb, taps)
            } else {
                Delivered::Refused
            }
        }),
        Peer::Port(port) => socket
            .ports()
            .with(port, |sharers| {
                let receiver = if everywhere {
                    let mut all = sharers.iter().filter(|sk| takes_from(sk, from.port()));
                    let first = all.next()?;
                    // The others get copies, without descriptors.
                    for other in all {
                        match skb.share() {
                            Some(copy) => drop(hand_over(other, copy, None)),
                            None => other.count_drop(),
                        }
                    }
                    first
                } else {
                    choose(&sharers, from.port(), Some(&mut skb))?
                };
                Some(hand_over(receiver, skb, taps))
            })
            .flatten(),
    };
    delivered.unwrap_or(Delivered::Refused)
}

/// Queues a message on its receiver, and shows it to the raw sockets, with the header that
/// `describe` makes for its length.
fn hand_over(
    mut skb: SkBuff<Datagram>,
    receiver: &Sock<Datagram>,
    wants_credentials: bool,
    describe: impl FnOnce(usize) -> Header,
    taps: Option<&Taps>,
) -> Delivered {
    let interest = receiver.interest();
    if receiver.is_receive_shut() || interest.contains(Interest::ELSEWHERE) {
        return Delivered::Refused;
    }
    if skb.has_descriptors() && !interest.contains(Interest::DESCRIPTORS) {
        return Delivered::NoDescriptors;
    }
    if wants_credentials || interest.contains(Interest::CREDENTIALS) {
        skb.identify();
    }
    if receiver.charge_queue(&skb).is_err() {
        return Delivered::OverLimit;
    }
    let taps = taps.filter(|taps| !taps.is_empty());
    let shown = taps.and_then(|taps| Some((taps, skb.share()?)));
    match receiver.delivery {
        Delivery::Reliable => match skb.deliver_reliably(receiver) {
            QueueOutcome::Queued => {}
            QueueOutcome::Full(skb) => return Delivered::Full(skb, receiver.id()),
            QueueOutcome::Filtered => {
                // It held room while it was looked at.
                receiver.congestion.room_was_made(receiver);
                return Delivered::Taken;
            }
            QueueOutcome::Closed => return Delivered::Refused,
        },
        Delivery::Lossy => match skb.deliver(receiver) {
            QueueOutcome::Queued => {}
            // A receiver that is full has counted the loss; one whose filter said no wanted none
            // of it.
            QueueOutcome::Full(()) | QueueOutcome::Filtered => return Delivered::Taken,
            QueueOutcome::Closed => return Delivered::Refused,
        },
    }
    if let Some((taps, message)) = shown {
        taps.show(&describe(message.len()), &message);
    }
    Delivered::Taken
}

/// Delivers a message that a raw socket sends in somebody's name.
///
/// # Errors
///
/// `ENETUNREACH`, `ECONNREFUSED` if nobody has the port or its owner takes messages from another
/// peer only, `ENOBUFS` if a reliable message finds no room.
pub(in crate::family) fn inject(
    namespace: &super::super::Ports,
    header: &Header,
    mut skb: SkBuff<Datagram>,
) -> Result {
    let ports = match header.socket_type {
        SocketType::ReliableMessage => &namespace.rdm,
        _ => &namespace.datagram,
    };
    let delivered = ports
        .with(reachable_port(header.destination)?, |sharers| {
            let receiver = choose(&sharers, header.source.port(), Some(&mut skb))?;
            let describe = |len| Header { len, ..*header };
            Some(hand_over(
                skb,
                receiver,
                true,
                describe,
                Some(&namespace.taps),
            ))
        })
        .flatten();
    match delivered.unwrap_or(Delivered::Refused) {
        Delivered::Taken => Ok(()),
        Delivered::Refused => Err(ECONNREFUSED.into()),
        Delivered::NoDescriptors => Err(EPERM),
        Delivered::Full(..) | Delivered::OverLimit => Err(ENOBUFS.into()),
    }
}

/// Sleeps until `to` has room, or is gone, or sending has become pointless.
fn wait_for_room(socket: Socket<'_, Datagram>, to: Destination, timeout: &mut Timeout) -> Result {
    let thread = kernel::current!().pid();
    let waiter = waiter(socket, to, (!timeout.is_over()).then_some(thread));
    set_congested(socket, to);
    socket.note_no_space();
    let mut failed = None;
    let waited = socket.wait_queue().wait(timeout, || {
        if socket.is_send_shut() || socket.has_error() {
            return Some(());
        }
        match is_full(socket, to, waiter) {
            Ok(true) => return None,
            Ok(false) => {}
            Err(error) => failed = Some(error),
        }
        Some(())
    });
    if waiter.thread.is_some() {
        with_receiver(socket, to, |receiver| receiver.congestion.leave(waiter));
    }
    waited?;
    failed.map_or(Ok(()), Err)
}

/// As whom the socket, or a thread that sends on it, waits for `to`.
fn waiter(socket: Socket<'_, Datagram>, to: Destination, thread: Option<i32>) -> Waiter {
    Waiter {
        sock: socket.id(),
        port: if to.to == Peer::Pair {
            None
        } else {
            socket.port()
        },
        thread,
    }
}

/// Whether `to` has no room; then `waiter` will be woken when it has, or is gone. May sleep.
///
/// # Errors
///
/// `ENOMEM`
fn is_full(socket: Socket<'_, Datagram>, to: Destination, waiter: Waiter) -> Result<bool> {
    let look = |receiver: &Sock<Datagram>| {
        !receiver.has_receive_room() && !receiver.is_receive_shut() && receiver.is_on_loopback()
    };
    if !with_receiver(socket, to, look).unwrap_or(false) {
        return Ok(false);
    }
    let memory = congestion::memory()?;
    Ok(with_receiver(socket, to, |receiver| {
        receiver.congestion.enter(waiter, memory) && look(receiver)
    })
    .unwrap_or(false))
}

/// Notes for which destination `POLLOUT` waits, and waits for no other one any more.
pub(super) fn set_congested(socket: Socket<'_, Datagram>, to: Destination) {
    let old = socket.congested();
    if old == to {
        return;
    }
    let member = to.member.map_or(0, SockId::into_raw);
    socket.congested_member.store(member, Relaxed);
    socket.congested.store(to.to.into_raw(), Relaxed);
    let waiter = waiter(socket, old, None);
    with_receiver(socket, old, |receiver| receiver.congestion.leave(waiter));
}

/// Whether a message can be sent without waiting: there is room in the send buffer, and where the
/// next one is likely to go.
pub(super) fn has_room(socket: Socket<'_, Datagram>) -> bool {
    if socket.delivery == Delivery::Reliable {
        let to = match socket.congested() {
            Destination::NONE => Destination {
                to: socket.peer(),
                member: None,
            },
            to => to,
        };
        set_congested(socket, to);
        // Short of memory, say yes: a send will wait, or tell.
        if is_full(socket, to, waiter(socket, to, None)).unwrap_or(false) {
            socket.note_no_space();
            return false;
        }
        set_congested(socket, Destination::NONE);
    }
    message::has_send_room(socket)
}
