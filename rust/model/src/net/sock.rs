// SPDX-License-Identifier: GPL-2.0

//! A sock: its error, its counts and its wait queue.

use core::{
    marker::PhantomData,
    ops::Deref,
    sync::atomic::{
        AtomicIsize,
        Ordering::Relaxed as Anyhow, //
    },
};
use std::sync::Arc;

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        raw,
        rcu, //
    },
};

use super::{
    smp_mb,
    Interest,
    Party,
    PeerCredentials, //
};

pub(crate) trait SocketOps: 'static {}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WakeBand {
    In,
    Out,
    HangUp,
    Silent,
}

/// Options do not change here, and counts are nobody's to race for: loom need not know of them.
pub(crate) struct Sock<T> {
    buffer: usize,
    received: AtomicIsize,
    sent: AtomicIsize,
    error: Atomic<i32>,
    /// Whether the one task that may sleep here is on the wait queue.
    is_queued: Atomic<bool>,
    /// `WQ_FLAG_WOKEN`
    woken: raw::Mutex<bool>,
    wake: raw::Condvar,
    _type: PhantomData<fn() -> T>,
}

pub(crate) struct SockRef<T>(Arc<Sock<T>>);

impl<T> Clone for SockRef<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for SockRef<T> {
    type Target = Sock<T>;

    fn deref(&self) -> &Sock<T> {
        &self.0
    }
}

impl<T> Sock<T> {
    /// With `buffer` bytes in either direction.
    pub(crate) fn new(buffer: usize) -> SockRef<T> {
        SockRef(Arc::new(Self {
            buffer,
            received: AtomicIsize::new(0),
            sent: AtomicIsize::new(0),
            error: Atomic::new(0),
            is_queued: Atomic::new(false),
            woken: raw::Mutex::new(false),
            wake: raw::Condvar::new(),
            _type: PhantomData,
        }))
    }

    pub(crate) fn send_buffer(&self) -> usize {
        self.buffer
    }

    pub(crate) fn receive_buffer(&self) -> usize {
        self.buffer
    }

    pub(crate) fn receive_low_water(&self) -> usize {
        1
    }

    pub(crate) fn as_receiver(&self) -> Party {
        Party {
            interest: Interest::NONE,
            buffer: self.buffer,
        }
    }

    pub(crate) fn trace(&self, _event: kernel::fmt::Arguments<'_>) {}

    pub(crate) fn set_peer_credentials(&self, _credentials: Option<PeerCredentials>) {}

    pub(crate) fn signal_urgent(&self) {}

    pub(crate) fn count_received(&self, delta: isize) {
        self.received.fetch_add(delta, Anyhow);
    }

    pub(crate) fn count_sent(&self, delta: isize) {
        self.sent.fetch_add(delta, Anyhow);
    }

    pub(crate) fn received(&self) -> isize {
        self.received.load(Anyhow)
    }

    /// `shim_sk_set_error()`: `smp_wmb()` is no more than the barrier here.
    pub(crate) fn set_error(&self, error: Error) {
        self.error.store(error.to_errno(), Relaxed);
        smp_mb();
        self.wake_all(WakeBand::In);
    }

    pub(crate) fn has_error(&self) -> bool {
        self.error.load(Relaxed) != 0
    }

    /// `sock_error()`
    pub(crate) fn take_error(&self) -> Result {
        if !self.has_error() {
            return Ok(());
        }
        match self.error.xchg(0, Full) {
            0 => Ok(()),
            errno => Err(Error::from_errno(errno)),
        }
    }

    pub(crate) fn wake_readers(&self) {
        self.wake_all(WakeBand::In);
    }

    pub(crate) fn wake_writers(&self) {
        self.wake_all(WakeBand::Out);
    }

    /// `skwq_has_sleeper()`, whose barrier comes first, then `wake_up()`.
    pub(crate) fn wake_all(&self, _band: WakeBand) {
        smp_mb();
        self.wake_after_mb();
    }

    /// The caller has put a barrier behind what is to be seen.
    pub(crate) fn wake_readers_after_mb(&self, _rcu: &rcu::Guard) {
        self.wake_after_mb();
    }

    /// `waitqueue_active()`, then `wake_up()`.
    fn wake_after_mb(&self) {
        if self.is_queued.load(Relaxed) {
            *self.woken.lock().unwrap() = true;
            self.wake.notify_all();
        }
    }

    /// As `WaitQueue::wait()` of `rust/net/wait.rs`, without a limit of time and without signals:
    /// who is not woken sleeps for ever, which loom finds.
    pub(crate) fn wait<R>(&self, mut ready: impl FnMut() -> Option<R>) -> R {
        if let Some(value) = ready() {
            return value;
        }
        // shim_sk_wait_begin()
        self.is_queued.store(true, Relaxed);
        smp_mb();
        let value = loop {
            if let Some(value) = ready() {
                break value;
            }
            // wait_woken()
            let mut woken = self.woken.lock().unwrap();
            while !*woken {
                woken = self.wake.wait(woken).unwrap();
            }
            *woken = false;
            drop(woken);
            smp_mb();
        };
        self.is_queued.store(false, Relaxed);
        value
    }
}
