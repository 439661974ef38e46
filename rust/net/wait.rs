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
    busy_poll::BusyPoll,
    Socket,
    SocketOps, //
};
use crate::bindings;

/// Not bounded: `MAX_SCHEDULE_TIMEOUT`.
const FOREVER: isize = isize::MAX;

const USEC_PER_JIFFY: isize = bindings::SHIM_USEC_PER_JIFFY;

fn jiffies() -> usize {
    // SAFETY: Always safe to call.
    unsafe { bindings::shim_jiffies() }
}

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
    /// Whether it spins before it sleeps.
    busy_poll: BusyPoll,
}

impl Timeout {
    fn new(jiffies: isize, nonblocking: bool, busy_poll: BusyPoll) -> Self {
        Self {
            left: if nonblocking { 0 } else { jiffies },
            limited: jiffies != FOREVER,
            busy_poll,
        }
    }

    /// For `recv(2)` and `accept(2)`: `SO_RCVTIMEO`, or none at all if `nonblocking`.
    pub(crate) fn receive<T: SocketOps>(socket: Socket<'_, T>, nonblocking: bool) -> Self {
        Self::new(
            socket.raw_receive_timeout(),
            nonblocking,
            BusyPoll::of(socket),
        )
    }

    /// For `send(2)` and `connect(2)`: `SO_SNDTIMEO`, or none at all if `nonblocking`.
    pub(crate) fn send<T: SocketOps>(socket: Socket<'_, T>, nonblocking: bool) -> Self {
        Self::new(socket.raw_send_timeout(), nonblocking, BusyPoll::NONE)
    }

    /// Whether no time is left, or none was given.
    pub(crate) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// What is left, for functions that sleep by themselves.
    pub(super) fn jiffies(&self) -> isize {
        self.left
    }

    /// Spins until `ready` gives a value, as `SO_BUSY_POLL` says, instead of sleeping. Returns
    /// `None` when it is time to sleep.
    pub(super) fn spin<R>(&mut self, ready: impl FnMut() -> Option<R>) -> Option<R> {
        let most = if self.limited || self.is_over() {
            self.left.saturating_mul(USEC_PER_JIFFY)
        } else {
            isize::MAX
        };
        // By the clock that a sleep goes by.
        let start = jiffies();
        let found = self.busy_poll.spin(most as i64, ready);
        if self.limited {
            let spent = jiffies().wrapping_sub(start);
            self.left = self.left.saturating_sub_unsigned(spent).max(0);
        }
        found
    }

    fn interrupted(&self) -> Error {
        if self.limited {
            EINTR
        } else {
            ERESTARTSYS
        }
    }
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
        self.wait_on(timeout, false, ready)
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
        self.wait_on(timeout, true, ready)
    }

    /// As [`wait`](Self::wait), for something to read: spins before it sleeps if `SO_BUSY_POLL`
    /// says so, and as long as it sleeps nobody else gets a `SIGIO` for what comes.
    pub(crate) fn wait_to_read<R>(
        &self,
        timeout: &mut Timeout,
        mut ready: impl FnMut() -> Option<R>,
    ) -> Result<R> {
        if let Some(value) = timeout.spin(&mut ready) {
            return Ok(value);
        }
        // SAFETY: By the type invariant the socket is open.
        unsafe { bindings::shim_sk_expect_data(self.socket.as_ptr()) };
        let _expected = ScopeGuard::new(|| {
            // SAFETY: By the type invariant the socket is open.
            unsafe { bindings::shim_sk_expect_no_data(self.socket.as_ptr()) }
        });
        self.wait_on(timeout, false, ready)
    }

    fn wait_on<R>(
        &self,
        timeout: &mut Timeout,
        exclusive: bool,
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
        unsafe { bindings::shim_sk_wait_begin(self.socket.as_ptr(), entry.get(), exclusive) };
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
            if kernel::current!().signal_pending() {
                return Err(timeout.interrupted());
            }
            // SAFETY: The entry was initialised with `woken_wake_function()` and belongs to this
            // task, which may sleep.
            timeout.left = unsafe {
                bindings::wait_woken(entry.get(), bindings::TASK_INTERRUPTIBLE, timeout.left)
            };
        }
    }
}
