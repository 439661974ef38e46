// SPDX-License-Identifier: GPL-2.0

//! A spin lock.

use super::raw;

pub struct SpinLock<T>(raw::Mutex<T>);

pub type SpinLockGuard<'a, T> = raw::MutexGuard<'a, T>;

impl<T> SpinLock<T> {
    pub fn new(value: T) -> Self {
        Self(raw::Mutex::new(value))
    }

    pub fn lock(&self) -> SpinLockGuard<'_, T> {
        self.0.lock().expect("a holder has panicked")
    }
}

/// An initialiser for a lock.
#[macro_export]
macro_rules! new_spinlock {
    ($value:expr) => {
        $crate::init::from_fn(move || {
            ::core::result::Result::<_, ::core::convert::Infallible>::Ok(
                $crate::sync::SpinLock::new($value),
            )
        })
    };
}
