// SPDX-License-Identifier: GPL-2.0

//! Socks by number.
//!
//! C header: [`include/linux/xarray.h`](srctree/include/linux/xarray.h)

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
    Sock,
    SockRef,
    SocketOps, //
};
use crate::bindings;

/// A map from numbers to socks. Looking up takes no lock and stays flat however many there are.
///
/// The table owns a reference on each sock in it; [`SocketOps::release`] takes a sock out, or it
/// stays alive for ever.
///
/// # Invariants
///
/// Each entry is a pointer to a `Sock<T>` on which the table owns a reference.
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
    fn locked<R>(&self, change: impl FnOnce(*mut bindings::xarray) -> R) -> R {
        // SAFETY: The array was initialised by `new()`.
        unsafe { bindings::xa_lock(self.xa.get()) };
        let _unlock = ScopeGuard::new(|| {
            // SAFETY: The lock was taken above by this task.
            unsafe { bindings::xa_unlock(self.xa.get()) }
        });
        change(self.xa.get())
    }

    /// Enters `sk` under `key`. May sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if there is an entry, `ENOMEM`.
    pub(crate) fn insert(&self, key: u32, sk: SockRef<T>) -> Result {
        let entry = sk.into_raw();
        let ret = self.locked(|xa| {
            // SAFETY: The array is locked, as the function demands; it lets go of the lock to
            // allocate memory. A `Sock` is aligned to more than the two bits that an array uses.
            unsafe {
                bindings::__xa_insert(
                    xa,
                    key as usize,
                    entry.as_ptr().cast(),
                    bindings::GFP_KERNEL,
                )
            }
        });
        // INVARIANT: On success the reference of `sk` is now the table's.
        kernel::error::to_result(ret).inspect_err(|_| {
            // SAFETY: The reference was not taken over.
            drop(unsafe { SockRef::from_raw(entry) })
        })
    }

    /// Enters `sk` under a free number of `range` and says which. May sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if all are taken, `ENOMEM`.
    pub(crate) fn insert_any(&self, range: RangeInclusive<u32>, sk: SockRef<T>) -> Result<u32> {
        let entry = sk.into_raw();
        let mut key = 0;
        let ret = self.locked(|xa| {
            // SAFETY: The array is locked, which also makes `next` ours; see `insert()` for the
            // entry.
            unsafe {
                bindings::__xa_alloc_cyclic(
                    xa,
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
            drop(unsafe { SockRef::from_raw(entry) });
            return Err(Error::from_errno(ret));
        }
        Ok(key)
    }

    /// Takes `sk` out from under `key`, if that is what is there.
    pub(crate) fn remove(&self, key: u32, sk: &Sock<T>) -> Option<SockRef<T>> {
        let entry: *const Sock<T> = sk;
        let old = self.locked(|xa| {
            // SAFETY: The array is valid, and locked, so that nobody comes between the two calls.
            unsafe {
                if bindings::xa_load(xa, key as usize).cast_const() != entry.cast() {
                    return core::ptr::null_mut();
                }
                bindings::__xa_erase(xa, key as usize)
            }
        });
        // SAFETY: By the type invariant the table owned a reference on what was erased.
        NonNull::new(old.cast()).map(|old| unsafe { SockRef::from_raw(old) })
    }

    /// Calls `look` with the sock under `key`, if there is one.
    ///
    /// `look` runs in an RCU read-side critical section: it must not sleep. The sock may be taken
    /// out meanwhile; it stays valid until `look` returns.
    pub(crate) fn with<R>(&self, key: u32, look: impl FnOnce(&Sock<T>) -> R) -> Option<R> {
        let _rcu = rcu::read_lock();
        // SAFETY: The array is valid; reading needs no lock.
        let sk: *mut Sock<T> = unsafe { bindings::xa_load(self.xa.get(), key as usize) }.cast();
        // SAFETY: By the type invariant the sock was alive when the entry was read. Whoever takes
        // it out after that may drop the last reference, but a `Sock` is freed a grace period
        // later (`SOCK_RCU_FREE`), which `_rcu` holds up.
        let sk = unsafe { sk.as_ref() }?;
        Some(look(sk))
    }

    /// Calls `visit` with each sock, in the order of their numbers.
    ///
    /// `visit` runs in an RCU read-side critical section: it must not sleep. A sock that is
    /// entered or taken out meanwhile may be visited or not.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Sock<T>)) {
        let _rcu = rcu::read_lock();
        let (mut key, mut find): (usize, unsafe extern "C" fn(_, _, _, _) -> _) =
            (0, bindings::xa_find);
        loop {
            // SAFETY: The array is valid; reading needs no lock.
            let sk = unsafe { find(self.xa.get(), &mut key, usize::MAX, bindings::XA_PRESENT) };
            // SAFETY: As in `with()`.
            let Some(sk) = (unsafe { sk.cast::<Sock<T>>().as_ref() }) else {
                break;
            };
            visit(sk);
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
            let Some(sk) = NonNull::new(sk.cast()) else {
                break;
            };
            // SAFETY: By the type invariant the table owns a reference on each entry; each is
            // erased as it is taken.
            unsafe {
                bindings::xa_erase(self.xa.get(), key);
                drop(SockRef::<T>::from_raw(sk));
            }
        }
        // SAFETY: The array is valid and not used after this.
        unsafe { bindings::xa_destroy(self.xa.get()) };
    }
}
