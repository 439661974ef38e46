// SPDX-License-Identifier: GPL-2.0

//! Socks that share a number of a [`SockTable`](super::SockTable).

use kernel::sync::{
    atomic::{
        ordering::{
            Acquire,
            Full,
            Relaxed,
            Release, //
        },
        Atomic, //
    },
    rcu, //
};

use super::{
    Sock,
    SocketOps, //
};

/// What becomes of a sock that is to share its number with another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// It does not get the number.
    Refused,
    /// It gets it.
    Allowed,
    /// It gets it, and becomes one of the other's group.
    Grouped,
}

/// What a sock knows of the table that it is in.
///
/// # Invariants
///
/// While a sock is entered, `next` is null or points to a sock that is entered under the same
/// number. When it is taken out, `next` stays, for those who are on their way along it.
pub(super) struct Link<T: SocketOps> {
    /// Whether it is in a table; it is in one at the most.
    entered: Atomic<bool>,
    /// Whether it was entered with `SO_REUSEPORT`.
    reuses_port: Atomic<bool>,
    /// Whether it was raised. Stored under the lock of the table.
    raised: Atomic<bool>,
    /// Whether it is in a group. Stored under the lock of the table.
    grouped: Atomic<bool>,
    /// The one behind it. Stored under the lock of the table.
    next: Atomic<*mut Sock<T>>,
}

impl<T: SocketOps> Link<T> {
    /// Of a sock that is in no table.
    pub(super) fn new() -> Self {
        // INVARIANT: It is not entered.
        Self {
            entered: Atomic::new(false),
            reuses_port: Atomic::new(false),
            raised: Atomic::new(false),
            grouped: Atomic::new(false),
            next: Atomic::new(core::ptr::null_mut()),
        }
    }

    /// Makes it the table's who calls; `false` if it is in a table already.
    pub(super) fn enter(&self, reuses_port: bool) -> bool {
        if self.entered.cmpxchg(false, true, Full).is_err() {
            return false;
        }
        // INVARIANT: There is nobody behind it.
        self.next.store(core::ptr::null_mut(), Relaxed);
        self.reuses_port.store(reuses_port, Relaxed);
        true
    }

    /// It is in no table any more.
    pub(super) fn leave(&self) {
        self.raised.store(false, Relaxed);
        self.grouped.store(false, Relaxed);
        self.entered.store(false, Release);
    }

    pub(super) fn next(&self) -> *mut Sock<T> {
        self.next.load(Acquire)
    }

    /// To be called by the table, which keeps the invariant.
    pub(super) fn set_next(&self, next: *mut Sock<T>) {
        self.next.store(next, Release);
    }

    pub(super) fn set_raised(&self, raised: bool) {
        self.raised.store(raised, Relaxed);
    }

    pub(super) fn set_grouped(&self, grouped: bool) {
        self.grouped.store(grouped, Release);
    }

    pub(super) fn is_grouped(&self) -> bool {
        self.grouped.load(Acquire)
    }
}

impl<T: SocketOps> Sock<T> {
    /// Whether it is in a table.
    pub(crate) fn is_entered(&self) -> bool {
        self.link().entered.load(Acquire)
    }

    /// Whether it was entered in its table with `SO_REUSEPORT`.
    pub(crate) fn was_reusing_port(&self) -> bool {
        self.link().reuses_port.load(Relaxed)
    }

    /// Whether it was [raised](super::SockTable::raise).
    pub(crate) fn is_raised(&self) -> bool {
        self.link().raised.load(Relaxed)
    }
}

/// The socks under one number, as a look-up finds them.
pub(crate) struct Sharers<'rcu, T: SocketOps> {
    first: &'rcu Sock<T>,
    rcu: &'rcu rcu::Guard,
}

impl<'rcu, T: SocketOps> Sharers<'rcu, T> {
    /// `first` is the first of the socks under a number, found while `rcu` was held.
    pub(super) fn new(first: &'rcu Sock<T>, rcu: &'rcu rcu::Guard) -> Self {
        Self { first, rcu }
    }

    /// The first of them: the one that was raised last, else the one that was entered last.
    pub(crate) fn first(&self) -> &'rcu Sock<T> {
        self.first
    }

    /// Whether there is more than one.
    pub(crate) fn are_several(&self) -> bool {
        !self.first.link().next().is_null()
    }

    /// All of them. Those that come and go meanwhile may be among them or not.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'rcu Sock<T>> + use<'rcu, T> {
        let _rcu = self.rcu;
        core::iter::successors(Some(self.first), |sk| {
            // SAFETY: By the invariant of `Link`, what `next` points to was entered when this one
            // was, at the latest when that was taken out, which the read-side critical section has
            // seen begin: it found this one. Since then at most the reference of the table was
            // dropped, and a `Sock` is freed a grace period later.
            unsafe { sk.link().next().as_ref() }
        })
    }
}
