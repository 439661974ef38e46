// SPDX-License-Identifier: GPL-2.0

//! An RCU-protected reference to a shared object.

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
        rcu,
        Arc,
        ArcBorrow, //
    }, //
};

use crate::bindings;

/// Holds an [`Arc`] or nothing; readers need no lock and count no reference.
///
/// # Invariants
///
/// The pointer is null, or was made by [`Arc::into_raw`] and owns the reference.
pub(crate) struct RcuArc<T: Send + Sync> {
    ptr: Atomic<*mut T>,
    _owns: PhantomData<Arc<T>>,
}

// SAFETY: As for `Arc<T>`.
unsafe impl<T: Send + Sync> Send for RcuArc<T> {}
// SAFETY: As for `Arc<T>`; the pointer is only accessed atomically.
unsafe impl<T: Send + Sync> Sync for RcuArc<T> {}

impl<T: Send + Sync> RcuArc<T> {
    /// Holds nothing.
    pub(crate) const fn new() -> Self {
        // INVARIANT: The pointer is null.
        Self {
            ptr: Atomic::new(core::ptr::null_mut()),
            _owns: PhantomData,
        }
    }

    /// Replaces what is held. If there was something, waits for a grace period before dropping
    /// it: may sleep, for milliseconds.
    pub(crate) fn replace(&self, new: Option<Arc<T>>) {
        let new = new.map_or(core::ptr::null_mut(), |new| new.into_raw().cast_mut());
        // INVARIANT: The reference of `new` is now held here.
        let old = self.ptr.xchg(new, Full);
        if old.is_null() {
            return;
        }
        // SAFETY: No requirement but process context, which the documentation asks for.
        unsafe { bindings::synchronize_rcu() };
        // SAFETY: By the type invariant `old` owned a reference, which the exchange took out. No
        // reader can still see it: the grace period is over.
        drop(unsafe { Arc::from_raw(old) });
    }

    /// What is held, for as long as the read-side critical section lasts.
    pub(crate) fn get<'rcu>(&'rcu self, _guard: &'rcu rcu::Guard) -> Option<&'rcu T> {
        // SAFETY: By the type invariant the object was alive when the pointer was read.
        // `replace()` lets go of it only after a grace period, which the guard holds up for
        // `'rcu`, and `drop()` cannot run while `self` is borrowed for `'rcu`.
        unsafe { self.ptr.load(Acquire).as_ref() }
    }

    /// A counted reference to what is held.
    pub(crate) fn get_arc(&self) -> Option<Arc<T>> {
        let guard = rcu::read_lock();
        let object: *const T = self.get(&guard)?;
        // SAFETY: The pointer was made by `Arc::into_raw()`, and the reference that is held here,
        // or was until a moment ago, is not dropped while `guard` lives. No `UniqueArc` exists, as
        // that would be the only reference.
        Some(unsafe { ArcBorrow::from_raw(object) }.into())
    }
}

impl<T: Send + Sync> Drop for RcuArc<T> {
    fn drop(&mut self) {
        let ptr = *self.ptr.get_mut();
        if !ptr.is_null() {
            // SAFETY: By the type invariant the reference is held here.
            drop(unsafe { Arc::from_raw(ptr) });
        }
    }
}
