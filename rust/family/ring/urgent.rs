// SPDX-License-Identifier: GPL-2.0

//! The urgent byte of a stream.
//!
//! It lies in the ring where it was sent. There is one at the most: a later one makes an earlier
//! one ordinary.

use kernel::{
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::atomic::{
        ordering::{
            Acquire,
            Release, //
        },
        Atomic, //
    }, //
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

/// The positions of urgent bytes that were taken and still lie in the ring.
pub(super) struct Holes {
    positions: RBTree<u64, ()>,
    count: usize,
}

/// Memory for one more.
pub(super) struct HoleRoom(RBTreeNodeReservation<u64, ()>);

impl HoleRoom {
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    pub(super) fn new() -> Result<Self> {
        Ok(Self(RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?))
    }
}

impl Holes {
    /// None.
    pub(super) fn new() -> Self {
        Self {
            positions: RBTree::new(),
            count: 0,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Whether there is one at `position`.
    pub(super) fn contains(&self, position: u64) -> bool {
        self.positions.get(&position).is_some()
    }

    /// The first after `position`.
    pub(super) fn after(&self, position: u64) -> Option<u64> {
        let next = position.checked_add(1)?;
        let cursor = self.positions.cursor_lower_bound(&next)?;
        Some(*cursor.current().0)
    }

    /// Adds the one at `position`.
    pub(super) fn add(&mut self, position: u64, room: HoleRoom) {
        let old = self.positions.insert(room.0.into_node(position, ()));
        if old.is_none() {
            self.count = self.count.saturating_add(1);
        }
    }

    /// Forgets those that lie before `position`.
    pub(super) fn forget_before(&mut self, position: u64) {
        let mut first = self.positions.cursor_front_mut();
        while let Some(hole) = first.take_if(|hole| *hole.current().0 < position) {
            first = hole.remove_current().0;
            self.count = self.count.saturating_sub(1);
        }
    }
}
