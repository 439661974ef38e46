// SPDX-License-Identifier: GPL-2.0

//! AF_EXPERIMENTAL.
//!
//! Sockets of this family are named by a port on a node, and each socket type has its own ports in
//! each network namespace. So far there is one node, this one.
//!
//! # Who owns what
//!
//! * A socket that is bound is in the [`PortTable`](ports::PortTable) of its type and namespace,
//!   which owns a reference on its sock. `release` takes it out. Those that share a port are
//!   linked behind each other; the groups of `SO_REUSEPORT` are the core's, and count nobody.
//! * A listening socket has a [`Backlog`](backlog::Backlog), shared with those who connect to it.
//!   The backlog owns the connections that nobody has accepted yet, and has the listener in a
//!   slot, to wake it.
//! * A [`SOCK_RDM`](datagram) receiver that is full knows its waiting senders by their ports, and
//!   so keeps none alive. What a receiver leaves unread is freed in `release`, as it keeps its
//!   sender.
//! * The two sockets of a stream share a [`Connection`](connection::Connection), through an
//!   [`End`](connection::End) each. The connection has both in slots, to wake them, and until it
//!   is accepted the listener, for its filter. Slots own a reference, and `release` empties the
//!   socket's own, and those of the connections that nobody accepted: no cycle outlives it.
//! * The halves of a [`Ring`](ring::Ring), one that writes and one that reads, belong to the two
//!   sockets, or to the backlog until there is a second socket.
//!
//! * What a namespace's sockets hold is charged to its account ([`limits`]): a ring charges its
//!   pages, and a share of the connection, for as long as it lives; a socket that queues messages
//!   charges what they take up, in whole pages, which it gives back when it is freed at the latest.
//!
//! # Locks
//!
//! In the order in which they may be taken:
//!
//! 1. the socket lock ([`SockGuard`](crate::net::SockGuard)): state of one socket. Never two.
//! 2. `Stream::sender`, then `Stream::receiver`: mutexes for those who write to and read from one
//!    socket. Held while user memory is copied, and never while waiting for data or room. Only
//!    calls on the same socket take them.
//! 3. the spin locks of a backlog, of a ring's pages and of its notes, and of a port table, in
//!    which nothing is dropped. Under the last one comes the core's lock of all groups.
//!
//! Descriptors that are sent are counted under a mutex of their own, before any of these.
//!
//! Poll, shutdown and the peer take neither 1 of the other socket nor 2 of any: a task that is
//! stuck in a page fault stops only those who use the same descriptor in the same direction.
//! `connect(2)` to `AF_UNSPEC` is the exception: it takes all three, the mutexes killably, and
//! holds up whoever wants the socket lock of that descriptor meanwhile.

mod address;
mod backlog;
mod connection;
mod datagram;
mod endpoint;
mod limits;
mod message;
mod number;
mod options;
mod ports;
mod raw;
mod ring;
mod stream;
mod taps;

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::net::{
    this_module,
    DescriptorCount,
    Family,
    FamilyCell,
    MemoryAccount,
    Namespace,
    Setting, //
};
use datagram::Datagram;
use limits::Limits;
use ports::{
    PortTable,
    Takers, //
};
use raw::Raw;
use stream::Stream;
use taps::Taps;

pub(crate) use address::Address;
pub(crate) use number::check_number;

/// The family.
pub(crate) struct Experimental;

impl Family for Experimental {
    type Address = Address;
    type Namespace = Ports;
    type Types = (Stream, (Datagram, (Raw, ())));

    /// `SOL_EXPERIMENTAL`
    const OPTION_LEVEL: Option<i32> = Some(318);

    fn cell() -> &'static FamilyCell<Self> {
        static CELL: FamilyCell<Experimental> = FamilyCell::new();
        &CELL
    }

    fn module() -> &'static ThisModule {
        this_module()
    }
}

/// The ports, the raw sockets and the settings of a network namespace.
#[pin_data]
pub(crate) struct Ports {
    #[pin]
    stream: PortTable<Stream>,
    #[pin]
    seqpacket: PortTable<Stream>,
    #[pin]
    datagram: PortTable<Datagram>,
    #[pin]
    rdm: PortTable<Datagram>,
    #[pin]
    taps: Taps,
    /// Descriptors on their way.
    descriptors: DescriptorCount,
    limits: Limits,
}

/// `SOL_EXPERIMENTAL`
const LEVEL: i32 = 318;
/// `EXP_RECVERR`
const RECVERR: i32 = 16;

impl Namespace for Ports {
    fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            stream <- PortTable::new(Takers::Listening),
            seqpacket <- PortTable::new(Takers::Listening),
            datagram <- PortTable::new(Takers::Bound),
            rdm <- PortTable::new(Takers::Bound),
            taps <- Taps::new(),
            descriptors: DescriptorCount::new()?,
            limits: Limits::new()?,
        }? Error)
    }

    fn settings(&self) -> Result<KVec<Arc<Setting>>> {
        self.limits.settings()
    }

    fn memory(&self) -> Option<&Arc<MemoryAccount>> {
        Some(self.limits.memory())
    }
}
