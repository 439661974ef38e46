// SPDX-License-Identifier: GPL-2.0

//! Who is at the other end of a connection: `SO_PEERCRED`, `SO_PEERGROUPS` and `SO_PEERPIDFD`.
//!
//! C header: [`include/linux/cred.h`](srctree/include/linux/cred.h)

use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};

use super::{
    Sock,
    SocketOps, //
};
use crate::bindings;

/// The process that made an end of a connection, and its credentials at that time.
///
/// May be dropped in any context.
///
/// # Invariants
///
/// Owns a reference on `pid` and one on `cred`.
pub(crate) struct PeerCredentials {
    pid: NonNull<bindings::pid>,
    cred: NonNull<bindings::cred>,
}

// SAFETY: Both are counted atomically and do not change.
unsafe impl Send for PeerCredentials {}
// SAFETY: As above.
unsafe impl Sync for PeerCredentials {}

impl PeerCredentials {
    /// Those of the calling task. `None` in a task that belongs to no process.
    pub(crate) fn current() -> Option<Self> {
        // SAFETY: The current task has credentials, which are given out with a reference.
        let cred = unsafe { NonNull::new(bindings::shim_current_cred().cast_mut()) };
        // SAFETY: If the current task has a process, its pid is given out with a reference.
        let pid = unsafe { NonNull::new(bindings::shim_current_tgid()) };
        match (pid, cred) {
            // INVARIANT: The references are ours.
            (Some(pid), Some(cred)) => Some(Self { pid, cred }),
            (None, Some(cred)) => {
                // SAFETY: The reference is ours to give up.
                unsafe { bindings::shim_put_cred(cred.as_ptr()) };
                None
            }
            (_, None) => None,
        }
    }
}

impl Clone for PeerCredentials {
    fn clone(&self) -> Self {
        // SAFETY: By the type invariants both are alive.
        unsafe {
            bindings::shim_get_pid(self.pid.as_ptr());
            bindings::shim_get_cred(self.cred.as_ptr());
        }
        // INVARIANT: The references have just been taken.
        Self {
            pid: self.pid,
            cred: self.cred,
        }
    }
}

impl Drop for PeerCredentials {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the references are ours to give up.
        unsafe {
            bindings::put_pid(self.pid.as_ptr());
            bindings::shim_put_cred(self.cred.as_ptr());
        }
    }
}

impl<T: SocketOps> Sock<T> {
    /// Says who is at the other end, or that nobody is any more. Process context; does not sleep.
    ///
    /// A socket that listens must have none, as the core copies them for an accepted socket without
    /// taking references (`sk_clone()` in net/core/sock.c). So they are set under the socket lock,
    /// or before anybody else knows the socket; they may be taken away at any time.
    pub(crate) fn set_peer_credentials(&self, credentials: Option<PeerCredentials>) {
        let (pid, cred) = match credentials.map(ManuallyDrop::new) {
            Some(credentials) => (credentials.pid.as_ptr(), credentials.cred.as_ptr()),
            None => (core::ptr::null_mut(), core::ptr::null_mut()),
        };
        // SAFETY: The sock is valid, and takes over the references.
        unsafe { bindings::shim_sk_set_peer(self.as_raw(), pid, cred) };
    }
}
