// SPDX-License-Identifier: GPL-2.0

//! The socket types of a family, and making a socket of one.

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::prelude::*;

use super::{
    errno::{
        EAFNOSUPPORT,
        ESOCKTNOSUPPORT, //
    },
    family::Live,
    release,
    sock::{
        destruct,
        SockData, //
    },
    Family,
    Sock,
    Socket,
    SocketArgs,
    SocketOps,
    SocketType, //
};
use crate::bindings;

/// A tuple of the socket types of family `F`.
pub(crate) trait SocketTypes<F: Family> {
    /// Registers the `struct proto` of each, or of none.
    fn register() -> Result;

    /// Unregisters all of them, in the reverse order.
    fn unregister();

    /// Makes a socket of the type that was asked for.
    ///
    /// # Errors
    ///
    /// `ESOCKTNOSUPPORT` if it is not in the tuple; what [`SocketOps::new`] returns; `ENOMEM`.
    fn create(new: NewSocket<'_, F>) -> Result;
}

/// The end of a tuple.
impl<F: Family> SocketTypes<F> for () {
    fn register() -> Result {
        Ok(())
    }

    fn unregister() {}

    fn create(_new: NewSocket<'_, F>) -> Result {
        Err(ESOCKTNOSUPPORT.into())
    }
}

/// A pair of one type and the tuple of the rest: `(A, (B, ()))`.
impl<F: Family, T: SocketOps<Family = F>, Rest: SocketTypes<F>> SocketTypes<F> for (T, Rest) {
    fn register() -> Result {
        T::proto().register()?;
        Rest::register().inspect_err(|_| T::proto().unregister())
    }

    fn unregister() {
        Rest::unregister();
        T::proto().unregister();
    }

    fn create(new: NewSocket<'_, F>) -> Result {
        match SocketType::from_raw(new.raw_type(), T::TYPES) {
            Some(socket_type) => new.create::<T>(socket_type),
            None => Rest::create(new),
        }
    }
}

/// A `struct socket` that `socket(2)` has made and that has no sock yet.
///
/// # Invariants
///
/// `net` is alive and `sock` is a new socket, for `'a`. The family is registered.
pub(crate) struct NewSocket<'a, F: Family> {
    net: *mut bindings::net,
    sock: *mut bindings::socket,
    protocol: i32,
    kern: bool,
    live: Live<F>,
    _for: PhantomData<&'a ()>,
}

impl<F: Family> NewSocket<'_, F> {
    /// # Safety
    ///
    /// `net` must be alive, `sock` a new socket, and the family registered, while the value lives.
    pub(super) unsafe fn new(
        net: *mut bindings::net,
        sock: *mut bindings::socket,
        protocol: i32,
        kern: bool,
        live: Live<F>,
    ) -> Self {
        // INVARIANT: By the contract of this function.
        Self {
            net,
            sock,
            protocol,
            kern,
            live,
            _for: PhantomData,
        }
    }

    fn raw_type(&self) -> i32 {
        // SAFETY: By the type invariant the socket is valid; its type does not change.
        i32::from(unsafe { (*self.sock).type_ })
    }

    fn create<T: SocketOps<Family = F>>(self, socket_type: SocketType) -> Result {
        let net = NonNull::new(self.net).ok_or(EINVAL)?;
        // SAFETY: By the type invariant the namespace is alive.
        let args = unsafe { SocketArgs::new(socket_type, self.protocol, net) };
        let ops = T::new(&args)?;
        let cell = self.live.cell();
        let proto = T::proto();
        if proto.as_raw().is_null() {
            return Err(ENODEV);
        }
        // SAFETY: By the type invariants the namespace is alive and the family registered.
        let namespace = unsafe { cell.namespaces.get(self.net) }.ok_or(EAFNOSUPPORT)?;

        // SAFETY: The namespace and the socket are valid, and the family, and with it the
        // `struct proto`, is registered.
        let sk = unsafe {
            bindings::shim_sk_alloc(
                self.net,
                self.sock,
                cell.number(),
                proto.as_raw(),
                self.protocol,
                self.kern,
            )
        };
        if sk.is_null() {
            return Err(ENOMEM);
        }

        let data = SockData::new(cell, namespace, ops);
        // SAFETY: The object is one of `Proto<T>`, and its Rust state is still zeroes.
        if let Err(error) = unsafe { init_data::<T>(sk, data, self.live) } {
            // SAFETY: The sock was not armed, and nobody else knows it.
            unsafe { bindings::shim_sk_disarmed_free(self.sock, sk) };
            return Err(error);
        }
        // SAFETY: The socket is ours while it is being made. The table lives as long as the
        // registration of the family.
        unsafe { (*self.sock).ops = proto.ops() };
        if T::HAS_SET_OPTION {
            // SAFETY: The socket is ours while it is being made.
            unsafe { bindings::shim_sock_customize_options(self.sock) };
        }
        if !T::HAS_CREATED {
            return Ok(());
        }
        // SAFETY: The socket is complete, and as open as one in `socket(2)` can be.
        let created = unsafe { Socket::<T>::from_raw(self.sock) }.map_or(Err(ENOMEM), T::created);
        created.inspect_err(|_| {
            // SAFETY: The sock is whole, so it goes as after its last close: the reference that the
            // socket has to it is dropped as it is detached.
            unsafe {
                bindings::shim_sk_orphan(self.sock);
                bindings::shim_sk_put(sk);
            }
        })
    }
}

/// Initialises the Rust state behind `sk` and arms its destructor.
///
/// # Safety
///
/// `sk` must be an object of `Proto<T>` that is not armed, that nobody else knows, and whose Rust
/// state is not initialised: what is there is overwritten, not dropped.
pub(super) unsafe fn init_data<T: SocketOps>(
    sk: *mut bindings::sock,
    data: impl PinInit<SockData<T>, Error>,
    live: Live<T::Family>,
) -> Result {
    // SAFETY: As the caller promises. The object never moves, so what is in it is pinned.
    unsafe { release::init(Sock::<T>::data_of(sk), data) }?;
    // SAFETY: The state has just been initialised, which is what the destructor needs.
    unsafe { bindings::shim_sk_arm(sk, Some(destruct::<T>)) };
    live.keep();
    Ok(())
}
