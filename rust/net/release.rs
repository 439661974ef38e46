// SPDX-License-Identifier: GPL-2.0

//! What the kernel crates of Linux 7.2 and 7.3 have in different forms.
//!
//! `Kbuild.bindgen` sets `since_7_3`. In the kernel's own tree there would be no such file.

use core::borrow::Borrow;

use kernel::{
    prelude::*,
    sync::barrier,
    ThisModule, //
};

/// A full memory barrier between CPUs: `smp_mb()`.
#[inline(always)]
pub(crate) fn smp_mb() {
    #[cfg(since_7_3)]
    barrier::smp_mb(barrier::Full);
    #[cfg(not(since_7_3))]
    barrier::smp_mb();
}

/// The module that this crate is: `THIS_MODULE`.
pub(crate) fn this_module() -> &'static ThisModule {
    #[cfg(since_7_3)]
    {
        kernel::module::this_module::<crate::LocalModule>()
    }
    #[cfg(not(since_7_3))]
    {
        &crate::THIS_MODULE
    }
}

/// The value of a module parameter, of which 7.2 gives a reference and 7.3 a copy.
pub(crate) fn parameter<T: Copy>(value: impl Borrow<T>) -> T {
    *value.borrow()
}

/// Initialises what `slot` points to.
///
/// # Safety
///
/// `slot` must be valid for writes, and what it points to must not move until it is dropped. If
/// this fails, it must be taken as not initialised.
#[inline(always)]
pub(super) unsafe fn init<T, E>(slot: *mut T, init: impl PinInit<T, E>) -> Result<(), E> {
    #[cfg(since_7_3)]
    // SAFETY: As the caller promises.
    unsafe {
        init.__init(slot)
    }
    #[cfg(not(since_7_3))]
    // SAFETY: As the caller promises.
    unsafe {
        init.__pinned_init(slot)
    }
}
