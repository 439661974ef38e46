// SPDX-License-Identifier: GPL-2.0

//! `SOCK_RAW`: sees copies of whole messages, and sends messages in anybody's name.
//!
//! What packet(7) sockets are to devices. Each message stands behind a `struct exp_raw_header`.

mod header;

use kernel::{
    prelude::*,
    sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    }, //
};

use super::{
    datagram::{
        self,
        Datagram, //
    },
    options,
    Address,
    Experimental, //
};
use crate::net::{
    errno::{
        ECONNREFUSED,
        ENETUNREACH,
        ENOTCONN,
        EOPNOTSUPP,
        EPROTONOSUPPORT, //
    },
    family_number,
    Capability,
    Control,
    Events,
    Interest,
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
    SkBuff,
    Sock,
    SockSlot,
    Socket,
    SocketArgs,
    SocketOps,
    SocketOption,
    SocketState,
    SocketType,
    WakeBand, //
};

pub(super) use header::Header;

/// A raw socket.
#[pin_data]
pub(crate) struct Raw {
    /// The socket type that it sees messages of, if not of all: the protocol of `socket(2)`.
    only_type: Option<SocketType>,
    /// The port that messages must be sent to, or 0: `bind(2)`.
    destination: Atomic<u32>,
    /// The port that messages must be sent from, or 0: `connect(2)`.
    source: Atomic<u32>,
    /// Its number among the [`Taps`](super::taps::Taps), or 0 as long as it is not one of them.
    number: Atomic<u32>,
    /// The other one of a `socketpair(2)`, until that is released.
    pair: SockSlot<Raw>,
    /// Whether it is one of a `socketpair(2)`, which sees nothing but what the other one sends.
    is_paired: Atomic<bool>,
}

impl Raw {
    /// Whether it sees messages like this one.
    pub(super) fn wants(&self, header: &Header) -> bool {
        let matches = |filter: &Atomic<u32>, address: Address| match filter.load(Relaxed) {
            0 => true,
            port => address.port() == Some(port),
        };
        self.only_type
            .is_none_or(|socket_type| socket_type == header.socket_type)
            && matches(&self.destination, header.destination)
            && matches(&self.source, header.source)
    }
}

/// Makes the socket one that sees what others send.
fn start(socket: Socket<'_, Raw>) -> Result {
    let _guard = socket.sock().lock();
    if socket.number.load(Relaxed) == 0 {
        let number = socket.namespace().taps.enter(socket.sock_ref())?;
        socket.number.store(number, Relaxed);
    }
    Ok(())
}

/// Makes the socket one that sees nothing.
fn stop(socket: Socket<'_, Raw>) {
    let guard = socket.sock().lock();
    let number = socket.number.xchg(0, Relaxed);
    if number != 0 {
        socket.namespace().taps.remove(number, &guard);
    }
}

/// Sends a message in the name of whom its header says.
fn inject(
    socket: Socket<'_, Raw>,
    message: &mut SendMessage<'_, Raw>,
    control: Option<Control>,
) -> Result<usize> {
    let mut bytes = [0; Header::LEN];
    message.take(&mut bytes)?;
    let header = Header::decode(&bytes, family_number::<Experimental>())?;
    if header.len != message.remaining() {
        return Err(EINVAL);
    }
    let skb = match header.socket_type {
        SocketType::Datagram | SocketType::ReliableMessage => {
            SkBuff::<Datagram>::from_message(socket, message, control, header.source)?
        }
        // A record belongs to a connection, and its bytes to those around it.
        _ => return Err(EOPNOTSUPP.into()),
    };
    datagram::inject(socket.namespace(), &header, skb)?;
    Ok(header.len.saturating_add(Header::LEN))
}

#[vtable]
impl SocketOps for Raw {
    type Family = Experimental;
    type Locked = ();
    /// Who sent the message.
    type Metadata = Address;

    const TYPES: &'static [SocketType] = &[SocketType::Raw];
    const NAME: &'static CStr = c"EXP-RAW";
    const PEEKS_AT_OFFSET: bool = true;

