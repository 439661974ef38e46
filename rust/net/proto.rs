// SPDX-License-Identifier: GPL-2.0

//! `struct proto` and `struct proto_ops` of a socket type.

use core::marker::PhantomData;

use kernel::{
    prelude::*,
    sync::atomic::{
        ordering::{
            Acquire,
            Release, //
        },
        Atomic, //
    },
    types::Opaque, //
};

use super::{
    ops,
    Family,
    Sock,
    SocketOps, //
};
use crate::bindings;

/// What the kernel knows of a socket type, in a `static` of its own.
///
/// # Invariants
///
/// `raw` is null, or a registered `struct proto` for objects of `Sock<T>`; then `ops` is
/// initialised and does not change.
pub(crate) struct Proto<T: SocketOps> {
    raw: Atomic<*mut bindings::proto>,
    ops: Opaque<bindings::proto_ops>,
    _type: PhantomData<T>,
}

// SAFETY: `raw` is atomic, and `ops` is only written by `register()`, before the family and thus
// the table is known to anybody.
unsafe impl<T: SocketOps> Sync for Proto<T> {}

impl<T: SocketOps> Proto<T> {
    /// For the `static` that [`SocketOps::proto`] returns.
    pub(crate) const fn new() -> Self {
        // INVARIANT: `raw` is null.
        Self {
            raw: Atomic::new(core::ptr::null_mut()),
            ops: Opaque::uninit(),
            _type: PhantomData,
        }
    }

    pub(super) fn as_raw(&self) -> *mut bindings::proto {
        self.raw.load(Acquire)
    }

    pub(super) fn ops(&self) -> *const bindings::proto_ops {
        self.ops.get()
    }

    /// Only called for a family that is being registered, which happens once until `unregister()`.
    pub(super) fn register(&self) -> Result {
        let module = T::Family::module().as_ptr();
        // Another family, or the same type twice in one, would share the table.
        if !self.as_raw().is_null() {
            return Err(EBUSY);
        }
        // SAFETY: Nobody uses the table before `raw` is set.
        unsafe {
            self.ops
                .get()
                .write(ops::table::<T>(T::Family::cell().number(), module));
        }

        let size = u32::try_from(Sock::<T>::OBJECT_SIZE)?;
        // SAFETY: The name is a C string, the module is the one that this code is in, and the
        // callbacks have the signatures that they are called with.
        let raw = unsafe {
            bindings::shim_proto_register(
                kernel::str::as_char_ptr_in_const_context(T::NAME),
                module,
                size,
                Some(ops::sock_ioctl::<T>),
                if T::HAS_DEVICE_CHANGED {
                    Some(ops::sock_rehash::<T>)
                } else {
                    None
                },
            )
        };
        let raw = kernel::error::from_err_ptr(raw)?;
        // INVARIANT: Both have just been set.
        self.raw.store(raw, Release);
        Ok(())
    }

    /// Only called after `register()`, when no sock of the type is left.
    pub(super) fn unregister(&self) {
        let raw = self.as_raw();
        // INVARIANT: Forgotten before it is freed.
        self.raw.store(core::ptr::null_mut(), Release);
        if !raw.is_null() {
            // SAFETY: By the type invariant it was registered.
            unsafe { bindings::shim_proto_unregister(raw) };
        }
    }
}
