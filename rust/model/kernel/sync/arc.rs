// SPDX-License-Identifier: GPL-2.0

//! Counted references. The count that tasks race for is ours; the memory is `std`'s, whose count
//! changes in the same step.

use core::{
    ops::{
        Deref,
        DerefMut, //
    },
    pin::Pin,
};
use std::sync::Arc as Memory;

use super::raw::{
    fence,
    AtomicUsize,
    Ordering, //
};
use crate::{
    alloc::{
        AllocError,
        Flags, //
    },
    error::{
        Error,
        Result, //
    },
    init::PinInit, //
};

struct Counted<T> {
    count: AtomicUsize,
    value: T,
}

/// A reference.
pub struct Arc<T>(Option<Memory<Counted<T>>>);

/// The only reference.
pub struct UniqueArc<T>(Memory<Counted<T>>);

impl<T: Unpin> Arc<T> {
    /// The caller's reference, if it is the last one.
    pub fn into_unique_or_drop(mut this: Self) -> Option<Pin<UniqueArc<T>>> {
        let memory = this.put()?;
        assert_eq!(Memory::strong_count(&memory), 1);
        memory.count.store(1, Ordering::Relaxed);
        Some(Pin::new(UniqueArc(memory)))
    }
}

impl<T> Arc<T> {
    pub fn new(value: T, _flags: Flags) -> Result<Self, AllocError> {
        let count = AtomicUsize::new(1);
        Ok(Self(Some(Memory::new(Counted { count, value }))))
    }

    pub fn pin_init<E>(init: impl PinInit<T, E>, flags: Flags) -> Result<Self>
    where
        Error: From<E>,
    {
        Ok(Self::new(init.init()?, flags)?)
    }

    fn counted(&self) -> &Memory<Counted<T>> {
        self.0.as_ref().expect("it was not dropped")
    }

    /// `refcount_dec_and_test()`: the caller is the last if this gives the memory back.
    fn put(&mut self) -> Option<Memory<Counted<T>>> {
        let memory = self.0.take()?;
        if memory.count.fetch_sub(1, Ordering::Release) != 1 {
            // Dropped here, before anybody else has a turn.
            return None;
        }
        fence(Ordering::Acquire);
        Some(memory)
    }
}

impl<T> Clone for Arc<T> {
    fn clone(&self) -> Self {
        let memory = self.counted();
        memory.count.fetch_add(1, Ordering::Relaxed);
        Self(Some(memory.clone()))
    }
}

impl<T> Drop for Arc<T> {
    fn drop(&mut self) {
        drop(self.put());
    }
}

impl<T> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.counted().value
    }
}

impl<T> UniqueArc<T> {
    pub fn new(value: T, _flags: Flags) -> Result<Self, AllocError> {
        let count = AtomicUsize::new(1);
        Ok(Self(Memory::new(Counted { count, value })))
    }
}

impl<T> From<UniqueArc<T>> for Arc<T> {
    fn from(unique: UniqueArc<T>) -> Self {
        Self(Some(unique.0))
    }
}

impl<T> Deref for UniqueArc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> DerefMut for UniqueArc<T> {
    fn deref_mut(&mut self) -> &mut T {
        let counted = Memory::get_mut(&mut self.0).expect("there is no other reference");
        &mut counted.value
    }
}
