// SPDX-License-Identifier: GPL-2.0

//! Socks by number.
//!
//! C header: [`include/linux/xarray.h`](srctree/include/linux/xarray.h)

mod chain;

use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    ops::RangeInclusive,
    ptr::NonNull, //
};

use kernel::{
    prelude::*,
    sync::rcu,
    types::{
        Opaque,
        ScopeGuard, //
    }, //
};

use super::{
    Sharers,
    Sharing,
    Sock,
    SockGuard,
    SockRef,
    SocketOps, //
};
use crate::bindings;
use chain::LockedTable;

/// A map from numbers to socks. Looking up takes no lock and stays flat however many there are.
///
/// Socks may share a number. Then those that were raised come before the others, and of each kind
/// the last one comes first. A look-up finds the first, and from there the others.
///
/// The table owns a reference on each sock in it; [`SocketOps::release`] takes a sock out, or it
/// stays alive for ever.
///
/// # Invariants
///
/// Each entry is a pointer to a `Sock<T>`, the first of those that are linked behind each other
/// under the number. The table owns a reference on each of them.
#[pin_data(PinnedDrop)]
pub(crate) struct SockTable<T: SocketOps> {
    #[pin]
    xa: Opaque<bindings::xarray>,
    /// Where the search for a free number begins; protected by the lock of `xa`.
    next: UnsafeCell<u32>,
    _owns: PhantomData<SockRef<T>>,
}

// SAFETY: The table holds references to `Sock`s, which are `Send` and `Sync`.
unsafe impl<T: SocketOps> Send for SockTable<T> {}
// SAFETY: As above; the array has a lock of its own, which protects `next` too.
unsafe impl<T: SocketOps> Sync for SockTable<T> {}

