// SPDX-License-Identifier: GPL-2.0

//! Pages that one task fills from user memory while another empties them.

use core::ptr::NonNull;

use kernel::{
    alloc::AllocError,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    page::PAGE_SIZE,
    prelude::*, //
};

use crate::bindings;

/// Pages in a row whose bytes are only ever touched by the kernel's iterator copies.
///
/// Rust never refers to the bytes, so a copy in and a copy out may run at the same time. If their
/// ranges overlap, the reader gets a mixture of old and new bytes; keeping them apart is the
/// owner's business. The pages start out as zeroes, so no stale memory can be read through them.
///
/// # Invariants
///
/// `address` is the kernel address of `1 << order` pages, which were allocated together and belong
/// to this. `size` is how many bytes that are.
pub(crate) struct IoPage {
    address: NonNull<u8>,
    size: usize,
    order: u32,
}

// SAFETY: The pages may be freed from any thread, and the address is the same in all of them.
unsafe impl Send for IoPage {}
// SAFETY: Through a shared reference bytes are only copied in and out by C, which is defined,
// if unordered, when it happens at the same time.
unsafe impl Sync for IoPage {}

impl IoPage {
    /// Bytes in one page.
    pub(crate) const SIZE: usize = PAGE_SIZE;

    /// The most that [`new`](Self::new) gives: four pages. More would save little beside the copy,
    /// and be harder to get.
    const MOST: u32 = 2;

    /// Allocates as many pages of zeroes as `bytes` fill, rounded down to a power of two, but at
    /// least one and no more than four. Charged to the memory cgroup of the task. May sleep.
    ///
    /// A single page is worked for as any allocation is; several in a row come only if they are
    /// easy to have, so who gets none should ask for one.
    pub(crate) fn new(bytes: usize) -> Result<Self, AllocError> {
        let order = (bytes / Self::SIZE).checked_ilog2().unwrap_or(0);
        let order = order.min(Self::MOST);
        // SAFETY: Always safe to call where one may sleep.
        let address = unsafe { bindings::shim_alloc_pages(order) };
        // INVARIANT: They were allocated just now, so many. `order` is small.
        Ok(Self {
            address: NonNull::new(address.cast()).ok_or(AllocError)?,
            size: Self::SIZE << order,
            order,
        })
    }

    /// Bytes in all of it.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The address of byte `offset`, and how many of `len` bytes lie in the pages from there.
    fn range(&self, offset: usize, len: usize) -> (*mut u8, usize) {
        let offset = offset.min(self.size);
        // OVERFLOW: `offset` is at most `size`.
        let len = len.min(self.size - offset);
        // SAFETY: `offset` is at most the size of what `address` points to.
        (unsafe { self.address.as_ptr().add(offset) }, len)
    }

    /// Copies at most `len` bytes from `source` to the page at `offset`. May sleep.
    ///
    /// Returns how many were copied: fewer than asked if the page ends, the source ends, or the
    /// user memory can't be read.
    pub(crate) fn fill(&self, offset: usize, source: &mut IovIterSource<'_>, len: usize) -> usize {
        let (to, len) = self.range(offset, len);
        // SAFETY: `to` is valid for writes of `len` bytes, which no Rust reference covers. The
        // copy goes to a page of its own, so the usual check of the object's size isn't needed.
        unsafe { bindings::_copy_from_iter(to.cast(), len, source.as_raw()) }
    }

    /// Copies at most `len` bytes of `skb`, from `from`, to the page at `offset`. Returns how many
    /// lie in the page; `skb` must have them.
    pub(super) fn fill_from_skb(
        &self,
        skb: NonNull<bindings::sk_buff>,
        from: usize,
        offset: usize,
        len: usize,
    ) -> usize {
        let (to, len) = self.range(offset, len);
        let (Ok(from), Ok(count)) = (i32::try_from(from), i32::try_from(len)) else {
            return 0;
        };
        // SAFETY: `to` is valid for writes of `len` bytes, and the buffer is valid: the function
        // itself checks that it has the bytes.
        let ret = unsafe { bindings::skb_copy_bits(skb.as_ptr(), from, to.cast(), count) };
        if ret == 0 {
            len
        } else {
            0
        }
    }

    /// Copies `bytes` to the page at `offset`. Returns how many lie in the page.
    pub(crate) fn put(&self, offset: usize, bytes: &[u8]) -> usize {
        let (to, len) = self.range(offset, bytes.len());
        // SAFETY: `to` is valid for writes of `len` bytes, `bytes` for reads. C does the copy, so
        // it may meet another one.
        unsafe { bindings::shim_copy(to.cast(), bytes.as_ptr().cast(), len) };
        len
    }

    /// Copies from the page at `offset` to `bytes`. Returns how many lie in the page.
    pub(crate) fn get(&self, offset: usize, bytes: &mut [u8]) -> usize {
        let (from, len) = self.range(offset, bytes.len());
        // SAFETY: `from` is valid for reads of `len` bytes, `bytes` for writes. C does the copy, so
        // it may meet another one.
        unsafe { bindings::shim_copy(bytes.as_mut_ptr().cast(), from.cast(), len) };
        len
    }

    /// Copies at most `len` bytes from the page at `offset` to `dest`. May sleep.
    ///
    /// Returns how many were copied, as [`fill`](Self::fill) does.
    pub(crate) fn drain(&self, offset: usize, dest: &mut IovIterDest<'_>, len: usize) -> usize {
        let (from, len) = self.range(offset, len);
        // SAFETY: `from` is valid for reads of `len` bytes, which were all initialised when the
        // pages were allocated.
        unsafe { bindings::_copy_to_iter(from.cast(), len, dest.as_raw()) }
    }
}

impl Drop for IoPage {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the pages were allocated so, and nobody else has them.
        unsafe { bindings::shim_free_pages(self.address.as_ptr().cast(), self.order) };
    }
}
