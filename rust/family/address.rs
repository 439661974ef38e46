// SPDX-License-Identifier: GPL-2.0

//! `struct sockaddr_exp`.
//!
//! Mirrors `include/uapi/linux/experimental.h`.

use core::num::NonZero;

use kernel::{
    fmt::{
        self,
        Display, //
    },
    prelude::*, //
};

use crate::net::{
    errno::{
        EADDRNOTAVAIL,
        EAFNOSUPPORT, //
    },
    SocketAddress, //
};

/// `EXP_PORT_ANY`
const PORT_ANY: u32 = u32::MAX;
/// `EXP_NODE_ANY`
const NODE_ANY: u32 = u32::MAX;
/// `EXP_NODE_LOCAL`
const NODE_LOCAL: u32 = 1;
/// `EXP_NODE_ALL`
const NODE_ALL: u32 = u32::MAX - 1;

/// The bytes of a `struct sockaddr_exp`.
const LEN: usize = 16;

/// A node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    /// Whichever it is: this one, as long as it is the only one.
    Any,
    /// This one.
    Local,
    /// All at once.
    All,
    /// Another one, by number.
    Other(u32),
}

/// The address of a socket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it stands in the structure, but never 0.
    node: u32,
    /// Not `PORT_ANY`.
    port: Option<NonZero<u32>>,
}

impl Address {
    /// The address of a socket that has none.
    pub(super) const ANY: Self = Self {
        node: NODE_ANY,
        port: None,
    };

    /// A port on this node.
    pub(super) fn local(port: u32) -> Self {
        Self {
            node: NODE_LOCAL,
            port: NonZero::new(port),
        }
    }

    /// A port on this node, or the address of a socket that has none.
    pub(super) fn local_or_any(port: Option<u32>) -> Self {
        port.map_or(Self::ANY, Self::local)
    }

    /// The port to be bound to, if one is named.
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` if the node is not this one.
    pub(super) fn check_local(&self) -> Result<Option<u32>> {
        match self.node() {
            Node::Any | Node::Local => Ok(self.port()),
            Node::All | Node::Other(_) => Err(EADDRNOTAVAIL.into()),
        }
    }

    /// The node.
    pub(super) fn node(&self) -> Node {
        match self.node {
            NODE_ANY => Node::Any,
            NODE_LOCAL => Node::Local,
            NODE_ALL => Node::All,
            other => Node::Other(other),
        }
    }

    /// The port, unless any will do.
    pub(super) fn port(&self) -> Option<u32> {
        self.port.map(NonZero::get)
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port() {
            Some(port) => f.write_fmt(fmt!("port {}", port))?,
            None => f.write_str("any port")?,
        }
        match self.node() {
            Node::Any => f.write_str(" of any node"),
            Node::Local => Ok(()),
            Node::All => f.write_str(" of all nodes"),
            Node::Other(node) => f.write_fmt(fmt!(" of node {}", node)),
        }
    }
}

impl SocketAddress for Address {
    type Bytes = [u8; LEN];

    fn decode(bytes: &[u8], family: u16) -> Result<Self> {
        let (fields, _longer) = bytes.split_first_chunk::<LEN>().ok_or(EINVAL)?;
        let &[f0, f1, r0, r1, p0, p1, p2, p3, n0, n1, n2, n3, flags, z0, z1, z2] = fields;

        if u16::from_ne_bytes([f0, f1]) != family {
            return Err(EAFNOSUPPORT.into());
        }
        // sexp_reserved, sexp_flags and sexp_zero
        if [r0, r1, flags, z0, z1, z2] != [0; 6] {
            return Err(EINVAL);
        }
        Ok(Self {
            node: match u32::from_ne_bytes([n0, n1, n2, n3]) {
                0 => NODE_ANY,
                node => node,
            },
            port: match u32::from_ne_bytes([p0, p1, p2, p3]) {
                PORT_ANY => None,
                port => NonZero::new(port),
            },
        })
    }

    fn encode(&self, family: u16) -> [u8; LEN] {
        let [f0, f1] = family.to_ne_bytes();
        let [p0, p1, p2, p3] = self.port().unwrap_or(PORT_ANY).to_ne_bytes();
        let [n0, n1, n2, n3] = self.node.to_ne_bytes();
        [f0, f1, 0, 0, p0, p1, p2, p3, n0, n1, n2, n3, 0, 0, 0, 0]
    }
}
