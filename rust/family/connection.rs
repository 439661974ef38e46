// SPDX-License-Identifier: GPL-2.0

//! A connection of two stream sockets.
//!
//! It is made by the one that connects and goes when neither of the two, nor a backlog, refers to
//! it any more. Each side changes its own [`Half`] and reads the other's.

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Full,
                Relaxed,
                Release, //
            },
            Atomic, //
        },
        barrier::smp_mb,
        Arc, //
    }, //
};

use super::{
    address::Address,
    ring::{
        Ring,
        RECORD_HEADER, //
    },
    stream::Stream, //
};
use crate::net::{
    errno::{
        Errno,
        ECONNREFUSED,
        ECONNRESET, //
    },
    Interest,
    MemoryAccount,
    MemoryCharge,
    Shutdown,
    SockSlot,
    WakeBand, //
};

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The one that called `connect(2)`, or the first of a `socketpair(2)`.
    Client,
    /// The other.
    Server,
}

/// How far the connection has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The listener's backlog has no room yet.
    Waiting,
    /// Data can flow, whether it was accepted yet or not.
    Established,
    /// The listener went away before there was room.
    Refused,
}

impl Phase {
    fn into_raw(self) -> u32 {
        match self {
            Self::Waiting => 0,
            Self::Established => 1,
            Self::Refused => 2,
        }
    }

    fn from_raw(raw: u32) -> Self {
        match raw {
            0 => Self::Waiting,
            1 => Self::Established,
            _ => Self::Refused,
        }
    }
}

/// What is known of one side when the connection is made.
pub(super) struct Party {
    /// The name of its socket.
    pub(super) address: Address,
    /// Its `SO_RCVBUF`, which counts until there is a socket.
    pub(super) receive_buffer: usize,
    /// What its options ask to be told, until there is a socket.
    pub(super) interest: Interest,
}

/// One side of a connection.
#[pin_data]
struct Half {
    address: Address,
    receive_buffer: usize,
    interest: Interest,
    /// The socket, from connect or accept until release.
    sock: SockSlot<Stream>,
    /// An errno that the socket is still to be told, or 0.
    error: Atomic<i32>,
    /// No more will be written by this side.
    write_closed: Atomic<bool>,
    /// This side does not want to read any more.
    read_closed: Atomic<bool>,
    /// The connection may come about by itself, and `connect(2)` has not been told yet.
    news: Atomic<bool>,
    /// This side has gone, or never came: what it did not read, nobody will.
    gone: Atomic<bool>,
    /// This side found no room and wants to hear when there is some.
    wants_room: Atomic<bool>,
    /// What this side writes.
    #[pin]
    outgoing: Ring,
}

impl Half {
    fn new(party: Party, charge: MemoryCharge) -> impl PinInit<Self> {
        pin_init!(Self {
            address: party.address,
            receive_buffer: party.receive_buffer,
            interest: party.interest,
            sock: SockSlot::new(),
            error: Atomic::new(0),
            write_closed: Atomic::new(false),
            read_closed: Atomic::new(false),
            news: Atomic::new(false),
            gone: Atomic::new(false),
            wants_room: Atomic::new(false),
            outgoing <- Ring::new(charge),
        })
    }

    /// Reports an error to the socket, or to the one that is to come.
    fn set_error(&self, error: Errno) {
        // A full exchange, as in `SockSlot::set()`: either this sees the socket, or `attach()` sees
        // the error. It also orders the error before what the caller does next.
        self.error.xchg(Error::from(error).to_errno(), Full);
        self.report_error();
    }

    /// Hands a pending error to the socket, if both are there.
    fn report_error(&self) {
        self.sock.with(|sk| match self.error.xchg(0, Full) {
            0 => {}
            errno => sk.set_error(Error::from_errno(errno)),
        });
    }
}

/// A connection.
#[pin_data]
pub(super) struct Connection {
    phase: Atomic<u32>,
    #[pin]
    client: Half,
    #[pin]
    server: Half,
}

