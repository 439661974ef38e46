// SPDX-License-Identifier: GPL-2.0

//! Counted references of one word.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull, //
};

use kernel::sync::Arc;

/// A counted reference that fits in a word.
///
/// # Safety
///
/// `from_raw()` makes of what `into_raw()` returned what that was called with. As long as that
/// reference is not dropped, copies of it that are not dropped either are as good as it is, also
/// to be cloned.
pub(crate) unsafe trait Counted: Clone + Send + Sync {
    /// What the word points to.
    type Target;

    /// The word, which owns the reference.
    fn into_raw(self) -> NonNull<Self::Target>;

    /// # Safety
    ///
    /// `raw` must come from [`into_raw`](Self::into_raw). The reference is the new value's, or the
    /// new value must not be dropped.
    unsafe fn from_raw(raw: NonNull<Self::Target>) -> Self;
}

// SAFETY: An `Arc` is a pointer, which `Arc::into_raw()` and `Arc::from_raw()` convert.
unsafe impl<T: Send + Sync> Counted for Arc<T> {
    type Target = T;

    fn into_raw(self) -> NonNull<T> {
        // SAFETY: What an `Arc` points to is never null.
        unsafe { NonNull::new_unchecked(Arc::into_raw(self).cast_mut()) }
    }

    unsafe fn from_raw(raw: NonNull<T>) -> Self {
        // SAFETY: As the caller promises.
        unsafe { Arc::from_raw(raw.as_ptr()) }
    }
}

/// An [`Arc`] and one bit, in a word.
///
/// # Invariants
///
/// But for its lowest bit, `raw` was made by [`Arc::into_raw`] and owns the reference.
pub(crate) struct TaggedArc<T> {
    raw: NonNull<T>,
    _owns: PhantomData<Arc<T>>,
}

// SAFETY: As for `Arc<T>`.
unsafe impl<T: Send + Sync> Send for TaggedArc<T> {}
// SAFETY: As for `Arc<T>`.
unsafe impl<T: Send + Sync> Sync for TaggedArc<T> {}

impl<T> TaggedArc<T> {
    /// Of `object` and `tag`.
    pub(crate) fn new(object: Arc<T>, tag: bool) -> Self {
        const {
            // So that the lowest bit is 0.
            assert!(core::mem::align_of::<T>() > 1);
        }
        let raw = object.into_raw().cast_mut();
        let raw = raw.map_addr(|address| address | usize::from(tag));
        // INVARIANT: Only the lowest bit was changed.
        Self {
            // SAFETY: What an `Arc` points to is never null.
            raw: unsafe { NonNull::new_unchecked(raw) },
            _owns: PhantomData,
        }
    }

    /// The bit.
    pub(crate) fn tag(&self) -> bool {
        self.raw.as_ptr().addr() & 1 != 0
    }

    fn object(&self) -> *const T {
        self.raw.as_ptr().map_addr(|address| address & !1)
    }

    /// The `Arc`, which must not be dropped.
    fn borrow(&self) -> ManuallyDrop<Arc<T>> {
        // SAFETY: By the type invariant.
        ManuallyDrop::new(unsafe { Arc::from_raw(self.object()) })
    }
}

impl<T> Clone for TaggedArc<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.borrow()), self.tag())
    }
}

impl<T> Deref for TaggedArc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: By the type invariant the object is alive.
        unsafe { &*self.object() }
    }
}

impl<T> Drop for TaggedArc<T> {
    fn drop(&mut self) {
        drop(ManuallyDrop::into_inner(self.borrow()));
    }
}

// SAFETY: It is a pointer, and nothing else; its reference is that of an `Arc`.
unsafe impl<T: Send + Sync> Counted for TaggedArc<T> {
    type Target = T;

    fn into_raw(self) -> NonNull<T> {
        ManuallyDrop::new(self).raw
    }

    unsafe fn from_raw(raw: NonNull<T>) -> Self {
        // INVARIANT: As the caller promises.
        Self {
            raw,
            _owns: PhantomData,
        }
    }
}
