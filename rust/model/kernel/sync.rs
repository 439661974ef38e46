// SPDX-License-Identifier: GPL-2.0

//! What tasks share.

mod arc;
pub mod atomic;
mod race;
pub mod rcu;
mod set_once;
mod spin_lock;

pub use arc::{
    Arc,
    UniqueArc, //
};
pub use race::Race;
pub use set_once::SetOnce;
pub use spin_lock::{
    SpinLock,
    SpinLockGuard, //
};

/// Loom's or the library's own.
#[cfg(feature = "loom")]
pub mod raw {
    pub use loom::{
        model,
        sync::{
            atomic::*,
            Condvar,
            Mutex,
            MutexGuard, //
        },
        thread,
    };
}

/// Loom's or the library's own.
#[cfg(not(feature = "loom"))]
pub mod raw {
    pub use std::{
        sync::{
            atomic::*,
            Condvar,
            Mutex,
            MutexGuard, //
        },
        thread,
    };
}

/// `smp_mb()`
pub fn smp_mb() {
    raw::fence(raw::Ordering::SeqCst);
}
