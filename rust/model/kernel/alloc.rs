// SPDX-License-Identifier: GPL-2.0

//! Memory, of which there is always enough.

use core::ops::{
    Deref,
    DerefMut, //
};

/// There is no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocError;

/// How to allocate.
#[derive(Clone, Copy)]
pub struct Flags;

/// The flags that are used.
pub mod flags {
    use super::Flags;

    pub const GFP_KERNEL: Flags = Flags;
    pub const GFP_KERNEL_ACCOUNT: Flags = Flags;
}

/// A box.
pub struct KBox<T>(Box<T>);

impl<T> KBox<T> {
    pub fn new(value: T, _flags: Flags) -> Result<Self, AllocError> {
        Ok(Self(Box::new(value)))
    }
}

impl<T> Deref for KBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for KBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// A vector.
pub struct KVec<T>(Vec<T>);

impl<T> KVec<T> {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    pub fn reserve(&mut self, more: usize, _flags: Flags) -> Result<(), AllocError> {
        self.0.reserve(more);
        Ok(())
    }

    pub fn push(&mut self, value: T, _flags: Flags) -> Result<(), AllocError> {
        self.0.push(value);
        Ok(())
    }

    pub fn retain(&mut self, keep: impl FnMut(&mut T) -> bool) {
        self.0.retain_mut(keep);
    }
}

impl<T> Deref for KVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}
