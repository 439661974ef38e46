// SPDX-License-Identifier: GPL-2.0

//! One page of a ring, or several in a row.

use core::pin::Pin;

use kernel::{
    alloc::AllocError,
    prelude::*,
    sync::{
        Arc,
        SetOnce,
        UniqueArc, //
    }, //
};

use crate::net::IoPage;

/// A page, or several, and the one that comes after it.
pub(super) struct Chunk {
    pub(super) page: IoPage,
    next: SetOnce<Arc<Chunk>>,
}

impl Chunk {
    /// Bytes in the smallest.
    pub(super) const SMALLEST: usize = IoPage::SIZE;

    /// Bytes from which on large ones are worth their while.
    const MANY: usize = 4 * Self::SMALLEST;

    /// A new one, charged to the memory cgroup of the task, for the first of `bytes` that are to be
    /// written; it may have room for fewer, or for more. May sleep.
    pub(super) fn new(bytes: usize) -> Result<UniqueArc<Self>, AllocError> {
        UniqueArc::new(
            Self {
                page: IoPage::new(bytes)?,
                next: SetOnce::new(),
            },
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Bytes that it has room for.
    pub(super) fn size(&self) -> usize {
        self.page.size()
    }

    /// Whether `bytes` are so many that larger ones would carry them better.
    pub(super) fn is_small_for(&self, bytes: usize) -> bool {
        bytes >= Self::MANY && self.size() < Self::MANY
    }

    /// Appends `next`. Only the writer does, and once for each chunk.
    pub(super) fn append(&self, next: Arc<Chunk>) {
        let fresh = self.next.populate(next);
        debug_assert!(fresh);
    }

    /// The one that comes after it, if it has been appended.
    pub(super) fn next(&self) -> Option<Arc<Chunk>> {
        self.next.as_ref().cloned()
    }

    /// As [`next`](Self::next), for as long as this one is held.
    pub(super) fn next_ref(&self) -> Option<&Chunk> {
        self.next.as_ref().map(|next| &**next)
    }

    /// Takes the rest of the chain off this one.
    pub(super) fn take_next(&mut self) -> Option<Arc<Chunk>> {
        let next = self.next();
        self.next = SetOnce::new();
        next
    }

    /// Makes a chunk that was emptied, and whose successor the caller holds, as good as new.
    pub(super) fn reset(&mut self) {
        self.next = SetOnce::new();
    }
}

impl Drop for Chunk {
    /// Frees the rest of the chain one by one: if each dropped the next, a long chain would use up
    /// the stack.
    fn drop(&mut self) {
        let mut next = self.take_next();
        while let Some(chunk) = next {
            next = Arc::into_unique_or_drop(chunk)
                .and_then(|chunk| Pin::into_inner(chunk).take_next());
        }
    }
}
