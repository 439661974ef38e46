// SPDX-License-Identifier: GPL-2.0

//! The socks under one number of a table, one behind the other.

use kernel::prelude::*;

use super::{
    super::{
        Sharing,
        Sock,
        SocketOps, //
    },
    SockTable, //
};
use crate::bindings;

/// A table whose lock is held.
///
/// # Invariants
///
/// The task holds the lock of the array as long as the value lives. Only to allocate memory,
/// `__xa_insert()` and its like let go of it for a moment.
pub(super) struct LockedTable<'a, T: SocketOps>(&'a SockTable<T>);

impl<'a, T: SocketOps> LockedTable<'a, T> {
    /// # Safety
    ///
    /// The task must hold the lock of the array while the value lives.
    pub(super) unsafe fn new(table: &'a SockTable<T>) -> Self {
        // INVARIANT: By the contract of this function.
        Self(table)
    }

    pub(super) fn as_raw(&self) -> *mut bindings::xarray {
        self.0.xa.get()
    }

    /// The socks under `key`, in their order.
    pub(super) fn chain(&self, key: u32) -> impl Iterator<Item = &Sock<T>> {
        // SAFETY: The array is valid.
        let first: *mut Sock<T> = unsafe { bindings::xa_load(self.as_raw(), key as usize) }.cast();
        // SAFETY: By the type invariant an entry, and by that of `Link` what is linked to it, is a
        // sock on which the table has a reference; it keeps that until the lock is released.
        let sock = |sk: *mut Sock<T>| unsafe { sk.cast_const().as_ref() };
        core::iter::successors(sock(first), move |sk| sock(sk.link().next()))
    }

    /// Asks whether `sk` may share `key` with all others there, and makes it one of their group.
    pub(super) fn admit(
        &self,
        key: u32,
        sk: &Sock<T>,
        group: bool,
        may_share: &mut impl FnMut(&Sock<T>) -> Sharing,
    ) -> Result {
        let mut member = None;
        for other in self.chain(key) {
            if core::ptr::eq(other, sk) {
                continue;
            }
            match may_share(other) {
                Sharing::Refused => return Err(EBUSY),
                Sharing::Allowed => {}
                Sharing::Grouped => member = member.or(Some(other)),
            }
        }
        match member {
            // SAFETY: The table is locked, and `member` is in it.
            Some(member) if group => unsafe { sk.join_group(member) },
            _ if group => sk.start_group(),
            _ => Ok(()),
        }
    }

    /// Puts `sk` where it belongs among those under `key`, of whom there is one at least.
    pub(super) fn link_in(&self, key: u32, sk: &Sock<T>) {
        let entry = core::ptr::from_ref(sk).cast_mut();
        let before = if sk.is_raised() {
            None
        } else {
            self.chain(key).take_while(|other| other.is_raised()).last()
        };
        match before {
            // INVARIANT: Both are under the same number.
            Some(before) => {
                sk.link().set_next(before.link().next());
                before.link().set_next(entry);
            }
            None => {
                let first = self.chain(key).next();
                let first = first.map_or(core::ptr::null(), core::ptr::from_ref);
                sk.link().set_next(first.cast_mut());
                self.replace_first(key, entry);
            }
        }
    }

    /// Takes `sk` out from among those under `key`, if it is there.
    pub(super) fn link_out(&self, key: u32, sk: &Sock<T>) -> bool {
        let mut before = None;
        for other in self.chain(key) {
            if !core::ptr::eq(other, sk) {
                before = Some(other);
                continue;
            }
            let next = sk.link().next();
            match before {
                // INVARIANT: Both are under the same number.
                Some(before) => before.link().set_next(next),
                None => self.replace_first(key, next),
            }
            return true;
        }
        false
    }

    /// Makes `first` what look-ups under `key` find, where there is an entry; if it is null, they
    /// find none.
    fn replace_first(&self, key: u32, first: *mut Sock<T>) {
        if first.is_null() {
            // SAFETY: The array is valid and locked.
            unsafe { bindings::__xa_erase(self.as_raw(), key as usize) };
            return;
        }
        // SAFETY: The array is valid and locked. No memory is needed to replace an entry, so this
        // does not fail.
        let old = unsafe { bindings::__xa_store(self.as_raw(), key as usize, first.cast(), 0) };
        debug_assert!(!old.is_null());
    }

    /// Moves `sk`, which is there, if it was raised or lowered.
    pub(super) fn move_to_its_place(&self, key: u32, sk: &Sock<T>) {
        // Alone, it is where it belongs, and an entry is never erased only to come back.
        if self.chain(key).nth(1).is_some() {
            self.link_out(key, sk);
            self.link_in(key, sk);
        }
    }
}
