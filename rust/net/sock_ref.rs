// SPDX-License-Identifier: GPL-2.0

//! Counted references to a sock.

use core::{
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull, //
};

use super::{
    Sock,
    SocketOps, //
};
use crate::bindings;

/// A counted reference to a [`Sock`].
///
/// Not an [`ARef`](kernel::sync::aref::ARef): that can be made from any `&Sock`, but one that only
/// an RCU read-side critical section keeps alive may have none left to add to.
///
/// Dropping the last one does not free the sock at once, so it may be done in any context.
///
/// # Invariants
///
/// Owns one reference on `sk`.
pub(crate) struct SockRef<T: SocketOps> {
    sk: NonNull<Sock<T>>,
}

// SAFETY: A reference to a `Sock`, which is `Send` and `Sync`, with an atomic count.
unsafe impl<T: SocketOps> Send for SockRef<T> {}
// SAFETY: As above.
unsafe impl<T: SocketOps> Sync for SockRef<T> {}

impl<T: SocketOps> SockRef<T> {
    /// # Safety
    ///
    /// The count of `sk` must not be zero.
    pub(super) unsafe fn hold(sk: &Sock<T>) -> Self {
        // SAFETY: As the caller promises.
        unsafe { bindings::shim_sk_hold(sk.as_raw()) };
        // INVARIANT: The reference was just taken.
        Self {
            sk: NonNull::from(sk),
        }
    }

    /// Takes a reference, unless the last one is gone.
    pub(super) fn try_hold(sk: &Sock<T>) -> Option<Self> {
        // SAFETY: The object is valid, whatever its count.
        if !unsafe { bindings::shim_sk_try_hold(sk.as_raw()) } {
            return None;
        }
        // INVARIANT: The reference was just taken.
        Some(Self {
            sk: NonNull::from(sk),
        })
    }

    /// Gives the reference to the caller.
    pub(super) fn into_raw(self) -> NonNull<Sock<T>> {
        ManuallyDrop::new(self).sk
    }

    /// # Safety
    ///
    /// The caller must own a reference on `sk`, and gives it to the new value.
    pub(super) unsafe fn from_raw(sk: NonNull<Sock<T>>) -> Self {
        // INVARIANT: By the contract of this function.
        Self { sk }
    }
}

impl<T: SocketOps> Clone for SockRef<T> {
    fn clone(&self) -> Self {
        // SAFETY: `self` owns a reference, so the count is not zero.
        unsafe { Self::hold(self) }
    }
}

impl<T: SocketOps> Deref for SockRef<T> {
    type Target = Sock<T>;

    fn deref(&self) -> &Sock<T> {
        // SAFETY: By the type invariant the object is alive.
        unsafe { self.sk.as_ref() }
    }
}

impl<T: SocketOps> Drop for SockRef<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the reference is ours to give up.
        unsafe { bindings::shim_sk_put(self.sk.as_ptr().cast()) };
    }
}
