// SPDX-License-Identifier: GPL-2.0

//! How a connection stands: in one word, as it is looked at for each transfer.

use kernel::sync::atomic::{
    ordering::{
        Acquire,
        Full,
        Relaxed, //
    },
    Atomic, //
};

use crate::net::Shutdown;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::family) enum Side {
    /// The one that called `connect(2)`, or the first of a `socketpair(2)`.
    Client,
    /// The other.
    Server,
}

impl Side {
    /// The one that faces it.
    pub(in crate::family) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// How far the connection has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::family) enum Phase {
    /// The listener's backlog has no room yet.
    Waiting,
    /// Data can flow, whether it was accepted yet or not.
    Established,
    /// The listener went away before there was room.
    Refused,
}

/// How a connection stood a moment ago.
#[derive(Clone, Copy)]
pub(in crate::family) struct Status(u32);

impl Status {
    const PHASE: u32 = 0b11;
    const WAITING: u32 = 0;
    const ESTABLISHED: u32 = 1;
    const REFUSED: u32 = 2;
    /// Nothing more is written by the client; of the server in the next bit, as below.
    const WRITE_SHUT: u32 = 1 << 2;
    /// The client does not want to read any more.
    const READ_SHUT: u32 = 1 << 4;
    /// The client has gone, or never came: what it did not read, nobody will.
    const GONE: u32 = 1 << 6;

    /// The bit of `side`, given that of the client.
    fn of(side: Side, bit: u32) -> u32 {
        match side {
            Side::Client => bit,
            Side::Server => bit << 1,
        }
    }

    /// How far the connection has come.
    pub(in crate::family) fn phase(self) -> Phase {
        match self.0 & Self::PHASE {
            Self::WAITING => Phase::Waiting,
            Self::ESTABLISHED => Phase::Established,
            _ => Phase::Refused,
        }
    }

    /// Whether nothing goes from `writer` to the other side any more.
    pub(in crate::family) fn is_over(self, writer: Side) -> bool {
        let shut = Self::of(writer, Self::WRITE_SHUT) | Self::of(writer.other(), Self::READ_SHUT);
        self.0 & shut != 0
    }

    /// Whether `side` has gone.
    pub(in crate::family) fn is_gone(self, side: Side) -> bool {
        self.0 & Self::of(side, Self::GONE) != 0
    }
}

/// How a connection stands.
pub(super) struct StatusCell(Atomic<u32>);

impl StatusCell {
    /// Established.
    pub(super) fn new() -> Self {
        Self(Atomic::new(Status::ESTABLISHED))
    }

    /// What was stored before the status can be seen after this.
    pub(super) fn load(&self) -> Status {
        Status(self.0.load(Acquire))
    }

    /// A full barrier.
    pub(super) fn set_phase(&self, phase: Phase) {
        let raw = match phase {
            Phase::Waiting => Status::WAITING,
            Phase::Established => Status::ESTABLISHED,
            Phase::Refused => Status::REFUSED,
        };
        self.change(|old| old & !Status::PHASE | raw);
    }

    /// Notes what `side` has shut down. A full barrier.
    pub(super) fn shut(&self, side: Side, how: Shutdown) {
        let mut bits = 0;
        if how.writes() {
            bits |= Status::of(side, Status::WRITE_SHUT);
        }
        if how.reads() {
            bits |= Status::of(side, Status::READ_SHUT);
        }
        self.change(|old| old | bits);
    }

    /// Notes that `side` has gone. A full barrier.
    pub(super) fn leave(&self, side: Side) {
        self.change(|old| old | Status::of(side, Status::GONE));
    }

    fn change(&self, new: impl Fn(u32) -> u32) {
        let mut old = self.0.load(Relaxed);
        while let Err(now) = self.0.cmpxchg(old, new(old), Full) {
            old = now;
        }
    }
}
