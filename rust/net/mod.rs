// SPDX-License-Identifier: GPL-2.0

//! Socket address families in Rust.
//!
//! A family is a type that implements [`Family`]; each of its socket types (`SOCK_STREAM`,
//! `SOCK_DGRAM`, ...) is a type that implements [`SocketOps`]. [`Registration`] makes them known
//! to the kernel. All the `unsafe` of a family lives here, so that the family itself can be
//! written under `#![forbid(unsafe_code)]`.
//!
//! # Objects
//!
//! * [`Sock`] is a `struct sock` with the Rust state of a socket behind it. It is reference
//!   counted and is freed after an RCU grace period.
//! * [`Socket`] is a `Sock` that is attached to an open file; operations are called with it.
//!   Only an open socket can be slept on.
//! * [`SockGuard`] proves that the socket lock is held and gives access to
//!   [`SocketOps::Locked`].
//! * [`SockSlot`], [`SockTable`] and [`RcuCell`] are the three ways to get from one object to
//!   another without a lock. Each owns a reference, so forgetting to empty one leaks, but never
//!   dangles.
//!
//! # Life of a socket
//!
//! 1. `socket(2)` allocates the `struct sock`, then initialises the Rust state in place from
//!    [`SocketOps::new`]. `accept(2)` does the same for a clone of the listener.
//! 2. The last close of the file calls [`SocketOps::release`], in process context. Whatever
//!    sleeps, or holds a reference to another object, is let go there.
//! 3. When the last reference is gone and a grace period has passed, the Rust state is dropped.
//!    This may happen in softirq context: a destructor must not sleep.
//!
//! # Context
//!
//! Operations run in process context, without locks, and may sleep, unless their documentation
//! says otherwise. Closures given to a `with` method run in an RCU read-side critical section
//! and must not sleep.
//!
//! C headers: [`include/linux/net.h`](srctree/include/linux/net.h),
//! [`include/net/sock.h`](srctree/include/net/sock.h)

mod accept;
mod address;
mod busy_poll;
mod capability;
mod control;
mod counted;
mod credentials;
mod descriptors;
pub(crate) mod errno;
mod error_queue;
mod events;
mod family;
mod interest;
mod io_page;
mod layout;
mod lock;
mod marks;
mod memory;
mod message;
mod mutex;
mod namespace;
mod ops;
mod option;
mod peer_credentials;
mod proto;
mod rcu_cell;
mod release;
mod reuseport;
mod sharers;
mod skb;
mod slot;
mod sock;
mod sock_options;
mod sock_ref;
mod socket_args;
mod socket_types;
mod sysctl;
mod table;
mod trace;
mod wait;

pub(crate) use accept::{
    AcceptRequest,
    Accepted, //
};
pub(crate) use address::{
    NameOf,
    SocketAddress, //
};
pub(crate) use capability::Capability;
pub(crate) use control::Control;
pub(crate) use counted::TaggedArc;
pub(crate) use credentials::Credentials;
pub(crate) use descriptors::{
    DescriptorCount,
    Descriptors, //
};
pub(crate) use events::Events;
pub(crate) use family::{
    family_number,
    Family,
    FamilyCell,
    Registration, //
};
pub(crate) use interest::{
    Interest,
    Party, //
};
pub(crate) use io_page::IoPage;
pub(crate) use lock::SockGuard;
pub(crate) use marks::{
    Marks,
    Stamp, //
};
pub(crate) use memory::{
    total_memory,
    MemoryAccount,
    MemoryCharge, //
};
pub(crate) use message::{
    MessageFlags,
    RecvMessage,
    SendMessage, //
};
pub(crate) use mutex::{
    KillableMutex,
    KillableMutexGuard, //
};
pub(crate) use namespace::Namespace;
pub(crate) use ops::{
    Shutdown,
    SocketOps, //
};
pub(crate) use option::{
    OptionOutcome,
    OptionReply,
    OptionValue,
    SocketOption,
    Switch, //
};
pub(crate) use peer_credentials::PeerCredentials;
pub(crate) use proto::Proto;
pub(crate) use rcu_cell::{
    RcuCell,
    Retired, //
};
pub(crate) use release::{
    parameter,
    smp_mb,
    this_module, //
};
pub(crate) use sharers::{
    Sharers,
    Sharing, //
};
pub(crate) use skb::{
    QueueOutcome,
    SkBuff,
    SHORT, //
};
pub(crate) use slot::SockSlot;
pub(crate) use sock::{
    Sock,
    SockId,
    Socket,
    SocketState,
    SocketType,
    WakeBand, //
};
pub(crate) use sock_ref::SockRef;
pub(crate) use socket_args::SocketArgs;
pub(crate) use sysctl::{
    Interval,
    Limit,
    Setting, //
};
pub(crate) use table::SockTable;
pub(crate) use wait::{
    Timeout,
    WaitQueue, //
};
