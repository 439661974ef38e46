// SPDX-License-Identifier: GPL-2.0

//! Spinning for a while before a receive sleeps: `SO_BUSY_POLL`.
//!
//! A peer on this machine answers by itself, so there is no device to be polled: the task looks
//! again and again whether something has come. That saves the sleep and the wake, as long as the
//! peer runs on another CPU.
//!
//! `poll(2)` and `select(2)` of a socket that has the option do the same for `net.core.busy_poll`
//! microseconds, which fs/select.c sees to. `epoll(7)` asks devices only.
//!
//! C header: [`include/net/busy_poll.h`](srctree/include/net/busy_poll.h)

use kernel::{
    processor::cpu_relax,
    time::{
        ClockSource,
        Monotonic,
        NSEC_PER_USEC, //
    }, //
};

use super::{
    Socket,
    SocketOps, //
};
use crate::bindings;

/// How long a call may spin before each sleep.
#[derive(Clone, Copy)]
pub(super) struct BusyPoll {
    /// In microseconds; 0 if not at all.
    longest: u32,
}

impl BusyPoll {
    /// As `SO_BUSY_POLL` says, whose default is `net.core.busy_read`.
    pub(super) fn of<T: SocketOps>(socket: Socket<'_, T>) -> Self {
        Self {
            // SAFETY: The sock is valid.
            longest: unsafe { bindings::shim_sk_busy_poll(socket.sock().as_raw()) },
        }
    }

    /// Not at all.
    pub(super) const NONE: Self = Self { longest: 0 };

    /// Spins until `ready` gives a value, the time is over, which is not longer than `most`
    /// microseconds, a signal comes, or another task wants the CPU.
    pub(super) fn spin<R>(self, most: i64, mut ready: impl FnMut() -> Option<R>) -> Option<R> {
        let most = most.min(i64::from(self.longest));
        // SAFETY: Always safe to call.
        if most == 0 || unsafe { bindings::shim_is_only_cpu() } {
            return None;
        }
        let most = most.saturating_mul(NSEC_PER_USEC);
        let start = Monotonic::ktime_get();
        loop {
            let found = ready();
            if found.is_some()
                || Monotonic::ktime_get().wrapping_sub(start) >= most
                || kernel::current!().signal_pending()
                // SAFETY: Always safe to call.
                || unsafe { bindings::shim_is_cpu_wanted() }
            {
                return found;
            }
            cpu_relax();
        }
    }
}
