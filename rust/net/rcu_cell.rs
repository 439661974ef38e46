// SPDX-License-Identifier: GPL-2.0

//! An RCU-protected reference to a shared object.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull, //
};

use kernel::sync::{
    atomic::{
        ordering::{
            Acquire,
            Full, //
        },
        Atomic, //
    },
    rcu, //
};

use super::counted::Counted;
use crate::bindings;

/// Holds a counted reference or nothing; readers need no lock and count no reference.
///
/// # Invariants
///
/// The pointer is null, or was made by [`Counted::into_raw`] and owns the reference.
pub(crate) struct RcuCell<R: Counted> {
    raw: Atomic<*mut R::Target>,
    _owns: PhantomData<R>,
}

// SAFETY: As for `R`, which is `Send`.
unsafe impl<R: Counted> Send for RcuCell<R> {}
// SAFETY: As for `R`, which is `Send` and `Sync`; the pointer is only accessed atomically.
unsafe impl<R: Counted> Sync for RcuCell<R> {}

impl<R: Counted> RcuCell<R> {
    /// Holds nothing.
    pub(crate) const fn new() -> Self {
        // INVARIANT: The pointer is null.
        Self {
            raw: Atomic::new(core::ptr::null_mut()),
            _owns: PhantomData,
        }
    }

    /// Replaces what is held. Gives back what there was, to be dropped where sleeping for a grace
    /// period is no harm.
    pub(crate) fn replace(&self, new: Option<R>) -> Option<Retired<R>> {
        let new = new.map_or(core::ptr::null_mut(), |new| new.into_raw().as_ptr());
        // INVARIANT: The reference of `new` is now held here.
        let old = NonNull::new(self.raw.xchg(new, Full))?;
        // SAFETY: By the type invariant `old` owned a reference, which the exchange took out.
        let old = unsafe { R::from_raw(old) };
        Some(Retired(ManuallyDrop::new(old)))
    }

    /// What is held, for as long as the read-side critical section lasts.
    pub(crate) fn get<'rcu>(&'rcu self, _guard: &'rcu rcu::Guard) -> Option<RcuBorrow<'rcu, R>> {
        let raw = NonNull::new(self.raw.load(Acquire))?;
        // SAFETY: By the type invariant the reference was held when the pointer was read. What
        // `replace()` takes out is dropped only after a grace period, which the guard holds up for
        // `'rcu`, and `drop()` cannot run while `self` is borrowed for `'rcu`. What is made here
        // is not dropped.
        let copy = unsafe { R::from_raw(raw) };
        Some(RcuBorrow(ManuallyDrop::new(copy), PhantomData))
    }

    /// A counted reference to what is held.
    pub(crate) fn get_counted(&self) -> Option<R> {
        let guard = rcu::read_lock();
        self.get(&guard).map(|held| R::clone(&held))
    }
}

/// What an [`RcuCell`] holds, or held until a moment ago.
pub(crate) struct RcuBorrow<'rcu, R: Counted>(ManuallyDrop<R>, PhantomData<&'rcu R>);

impl<R: Counted> Deref for RcuBorrow<'_, R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.0
    }
}

/// What was taken out of an [`RcuCell`]. Its drop waits for a grace period: it may sleep, for
/// milliseconds.
#[must_use = "the drop sleeps"]
pub(crate) struct Retired<R: Counted>(ManuallyDrop<R>);

impl<R: Counted> Drop for Retired<R> {
    fn drop(&mut self) {
        // SAFETY: No requirement but process context, which the documentation asks for.
        unsafe { bindings::synchronize_rcu() };
        // SAFETY: No reader can still see the object: the grace period is over. It is not used
        // after this.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

impl<R: Counted> Drop for RcuCell<R> {
    fn drop(&mut self) {
        if let Some(raw) = NonNull::new(*self.raw.get_mut()) {
            // SAFETY: By the type invariant the reference is held here.
            drop(unsafe { R::from_raw(raw) });
        }
    }
}
