// SPDX-License-Identifier: GPL-2.0

//! Sleeping until a socket is ready.
//!
//! C header: [`include/linux/wait.h`](srctree/include/linux/wait.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::{
    prelude::*,
    types::{
        Opaque,
        ScopeGuard, //
    }, //
};

use super::{
    Socket,
    SocketOps, //
};
use crate::bindings;

/// Not bounded: `MAX_SCHEDULE_TIMEOUT`.
const FOREVER: isize = isize::MAX;

/// How much longer a call may sleep.
///
/// One is made for each system call and carried across its sleeps, so that they share the time.
#[derive(Clone, Copy)]
pub(crate) struct Timeout {
    /// In jiffies.
    left: isize,
    /// Whether the user set a limit. Then a signal gives `EINTR` even where the call could be
    /// restarted, since the time that passed would be forgotten (`sock_intr_errno()`).
    limited: bool,
}

impl Timeout {
    fn new(jiffies: isize, nonblocking: bool) -> Self {
        Self {
            left: if nonblocking { 0 } else { jiffies },
            limited: jiffies != FOREVER,
        }
    }

    /// For `recv(2)` and `accept(2)`: `SO_RCVTIMEO`, or none at all if `nonblocking`.
    pub(crate) fn receive<T: SocketOps>(socket: Socket<'_, T>, nonblocking: bool) -> Self {
        Self::new(socket.raw_receive_timeout(), nonblocking)
    }

    /// For `send(2)` and `connect(2)`: `SO_SNDTIMEO`, or none at all if `nonblocking`.
    pub(crate) fn send<T: SocketOps>(socket: Socket<'_, T>, nonblocking: bool) -> Self {
        Self::new(socket.raw_send_timeout(), nonblocking)
    }

    /// Whether no time is left, or none was given.
    pub(crate) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// For the last close: `SO_LINGER`, if it is set and this task may be held up by it. It is over
    /// if the time is 0.
    pub(crate) fn linger<T: SocketOps>(socket: Socket<'_, T>) -> Option<Self> {
        let jiffies = socket.sock().raw_linger()?;
        // SAFETY: Looks at the current task only.
        let may_wait = jiffies == 0 || unsafe { bindings::shim_current_may_linger() };
        may_wait.then(|| Self::new(jiffies, false))
    }

    fn interrupted(&self) -> Error {
        if self.limited {
            EINTR
        } else {
            ERESTARTSYS
        }
    }
}

/// How to sleep.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sleep {
    /// Every event wakes all who do.
    Shared,
    /// An event wakes one of those who do.
    Exclusive,
    /// As `Shared`; only a fatal signal is heard.
    Killable,
}

/// The wait queue of an open socket.
///
/// # Invariants
///
/// `socket` is open for `'a`.
pub(crate) struct WaitQueue<'a> {
    socket: NonNull<bindings::socket>,
    _open: PhantomData<&'a bindings::socket>,
}

impl WaitQueue<'_> {
    /// # Safety
    ///
    /// `socket` must be open for the life of the value.
    pub(super) unsafe fn new(socket: NonNull<bindings::socket>) -> Self {
        // INVARIANT: By the contract of this function.
        Self {
            socket,
            _open: PhantomData,
        }
    }

    /// Sleeps until `ready` gives a value. All sleepers are woken by every event.
    ///
    /// `ready` is asked before the first sleep and after each wake, always in a running task: it
    /// may sleep itself. The task is on the queue before `ready` is asked a second time, so an
    /// event that comes after `ready` said no is never missed, as long as whoever causes it
    /// changes what `ready` looks at first and wakes then.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when the time is over, `EINTR` or `ERESTARTSYS` after a signal. `ready` has the
    /// last word: it is asked once more before either is returned.
    pub(crate) fn wait<R>(
        &self,
        timeout: &mut Timeout,
        ready: impl FnMut() -> Option<R>,
    ) -> Result<R> {
        self.wait_on(timeout, Sleep::Shared, ready)
    }

    /// As [`wait`](Self::wait), but an event wakes one such sleeper only.
    ///
    /// The one that is woken takes what it was woken for even if its time is over or a signal has
    /// come, so an event is not lost with it.
    pub(crate) fn wait_exclusive<R>(
        &self,
        timeout: &mut Timeout,
        ready: impl FnMut() -> Option<R>,
    ) -> Result<R> {
        self.wait_on(timeout, Sleep::Exclusive, ready)
    }

    /// As [`wait`](Self::wait), but only a fatal signal ends it: `EINTR`.
    pub(crate) fn wait_killable<R>(
        &self,
        timeout: &mut Timeout,
        ready: impl FnMut() -> Option<R>,
    ) -> Result<R> {
        self.wait_on(timeout, Sleep::Killable, ready)
    }

    fn wait_on<R>(
        &self,
        timeout: &mut Timeout,
        sleep: Sleep,
        mut ready: impl FnMut() -> Option<R>,
    ) -> Result<R> {
        if let Some(value) = ready() {
            return Ok(value);
        }
        if timeout.is_over() {
            return Err(EAGAIN);
        }

        let entry = Opaque::<bindings::wait_queue_entry>::uninit();
        // SAFETY: By the type invariant the socket is open, so its wait queue is there. `entry`
        // stays where it is, and is taken off the queue by the guard below before it goes away.
        unsafe {
            let socket = self.socket.as_ptr();
            match sleep {
                Sleep::Killable => bindings::shim_sk_wait_begin_killable(socket, entry.get()),
                _ => {
                    let exclusive = sleep == Sleep::Exclusive;
                    bindings::shim_sk_wait_begin(socket, entry.get(), exclusive);
                }
            }
        }
        let _dequeue = ScopeGuard::new(|| {
            // SAFETY: The entry is on the queue of this socket.
            unsafe { bindings::shim_sk_wait_end(self.socket.as_ptr(), entry.get()) }
        });

        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            if timeout.is_over() {
                return Err(EAGAIN);
            }
            let mode = if sleep == Sleep::Killable {
                // SAFETY: Looks at the current task only.
                if unsafe { bindings::shim_fatal_signal_pending() } {
                    return Err(EINTR);
                }
                bindings::SHIM_TASK_KILLABLE
            } else {
                if kernel::current!().signal_pending() {
                    return Err(timeout.interrupted());
                }
                bindings::TASK_INTERRUPTIBLE
            };
            // SAFETY: The entry's function is `woken_wake_function()`, or ends in it, and the entry
            // belongs to this task, which may sleep.
            timeout.left = unsafe { bindings::wait_woken(entry.get(), mode, timeout.left) };
        }
    }
}
