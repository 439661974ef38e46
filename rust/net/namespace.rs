// SPDX-License-Identifier: GPL-2.0

//! What a family keeps in each network namespace.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Release, //
            },
            Atomic, //
        },
        Arc, //
    }, //
};

use super::{
    sysctl::SysctlTable,
    Family,
    MemoryAccount,
    Setting, //
};
use crate::bindings;

/// The state of a family in one network namespace.
///
/// Made when the namespace is made or the family registered, dropped when the namespace goes or
/// the family is unregistered: after the last socket of the namespace.
pub(crate) trait Namespace: Sized + Send + Sync + 'static {
    /// An initialiser. May sleep.
    fn new() -> impl PinInit<Self, Error>;

    /// What of it can be read and set in `/proc/sys/net/core`, as long as it lives. May sleep.
    fn settings(&self) -> Result<KVec<Arc<Setting>>> {
        Ok(KVec::new())
    }

    /// What the messages are charged to that are queued on its sockets.
    fn memory(&self) -> Option<&Arc<MemoryAccount>> {
        None
    }
}

/// What a slot of a network namespace points to.
struct Slot<N: Namespace> {
    /// Dropped first: then nobody reads or writes the settings any more.
    _sysctls: Option<SysctlTable>,
    state: Pin<KBox<N>>,
}

/// Where the states of a family are found.
///
/// # Invariants
///
/// The pointer is null, or points to a live `struct shim_pernet` whose slots hold
/// `KBox<Slot<F::Namespace>>` pointers for the namespaces that `init()` succeeded for.
pub(super) struct NamespaceCell<F: Family> {
    pernet: Atomic<*mut bindings::shim_pernet>,
    _family: PhantomData<F>,
}

impl<F: Family> NamespaceCell<F> {
    pub(super) const fn new() -> Self {
        // INVARIANT: The pointer is null.
        Self {
            pernet: Atomic::new(core::ptr::null_mut()),
            _family: PhantomData,
        }
    }

    /// The state in `net`.
    ///
    /// # Safety
    ///
    /// `net` must be alive, and the family registered.
    pub(super) unsafe fn get(&self, net: *mut bindings::net) -> Option<NonNull<F::Namespace>> {
        let pernet = self.pernet.load(Acquire);
        if pernet.is_null() {
            return None;
        }
        // SAFETY: By the type invariants the pointer is live, and as the caller promises the
        // namespace is, so it has a slot, which holds null or a pointer to a `Slot`.
        let slot = unsafe {
            (*bindings::shim_pernet_slot(pernet, net))
                .cast::<Slot<F::Namespace>>()
                .as_ref()
        };
        slot.map(|slot| NonNull::from(&*slot.state))
    }

    /// Makes the state of all namespaces, those that exist and those to come. May sleep.
    ///
    /// Only [`Registration`](super::Registration) calls this, once until `unregister()`.
    pub(super) fn register(&self) -> Result {
        // SAFETY: The callbacks have the signatures that they are called with.
        let pernet = unsafe { bindings::shim_pernet_alloc(Some(init::<F>), Some(exit::<F>)) };
        if pernet.is_null() {
            return Err(ENOMEM);
        }
        // INVARIANT: The callbacks, which look here, run only from now on.
        self.pernet.store(pernet, Release);
        // SAFETY: The object is new, and lives until after `shim_pernet_unregister()`.
        let ret = unsafe { bindings::shim_pernet_register(pernet) };
        kernel::error::to_result(ret).inspect_err(|_| self.free())
    }

    /// Drops the state of all namespaces. May sleep.
    pub(super) fn unregister(&self) {
        // SAFETY: `register()` succeeded, so the object is live and registered.
        unsafe { bindings::shim_pernet_unregister(self.pernet.load(Acquire)) };
        self.free();
    }

    fn free(&self) {
        let pernet = self.pernet.load(Acquire);
        // INVARIANT: Forgotten before it is freed.
        self.pernet.store(core::ptr::null_mut(), Release);
        // SAFETY: The object is not registered, or not any more, so no callback refers to it.
        unsafe { bindings::shim_pernet_free(pernet) };
    }
}

/// # Safety
///
/// Called by `ops_init()` in net/core/net_namespace.c with a namespace that is being set up.
unsafe extern "C" fn init<F: Family>(net: *mut bindings::net) -> i32 {
    let make = || -> Result {
        let state = KBox::pin_init(F::Namespace::new(), GFP_KERNEL_ACCOUNT)?;
        // SAFETY: The namespace is being set up. `exit()` drops the table before it is gone, as
        // does a failure here.
        let sysctls = unsafe { SysctlTable::new(net, state.settings()?) }?;
        let slot = KBox::new(
            Slot {
                _sysctls: sysctls,
                state,
            },
            GFP_KERNEL_ACCOUNT,
        )?;
        let pernet = F::cell().namespaces.pernet.load(Acquire);
        // SAFETY: `register()` stored the pointer before this callback could run, and the slots
        // of a namespace that is being set up are there.
        unsafe { *bindings::shim_pernet_slot(pernet, net) = KBox::into_raw(slot).cast() };
        Ok(())
    };
    match make() {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

/// # Safety
///
/// Called by net/core/net_namespace.c once for a namespace that `init()` succeeded for, when it has
/// no more sockets.
unsafe extern "C" fn exit<F: Family>(net: *mut bindings::net) {
    let pernet = F::cell().namespaces.pernet.load(Acquire);
    // SAFETY: `init()` put the pointer of a box there. No sock of this namespace is left, as each
    // holds a reference on it, so nobody refers to the contents.
    unsafe {
        let slot = bindings::shim_pernet_slot(pernet, net);
        let contents = KBox::from_raw((*slot).cast::<Slot<F::Namespace>>());
        *slot = core::ptr::null_mut();
        drop(contents);
    }
}
