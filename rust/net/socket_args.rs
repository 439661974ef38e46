// SPDX-License-Identifier: GPL-2.0

//! What a new socket is asked to be.

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use super::{
    capability::ns_capable,
    Capability,
    SocketType, //
};
use crate::bindings;

/// What a new socket is asked to be.
///
/// # Invariants
///
/// `net` is alive for `'a`.
pub(crate) struct SocketArgs<'a> {
    socket_type: SocketType,
    protocol: i32,
    net: NonNull<bindings::net>,
    _alive: PhantomData<&'a ()>,
}

impl SocketArgs<'_> {
    /// # Safety
    ///
    /// `net` must be alive while the value lives.
    pub(super) unsafe fn new(
        socket_type: SocketType,
        protocol: i32,
        net: NonNull<bindings::net>,
    ) -> Self {
        // INVARIANT: By the contract of this function.
        Self {
            socket_type,
            protocol,
            net,
            _alive: PhantomData,
        }
    }

    /// The type, one of [`SocketOps::TYPES`](super::SocketOps::TYPES).
    pub(crate) fn socket_type(&self) -> SocketType {
        self.socket_type
    }

    /// The third argument of `socket(2)`; 0 asks for the default.
    pub(crate) fn protocol(&self) -> i32 {
        self.protocol
    }

    /// Whether the caller has `capability` in the user namespace that owns the network namespace.
    pub(crate) fn ns_capable(&self, capability: Capability) -> bool {
        // SAFETY: By the type invariant the namespace is alive.
        unsafe { ns_capable(self.net.as_ptr(), capability) }
    }
}
