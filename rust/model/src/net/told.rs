// SPDX-License-Identifier: GPL-2.0

//! What the family passes on, of which no more is looked at than whether it is the same.

use kernel::{
    fmt::Display,
    prelude::*, //
};

use super::{
    Sock,
    SocketOps, //
};

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Credentials(pub(crate) u32);

impl Credentials {
    pub(crate) const fn unknown() -> Self {
        Self(0)
    }

    pub(crate) fn current() -> Self {
        Self(1)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Marks(u32);

impl Marks {
    pub(crate) const fn none() -> Self {
        Self(0)
    }

    pub(crate) fn look_like(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(i64);

impl Stamp {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn now() -> Self {
        Self(1)
    }
}

/// Files, here a number.
pub(crate) struct Descriptors(pub(crate) u32);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interest(u32);

impl Interest {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const CREDENTIALS: Self = Self(1);
    pub(crate) const MARKS: Self = Self(2);
    pub(crate) const STAMP: Self = Self(4);
    pub(crate) const ELSEWHERE: Self = Self(8);

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Party {
    pub(crate) interest: Interest,
    pub(crate) buffer: usize,
}

#[derive(Clone)]
pub(crate) struct PeerCredentials;

impl PeerCredentials {
    pub(crate) fn current() -> Option<Self> {
        Some(Self)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shutdown {
    Read,
    Write,
    Both,
}

impl Shutdown {
    pub(crate) fn reads(self) -> bool {
        self != Self::Write
    }

    pub(crate) fn writes(self) -> bool {
        self != Self::Read
    }
}

/// There is none here.
pub(crate) struct SkBuff<T>(core::convert::Infallible, core::marker::PhantomData<T>);

impl<T: SocketOps> SkBuff<T> {
    pub(crate) fn filter<R: SocketOps>(self, _reader: &Sock<R>, _whole: bool) -> Option<Self> {
        match self.0 {}
    }
}

pub(crate) trait SocketAddress: Copy + Display {
    type Bytes: AsRef<[u8]>;

    fn decode(bytes: &[u8], family: u16) -> Result<Self>;

    fn encode(&self, family: u16) -> Self::Bytes;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SocketType {
    Stream,
    Datagram,
    Raw,
    ReliableMessage,
    SeqPacket,
}

impl SocketType {
    /// Mirrors `enum sock_type` in include/linux/net.h.
    pub(crate) fn into_raw(self) -> i32 {
        match self {
            Self::Stream => 1,
            Self::Datagram => 2,
            Self::Raw => 3,
            Self::ReliableMessage => 4,
            Self::SeqPacket => 5,
        }
    }
}
