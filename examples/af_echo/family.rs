// SPDX-License-Identifier: GPL-2.0

//! The smallest useful family: datagrams between numbered sockets.
//!
//! `struct sockaddr_echo { sa_family_t family; __u16 zero; __u32 id; }`. A socket that is bound
//! has an id in its network namespace. A message goes to the id it is sent to, or that the socket
//! is connected to, or to the other end of a socketpair; without any of them it comes back.

use kernel::{
    fmt,
    prelude::*,
    sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    }, //
};

use crate::net::{
    errno::{
        EADDRINUSE,
        EAFNOSUPPORT,
        ECONNREFUSED,
        ENOTCONN,
        EPROTONOSUPPORT, //
    },
    *, //
};

pub(crate) struct Echo;

impl Family for Echo {
    type Address = Id;
    type Namespace = Ids;
    type Types = (Datagram, ());

    fn cell() -> &'static FamilyCell<Self> {
        static CELL: FamilyCell<Echo> = FamilyCell::new();
        &CELL
    }

    fn module() -> &'static ThisModule {
        this_module()
    }
}

/// The name of a socket; 0 is none.
#[derive(Clone, Copy)]
pub(crate) struct Id(u32);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_fmt(fmt!("id {}", self.0))
    }
}

impl SocketAddress for Id {
    type Bytes = [u8; 8];

    fn decode(bytes: &[u8], family: u16) -> Result<Self> {
        let &[f0, f1, 0, 0, a, b, c, d] = bytes else {
            return Err(EINVAL);
        };
        if u16::from_ne_bytes([f0, f1]) != family {
            return Err(EAFNOSUPPORT.into());
        }
        Ok(Self(u32::from_ne_bytes([a, b, c, d])))
    }

    fn encode(&self, family: u16) -> [u8; 8] {
        let ([f0, f1], [a, b, c, d]) = (family.to_ne_bytes(), self.0.to_ne_bytes());
        [f0, f1, 0, 0, a, b, c, d]
    }
}

/// Which socket has which id in a network namespace.
#[pin_data]
pub(crate) struct Ids {
    #[pin]
    socks: SockTable<Datagram>,
}

impl Namespace for Ids {
    fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self { socks <- SockTable::new() }? Error)
    }
}

#[pin_data]
pub(crate) struct Datagram {
    id: Atomic<u32>,
    peer: Atomic<u32>,
    is_paired: Atomic<bool>,
    pair: SockSlot<Datagram>,
}

#[vtable]
impl SocketOps for Datagram {
    type Family = Echo;
    type Locked = ();
    type Metadata = Id;

    const TYPES: &'static [SocketType] = &[SocketType::Datagram];
    const NAME: &'static CStr = c"ECHO";

    fn proto() -> &'static Proto<Self> {
        static PROTO: Proto<Datagram> = Proto::new();
        &PROTO
    }

    fn new(args: &SocketArgs<'_>) -> Result<impl PinInit<Self, Error>> {
        if args.protocol() != 0 {
            return Err(EPROTONOSUPPORT.into());
        }
        Ok(try_pin_init!(Self {
            id: Atomic::new(0),
            peer: Atomic::new(0),
            is_paired: Atomic::new(false),
            pair: SockSlot::new(),
        }? Error))
    }

    fn release(socket: Socket<'_, Self>) {
        drop(socket.pair.clear().map(|other| other.pair.clear()));
        let id = socket.id.load(Relaxed);
        let guard = socket.sock().lock();
        drop(socket.namespace().socks.remove(id, &guard));
    }

    fn bind(socket: Socket<'_, Self>, Id(id): Id) -> Result {
        let _guard = socket.sock().lock();
        if id == 0 || socket.id.load(Relaxed) != 0 {
            return Err(EINVAL);
        }
        let ids = socket.namespace();
        ids.socks
            .insert(id, socket.sock_ref(), false, |_| Sharing::Refused)
            .map_err(|error| {
                if error == EBUSY {
                    EADDRINUSE.into()
                } else {
                    error
                }
            })?;
        socket.id.store(id, Relaxed);
        Ok(())
    }

    fn connect(socket: Socket<'_, Self>, Id(id): Id, _nonblocking: bool) -> Result {
        socket
            .namespace()
            .socks
            .with(id, |_| ())
            .ok_or(ECONNREFUSED)?;
        socket.peer.store(id, Relaxed);
        Ok(())
    }

    fn disconnect(socket: Socket<'_, Self>) -> Result {
        socket.peer.store(0, Relaxed);
        Ok(())
    }

    fn name(socket: Socket<'_, Self>, of: NameOf) -> Result<Id> {
        match (of, socket.peer.load(Relaxed)) {
            (NameOf::Local, _) => Ok(Id(socket.id.load(Relaxed))),
            (_, 0) => Err(ENOTCONN.into()),
            (_, peer) => Ok(Id(peer)),
        }
    }

    fn send(socket: Socket<'_, Self>, message: &mut SendMessage<'_, Self>) -> Result<usize> {
        let len = message.remaining();
        if len > socket.send_buffer() / 2 {
            return Err(EMSGSIZE);
        }
        let to = message
            .destination()
            .map_or(socket.peer.load(Relaxed), |Id(id)| id);
        let skb = SkBuff::from_message(socket, message, None, Id(socket.id.load(Relaxed)))?;
        let delivered = if to != 0 {
            socket
                .namespace()
                .socks
                .with(to, |sharers| skb.deliver(sharers.first()))
        } else if socket.is_paired.load(Relaxed) {
            socket.pair.with(|other| skb.deliver(other))
        } else {
            Some(skb.deliver(socket.sock()))
        };
        // A receiver that is full loses the message.
        delivered.map(|_lost| len).ok_or(ECONNREFUSED.into())
    }

    fn receive(socket: Socket<'_, Self>, message: &mut RecvMessage<'_, Self>) -> Result<usize> {
        let Some(skb) = socket.receive_skb(message.flags())? else {
            return Ok(0);
        };
        let len = skb.len().min(message.remaining());
        if let Err(error) = skb.copy_to(message, len) {
            skb.put_back();
            return Err(error);
        }
        message.set_source(skb.metadata());
        if len < skb.len() {
            message.report(MessageFlags::TRUNCATE);
        }
        let true_len = message.flags().contains(MessageFlags::TRUNCATE);
        Ok(if true_len { skb.len() } else { len })
    }

    fn shutdown(socket: Socket<'_, Self>, how: Shutdown) -> Result {
        let guard = socket.sock().lock();
        socket.add_shutdown(&guard, how);
        drop(guard);
        socket.wake_all(WakeBand::HangUp);
        Ok(())
    }

    fn poll(socket: Socket<'_, Self>) -> Events {
        Events::READABLE.when(socket.has_skb() || socket.is_receive_shut())
            | Events::WRITABLE.when(socket.has_send_room())
    }

    fn socketpair(first: Socket<'_, Self>, second: Socket<'_, Self>) -> Result {
        drop(first.pair.set(second.sock_ref()));
        drop(second.pair.set(first.sock_ref()));
        first.is_paired.store(true, Relaxed);
        second.is_paired.store(true, Relaxed);
        Ok(())
    }
}
