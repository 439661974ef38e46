// SPDX-License-Identifier: GPL-2.0

//! A page, or several in a row, of which each byte is watched.

use core::sync::atomic::{
    AtomicU8,
    Ordering::Relaxed, //
};

use kernel::{
    alloc::AllocError,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    page::PAGE_SIZE,
    sync::Race,
};

/// A byte. That it is an atomic is for the compiler: the model sees a plain one.
#[derive(Default)]
struct Byte {
    value: AtomicU8,
    race: Race,
}

pub(crate) struct IoPage(Vec<Byte>);

impl IoPage {
    pub(crate) const SIZE: usize = PAGE_SIZE;

    pub(crate) fn new(bytes: usize) -> Result<Self, AllocError> {
        let order = (bytes / Self::SIZE).checked_ilog2().unwrap_or(0).min(2);
        let size = Self::SIZE << order;
        Ok(Self((0..size).map(|_| Byte::default()).collect()))
    }

    pub(crate) fn size(&self) -> usize {
        self.0.len()
    }

    /// At most `len` bytes from `offset` on, as far as they lie in the page.
    fn range(&self, offset: usize, len: usize) -> &[Byte] {
        let rest = &self.0[offset.min(self.0.len())..];
        &rest[..len.min(rest.len())]
    }

    pub(crate) fn fill(&self, offset: usize, source: &mut IovIterSource<'_>, len: usize) -> usize {
        self.put(offset, source.take(self.range(offset, len).len()))
    }

    pub(crate) fn put(&self, offset: usize, bytes: &[u8]) -> usize {
        let range = self.range(offset, bytes.len());
        for (to, from) in range.iter().zip(bytes) {
            to.race.write();
            to.value.store(*from, Relaxed);
        }
        range.len()
    }

    pub(crate) fn get(&self, offset: usize, bytes: &mut [u8]) -> usize {
        let range = self.range(offset, bytes.len());
        for (from, to) in range.iter().zip(bytes) {
            from.race.read();
            *to = from.value.load(Relaxed);
        }
        range.len()
    }

    pub(crate) fn drain(&self, offset: usize, dest: &mut IovIterDest<'_>, len: usize) -> usize {
        dest.put(self.range(offset, len).iter().map(|from| {
            from.race.read();
            from.value.load(Relaxed)
        }))
    }
}

impl Drop for IoPage {
    /// Nobody may be using a page that is freed.
    fn drop(&mut self) {
        for byte in &self.0 {
            byte.race.write();
        }
    }
}
