// SPDX-License-Identifier: GPL-2.0

//! What the sockets of a network namespace hold, and what they may.
//!
//! This bounds what the users of a namespace can take together. It is beside the memory cgroup,
//! which is charged by the allocations themselves.
//!
//! C header: [`include/linux/percpu_counter.h`](srctree/include/linux/percpu_counter.h)

use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc, //
    },
    types::Opaque, //
};

use super::{
    errno::ENOBUFS,
    sock::SockData,
    Limit,
    Namespace,
    SkBuff,
    Sock,
    SocketOps, //
};
use crate::bindings;

/// Bytes of memory that the machine has.
pub(crate) fn total_memory() -> usize {
    // SAFETY: Always safe to call.
    unsafe { bindings::shim_total_memory() }
}

/// Bytes of memory that are held, and the limit for them.
///
/// The count is kept by CPU: charging takes a lock or looks at another CPU's part only where the
/// part of this one has grown large, or the limit is near. It may be passed by what a few CPUs
/// charge at the same moment.
#[pin_data(PinnedDrop)]
pub(crate) struct MemoryAccount {
    #[pin]
    held: Opaque<bindings::percpu_counter>,
    limit: Limit,
}

// SAFETY: A `struct percpu_counter` may be used from any thread.
unsafe impl Send for MemoryAccount {}
// SAFETY: It is made for use by many at the same time.
unsafe impl Sync for MemoryAccount {}

impl MemoryAccount {
    /// An account of which nothing is held. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    pub(crate) fn new(limit: Limit) -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                held <- Opaque::try_ffi_init(|held| {
                    // SAFETY: `held` is valid for writes and pinned.
                    kernel::error::to_result(unsafe { bindings::shim_counter_init(held) })
                }),
                limit,
            }? Error),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// The limit.
    pub(crate) fn limit(&self) -> &Limit {
        &self.limit
    }

    /// # Errors
    ///
    /// `ENOBUFS` if that would be more than the limit.
    fn charge(&self, bytes: usize) -> Result {
        // May be negative, which what is held never is for long.
        let most = i64::try_from(self.limit.get())?.saturating_sub_unsigned(bytes as u64);
        // SAFETY: The counter was initialised by `new()`.
        if unsafe { bindings::shim_counter_exceeds(self.held.get(), most) } {
            return Err(ENOBUFS.into());
        }
        self.add(i64::try_from(bytes)?);
        Ok(())
    }

    fn uncharge(&self, bytes: usize) {
        // What was charged fits.
        self.add(i64::try_from(bytes).unwrap_or(0).wrapping_neg());
    }

    fn add(&self, bytes: i64) {
        // SAFETY: The counter was initialised by `new()`.
        unsafe { bindings::shim_counter_add(self.held.get(), bytes) };
    }
}

#[pinned_drop]
impl PinnedDrop for MemoryAccount {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The counter was initialised by `new()` and is not used after this.
        unsafe { bindings::shim_counter_destroy(self.held.get()) };
    }
}

/// A part of an account, given back when it is dropped.
///
/// Does not sleep.
pub(crate) struct MemoryCharge {
    account: Arc<MemoryAccount>,
    held: Atomic<usize>,
}

impl MemoryCharge {
    /// Charges `bytes`.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if that would be more than the limit.
    pub(crate) fn new(account: &Arc<MemoryAccount>, bytes: usize) -> Result<Self> {
        account.charge(bytes)?;
        Ok(Self {
            account: account.clone(),
            held: Atomic::new(bytes),
        })
    }

    /// Charges `bytes` to the same account, for something of its own.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if that would be more than the limit.
    pub(crate) fn another(&self, bytes: usize) -> Result<Self> {
        Self::new(&self.account, bytes)
    }

    /// Charges `bytes` more.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if that would be more than the limit.
    pub(crate) fn grow(&self, bytes: usize) -> Result {
        self.account.charge(bytes)?;
        self.held.add(bytes, Relaxed);
        Ok(())
    }

    /// Gives back `bytes`, which were charged.
    pub(crate) fn shrink(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Relaxed);
        self.account.uncharge(bytes);
    }
}

impl Drop for MemoryCharge {
    fn drop(&mut self) {
        self.account.uncharge(self.held.load(Relaxed));
    }
}

/// Messages that are queued are charged by the page, and not each for itself: most find room in
/// what was charged for those before.
impl<T: SocketOps> Sock<T> {
    /// Sees to it that the account of the namespace covers `message` beside what is queued here.
    /// Does not sleep.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if that would be more than the limit.
    pub(crate) fn charge_queue(&self, message: &SkBuff<T>) -> Result {
        let Some(account) = self.namespace().memory() else {
            return Ok(());
        };
        let needed = self.bytes_queued().saturating_add(message.true_size());
        loop {
            let held = self.queue_charge().load(Relaxed);
            if needed <= held {
                return Ok(());
            }
            let wanted = needed.checked_next_multiple_of(PAGE_SIZE).ok_or(ENOBUFS)?;
            let more = wanted.saturating_sub(held);
            account.charge(more)?;
            if self.queue_charge().cmpxchg(held, wanted, Relaxed).is_ok() {
                return Ok(());
            }
            account.uncharge(more);
        }
    }

    /// To be called when messages were taken out: gives back what was charged for them, if that is
    /// much beside what is still queued. Does not sleep.
    pub(crate) fn trim_queue_charge(&self) {
        let held = self.queue_charge().load(Relaxed);
        if held <= PAGE_SIZE || self.bytes_queued() > held / 4 {
            return;
        }
        let Some(account) = self.namespace().memory() else {
            return;
        };
        // A message that is being queued now may find that it isn't covered. The next one makes up
        // for it.
        let kept = (held / 2)
            .checked_next_multiple_of(PAGE_SIZE)
            .unwrap_or(held);
        if self.queue_charge().cmpxchg(held, kept, Relaxed).is_ok() {
            account.uncharge(held.saturating_sub(kept));
        }
    }
}

impl<T: SocketOps> SockData<T> {
    /// Gives back what was charged for the queue. The sock is being freed.
    ///
    /// # Safety
    ///
    /// The network namespace must still be held.
    pub(super) unsafe fn release_queue_charge(&self) {
        // SAFETY: The pointer is valid as long as the network namespace.
        if let Some(account) = unsafe { self.namespace.as_ref() }.memory() {
            account.uncharge(self.queue_charge.xchg(0, Relaxed));
        }
    }
}
