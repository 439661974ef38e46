// SPDX-License-Identifier: GPL-2.0

//! `SOCK_DGRAM` and `SOCK_RDM`: messages, which a receiver that is full loses, or which wait for
//! it.

mod congestion;
mod receiver;
mod send;

use kernel::{
    prelude::*,
    sync::atomic::{
        ordering::{
            Acquire,
            Relaxed,
            Release, //
        },
        Atomic, //
    }, //
};

pub(super) use send::inject;

use congestion::Congestion;
use receiver::Destination;

use super::{
    address::Node,
    message,
    options,
    ports::{
        reachable_port,
        PortTable, //
    },
    Address,
    Experimental, //
};
use crate::net::{
    errno::{
        ECONNREFUSED,
        ENETUNREACH,
        ENOTCONN,
        EPROTONOSUPPORT, //
    },
    Events,
    MessageFlags,
    NameOf,
    OptionOutcome,
    OptionReply,
    OptionValue,
    PeerCredentials,
    Proto,
    RecvMessage,
    SendMessage,
    Shutdown,
    Sock,
    SockGuard,
    SockId,
    SockSlot,
    Socket,
    SocketArgs,
    SocketOps,
    SocketOption,
    SocketState,
    SocketType,
    Timeout,
    WakeBand, //
};

/// What becomes of a message that finds its receiver full.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Delivery {
    /// It is lost, and counted.
    Lossy,
    /// Its sender waits.
    Reliable,
}

impl Delivery {
    fn socket_type(self) -> SocketType {
        match self {
            Self::Lossy => SocketType::Datagram,
            Self::Reliable => SocketType::ReliableMessage,
        }
    }
}

/// A datagram socket.
#[pin_data]
pub(crate) struct Datagram {
    delivery: Delivery,
    /// Its port, or 0. Changed under the socket lock, from 0 and once.
    port: Atomic<u32>,
    /// To whom it is connected. Changed under the socket lock.
    peer: Atomic<u64>,
    /// The other one of a `socketpair(2)`, until that is released.
    pair: SockSlot<Datagram>,
    /// A destination that had no room for a message of this socket, until another one was sent.
    congested: Atomic<u64>,
    /// Which of those that share its port it was, or 0.
    congested_member: Atomic<usize>,
    /// Who waits for this socket to have room.
    #[pin]
    congestion: Congestion,
}

/// To whom a datagram socket is connected: where its messages go, and from whom it takes any.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// To nobody, and from everybody.
    None,
    /// The socket with this port.
    Port(u32),
    /// The other one of a `socketpair(2)`.
    Pair,
}

impl Peer {
    const PAIR: u64 = 1 << 32;

    fn into_raw(self) -> u64 {
        match self {
            // Port 0 is nobody's.
            Self::None => 0,
            Self::Port(port) => u64::from(port),
            Self::Pair => Self::PAIR,
        }
    }

    fn from_raw(raw: u64) -> Self {
        match u32::try_from(raw) {
            Ok(0) => Self::None,
            Ok(port) => Self::Port(port),
            Err(_) => Self::Pair,
        }
    }
}

impl Datagram {
    fn port(&self) -> Option<u32> {
        match self.port.load(Acquire) {
            0 => None,
            port => Some(port),
        }
    }

    fn peer(&self) -> Peer {
        Peer::from_raw(self.peer.load(Acquire))
    }

    fn set_peer(&self, peer: Peer) {
        self.peer.store(peer.into_raw(), Release);
    }

    fn congested(&self) -> Destination {
        Destination {
            to: Peer::from_raw(self.congested.load(Relaxed)),
            member: SockId::from_raw(self.congested_member.load(Relaxed)),
        }
    }

    fn address(&self) -> Address {
        Address::local_or_any(self.port())
    }
}

impl Sock<Datagram> {
    /// The ports of the socket's type.
    fn ports(&self) -> &PortTable<Datagram> {
        match self.delivery {
            Delivery::Lossy => &self.namespace().datagram,
            Delivery::Reliable => &self.namespace().rdm,
        }
    }
}

/// Gives the socket a port if it has none.
fn bind_automatically(socket: Socket<'_, Datagram>, _locked: &SockGuard<'_, Datagram>) -> Result {
    if socket.port().is_none() {
        let port = socket.ports().bind_automatically(socket.sock_ref())?;
        socket.port.store(port, Release);
    }
    Ok(())
}

/// Sleeps until what the socket has sent was received, as `SO_LINGER` says. A message that may be
/// lost is not waited for.
fn linger(socket: Socket<'_, Datagram>) {
    if socket.delivery == Delivery::Lossy {
        return;
    }
    if let Some(mut timeout) = Timeout::linger(socket) {
        // What it sent to itself, nobody will receive.
        socket.close_queue();
        // That the time is over, or that the task is to die, ends the wait and changes nothing else.
        let _rest = socket
            .wait_queue()
            .wait_killable(&mut timeout, || (socket.bytes_charged() == 0).then_some(()));
    }
}

#[vtable]
impl SocketOps for Datagram {
    type Family = Experimental;
    type Locked = ();
    /// Who sent it.
    type Metadata = Address;

    const TYPES: &'static [SocketType] = &[SocketType::Datagram, SocketType::ReliableMessage];
    const NAME: &'static CStr = c"EXP-DGRAM";
    const PEEKS_AT_OFFSET: bool = true;