impl<T: SocketOps> SockTable<T> {
    /// An initialiser for an empty table.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            xa <- Opaque::ffi_init(|xa| {
                // SAFETY: `xa` is valid for writes and pinned.
                unsafe { bindings::xa_init_flags(xa, bindings::SHIM_XA_FLAGS) }
            }),
            next: UnsafeCell::new(0),
            _owns: PhantomData,
        })
    }

    /// Runs `change` with the array locked.
    fn locked<R>(&self, change: impl FnOnce(&LockedTable<'_, T>) -> R) -> R {
        // SAFETY: The array was initialised by `new()`.
        unsafe { bindings::xa_lock(self.xa.get()) };
        let _unlock = ScopeGuard::new(|| {
            // SAFETY: The lock was taken above by this task.
            unsafe { bindings::xa_unlock(self.xa.get()) }
        });
        // SAFETY: The lock is held until `_unlock` is dropped.
        change(&unsafe { LockedTable::new(self) })
    }

    /// Enters `sk` under `key`. If there are others, `may_share` is asked about each, with the table
    /// locked: it must not sleep. May sleep itself.
    ///
    /// If it is to be in a `group`, that is the one of the first for whom the answer was
    /// [`Sharing::Grouped`], or a new one.
    ///
    /// # Errors
    ///
    /// `EBUSY` if it may not share, or is in a table already; `ENOMEM`.
    pub(crate) fn insert(
        &self,
        key: u32,
        sk: SockRef<T>,
        group: bool,
        mut may_share: impl FnMut(&Sock<T>) -> Sharing,
    ) -> Result {
        if !sk.link().enter(sk.reuses_port()) {
            return Err(EBUSY);
        }
        let result = loop {
            match self.insert_first(key, &sk, group) {
                Err(error) if error == EBUSY => {}
                result => break result,
            }
            let shared = self.locked(|table| {
                // If those who had it have gone meanwhile, it may be the first after all.
                table.chain(key).next()?;
                let admitted = table.admit(key, &sk, group, &mut may_share);
                Some(admitted.map(|()| table.link_in(key, &sk)))
            });
            if let Some(result) = shared {
                break result;
            }
        };
        if let Err(error) = result {
            sk.link().leave();
            return Err(error);
        }
        // INVARIANT: The reference is now the table's.
        let _ = sk.into_raw();
        Ok(())
    }

    /// Enters `sk` under `key` unless somebody has it. The reference stays the caller's to hand
    /// over.
    fn insert_first(&self, key: u32, sk: &Sock<T>, group: bool) -> Result {
        let entry = core::ptr::from_ref(sk).cast_mut();
        self.locked(|table| {
            if table.chain(key).next().is_some() {
                return Err(EBUSY);
            }
            if group {
                sk.start_group()?;
            }
            // SAFETY: The array is locked, as the function demands; it lets go of the lock to
            // allocate memory. A `Sock` is aligned to more than the two bits that an array uses.
            kernel::error::to_result(unsafe {
                bindings::__xa_insert(
                    table.as_raw(),
                    key as usize,
                    entry.cast(),
                    bindings::GFP_KERNEL,
                )
            })
        })
    }

    /// Puts `sk`, which has `key`, before those that were not raised; `may_share` and `group` as in
    /// [`insert`](Self::insert).
    ///
    /// # Errors
    ///
    /// `EBUSY` if one of the others is against it, `ENOMEM`, `EINVAL` if `sk` does not have `key`.
    pub(crate) fn raise(
        &self,
        key: u32,
        sk: &Sock<T>,
        group: bool,
        mut may_share: impl FnMut(&Sock<T>) -> Sharing,
    ) -> Result {
        self.locked(|table| {
            if !table.chain(key).any(|other| core::ptr::eq(other, sk)) {
                return Err(EINVAL);
            }
            if sk.is_raised() {
                return Ok(());
            }
            table.admit(key, sk, group, &mut may_share)?;
            sk.link().set_raised(true);
            table.move_to_its_place(key, sk);
            Ok(())
        })
    }

    /// Undoes [`raise`](Self::raise), and takes the sock out of its group.
    pub(crate) fn lower(&self, key: u32, guard: &SockGuard<'_, T>) {
        let sk = guard.sock();
        self.locked(|table| {
            if !table.chain(key).any(|other| core::ptr::eq(other, sk)) {
                return;
            }
            sk.link().set_raised(false);
            // SAFETY: The table is locked, and so is the socket.
            unsafe { sk.leave_group() };
            table.move_to_its_place(key, sk);
        });
    }

    /// Enters `sk` under a free number of `range` and says which, in a `group` of its own if it is
    /// to be in one. May sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if all are taken, or `sk` is in a table already; `ENOMEM`.
    pub(crate) fn insert_any(
        &self,
        range: RangeInclusive<u32>,
        sk: SockRef<T>,
        group: bool,
    ) -> Result<u32> {
        if !sk.link().enter(sk.reuses_port()) {
            return Err(EBUSY);
        }
        if group {
            sk.start_group().inspect_err(|_| sk.link().leave())?;
        }
        let entry = sk.into_raw();
        let mut key = 0;
        let ret = self.locked(|table| {
            // SAFETY: The array is locked, which also makes `next` ours; see `insert()` for the
            // entry.
            unsafe {
                bindings::__xa_alloc_cyclic(
                    table.as_raw(),
                    &mut key,
                    entry.as_ptr().cast(),
                    bindings::xa_limit {
                        min: *range.start(),
                        max: *range.end(),
                    },
                    self.next.get(),
                    bindings::GFP_KERNEL,
                )
            }
        });
        // INVARIANT: On success (1 says that the search has wrapped) the reference of `sk` is now
        // the table's.
        if ret < 0 {
            // SAFETY: The reference was not taken over.
            let sk = unsafe { SockRef::from_raw(entry) };
            sk.link().leave();
            return Err(Error::from_errno(ret));
        }
        Ok(key)
    }

    /// Takes a sock out from under `key`, and out of its group, if that is what it has.
    pub(crate) fn remove(&self, key: u32, guard: &SockGuard<'_, T>) -> Option<SockRef<T>> {
        let sk = guard.sock();
        self.locked(|table| {
            if !table.link_out(key, sk) {
                return None;
            }
            // SAFETY: The table is locked, and so is the socket.
            unsafe { sk.leave_group() };
            sk.link().leave();
            // SAFETY: By the type invariant the table owned a reference on what was taken out.
            Some(unsafe { SockRef::from_raw(NonNull::from(sk)) })
        })
    }

    /// Calls `look` with the socks under `key`, if there are any.
    ///
    /// `look` runs in an RCU read-side critical section: it must not sleep. A sock may be taken out
    /// meanwhile; it stays valid until `look` returns.
    pub(crate) fn with<R>(&self, key: u32, look: impl FnOnce(Sharers<'_, T>) -> R) -> Option<R> {
        let rcu = rcu::read_lock();
        // SAFETY: The array is valid; reading needs no lock.
        let sk: *mut Sock<T> = unsafe { bindings::xa_load(self.xa.get(), key as usize) }.cast();
        // SAFETY: By the type invariant the sock was alive when the entry was read. Whoever takes
        // it out after that may drop the last reference, but a `Sock` is freed a grace period
        // later (`SOCK_RCU_FREE`), which `rcu` holds up.
        let sk = unsafe { sk.as_ref() }?;
        Some(look(Sharers::new(sk, &rcu)))
    }

    /// Calls `visit` with each sock, in the order of their numbers.
    ///
    /// `visit` runs in an RCU read-side critical section: it must not sleep. A sock that is
    /// entered or taken out meanwhile may be visited or not.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Sock<T>)) {
        let rcu = rcu::read_lock();
        let (mut key, mut find): (usize, unsafe extern "C" fn(_, _, _, _) -> _) =
            (0, bindings::xa_find);
        loop {
            // SAFETY: The array is valid; reading needs no lock.
            let sk = unsafe { find(self.xa.get(), &mut key, usize::MAX, bindings::XA_PRESENT) };
            // SAFETY: As in `with()`.
            let Some(sk) = (unsafe { sk.cast::<Sock<T>>().as_ref() }) else {
                break;
            };
            Sharers::new(sk, &rcu).iter().for_each(&mut visit);
            find = bindings::xa_find_after;
        }
    }

    /// Whether nothing is in it. What is true now may be false in a moment.
    pub(crate) fn is_empty(&self) -> bool {
        // SAFETY: The array is valid. The field is read once, as C does (`xa_empty()`).
        unsafe { bindings::shim_xa_empty(self.xa.get()) }
    }
}

#[pinned_drop]
impl<T: SocketOps> PinnedDrop for SockTable<T> {
    fn drop(self: Pin<&mut Self>) {
        let mut key = 0;
        loop {
            // SAFETY: The array is valid, and nobody else uses it any more.
            let sk = unsafe {
                bindings::xa_find(self.xa.get(), &mut key, usize::MAX, bindings::XA_PRESENT)
            };
            let mut next = NonNull::new(sk.cast::<Sock<T>>());
            if next.is_none() {
                break;
            }
            // SAFETY: As above.
            unsafe { bindings::xa_erase(self.xa.get(), key) };
            while let Some(sk) = next {
                // SAFETY: By the type invariants the table owns a reference on each sock that is
                // linked to an entry, and each is let go once.
                let sk = unsafe { SockRef::from_raw(sk) };
                next = NonNull::new(sk.link().next());
            }
        }
        // SAFETY: The array is valid and not used after this.
        unsafe { bindings::xa_destroy(self.xa.get()) };
    }
}
