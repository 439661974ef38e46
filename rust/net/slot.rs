// SPDX-License-Identifier: GPL-2.0

//! A place for a sock that others look at without a lock.

use core::marker::PhantomData;

use kernel::{
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Full, //
            },
            Atomic, //
        },
        rcu, //
    }, //
};

use super::{
    Sock,
    SockRef,
    SocketOps, //
};

/// Holds a sock or nothing; RCU-protected.
///
/// Two sockets that know each other each find the other through a slot that outlives both. The
/// slot owns a reference, so what is in it is alive; [`SocketOps::release`] takes a sock out of
/// the slots that it is in, or it stays alive for ever.
///
/// # Invariants
///
/// The pointer is null, or the slot owns a reference on what it points to.
pub(crate) struct SockSlot<T: SocketOps> {
    sk: Atomic<*mut Sock<T>>,
    _owns: PhantomData<SockRef<T>>,
}

// SAFETY: A slot is a pointer to a `Sock`, which is `Send` and `Sync`, and a reference on it.
unsafe impl<T: SocketOps> Send for SockSlot<T> {}
// SAFETY: As above; the pointer is only accessed atomically.
unsafe impl<T: SocketOps> Sync for SockSlot<T> {}

impl<T: SocketOps> SockSlot<T> {
    /// An empty slot.
    pub(crate) const fn new() -> Self {
        // INVARIANT: The pointer is null.
        Self {
            sk: Atomic::new(core::ptr::null_mut()),
            _owns: PhantomData,
        }
    }

    /// A slot with `sk` in it, if there is one.
    pub(crate) fn holding(sk: Option<SockRef<T>>) -> Self {
        let sk = sk.map_or(core::ptr::null_mut(), |sk| sk.into_raw().as_ptr());
        // INVARIANT: The reference of `sk` is now the slot's.
        Self {
            sk: Atomic::new(sk),
            _owns: PhantomData,
        }
    }

    fn swap(&self, new: *mut Sock<T>) -> Option<SockRef<T>> {
        let old = core::ptr::NonNull::new(self.sk.xchg(new, Full))?;
        // SAFETY: By the type invariant the slot owned a reference, which was taken out by the
        // exchange together with the pointer.
        Some(unsafe { SockRef::from_raw(old) })
    }

    /// Puts a sock in. Gives back what was there, to be dropped where a sock may be dropped.
    pub(crate) fn set(&self, sk: SockRef<T>) -> Option<SockRef<T>> {
        // INVARIANT: The reference of `sk` is now the slot's.
        self.swap(sk.into_raw().as_ptr())
    }

    /// Empties the slot. Gives back what was there, to be dropped where a sock may be dropped.
    pub(crate) fn clear(&self) -> Option<SockRef<T>> {
        self.swap(core::ptr::null_mut())
    }

    /// Calls `look` with the sock, if there is one.
    ///
    /// `look` runs in an RCU read-side critical section: it must not sleep. The sock may be taken
    /// out meanwhile; it stays valid until `look` returns.
    #[inline(always)]
    pub(crate) fn with<R>(&self, look: impl FnOnce(&Sock<T>) -> R) -> Option<R> {
        self.with_rcu(|sk, _rcu| look(sk))
    }

    /// As [`with`](Self::with), for a `look` that needs the proof of the critical section.
    #[inline(always)]
    pub(crate) fn with_rcu<R>(&self, look: impl FnOnce(&Sock<T>, &rcu::Guard) -> R) -> Option<R> {
        let rcu = rcu::read_lock();
        let sk = self.sk.load(Acquire);
        // SAFETY: By the type invariant the sock was alive when the pointer was read. Whoever
        // takes it out after that may drop the last reference, but a `Sock` is freed a grace
        // period later (`SOCK_RCU_FREE`), which `rcu` holds up. `Acquire` makes visible what was
        // written before it was put in.
        let sk = unsafe { sk.as_ref() }?;
        Some(look(sk, &rcu))
    }
}

impl<T: SocketOps> Drop for SockSlot<T> {
    fn drop(&mut self) {
        drop(self.clear());
    }
}