    fn proto() -> &'static Proto<Self> {
        static PROTO: Proto<Datagram> = Proto::new();
        &PROTO
    }

    fn new(args: &SocketArgs<'_>) -> Result<impl PinInit<Self, Error>> {
        if args.protocol() != 0 {
            return Err(EPROTONOSUPPORT.into());
        }
        let delivery = match args.socket_type() {
            SocketType::ReliableMessage => Delivery::Reliable,
            _ => Delivery::Lossy,
        };
        Ok(try_pin_init!(Self {
            delivery,
            port: Atomic::new(0),
            peer: Atomic::new(Peer::None.into_raw()),
            pair: SockSlot::new(),
            congested: Atomic::new(Peer::None.into_raw()),
            congested_member: Atomic::new(0),
            congestion <- Congestion::new(),
        }? Error))
    }

    fn release(socket: Socket<'_, Self>) {
        send::set_congested(socket, Destination::NONE);
        if let Some(port) = socket.port() {
            let guard = socket.sock().lock();
            socket.ports().unbind(port, &guard);
        }
        // Somebody may have found this socket before, and enter only now.
        socket.congestion.close(socket.sock());
        if let Some(other) = socket.pair.clear() {
            drop(other.pair.clear());
        }
        linger(socket);
    }

    fn bind(socket: Socket<'_, Self>, address: Address) -> Result {
        let _guard = socket.sock().lock();
        if socket.port().is_some() || socket.peer() != Peer::None {
            return Err(EINVAL);
        }
        let port = socket.ports().bind(address, socket.sock_ref())?;
        socket.port.store(port, Release);
        Ok(())
    }

    fn connect(socket: Socket<'_, Self>, address: Address, _nonblocking: bool) -> Result {
        if address.node() == Node::All && !socket.may_broadcast() {
            return Err(EACCES);
        }
        let port = reachable_port(address)?;
        if !socket.is_on_loopback() {
            return Err(ENETUNREACH.into());
        }
        let guard = socket.sock().lock();
        bind_automatically(socket, &guard)?;
        let reached = socket
            .ports()
            .with(port, |sharers| sharers.first().is_on_loopback());
        if reached != Some(true) {
            return Err(ECONNREFUSED.into());
        }
        socket.set_peer(Peer::Port(port));
        socket.note_connected();
        socket.set_state(SocketState::Established);
        Ok(())
    }

    fn disconnect(socket: Socket<'_, Self>) -> Result {
        let _guard = socket.sock().lock();
        socket.set_peer(Peer::None);
        socket.set_state(SocketState::Unconnected);
        Ok(())
    }

    fn name(socket: Socket<'_, Self>, of: NameOf) -> Result<Address> {
        match of {
            NameOf::Local => Ok(socket.address()),
            NameOf::Peer | NameOf::AcceptedPeer => match socket.peer() {
                Peer::None => Err(ENOTCONN.into()),
                Peer::Port(port) => Ok(Address::local(port)),
                Peer::Pair => Ok(Address::ANY),
            },
        }
    }

    fn send(socket: Socket<'_, Self>, message: &mut SendMessage<'_, Self>) -> Result<usize> {
        send::send(socket, message)
    }

    fn receive(socket: Socket<'_, Self>, message: &mut RecvMessage<'_, Self>) -> Result<usize> {
        let received = message::receive(socket, message, |address| address)?;
        if !message.flags().contains(MessageFlags::PEEK) {
            socket.congestion.room_was_made(socket.sock());
        }
        Ok(received)
    }

    fn shutdown(socket: Socket<'_, Self>, how: Shutdown) -> Result {
        let guard = socket.sock().lock();
        // As UDP does: the directions are closed even if the answer is an error.
        socket.add_shutdown(&guard, how);
        drop(guard);
        socket.wake_all(WakeBand::Silent);
        if how.reads() {
            // A receiver that takes no more refuses those that wait.
            socket.congestion.close(socket.sock());
        }
        if socket.peer() == Peer::None {
            return Err(ENOTCONN.into());
        }
        Ok(())
    }

    fn poll(socket: Socket<'_, Self>) -> Events {
        message::poll(socket) | Events::WRITABLE.when(send::has_room(socket))
    }

    fn socketpair(first: Socket<'_, Self>, second: Socket<'_, Self>) -> Result {
        drop(first.pair.set(second.sock_ref()));
        drop(second.pair.set(first.sock_ref()));
        for socket in [first, second] {
            socket.set_peer(Peer::Pair);
            socket.set_peer_credentials(PeerCredentials::current());
            socket.set_state(SocketState::Established);
        }
        Ok(())
    }

    fn set_option(
        socket: Socket<'_, Self>,
        option: SocketOption,
        value: &OptionValue<'_>,
    ) -> Result<OptionOutcome> {
        options::set(socket, option, value)
    }

    fn own_option(socket: Socket<'_, Self>, option: i32, reply: &mut OptionReply<'_>) -> Result {
        options::get_own(socket, option, reply)
    }

    fn receive_buffer_changed(sk: &Sock<Self>) {
        sk.congestion.room_was_made(sk);
    }

    fn device_changed(sk: &Sock<Self>) {
        sk.congestion.wake(sk);
    }

    fn bytes_readable(sk: &Sock<Self>) -> Result<usize> {
        Ok(sk.first_skb_len())
    }

    fn bytes_unread(sk: &Sock<Self>) -> Result<usize> {
        Ok(sk.bytes_charged())
    }
}
