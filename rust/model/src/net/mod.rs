// SPDX-License-Identifier: GPL-2.0

//! Stands in for `rust/net`.

pub(crate) mod errno;
mod io_page;
mod memory;
mod slot;
mod sock;
mod tagged_arc;
mod told;

pub(crate) use io_page::IoPage;
pub(crate) use kernel::sync::smp_mb;
pub(crate) use memory::{
    MemoryAccount,
    MemoryCharge, //
};
pub(crate) use slot::SockSlot;
pub(crate) use sock::{
    Sock,
    SockRef,
    SocketOps,
    WakeBand, //
};
pub(crate) use tagged_arc::TaggedArc;
pub(crate) use told::{
    Credentials,
    Descriptors,
    Interest,
    Marks,
    Party,
    PeerCredentials,
    Shutdown,
    SkBuff,
    SocketAddress,
    SocketType,
    Stamp, //
};
