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
    Sock,
    SockRef,
    SockTable,
    SocketOps, //
};

/// Which socket has which port.
#[pin_data]
pub(super) struct PortTable<T: SocketOps> {
    #[pin]
    socks: SockTable<T>,
}

impl<T: SocketOps<Family = Experimental>> PortTable<T> {
    /// An initialiser for a table in which no port is taken.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            socks <- SockTable::new(),
        })
    }

    /// Gives `sk` the port of `address`, or a free one of the namespace's range if any will do.
    /// Returns which. May sleep.
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` if the address is not one of this node, `EACCES` for a privileged port,
    /// `EADDRINUSE` if the port or all of the range are taken, `ENOMEM`.
    pub(super) fn bind(&self, address: Address, sk: SockRef<T>) -> Result<u32> {
        let Some(port) = address.check_local()? else {
            let range = sk.namespace().limits.ports();
            return self.socks.insert_any(range, sk).map_err(in_use);
        };
        if port < UNPRIVILEGED && !sk.ns_capable(Capability::NetBindService) {
            return Err(EACCES);
        }
        self.socks.insert(port, sk).map_err(in_use)?;
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

    /// Takes the port from `sk`, which has it.
    pub(super) fn unbind(&self, port: u32, sk: &Sock<T>) {
        drop(self.socks.remove(port, sk));
    }

    /// Calls `look` with the socket that has the port, if there is one. `look` must not sleep.
    pub(super) fn with<R>(&self, port: u32, look: impl FnOnce(&Sock<T>) -> R) -> Option<R> {
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
