// SPDX-License-Identifier: GPL-2.0

//! A connection of two stream sockets.
//!
//! It is made by the one that connects and goes when neither of the two, nor a backlog, refers to
//! it any more. Each side changes its own [`Half`] and reads the other's.
//!
//! Many connections carry nothing for long, so what it takes to carry something is made when there
//! is something, and lies elsewhere.

mod status;

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Full,
                Relaxed, //
            },
            Atomic, //
        },
        Arc,
        SetOnce, //
    }, //
};

pub(super) use status::{
    Phase,
    Side,
    Status, //
};

use status::StatusCell;

use super::{
    address::Address,
    ring::{
        Reader,
        Ring,
        Writer,
        RECORD_HEADER, //
    },
    stream::Stream, //
};
use crate::net::{
    errno::{
        Errno,
        ECONNREFUSED,
        ECONNRESET,
        ENOBUFS, //
    },
    smp_mb,
    Interest,
    IoPage,
    MemoryAccount,
    MemoryCharge,
    Party,
    PeerCredentials,
    Shutdown,
    SkBuff,
    Sock,
    SockRef,
    SockSlot,
    SocketOps,
    TaggedArc,
    WakeBand, //
};

/// What is known of one side when the connection is made.
pub(super) struct Origin {
    /// The name of its socket.
    pub(super) address: Address,
    /// Its receiver's options, which count until there is a socket.
    pub(super) before: Party,
    /// Who made it, for `SO_PEERCRED` at the other side.
    pub(super) credentials: Option<PeerCredentials>,
    /// Who listens for it, as long as there is no socket.
    pub(super) listener: Option<SockRef<Stream>>,
}

/// One side of a connection.
struct Half {
    address: Address,
    before: Party,
    credentials: Option<PeerCredentials>,
    /// The socket, from connect or accept until release.
    sock: SockSlot<Stream>,
    /// Bytes to be counted as received by the socket, once there is one.
    uncounted: Atomic<isize>,
    /// Who listens for it, until accept: its filter applies until then.
    listener: SockSlot<Stream>,
    /// An errno that the socket is still to be told, or 0.
    error: Atomic<i32>,
    /// The connection may come about by itself, and `connect(2)` has not been told yet.
    news: Atomic<bool>,
    /// This side found no room and wants to hear when there is some.
    wants_room: Atomic<bool>,
    /// What this side writes, once it does.
    outgoing: SetOnce<Arc<Ring>>,
}

impl Half {
    fn new(origin: Origin) -> Self {
        Self {
            address: origin.address,
            before: origin.before,
            credentials: origin.credentials,
            sock: SockSlot::new(),
            uncounted: Atomic::new(0),
            listener: SockSlot::holding(origin.listener),
            error: Atomic::new(0),
            news: Atomic::new(false),
            wants_room: Atomic::new(false),
            outgoing: SetOnce::new(),
        }
    }

    /// Reports an error to the socket, or to the one that is to come.
    fn set_error(&self, error: Errno) {
        // A full exchange, as in `SockSlot::set()`: either this sees the socket, or `attach()` sees
        // the error. It also orders the error before what the caller does next.
        self.error.xchg(Error::from(error).to_errno(), Full);
        self.report_error();
    }

    /// Counts `delta` more bytes, or fewer, as received by this side, for `SO_MEMINFO`.
    fn count_received(&self, delta: isize) {
        if self.sock.with(|sk| sk.count_received(delta)).is_none() {
            // As with an error: either this sees the socket now, or `attach()` sees the count.
            self.uncounted.fetch_add(delta, Full);
            self.report_count();
        }
    }

