// SPDX-License-Identifier: GPL-2.0

//! Pages that one task fills from user memory while another empties them.

use core::ptr::NonNull;

use kernel::{
    alloc::{
        AllocError,
        Flags, //
    },
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    page::{
        Page,
        PAGE_SIZE, //
    },
    prelude::*, //
};

use crate::bindings;

/// A page whose bytes are only ever touched by the kernel's iterator copies.
///
/// Rust never refers to the bytes, so a copy in and a copy out may run at the same time. If their
/// ranges overlap, the reader gets a mixture of old and new bytes; keeping them apart is the
/// owner's business. The page starts out as zeroes, so no stale memory can be read through it.
///
/// # Invariants
///
/// `address` is the kernel address of the whole of `page`.
pub(crate) struct IoPage {
    address: NonNull<u8>,
    _page: Page,
}

// SAFETY: The page may be freed from any thread, and the address is the same in all of them.
unsafe impl Send for IoPage {}
// SAFETY: Through a shared reference bytes are only copied in and out by C, which is defined,
// if unordered, when it happens at the same time.
unsafe impl Sync for IoPage {}

impl IoPage {
    /// Bytes in a page.
    pub(crate) const SIZE: usize = PAGE_SIZE;

    /// Allocates a page of zeroes. May sleep if `flags` says so; no high memory.
    pub(crate) fn new(flags: Flags) -> Result<Self, AllocError> {
        let page = Page::alloc_page(flags | kernel::alloc::flags::__GFP_ZERO)?;
        // SAFETY: `page` is a valid page that is not in high memory: callers pass no
        // `__GFP_HIGHMEM`, and if they did, the address would be null on the machines that have
        // such memory, which is checked next.
        let address = unsafe { bindings::shim_page_address(page.as_ptr()) };
        // INVARIANT: This is the kernel's address of the page.
        Ok(Self {
            address: NonNull::new(address.cast()).ok_or(AllocError)?,
            _page: page,
        })
    }

    /// The address of byte `offset`, and how many of `len` bytes lie in the page from there.
    fn range(&self, offset: usize, len: usize) -> (*mut u8, usize) {
        let offset = offset.min(Self::SIZE);
        // OVERFLOW: `offset` is at most `SIZE`.
        let len = len.min(Self::SIZE - offset);
        // SAFETY: `offset` is at most the size of the page that `address` points to.
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
        // page was allocated.
        unsafe { bindings::_copy_to_iter(from.cast(), len, dest.as_raw()) }
    }
}
