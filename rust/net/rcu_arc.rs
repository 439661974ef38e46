// SPDX-License-Identifier: GPL-2.0

//! An RCU-protected reference to a shared object.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop, //
};

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

    /// Replaces what is held. Gives back what there was, to be dropped where sleeping for a grace
    /// period is no harm.
    pub(crate) fn replace(&self, new: Option<Arc<T>>) -> Option<Retired<T>> {
        let new = new.map_or(core::ptr::null_mut(), |new| new.into_raw().cast_mut());
        // INVARIANT: The reference of `new` is now held here.
        let old = self.ptr.xchg(new, Full);
        if old.is_null() {
            return None;
        }
        // SAFETY: By the type invariant `old` owned a reference, which the exchange took out.
        let old = unsafe { Arc::from_raw(old) };
        Some(Retired(ManuallyDrop::new(old)))
    }

    /// What is held, for as long as the read-side critical section lasts.
    pub(crate) fn get<'rcu>(&'rcu self, _guard: &'rcu rcu::Guard) -> Option<&'rcu T> {
        // SAFETY: By the type invariant the object was alive when the pointer was read.
        // What `replace()` takes out is dropped only after a grace period, which the guard holds up
        // for `'rcu`, and `drop()` cannot run while `self` is borrowed for `'rcu`.
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

/// What was taken out of an [`RcuArc`]. Its drop waits for a grace period: it may sleep, for
/// milliseconds.
#[must_use = "the drop sleeps"]
pub(crate) struct Retired<T: Send + Sync>(ManuallyDrop<Arc<T>>);

impl<T: Send + Sync> Drop for Retired<T> {
    fn drop(&mut self) {
        // SAFETY: No requirement but process context, which the documentation asks for.
        unsafe { bindings::synchronize_rcu() };
        // SAFETY: No reader can still see the object: the grace period is over. It is not used
        // after this.
        unsafe { ManuallyDrop::drop(&mut self.0) };
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