    fn proto() -> &'static Proto<Self> {
        static PROTO: Proto<Raw> = Proto::new();
        &PROTO
    }

    fn new(args: &SocketArgs<'_>) -> Result<impl PinInit<Self, Error>> {
        if !args.ns_capable(Capability::NetRaw) {
            return Err(EPERM);
        }
        let only_type = match args.protocol() {
            0 => None,
            protocol => Some(Header::socket_type(protocol).ok_or(EPROTONOSUPPORT)?),
        };
        Ok(try_pin_init!(Self {
            only_type,
            destination: Atomic::new(0),
            source: Atomic::new(0),
            number: Atomic::new(0),
            pair: SockSlot::new(),
            is_paired: Atomic::new(false),
        }? Error))
    }

    fn created(socket: Socket<'_, Self>) -> Result {
        start(socket)
    }

    fn release(socket: Socket<'_, Self>) {
        stop(socket);
        if let Some(other) = socket.pair.clear() {
            drop(other.pair.clear());
        }
    }

    /// Sees messages to one port only.
    fn bind(socket: Socket<'_, Self>, address: Address) -> Result {
        let port = address.check_local()?;
        socket.destination.store(port.unwrap_or(0), Relaxed);
        Ok(())
    }

    /// Sees messages from one port only.
    fn connect(socket: Socket<'_, Self>, address: Address, _nonblocking: bool) -> Result {
        let port = super::ports::reachable_port(address)?;
        socket.source.store(port, Relaxed);
        socket.set_state(SocketState::Established);
        Ok(())
    }

    fn disconnect(socket: Socket<'_, Self>) -> Result {
        socket.source.store(0, Relaxed);
        socket.set_state(SocketState::Unconnected);
        Ok(())
    }

    fn name(socket: Socket<'_, Self>, of: NameOf) -> Result<Address> {
        let address = |filter: &Atomic<u32>| match filter.load(Relaxed) {
            0 => None,
            port => Some(Address::local(port)),
        };
        match of {
            NameOf::Local => Ok(address(&socket.destination).unwrap_or(Address::ANY)),
            _ if socket.is_paired.load(Relaxed) => Ok(Address::ANY),
            _ => address(&socket.source).ok_or(ENOTCONN.into()),
        }
    }

    fn send(socket: Socket<'_, Self>, message: &mut SendMessage<'_, Self>) -> Result<usize> {
        if message.flags().contains(MessageFlags::URGENT) {
            return Err(EOPNOTSUPP.into());
        }
        // The header says where it goes.
        if message.destination().is_some() {
            return Err(EINVAL);
        }
        if socket.is_send_shut() {
            return Err(EPIPE);
        }
        if !socket.is_on_loopback() {
            return Err(ENETUNREACH.into());
        }
        let len = message.remaining();
        if len > socket.send_buffer() {
            return Err(EMSGSIZE);
        }
        let control = super::message::control(socket, message)?;
        if !socket.is_paired.load(Relaxed) {
            return inject(socket, message, control);
        }
        let mut skb = SkBuff::<Self>::from_message(socket, message, control, Address::ANY)?;
        let delivered = socket.pair.with(|other| {
            if other.is_receive_shut() || !other.is_on_loopback() {
                return Err(ECONNREFUSED.into());
            }
            let interest = other.interest();
            if skb.has_descriptors() && !interest.contains(Interest::DESCRIPTORS) {
                return Err(EPERM);
            }
            let asked = Interest::CREDENTIALS;
            if interest.contains(asked) || socket.interest().contains(asked) {
                skb.identify();
            }
            other.charge_queue(&skb)?;
            // It loses what it has no room for.
            let _lost = skb.deliver(other);
            Ok(())
        });
        delivered.unwrap_or(Err(ECONNREFUSED.into()))?;
        Ok(len)
    }

    fn receive(socket: Socket<'_, Self>, message: &mut RecvMessage<'_, Self>) -> Result<usize> {
        super::message::receive(socket, message, |address| address)
    }

    fn shutdown(socket: Socket<'_, Self>, how: Shutdown) -> Result {
        let guard = socket.sock().lock();
        socket.add_shutdown(&guard, how);
        drop(guard);
        socket.wake_all(WakeBand::Silent);
        if socket.source.load(Relaxed) == 0 && !socket.is_paired.load(Relaxed) {
            return Err(ENOTCONN.into());
        }
        Ok(())
    }

    fn poll(socket: Socket<'_, Self>) -> Events {
        super::message::poll(socket) | Events::WRITABLE.when(super::message::has_send_room(socket))
    }

    fn socketpair(first: Socket<'_, Self>, second: Socket<'_, Self>) -> Result {
        drop(first.pair.set(second.sock_ref()));
        drop(second.pair.set(first.sock_ref()));
        for socket in [first, second] {
            stop(socket);
            // What others sent while it was being made.
            socket.purge();
            socket.is_paired.store(true, Relaxed);
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

    fn bytes_readable(sk: &Sock<Self>) -> Result<usize> {
        Ok(sk.first_skb_len())
    }

    fn bytes_unread(sk: &Sock<Self>) -> Result<usize> {
        Ok(sk.bytes_charged())
    }
}
