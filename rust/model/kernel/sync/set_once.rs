// SPDX-License-Identifier: GPL-2.0

//! A place that is filled once; the orderings are those of the kernel's.

use std::sync::OnceLock;

use super::{
    atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    },
    Race, //
};

pub struct SetOnce<T> {
    state: Atomic<u32>,
    value: OnceLock<T>,
    race: Race,
}

impl<T> SetOnce<T> {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            state: Atomic::new(0),
            value: OnceLock::new(),
            race: Race::new(),
        }
    }

    pub fn as_ref(&self) -> Option<&T> {
        if self.state.load(Acquire) != 2 {
            return None;
        }
        self.race.read();
        self.value.get()
    }

    pub fn populate(&self, value: T) -> bool {
        if self.state.cmpxchg(0, 1, Relaxed).is_err() {
            return false;
        }
        self.race.write();
        assert!(self.value.set(value).is_ok());
        self.state.store(2, Release);
        true
    }
}
