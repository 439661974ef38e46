// SPDX-License-Identifier: GPL-2.0

//! What happens to a socket, in the kernel's log: `SO_DEBUG`.
//!
//! Nothing else that a user does is logged. How much of this is, `net.core.message_cost` and
//! `message_burst` say, for all sockets of all families together.
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

use kernel::{
    fmt::Arguments,
    prelude::*, //
};

use super::{
    NameOf,
    Sock,
    Socket,
    SocketOps, //
};
use crate::bindings;

impl<T: SocketOps> Sock<T> {
    /// Whether `SO_DEBUG` is set, which takes `CAP_NET_ADMIN`.
    fn is_traced(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_debug(self.as_raw()) }
    }

    /// Logs a change of the socket's state that no call of its own has brought about, if its user
    /// wants that. Does not sleep.
    pub(crate) fn trace(&self, event: Arguments<'_>) {
        if self.is_traced() {
            self.log(event);
        }
    }

    fn log(&self, event: Arguments<'_>) {
        // SAFETY: Always safe to call.
        if unsafe { bindings::net_ratelimit() } == 0 {
            return;
        }
        // SAFETY: The sock is valid.
        let inode = unsafe { bindings::shim_sk_inode(self.as_raw()) };
        // As the links in /proc/PID/fd name it.
        pr_info!("socket:[{}] {}\n", inode, event);
    }
}

impl<T: SocketOps> Socket<'_, T> {
    /// Logs how a call came out, and the name that is meant by `of`, if the user wants that.
    pub(super) fn trace_call(&self, call: &str, result: &Result, of: Option<NameOf>) {
        if !self.is_traced() {
            return;
        }
        if let Err(error) = result {
            return self.log(fmt!("{}: {:?}", call, error));
        }
        match of.map(|of| T::name(*self, of)) {
            Some(Ok(name)) => self.log(fmt!("{}: {}", call, name)),
            _ => self.log(fmt!("{}", call)),
        }
    }
}
