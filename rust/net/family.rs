// SPDX-License-Identifier: GPL-2.0

//! Registering a family.
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Full,
                Relaxed,
                Release, //
            },
            Atomic, //
        }, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    types::{
        Opaque,
        ScopeGuard, //
    }, //
};

use super::{
    descriptors::SendingCell,
    errno::EAFNOSUPPORT,
    namespace::NamespaceCell,
    release::smp_mb,
    socket_types::{
        NewSocket,
        SocketTypes, //
    },
    Namespace,
    SocketAddress, //
};
use crate::bindings;

/// An address family.
pub(crate) trait Family: Sized + Send + Sync + 'static {
    /// The addresses of its sockets.
    type Address: SocketAddress + Send + Sync + 'static;
    /// What it keeps in each network namespace.
    type Namespace: Namespace;
    /// Its socket types, a tuple of types that implement [`SocketOps`](super::SocketOps).
    type Types: SocketTypes<Self>;

    /// The level of its own options in `getsockopt(2)`, if it has any.
    const OPTION_LEVEL: Option<i32> = None;

    /// Where the abstraction keeps what it knows of the family:
    ///
    /// ```ignore
    /// fn cell() -> &'static FamilyCell<Self> {
    ///     static CELL: FamilyCell<MyFamily> = FamilyCell::new();
    ///     &CELL
    /// }
    /// ```
    fn cell() -> &'static FamilyCell<Self>;

    /// The module that the family is in: [`this_module()`](super::this_module).
    fn module() -> &'static ThisModule;
}

/// What the abstraction knows of a family.
pub(crate) struct FamilyCell<F: Family> {
    registered: Atomic<bool>,
    /// Socks that live, and calls that are about to make one.
    live: Atomic<i64>,
    number: Atomic<i32>,
    pub(super) namespaces: NamespaceCell<F>,
    pub(super) sending: SendingCell,
}

impl<F: Family> FamilyCell<F> {
    /// A cell for a `static` of the family.
    pub(crate) const fn new() -> Self {
        Self {
            registered: Atomic::new(false),
            live: Atomic::new(0),
            number: Atomic::new(0),
            namespaces: NamespaceCell::new(),
            sending: SendingCell::new(),
        }
    }

    /// Announces a sock that is about to be made.
    pub(super) fn announce(&'static self) -> Live<F> {
        self.live.add(1, Relaxed);
        Live(self)
    }

    /// A sock that was announced is no more.
    pub(super) fn forget(&self) {
        // Release: what the sock did to the family's state comes before.
        self.live.fetch_sub(1, Release);
    }

    /// The number that the family is registered with.
    pub(super) fn number(&self) -> i32 {
        self.number.load(Relaxed)
    }
}

/// The number of `F` as it stands in an address.
pub(crate) fn family_number<F: Family>() -> u16 {
    // A registered number is less than NPROTO.
    u16::try_from(F::cell().number()).unwrap_or(0)
}

/// Holds up the end of a registration while a sock is being made.
pub(super) struct Live<F: Family>(&'static FamilyCell<F>);

impl<F: Family> Live<F> {
    pub(super) fn cell(&self) -> &'static FamilyCell<F> {
        self.0
    }

    /// The sock was made, and its destructor will call [`FamilyCell::forget`].
    pub(super) fn keep(self) {
        core::mem::forget(self);
    }
}

impl<F: Family> Drop for Live<F> {
    fn drop(&mut self) {
        self.0.forget();
    }
}

/// A family that the kernel knows, from [`new`](Self::new) to its drop.
///
/// The drop waits until no sock is left. In the data of a module there is none when it is dropped,
/// as the kernel holds a reference on the module for each; but there may be if the module gives up
/// while it is being loaded.
///
/// # Invariants
///
/// The family, its socket types and its namespace state are registered.
pub(crate) struct Registration<F: Family> {
    cell: &'static FamilyCell<F>,
    /// `struct net_proto_family`, which the kernel points to.
    _family: KBox<Opaque<bindings::net_proto_family>>,
}

// SAFETY: Unregistering may be done by another thread than registering.
unsafe impl<F: Family> Send for Registration<F> {}
// SAFETY: There is no method that takes a shared reference.
unsafe impl<F: Family> Sync for Registration<F> {}

impl<F: Family> Registration<F> {
    /// Registers `F` under `number`. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `number` is no family number, `EBUSY` if `F` is registered, `EEXIST` if
    /// `number` belongs to another family, `ENOMEM`, `ENOSPC` if there are too many protocols.
    pub(crate) fn new(number: i32) -> Result<Self> {
        super::layout::check()?;

        if number <= 0 || number.unsigned_abs() >= bindings::SHIM_NPROTO {
            return Err(EINVAL);
        }
        let cell = F::cell();
        if cell.registered.xchg(true, Full) {
            return Err(EBUSY);
        }
        let forget = ScopeGuard::new(|| cell.registered.store(false, Release));

        cell.number.store(number, Relaxed);
        cell.namespaces.register()?;
        let drop_namespaces = ScopeGuard::new(|| cell.namespaces.unregister());

        cell.sending.set_up()?;
        let drop_sending = ScopeGuard::new(|| cell.sending.tear_down());

        F::Types::register()?;
        let drop_types = ScopeGuard::new(F::Types::unregister);

        let family = KBox::new(
            Opaque::new(bindings::net_proto_family {
                family: number,
                create: Some(create::<F>),
                owner: F::module().as_ptr(),
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: The structure is whole, and lives until after `sock_unregister()`.
        kernel::error::to_result(unsafe { bindings::sock_register(family.get()) })?;

        drop_types.dismiss();
        drop_sending.dismiss();
        drop_namespaces.dismiss();
        forget.dismiss();
        // INVARIANT: All of them have just been registered.
        Ok(Self {
            cell,
            _family: family,
        })
    }
}

impl<F: Family> Drop for Registration<F> {
    fn drop(&mut self) {
        let cell = self.cell;
        // The order is that of `new()` reversed.
        //
        // SAFETY: By the type invariant the number is registered, and registered by us.
        unsafe { bindings::sock_unregister(cell.number()) };
        // Whoever is about to make a sock has announced it, or will see this. Full: one of the two
        // comes first.
        cell.registered.xchg(false, Full);
        while cell.live.load(Acquire) > 0 {
            fsleep(Delta::from_millis(10));
        }
        // The last destructors may still be running, and the core frees the objects after them.
        //
        // SAFETY: No requirement but process context.
        unsafe { bindings::rcu_barrier() };
        F::Types::unregister();
        cell.sending.tear_down();
        cell.namespaces.unregister();
    }
}

/// # Safety
///
/// Called by `__sock_create()` in net/socket.c with a live namespace and a new socket, while it
/// holds a reference on the module.
unsafe extern "C" fn create<F: Family>(
    net: *mut bindings::net,
    sock: *mut bindings::socket,
    protocol: i32,
    kern: i32,
) -> i32 {
    let cell = F::cell();
    let live = cell.announce();
    // Pairs with the exchange in the drop of the registration.
    smp_mb();
    if !cell.registered.load(Acquire) {
        return Error::from(EAFNOSUPPORT).to_errno();
    }
    // SAFETY: As the caller promises, and the registration does not end while `live` is held.
    let new = unsafe { NewSocket::new(net, sock, protocol, kern != 0, live) };
    match F::Types::create(new) {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}
