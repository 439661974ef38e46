// SPDX-License-Identifier: GPL-2.0

//! `SOCK_STREAM` and `SOCK_SEQPACKET`: connections of bytes, and of records.

mod accept;
mod annotate;
mod close;
mod connect;
mod names;
mod poll;
mod receive;
mod send;
mod state;

use kernel::{
    prelude::*,
    static_lock_class,
    sync::{
        rcu,
        Arc, //
    }, //
};

use super::{
    backlog::Backlog,
    connection::End,
    endpoint::Endpoint,
    options,
    ports::PortTable,
    ring::{
        Consumer,
        Producer,
        Reader,
        Ring,
        Writer, //
    },
    Address,
    Experimental, //
};
use crate::net::{
    errno::EPROTONOSUPPORT,
    AcceptRequest,
    Accepted,
    Events,
    KillableMutex,
    NameOf,
    OptionOutcome,
    OptionReply,
    OptionValue,
    Proto,
    RcuCell,
    RecvMessage,
    Retired,
    SendMessage,
    Shutdown,
    Sock,
    SockRef,
    Socket,
    SocketArgs,
    SocketOps,
    SocketOption,
    SocketType, //
};

pub(crate) use state::Locked;

/// What a connection carries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// A stream of bytes.
    Bytes,
    /// Records, which are never glued or split.
    Records,
}

/// A stream socket.
#[pin_data]
pub(crate) struct Stream {
    framing: Framing,
    /// For those who write.
    #[pin]
    sender: KillableMutex<Option<Sender>>,
    /// For those who read.
    #[pin]
    receiver: KillableMutex<Option<Receiver>>,
    /// The connection, for those who only look.
    end: RcuCell<End>,
    /// The backlog if it listens, for those who look or connect.
    backlog: RcuCell<Arc<Backlog>>,
}

/// What a task needs to write.
struct Sender {
    end: End,
    /// Unset until something was written.
    writer: Option<Writer>,
}

impl Sender {
    /// The means to write, which are made for the first write. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOBUFS`
    fn open(&mut self) -> Result<(&End, &Ring, &mut Producer)> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.end.open()?,
        };
        let Writer { ring, producer } = self.writer.insert(writer);
        Ok((&self.end, ring, producer))
    }
}

/// What a task needs to read.
struct Receiver {
    end: End,
    /// Unset until something was read.
    reader: Option<Reader>,
}

impl Receiver {
    /// The means to read, if something was ever written.
    fn open(&mut self) -> Option<(&End, &Ring, &mut Consumer)> {
        if self.reader.is_none() {
            self.reader = self.end.take_reader();
        }
        let Reader { ring, consumer } = self.reader.as_mut()?;
        Some((&self.end, ring, consumer))
    }
}

impl Endpoint {
    fn join(sender: Sender, receiver: Receiver) -> Self {
        Self {
            end: sender.end,
            reader: receiver.reader,
        }
    }
}

impl Stream {
    /// Gives the socket its end of a connection.
    ///
    /// What comes second is to be dropped where a wait for a grace period is no harm.
    fn install(&self, end: &End, sk: SockRef<Self>) -> Option<Retired<End>> {
        let old_sender = self.sender.lock().replace(Sender {
            end: end.clone(),
            writer: None,
        });
        let old_receiver = self.receiver.lock().replace(Receiver {
            end: end.clone(),
            reader: None,
        });
        drop((old_sender, old_receiver));
        let retired = self.end.replace(Some(end.clone()));
        end.attach(sk);
        retired
    }

    /// Takes the right to write and to read from the socket, which nobody else is using.
    fn uninstall(&self) -> Option<Endpoint> {
        let sender = self.sender.lock().take();
        let receiver = self.receiver.lock().take();
        Some(Endpoint::join(sender?, receiver?))
    }

    /// As [`uninstall`](Self::uninstall), while others may be using the socket.
    ///
    /// # Errors
    ///
    /// `EINTR` if a fatal signal comes while somebody holds one of the two rights.
    fn uninstall_killable(&self) -> Result<Option<Endpoint>> {
        let mut sender = self.sender.lock_killable()?;
        let mut receiver = self.receiver.lock_killable()?;
        let (Some(sender), Some(receiver)) = (sender.take(), receiver.take()) else {
            return Ok(None);
        };
        Ok(Some(Endpoint::join(sender, receiver)))
    }
}