    /// Hands what is to be counted to the socket, if that is there.
    fn report_count(&self) {
        self.sock.with(|sk| match self.uncounted.xchg(0, Full) {
            0 => {}
            delta => sk.count_received(delta),
        });
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
pub(super) struct Connection {
    status: StatusCell,
    charge: MemoryCharge,
    client: Half,
    server: Half,
}

impl Connection {
    /// Makes a connection, and charges it to `account`.
    ///
    /// # Errors
    ///
    /// `ENOBUFS`, `ENOMEM`
    pub(super) fn new(
        client: Origin,
        server: Origin,
        account: &Arc<MemoryAccount>,
    ) -> Result<Arc<Self>> {
        let charge = MemoryCharge::new(account, core::mem::size_of::<Self>())?;
        Ok(Arc::new(
            Self {
                status: StatusCell::new(),
                charge,
                client: Half::new(client),
                server: Half::new(server),
            },
            GFP_KERNEL_ACCOUNT,
        )?)
    }

    fn half(&self, side: Side) -> &Half {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

/// One side's view of a connection, tagged if it is the server's.
pub(super) type End = TaggedArc<Connection>;

impl End {
    /// The view of `side`.
    pub(super) fn of(connection: Arc<Connection>, side: Side) -> Self {
        Self::new(connection, side == Side::Server)
    }

    fn side(&self) -> Side {
        if self.tag() {
            Side::Server
        } else {
            Side::Client
        }
    }

    fn own(&self) -> &Half {
        self.half(self.side())
    }

    fn peer(&self) -> &Half {
        self.half(self.side().other())
    }

    /// How the connection stands.
    pub(super) fn status(&self) -> Status {
        self.status.load()
    }

    /// Whether nothing keeps this side from writing.
    pub(super) fn can_write(&self) -> bool {
        let status = self.status();
        status.phase() == Phase::Established && !status.is_over(self.side())
    }

    /// Makes what this side writes to, for its first write. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOBUFS`
    pub(super) fn open(&self) -> Result<Writer> {
        let charge = self.charge.another(Ring::SIZE)?;
        let writer = Ring::open(charge).map_err(|_| ENOBUFS)?;
        let is_first = self.own().outgoing.populate(writer.ring.clone());
        debug_assert!(is_first);
        Ok(writer)
    }

    /// The right to read what the other side writes, once, and not before that has written.
    pub(super) fn take_reader(&self) -> Option<Reader> {
        self.peer().outgoing.as_ref().and_then(Ring::reader)
    }

    /// What this side writes to, once it has written.
    pub(super) fn outgoing(&self) -> Option<&Ring> {
        self.own().outgoing.as_ref().map(|ring| &**ring)
    }

    /// What this side reads from, once the other one has written.
    pub(super) fn incoming(&self) -> Option<&Ring> {
        self.peer().outgoing.as_ref().map(|ring| &**ring)
    }

    /// Bytes that this side can read, with what records take beside theirs.
    pub(super) fn incoming_len(&self) -> usize {
        self.incoming().map_or(0, Ring::len)
    }

    /// Bytes that this side is to read.
    pub(super) fn unread(&self) -> usize {
        self.incoming().map_or(0, Ring::payload_len)
    }

    /// Bytes that the other side is to read.
    pub(super) fn unsent(&self) -> usize {
        self.outgoing().map_or(0, Ring::payload_len)
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
        self.status().phase()
    }

    /// Says how far the connection has come, before anybody can have looked.
    pub(super) fn set_phase(&self, phase: Phase) {
        // Full: either the wake that may follow sees the socket, or the socket, once attached, sees
        // the phase.
        self.status.set_phase(phase);
    }

    /// Ends the wait for the backlog, and tells the one that connects, which is the other side.
    pub(super) fn decide(&self, phase: Phase) {
        // First, so that whoever sees the phase can see the error.
        if phase == Phase::Refused {
            self.detach();
            self.peer().set_error(ECONNREFUSED);
        }
        self.set_phase(phase);
        self.peer().sock.with(|sk| {
            match phase {
                Phase::Established => sk.trace(fmt!("connected: {}", self.address())),
                Phase::Refused => sk.set_peer_credentials(None),
                Phase::Waiting => {}
            }
            sk.wake_all(WakeBand::Out);
        });
    }

    /// Tells `sk`, the socket of this side, who is at the other one.
    pub(super) fn introduce_peer(&self, sk: &Sock<Stream>) {
        sk.set_peer_credentials(self.peer().credentials.clone());
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
    pub(super) fn attach(&self, sk: SockRef<Stream>) {
        let old = self.own().sock.set(sk);
        debug_assert!(old.is_none());
        drop(self.own().listener.clear());
        self.own().report_error();
        self.own().report_count();
    }

    /// Takes the socket of this side out again, or who listens for it.
    pub(super) fn detach(&self) {
        drop(self.own().sock.clear());
        drop(self.own().listener.clear());
    }

    /// Calls `look` once, with the socket that what this side writes is for: that of the other
    /// side, or whoever listens for it. `look` must not sleep.
    fn with_reader<R>(&self, mut look: impl FnMut(&Sock<Stream>) -> R) -> Option<R> {
        let reader = self.peer();
        // Looks again, as `attach()` puts the socket in before it takes the listener out.
        reader
            .sock
            .with(&mut look)
            .or_else(|| reader.listener.with(&mut look))
            .or_else(|| reader.sock.with(&mut look))
    }

    /// Has the reader filter what this side is about to write, and shorten it, unless it is to stay
    /// `whole`. `None` if it refuses it, which it counts.
    pub(super) fn filter<T: SocketOps>(&self, skb: SkBuff<T>, whole: bool) -> Option<SkBuff<T>> {
        let mut skb = Some(skb);
        self.with_reader(|reader| {
            skb = skb.take().and_then(|skb| skb.filter(reader, whole));
        });
        skb
    }

    /// Bytes that may be under way from this side to the other: what both ends' buffers allow.
    pub(super) fn outgoing_capacity(&self) -> usize {
        let receive_buffer = self.reader().buffer;
        let send_buffer = self.own().sock.with(|sk| sk.send_buffer());
        send_buffer.map_or(receive_buffer, |bytes| bytes.min(receive_buffer))
    }

    /// Bytes that may be under way to this side.
    pub(super) fn incoming_capacity(&self) -> usize {
        let own = self.own();
        let receive_buffer = own.sock.with(|sk| sk.receive_buffer());
        let receive_buffer = receive_buffer.unwrap_or(own.before.buffer);
        let send_buffer = self.peer().sock.with(|sk| sk.send_buffer());
        send_buffer.map_or(receive_buffer, |bytes| bytes.min(receive_buffer))
    }

    /// Who reads what this side writes, or will: whoever accepts wants to know who connected, and
    /// may take less by then.
    #[inline(always)]
    pub(super) fn reader(&self) -> Party {
        let receiver = self.peer().sock.with(|sk| sk.as_receiver());
        receiver.unwrap_or_else(|| self.reader_to_be())
    }

    /// Who reads what this side writes, as long as nobody has accepted.
    #[inline(never)]
    fn reader_to_be(&self) -> Party {
        let mut listener = self
            .with_reader(|sk| sk.as_receiver())
            .unwrap_or(self.peer().before);
        listener.interest = listener.interest.with(Interest::CREDENTIALS);
        listener
    }

    /// Bytes in the largest record that this side may send.
    pub(super) fn largest_record(&self) -> usize {
        self.outgoing_capacity().saturating_sub(RECORD_HEADER)
    }

    /// Bytes that can be written now.
    pub(super) fn room(&self) -> usize {
        if self.reader().interest.contains(Interest::ELSEWHERE) {
            return 0;
        }
        self.outgoing_capacity()
            .saturating_sub(self.outgoing().map_or(0, Ring::charge))
    }

    /// Whether there is enough room to call the socket writable: half of it, so that a writer that
    /// waits is not woken for each byte.
    pub(super) fn is_writable(&self) -> bool {
        !self.reader().interest.contains(Interest::ELSEWHERE)
            && has_ample_room(self.outgoing(), self.outgoing_capacity())
    }

    /// Asks to be woken when there is ample room. The caller looks once more before it sleeps.
    pub(super) fn want_room(&self) {
        // With its buffer this side may have made smaller what the other waits for: a ring that is
        // full is readable, whatever SO_RCVLOWAT says.
        self.peer().sock.with(|sk| {
            if sk.receive_low_water() > 1 {
                sk.wake_readers();
            }
        });
        self.own().wants_room.store(true, Relaxed);
        // Pairs with the barrier in `room_was_made()`: either that sees the wish, or the caller
        // sees the room.
        smp_mb();
    }

    /// Whether the other side has taken all that this one wrote, or will not take it any more.
    pub(super) fn is_outgoing_drained(&self) -> bool {
        self.unsent() == 0 || self.status().is_gone(self.side().other())
    }

    /// To be called when there may be more room than before: wakes the writer if it waits and the
    /// room is ample, or if it was closed and nothing is left.
    #[inline(always)]
    pub(super) fn room_was_made(&self) {
        // Pairs with the barrier in `want_room()`.
        smp_mb();
        // Acquire: a writer that was closed has said so before.
        if self.peer().wants_room.load(Acquire) {
            self.tell_of_room();
        }
    }

    /// Wakes the writer, which waits, if there is what it waits for.
    #[inline(never)]
    fn tell_of_room(&self) {
        let writer = self.peer();
        let enough = if self.status().is_gone(self.side().other()) {
            self.unread() == 0
        } else {
            has_ample_room(self.incoming(), self.incoming_capacity())
        };
        if enough {
            writer.wants_room.store(false, Relaxed);
            writer.sock.with(|sk| sk.wake_writers());
        }
    }

    /// Counts `pages` more that this side is about to fill, of which `SO_MEMINFO` tells at both. By
    /// the page, as each count is a locked instruction.
    #[inline(always)]
    pub(super) fn count_written(&self, pages: isize) {
        if pages != 0 {
            self.count_written_pages(pages);
        }
    }

    #[inline(never)]
    fn count_written_pages(&self, pages: isize) {
        let delta = bytes_in(pages);
        self.own().sock.with(|sk| sk.count_sent(delta));
        self.peer().count_received(delta);
    }

    /// To be called after this side has consumed bytes, and with them `pages`, which count no more:
    /// the writer may have room.
    pub(super) fn bytes_were_consumed(&self, pages: isize) {
        if pages != 0 {
            let delta = bytes_in(pages).wrapping_neg();
            self.own().count_received(delta);
            self.peer().sock.with(|sk| sk.count_sent(delta));
        }
        self.room_was_made();
    }

    /// To be called after this side has written bytes: wakes the reader. Returns whether they
    /// were read, or counted as unread, or may be.
    #[inline(always)]
    pub(super) fn data_was_written(&self) -> bool {
        // Pairs with the barrier in `leave()`, with the exchange in `attach()`, and with the one of
        // who begins to wait.
        smp_mb();
        let reader = self.peer();
        reader
            .sock
            .with_rcu(|sk, rcu| sk.wake_readers_after_mb(rcu));
        !self.status().is_gone(self.side().other()) || self.outgoing().map_or(0, Ring::len) == 0
    }

    /// To be called after this side has written an urgent byte: raises `SIGURG` for who owns the
    /// reader.
    pub(super) fn signal_urgent(&self) {
        self.peer().sock.with(|sk| sk.signal_urgent());
    }

    /// Whether no more will come than what is there.
    pub(super) fn is_incoming_over(&self) -> bool {
        self.status().is_over(self.side().other())
    }

    /// Whether nothing can be written any more.
    pub(super) fn is_outgoing_over(&self) -> bool {
        self.status().is_over(self.side())
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
        self.status.shut(self.side(), how);
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
        // Full: pairs with the barrier in `data_was_written()`.
        self.status.leave(self.side());
    }

    /// The socket of this side goes, or there will never be one. A `reset` is told to the other
    /// side with `ECONNRESET`.
    pub(super) fn close(&self, reset: bool) {
        if reset {
            self.peer().set_error(ECONNRESET);
        }
        self.finish(Shutdown::Both, "peer has gone");
    }
}

fn bytes_in(pages: isize) -> isize {
    pages.wrapping_mul(IoPage::SIZE as isize)
}

fn has_ample_room(ring: Option<&Ring>, capacity: usize) -> bool {
    ring.map_or(0, Ring::charge) <= capacity / 2
}
