// SPDX-License-Identifier: GPL-2.0

//! The socket lock.

use core::ops::{
    Deref,
    DerefMut, //
};

use kernel::types::NotThreadSafe;

use super::{
    Sock,
    SocketOps, //
};
use crate::bindings;

/// Proof that the calling task owns the socket lock, `lock_sock()` in C.
///
/// The lock is a sleeping one and is not recursive. No two socket locks are ever held at once.
///
/// # Invariants
///
/// The task that made the guard owns the lock of `sk`.
#[must_use = "the lock is released when the guard is dropped"]
pub(crate) struct SockGuard<'a, T: SocketOps> {
    sk: &'a Sock<T>,
    _not_send: NotThreadSafe,
}

impl<'a, T: SocketOps> SockGuard<'a, T> {
    /// Takes the lock. May sleep.
    pub(super) fn new(sk: &'a Sock<T>) -> Self {
        // SAFETY: `sk` refers to a `struct sock` that lives as long as the reference; process
        // context is what the callers of `Sock::lock()` promise.
        unsafe { bindings::lock_sock_nested(sk.as_raw(), 0) };
        // INVARIANT: The lock was just taken.
        Self {
            sk,
            _not_send: NotThreadSafe,
        }
    }

    /// The sock that is locked.
    pub(crate) fn sock(&self) -> &'a Sock<T> {
        self.sk
    }
}

impl<T: SocketOps> Drop for SockGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant this task owns the lock.
        unsafe { bindings::release_sock(self.sk.as_raw()) };
    }
}

impl<T: SocketOps> Deref for SockGuard<'_, T> {
    type Target = T::Locked;

    fn deref(&self) -> &T::Locked {
        // SAFETY: The lock is held by the type invariant, and the only other reference that can
        // be made is the one of `deref_mut()`, which borrows this guard mutably.
        unsafe { &*self.sk.locked_ptr() }
    }
}

impl<T: SocketOps> DerefMut for SockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T::Locked {
        // SAFETY: The lock is held by the type invariant, so no other guard exists, and this
        // guard is borrowed mutably, so no other reference has been made from it.
        unsafe { &mut *self.sk.locked_ptr() }
    }
}
