// SPDX-License-Identifier: GPL-2.0

//! The urgent byte of a stream.
//!
//! It lies in the ring where it was sent. There is one at the most: a later one makes an earlier
//! one ordinary.

use kernel::sync::atomic::{
    ordering::{
        Acquire,
        Release, //
    },
    Atomic, //
};

/// Where the urgent byte is.
pub(super) struct Urgent {
    /// The position after it, or 0 if there never was one. Stored by the writer, before the byte is
    /// published.
    end: Atomic<u64>,
    /// `end` of the one that was taken with `MSG_OOB`. Stored by the reader.
    taken: Atomic<u64>,
    /// How many that were taken still lie in the ring. Stored by the reader.
    holes: Atomic<usize>,
}

impl Urgent {
    pub(super) fn new() -> Self {
        Self {
            end: Atomic::new(0),
            taken: Atomic::new(0),
            holes: Atomic::new(0),
        }
    }

    /// Makes the byte before position `end` the urgent one.
    pub(super) fn set(&self, end: u64) {
        self.end.store(end, Release);
    }

    /// Notes that the urgent byte before position `end` was taken.
    pub(super) fn take(&self, end: u64) {
        self.taken.store(end, Release);
    }

    /// The position after the urgent byte, if that is at or after `position`, before `written`,
    /// and was not taken.
    pub(super) fn pending(&self, position: u64, written: u64) -> Option<u64> {
        let end = self.end.load(Acquire);
        (end > position && end <= written && end != self.taken.load(Acquire)).then_some(end)
    }

    /// Whether the byte after `position` or a later one is urgent, or was.
    pub(super) fn is_ahead(&self, position: u64) -> bool {
        self.end.load(Acquire) > position
    }

    /// How many bytes that were taken still lie in the ring, and are not to be read.
    pub(super) fn holes(&self) -> usize {
        self.holes.load(Acquire)
    }

    /// Notes how many there are.
    pub(super) fn set_holes(&self, holes: usize) {
        self.holes.store(holes, Release);
    }

    /// How many bytes lie between `position` and the urgent one, if it is not behind.
    pub(super) fn distance(&self, position: u64) -> Option<usize> {
        let end = self.end.load(Acquire);
        usize::try_from(end.checked_sub(1)?.checked_sub(position)?).ok()
    }
}