impl Sock<Stream> {
    /// The ports of the socket's type.
    fn ports(&self) -> &PortTable<Stream> {
        match self.framing {
            Framing::Bytes => &self.namespace().stream,
            Framing::Records => &self.namespace().seqpacket,
        }
    }

    /// How many bytes must be there for the socket to be readable: `SO_RCVLOWAT`, but never more
    /// than the buffers let come together, and 1 when they are half full of bytes and what is
    /// known of them.
    fn low_water(&self, end: &End) -> usize {
        match self.framing {
            Framing::Records => 1,
            Framing::Bytes => match self.receive_low_water() {
                1 => 1,
                more => {
                    let half = end.incoming_capacity() / 2;
                    if end.incoming().map_or(0, Ring::charge) >= half {
                        1
                    } else {
                        more.min(half)
                    }
                }
            },
        }
    }
}

#[vtable]
impl SocketOps for Stream {
    type Family = Experimental;
    type Locked = Locked;
    type Metadata = ();

    const TYPES: &'static [SocketType] = &[SocketType::Stream, SocketType::SeqPacket];
    const NAME: &'static CStr = c"EXP-STREAM";
    const PEEKS_AT_OFFSET: bool = true;

    fn proto() -> &'static Proto<Self> {
        static PROTO: Proto<Stream> = Proto::new();
        &PROTO
    }

    fn new(args: &SocketArgs<'_>) -> Result<impl PinInit<Self, Error>> {
        if args.protocol() != 0 {
            return Err(EPROTONOSUPPORT.into());
        }
        let framing = match args.socket_type() {
            SocketType::SeqPacket => Framing::Records,
            _ => Framing::Bytes,
        };
        Ok(try_pin_init!(Self {
            framing,
            sender <- KillableMutex::new(None, c"Stream::sender", static_lock_class!()),
            receiver <- KillableMutex::new(None, c"Stream::receiver", static_lock_class!()),
            end: RcuCell::new(),
            backlog: RcuCell::new(),
        }? Error))
    }

    fn release(socket: Socket<'_, Self>) {
        close::release(socket);
    }

    fn bind(socket: Socket<'_, Self>, address: Address) -> Result {
        names::bind(socket, address)
    }

    fn connect(socket: Socket<'_, Self>, address: Address, nonblocking: bool) -> Result {
        connect::connect(socket, address, nonblocking)
    }

    fn disconnect(socket: Socket<'_, Self>) -> Result {
        close::disconnect(socket)
    }

    fn name(socket: Socket<'_, Self>, of: NameOf) -> Result<Address> {
        names::name(socket, of)
    }

    #[inline(always)]
    fn send(socket: Socket<'_, Self>, message: &mut SendMessage<'_, Self>) -> Result<usize> {
        send::send(socket, message)
    }

    #[inline(always)]
    fn receive(socket: Socket<'_, Self>, message: &mut RecvMessage<'_, Self>) -> Result<usize> {
        receive::receive(socket, message)
    }

    fn shutdown(socket: Socket<'_, Self>, how: Shutdown) -> Result {
        close::shutdown(socket, how)
    }

    fn poll(socket: Socket<'_, Self>) -> Events {
        poll::poll(socket)
    }

    fn listen(socket: Socket<'_, Self>, backlog: u32) -> Result {
        accept::listen(socket, backlog)
    }

    fn accept<'a>(
        socket: Socket<'a, Self>,
        request: AcceptRequest<'a, Self>,
    ) -> Result<Accepted<'a>> {
        accept::accept(socket, request)
    }

    fn socketpair(first: Socket<'_, Self>, second: Socket<'_, Self>) -> Result {
        connect::pair(first, second)
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
        let rcu = rcu::read_lock();
        if let Some(end) = sk.end.get(&rcu) {
            end.room_was_made();
        }
        // Half of a smaller buffer may have been reached.
        if sk.receive_low_water() > 1 {
            sk.wake_readers();
        }
    }

    fn device_changed(sk: &Sock<Self>) {
        let rcu = rcu::read_lock();
        if let Some(end) = sk.end.get(&rcu) {
            end.room_was_made();
        }
    }

    fn bytes_readable(sk: &Sock<Self>) -> Result<usize> {
        poll::bytes_readable(sk)
    }

    fn is_at_mark(sk: &Sock<Self>) -> Result<bool> {
        poll::is_at_mark(sk)
    }

    fn bytes_unread(sk: &Sock<Self>) -> Result<usize> {
        poll::bytes_unread(sk)
    }
}
