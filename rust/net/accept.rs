// SPDX-License-Identifier: GPL-2.0

//! Making the socket that `accept(2)` returns.

use core::{
    marker::PhantomData,
    ops::Deref,
    ptr::NonNull, //
};

use kernel::{
    prelude::*,
    sync::atomic::ordering::Relaxed, //
};

use super::{
    sock::SockData,
    socket_types::init_data,
    SockGuard,
    SockRef,
    Socket,
    SocketOps, //
};
use crate::bindings;

/// A call of `accept(2)` that is to be answered.
///
/// # Invariants
///
/// For `'a`, `newsock` is a new socket without a sock and `arg` is valid, and nobody else uses
/// them.
pub(crate) struct AcceptRequest<'a, T: SocketOps> {
    listener: Socket<'a, T>,
    newsock: NonNull<bindings::socket>,
    arg: NonNull<bindings::proto_accept_arg>,
    _for: PhantomData<&'a mut ()>,
}

impl<'a, T: SocketOps> AcceptRequest<'a, T> {
    /// # Safety
    ///
    /// `newsock` must be a new socket without a sock and `arg` be valid, for `'a`, and nobody else
    /// may use them. Neither is null.
    pub(super) unsafe fn new(
        listener: Socket<'a, T>,
        newsock: *mut bindings::socket,
        arg: *mut bindings::proto_accept_arg,
    ) -> Self {
        // INVARIANT: By the contract of this function.
        // SAFETY: As the caller promises.
        unsafe {
            Self {
                listener,
                newsock: NonNull::new_unchecked(newsock),
                arg: NonNull::new_unchecked(arg),
                _for: PhantomData,
            }
        }
    }

    /// Whether the call may not sleep.
    pub(crate) fn is_nonblocking(&self) -> bool {
        // SAFETY: By the type invariant `arg` is valid.
        let flags = unsafe { bindings::shim_accept_flags(self.arg.as_ptr()) };
        flags & bindings::SHIM_O_NONBLOCK != 0
    }

    /// Makes the sock of the new socket: a copy of the listener with all its options, filter and
    /// labels, but with Rust state of its own. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and what [`SocketOps::new`] and its initialiser return.
    pub(crate) fn child(&self, listener: &SockGuard<'_, T>) -> Result<Child<T>> {
        let sk = listener.sock();
        if !core::ptr::eq(sk, self.listener.sock()) {
            return Err(EINVAL);
        }
        let args = sk.args().ok_or(EINVAL)?;
        let ops = T::new(&args)?;
        let namespace = NonNull::from(sk.namespace());

        let live = sk.cell().announce();
        let data = SockData::new(sk.cell(), namespace, ops);

        // SAFETY: The listener is a valid sock, and its lock is held, so that its options do not
        // change under the copy. What of it is Rust's is copied too, as bytes, whatever state it
        // is in, and is overwritten below before anybody can look at it or drop it: the clone is
        // not armed.
        let new = unsafe { bindings::shim_sk_clone(sk.as_raw()) };
        if new.is_null() {
            return Err(ENOMEM);
        }

        // SAFETY: The clone is an object of the same `Proto<T>`, is not armed, and nobody else
        // knows it. The bytes of the listener's state are a copy, not to be dropped. The clone
        // holds a reference on the namespace of the listener, so the pointer is right for it.
        if let Err(error) = unsafe { init_data::<T>(new, data, live) } {
            // SAFETY: The sock was not armed, and nobody else knows it.
            unsafe { bindings::shim_sk_disarmed_free(core::ptr::null_mut(), new) };
            return Err(error);
        }

        // SAFETY: The state is initialised, so this is a `Sock<T>`; the first reference to it is
        // handed on.
        let sk: SockRef<T> = unsafe { SockRef::from_raw(NonNull::new_unchecked(new).cast()) };
        // With the other options, this one is inherited too.
        let inq = listener.sock().inq().load(Relaxed);
        sk.inq().store(inq, Relaxed);
        Ok(Child { sk })
    }

    /// Answers the call: attaches the child to the new socket.
    ///
    /// The socket lock of the listener must not be held.
    pub(crate) fn complete(self, child: Child<T>, more: bool) -> Accepted<'a> {
        // SAFETY: By the type invariants `arg` and `newsock` are ours. The child is an orphan,
        // and its reference is handed to the socket. `accept(2)` has set the table of the
        // listener for the new socket already.
        unsafe {
            // Lets io_uring wait for the next one without asking again.
            bindings::shim_accept_set_empty(self.arg.as_ptr(), !more);
            if T::HAS_SET_OPTION {
                bindings::shim_sock_customize_options(self.newsock.as_ptr());
            }
            bindings::shim_sk_graft(
                self.listener.as_raw(),
                self.newsock.as_ptr(),
                child.sk.into_raw().as_ptr().cast(),
            );
        }
        Accepted(PhantomData)
    }
}

/// Proof that an [`AcceptRequest`] was completed, without which `accept` can't succeed.
#[must_use = "it is what `accept` returns"]
pub(crate) struct Accepted<'a>(PhantomData<&'a mut &'a ()>);

/// A sock that is not yet attached to a file.
///
/// If it is dropped, whoever published it must have taken it back first.
pub(crate) struct Child<T: SocketOps> {
    sk: SockRef<T>,
}

impl<T: SocketOps> Child<T> {
    /// Another reference to it.
    pub(crate) fn sock_ref(&self) -> SockRef<T> {
        // SAFETY: `sk` owns a reference, so the count is not zero.
        unsafe { SockRef::hold(&self.sk) }
    }
}

impl<T: SocketOps> Deref for Child<T> {
    type Target = super::Sock<T>;

    fn deref(&self) -> &Self::Target {
        &self.sk
    }
}
