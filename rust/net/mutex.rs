// SPDX-License-Identifier: GPL-2.0

//! A mutex that a fatal signal can interrupt.
//!
//! [`kernel::sync::Mutex`] sleeps uninterruptibly. A lock that is held over a copy from or to
//! user memory may be held for long, because the fault may wait for a slow file system or for a
//! user space fault handler; whoever waits for it must stay killable.
//!
//! C header: [`include/linux/mutex.h`](srctree/include/linux/mutex.h)

use core::{
    cell::UnsafeCell,
    ops::{
        Deref,
        DerefMut, //
    },
    pin::Pin, //
};

use kernel::{
    prelude::*,
    sync::LockClassKey,
    types::{
        NotThreadSafe,
        Opaque, //
    }, //
};

use crate::bindings;

/// A sleeping lock around a `T`, taken with `mutex_lock_killable()`.
#[pin_data]
pub(crate) struct KillableMutex<T> {
    #[pin]
    raw: Opaque<bindings::mutex>,
    data: UnsafeCell<T>,
}

// SAFETY: The mutex may be moved to another thread iff its contents may.
unsafe impl<T: Send> Send for KillableMutex<T> {}
// SAFETY: The mutex gives one thread at a time access to the contents, so they need not be `Sync`.
unsafe impl<T: Send> Sync for KillableMutex<T> {}

impl<T> KillableMutex<T> {
    /// An initialiser; `key` comes from `static_lock_class!()`, one for each place that calls.
    pub(crate) fn new(
        data: T,
        name: &'static CStr,
        key: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self> {
        pin_init!(Self {
            raw <- Opaque::ffi_init(|slot| {
                // SAFETY: `slot` is valid for writes and pinned; `name` and `key` are static.
                unsafe {
                    bindings::__mutex_init(
                        slot,
                        kernel::str::as_char_ptr_in_const_context(name),
                        key.as_ptr(),
                    )
                }
            }),
            data: UnsafeCell::new(data),
        })
    }

    /// Takes the lock. May sleep.
    ///
    /// # Errors
    ///
    /// `EINTR` if a fatal signal is pending.
    pub(crate) fn lock_killable(&self) -> Result<KillableMutexGuard<'_, T>> {
        // SAFETY: `raw` was initialised by `new()` and is pinned.
        if unsafe { bindings::shim_mutex_lock_killable(self.raw.get()) } != 0 {
            return Err(EINTR);
        }
        // INVARIANT: The lock was just taken.
        Ok(KillableMutexGuard {
            mutex: self,
            _not_send: NotThreadSafe,
        })
    }

    /// Takes the lock, deaf to signals. May sleep.
    ///
    /// For paths that cannot fail, where the caller knows that nobody holds the lock for long: in
    /// the last close of a file, or before there is anything to be copied under it.
    pub(crate) fn lock(&self) -> KillableMutexGuard<'_, T> {
        // SAFETY: `raw` was initialised by `new()` and is pinned.
        unsafe { bindings::shim_mutex_lock(self.raw.get()) };
        // INVARIANT: The lock was just taken.
        KillableMutexGuard {
            mutex: self,
            _not_send: NotThreadSafe,
        }
    }
}

/// Proof that the calling task owns a [`KillableMutex`].
///
/// # Invariants
///
/// The task that made the guard owns the lock.
#[must_use = "the lock is released when the guard is dropped"]
pub(crate) struct KillableMutexGuard<'a, T> {
    mutex: &'a KillableMutex<T>,
    _not_send: NotThreadSafe,
}

impl<T> Drop for KillableMutexGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant this task owns the lock.
        unsafe { bindings::shim_mutex_unlock(self.mutex.raw.get()) };
    }
}

impl<T> Deref for KillableMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: The lock is held by the type invariant, so nobody else refers to the contents.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T> DerefMut for KillableMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: The lock is held by the type invariant and the guard is borrowed mutably, so
        // nobody else refers to the contents.
        unsafe { &mut *self.mutex.data.get() }
    }
}

// SAFETY: A shared guard gives no more than a shared reference to the contents.
unsafe impl<T: Sync> Sync for KillableMutexGuard<'_, T> {}
