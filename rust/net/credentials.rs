// SPDX-License-Identifier: GPL-2.0

//! Who sent a message: what `SCM_CREDENTIALS` and `SCM_SECURITY` tell.
//!
//! C header: [`include/net/scm.h`](srctree/include/net/scm.h)

use core::ptr::NonNull;

use super::{
    Interest,
    RecvMessage,
    Socket,
    SocketOps, //
};
use crate::bindings;

/// The process that sent a message, with its user, group and security label.
///
/// Or nobody: where no one had asked when the message was sent, the receiver sees process 0 and
/// the overflow user, as in `AF_UNIX`.
///
/// # Invariants
///
/// `raw.pid` is null, or we own a reference on it.
pub(crate) struct Credentials {
    raw: bindings::shim_credentials,
}

// SAFETY: A reference on a `struct pid` may be given up by any thread; the rest are numbers.
unsafe impl Send for Credentials {}
// SAFETY: Nothing changes through a shared reference but the reference count, which is atomic.
unsafe impl Sync for Credentials {}

impl Credentials {
    /// Those of nobody.
    pub(crate) const fn unknown() -> Self {
        // INVARIANT: There is no process. -1 is no user and no group.
        Self {
            raw: bindings::shim_credentials {
                pid: core::ptr::null_mut(),
                uid: bindings::kuid_t { val: u32::MAX },
                gid: bindings::kgid_t { val: u32::MAX },
                secid: 0,
            },
        }
    }

    /// Those of the calling task.
    pub(crate) fn current() -> Self {
        let mut this = Self::unknown();
        // INVARIANT: The function gives us a reference on the process.
        //
        // SAFETY: The pointer is valid for writes.
        unsafe { bindings::shim_credentials_current(&raw mut this.raw) };
        this
    }

    /// Whether they are nobody's.
    pub(crate) fn are_unknown(&self) -> bool {
        self.raw.pid.is_null()
    }

    /// The reference on the process goes along.
    pub(super) fn into_raw(self) -> bindings::shim_credentials {
        core::mem::ManuallyDrop::new(self).raw
    }

    /// `None` if `raw` names no process.
    ///
    /// # Safety
    ///
    /// A reference on the process is handed over.
    pub(super) unsafe fn from_raw(raw: bindings::shim_credentials) -> Option<Self> {
        NonNull::new(raw.pid)?;
        // INVARIANT: As the caller promises.
        Some(Self { raw })
    }
}

impl Clone for Credentials {
    fn clone(&self) -> Self {
        // SAFETY: By the type invariant the process is valid, or there is none.
        unsafe { bindings::shim_pid_get(self.raw.pid) };
        // INVARIANT: The reference has just been taken.
        Self { raw: self.raw }
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the reference is ours, or there is none.
        unsafe { bindings::put_pid(self.raw.pid) };
    }
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&self.raw, &other.raw);
        (a.pid, a.uid.val, a.gid.val, a.secid) == (b.pid, b.uid.val, b.gid.val, b.secid)
    }
}

impl<T: SocketOps> RecvMessage<'_, T> {
    /// Tells the caller who sent the message, if `socket` wants to know. May sleep.
    pub(crate) fn put_credentials(&mut self, socket: Socket<'_, T>, credentials: &Credentials) {
        if !socket.interest().contains(Interest::CREDENTIALS) {
            return;
        }
        // SAFETY: All three are valid, and the socket is open.
        unsafe {
            bindings::shim_msg_put_identity(
                socket.as_raw(),
                self.as_raw(),
                &raw const credentials.raw,
            )
        };
    }
}
