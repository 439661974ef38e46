// SPDX-License-Identifier: GPL-2.0

//! The ports of one socket type in one network namespace.

use kernel::prelude::*;

use super::{
    address::{
        Address,
        Node, //
    },
    limits::UNPRIVILEGED,
    Experimental, //
};
use crate::net::{
    errno::{
        EADDRINUSE,
        EADDRNOTAVAIL,
        ECONNREFUSED,
        ENETUNREACH, //
    },
    Capability,
    Sharers,
    Sharing,
    Sock,
    SockGuard,
    SockRef,
    SockTable,
    SocketOps, //
};

/// Who takes what comes to a port.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takers {
    /// Whoever is bound to it; the last one, if they share it.
    Bound,
    /// Of those who are bound to it, who listens.
    Listening,
}

/// Which socket has which port.
///
/// Two may share a port if both have `SO_REUSEADDR` and neither takes connections, or if both were
/// bound with `SO_REUSEPORT` by the same user: among these, a hash or a program chooses who gets a
/// message or a connection. Messages form such a group as they are bound, listeners as they listen.
#[pin_data]
pub(super) struct PortTable<T: SocketOps> {
    takers: Takers,
    #[pin]
    socks: SockTable<T>,
}

impl<T: SocketOps<Family = Experimental>> PortTable<T> {
    /// An initialiser for a table in which no port is taken.
    pub(super) fn new(takers: Takers) -> impl PinInit<Self> {
        pin_init!(Self {
            takers,
            socks <- SockTable::new(),
        })
    }

    /// Gives `sk` the port of `address`, or a free one of the namespace's range if any will do.
    /// Returns which. May sleep.
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` if the address is not one of this node, `EACCES` for a privileged port,
    /// `EADDRINUSE` if the port is taken and can't be shared, or all of the range are, `ENOMEM`.
    pub(super) fn bind(&self, address: Address, sk: SockRef<T>) -> Result<u32> {
        let reuses_port = sk.reuses_port();
        let group = reuses_port && self.takers == Takers::Bound;
        let Some(port) = address.check_local()? else {
            let range = sk.namespace().limits.ports();
            return self.socks.insert_any(range, sk, group).map_err(in_use);
        };
        if port < UNPRIVILEGED && !sk.ns_capable(Capability::NetBindService) {
            return Err(EACCES);
        }
        let reuses_address = sk.reuses_address();
        // One with a program of its own does not join others, as in TCP and UDP.
        let joins = reuses_port && !sk.brings_group();
        let own = sk.clone();
        let may_share = |other: &Sock<T>| {
            if joins && other.was_reusing_port() && other.has_user_of(&own) {
                Sharing::Grouped
            } else if reuses_address && other.reuses_address() && !other.is_raised() {
                Sharing::Allowed
            } else {
                Sharing::Refused
            }
        };
        self.socks
            .insert(port, sk, group, may_share)
            .map_err(in_use)?;
        Ok(port)
    }

    /// Gives `sk`, which connects or sends and has no port, a free one. May sleep.
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` if all ports of the range are taken, `ENOMEM`.
    pub(super) fn bind_automatically(&self, sk: SockRef<T>) -> Result<u32> {
        self.bind(Address::ANY, sk).map_err(|error| {
            if error == EADDRINUSE {
                EADDRNOTAVAIL.into()
            } else {
                error
            }
        })
    }

    /// `sk`, which has the port, takes connections from now on, alone or with others of a group.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` if another one does, `ENOMEM`.
    pub(super) fn listen(&self, port: u32, sk: &Sock<T>) -> Result {
        let group = sk.was_reusing_port();
        let may_share = |other: &Sock<T>| {
            if !other.is_raised() {
                Sharing::Allowed
            } else if group && other.was_reusing_port() && other.has_user_of(sk) {
                Sharing::Grouped
            } else {
                Sharing::Refused
            }
        };
        self.socks.raise(port, sk, group, may_share).map_err(in_use)
    }

    /// The locked socket, which has the port, takes no more connections.
    pub(super) fn unlisten(&self, port: u32, guard: &SockGuard<'_, T>) {
        self.socks.lower(port, guard);
    }

    /// Takes the port from the locked socket, which has it.
    pub(super) fn unbind(&self, port: u32, guard: &SockGuard<'_, T>) {
        drop(self.socks.remove(port, guard));
    }

    /// Calls `look` with those that have the port, if there are any. `look` must not sleep.
    pub(super) fn with<R>(&self, port: u32, look: impl FnOnce(Sharers<'_, T>) -> R) -> Option<R> {
        self.socks.with(port, look)
    }
}

/// What a table that has an entry already means to the user.
fn in_use(error: Error) -> Error {
    if error == EBUSY {
        EADDRINUSE.into()
    } else {
        error
    }
}

/// The port on this node that a connection or a message is to go to.
///
/// # Errors
///
/// `ENETUNREACH` for another node, `ECONNREFUSED` if no port is named.
pub(super) fn reachable_port(address: Address) -> Result<u32> {
    match address.node() {
        Node::Any | Node::Local => address.port().ok_or(ECONNREFUSED.into()),
        Node::All | Node::Other(_) => Err(ENETUNREACH.into()),
    }
}