impl Connection {
    /// Makes a connection, and charges it to `account`.
    ///
    /// # Errors
    ///
    /// `ENOBUFS`, `ENOMEM`
    pub(super) fn new(
        client: Party,
        server: Party,
        account: &Arc<MemoryAccount>,
    ) -> Result<Arc<Self>> {
        let charge = || MemoryCharge::new(account, core::mem::size_of::<Half>());
        let (client_charge, server_charge) = (charge()?, charge()?);
        Arc::pin_init(
            pin_init!(Self {
                phase: Atomic::new(Phase::Established.into_raw()),
                client <- Half::new(client, client_charge),
                server <- Half::new(server, server_charge),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    fn half(&self, side: Side) -> &Half {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

/// One side's view of a connection.
pub(super) struct End {
    connection: Arc<Connection>,
    side: Side,
}

impl End {
    /// The view of `side`.
    pub(super) fn new(connection: Arc<Connection>, side: Side) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { connection, side }, GFP_KERNEL_ACCOUNT)?)
    }

    fn own(&self) -> &Half {
        self.connection.half(self.side)
    }

    fn peer(&self) -> &Half {
        self.connection.half(match self.side {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        })
    }

    /// What this side writes to.
    pub(super) fn outgoing(&self) -> &Ring {
        &self.own().outgoing
    }

    /// What this side reads from.
    pub(super) fn incoming(&self) -> &Ring {
        &self.peer().outgoing
    }

    /// The name of this side.
    pub(super) fn address(&self) -> Address {
        self.own().address
    }

    /// The name of the other side.
    pub(super) fn peer_address(&self) -> Address {
        self.peer().address
    }

    /// How far the connection has come.
    pub(super) fn phase(&self) -> Phase {
        Phase::from_raw(self.connection.phase.load(Acquire))
    }

    /// Says how far the connection has come, before anybody can have looked.
    pub(super) fn set_phase(&self, phase: Phase) {
        // A full exchange: either the wake that may follow sees the socket, or the socket, once
        // attached, sees the phase.
        self.connection.phase.xchg(phase.into_raw(), Full);
    }

    /// Ends the wait for the backlog, and tells the one that connects, which is the other side.
    pub(super) fn decide(&self, phase: Phase) {
        // First, so that whoever sees the phase can see the error.
        if phase == Phase::Refused {
            self.peer().set_error(ECONNREFUSED);
        }
        self.set_phase(phase);
        self.peer().sock.with(|sk| {
            if phase == Phase::Established {
                sk.trace(fmt!("connected: {}", self.address()));
            }
            sk.wake_all(WakeBand::Out);
        });
    }

    /// Notes that `connect(2)` left before it knew how it came out.
    pub(super) fn expect_news(&self) {
        self.own().news.store(true, Relaxed);
    }

    /// Whether this is the first time that `connect(2)` is told how it came out.
    pub(super) fn take_news(&self) -> bool {
        self.own().news.xchg(false, Relaxed)
    }

    /// Makes the socket of this side known to the other.
    pub(super) fn attach(&self, sk: crate::net::SockRef<Stream>) {
        let old = self.own().sock.set(sk);
        debug_assert!(old.is_none());
        self.own().report_error();
    }

    /// Takes the socket of this side out again.
    pub(super) fn detach(&self) {
        drop(self.own().sock.clear());
    }

    /// Bytes that may be under way from this side to the other: what both ends' buffers allow.
    pub(super) fn outgoing_capacity(&self) -> usize {
        capacity(self.own(), self.peer())
    }

    /// Bytes that may be under way to this side.
    pub(super) fn incoming_capacity(&self) -> usize {
        capacity(self.peer(), self.own())
    }

    /// What the other side wants to be told of what this one writes.
    pub(super) fn reader_interest(&self) -> Interest {
        let reader = self.peer();
        reader
            .sock
            .with(|sk| sk.interest())
            .unwrap_or(reader.interest)
    }

    /// Bytes in the largest record that this side may send.
    pub(super) fn largest_record(&self) -> usize {
        self.outgoing_capacity().saturating_sub(RECORD_HEADER)
    }

    /// Bytes that can be written now.
    pub(super) fn room(&self) -> usize {
        self.outgoing_capacity()
            .saturating_sub(self.outgoing().charge())
    }

    /// Whether there is enough room to call the socket writable: half of it, so that a writer that
    /// waits is not woken for each byte.
    pub(super) fn is_writable(&self) -> bool {
        has_ample_room(self.outgoing(), self.outgoing_capacity())
    }

    /// Asks to be woken when there is ample room. The caller looks once more before it sleeps.
    pub(super) fn want_room(&self) {
        self.own().wants_room.store(true, Relaxed);
        // Pairs with the barrier in `room_was_made()`: either that sees the wish, or the caller
        // sees the room.
        smp_mb();
    }

    /// To be called after this side has consumed bytes: wakes the writer if it waits and there is
    /// ample room now.
    pub(super) fn room_was_made(&self) {
        // Pairs with the barrier in `want_room()`.
        smp_mb();
        let writer = self.peer();
        if writer.wants_room.load(Relaxed)
            && has_ample_room(self.incoming(), self.incoming_capacity())
        {
            writer.wants_room.store(false, Relaxed);
            writer.sock.with(|sk| sk.wake_writers());
        }
    }

    /// To be called after this side has written bytes: wakes the reader. Returns whether they
    /// were read, or counted as unread, or may be.
    pub(super) fn data_was_written(&self) -> bool {
        // Pairs with the barrier in `leave()`.
        smp_mb();
        let reader = self.peer();
        reader.sock.with(|sk| sk.wake_readers());
        !reader.gone.load(Acquire) || self.outgoing().len() == 0
    }

    /// To be called after this side has written an urgent byte: raises `SIGURG` for who owns the
    /// reader.
    pub(super) fn signal_urgent(&self) {
        self.peer().sock.with(|sk| sk.signal_urgent());
    }

    /// Whether no more will come than what is there.
    pub(super) fn is_incoming_over(&self) -> bool {
        self.peer().write_closed.load(Acquire) || self.own().read_closed.load(Acquire)
    }

    /// Whether nothing can be written any more.
    pub(super) fn is_outgoing_over(&self) -> bool {
        self.own().write_closed.load(Acquire) || self.peer().read_closed.load(Acquire)
    }

    /// `shutdown(2)` by this side. Wakes everybody on both, and signals the other side.
    pub(super) fn shutdown(&self, how: Shutdown) {
        self.finish(
            how,
            match how {
                Shutdown::Read => "peer reads no more",
                Shutdown::Write => "peer writes no more",
                Shutdown::Both => "peer neither reads nor writes any more",
            },
        );
    }

    /// Ends one or both directions, which the other side's log tells as `event`.
    fn finish(&self, how: Shutdown, event: &str) {
        let own = self.own();
        if how.writes() {
            own.write_closed.store(true, Release);
        }
        if how.reads() {
            own.read_closed.store(true, Release);
        }
        let band = if how == Shutdown::Both {
            WakeBand::HangUp
        } else {
            WakeBand::In
        };
        own.sock.with(|sk| sk.wake_all(WakeBand::Silent));
        self.peer().sock.with(|sk| {
            sk.trace(fmt!("{}", event));
            sk.wake_all(band);
        });
    }

    /// Ends reading by this side for good. What the other side has written by now can be seen; if
    /// it has not, it sees this when it looks once more
    /// ([`data_was_written`](Self::data_was_written)).
    pub(super) fn leave(&self) {
        self.own().gone.store(true, Relaxed);
        // Pairs with the barrier in `data_was_written()`.
        smp_mb();
    }

    /// The socket of this side goes, or there will never be one. A `reset` is told to the other
    /// side with `ECONNRESET`.
    pub(super) fn close(&self, reset: bool) {
        self.detach();
        if reset {
            self.peer().set_error(ECONNRESET);
        }
        self.finish(Shutdown::Both, "peer has gone");
    }
}

fn capacity(writer: &Half, reader: &Half) -> usize {
    let receive_buffer = reader
        .sock
        .with(|sk| sk.receive_buffer())
        .unwrap_or(reader.receive_buffer);
    let send_buffer = writer.sock.with(|sk| sk.send_buffer());
    send_buffer.map_or(receive_buffer, |bytes| bytes.min(receive_buffer))
}

fn has_ample_room(ring: &Ring, capacity: usize) -> bool {
    ring.charge() <= capacity / 2
}
