// SPDX-License-Identifier: GPL-2.0

//! Senders that wait for a receiver of `SOCK_RDM` to have room.
//!
//! A receiver that is full knows who waits for it, and wakes them when half of its buffer is free,
//! or when it goes. A wake ends the wait; whoever still finds it full registers again.

use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        barrier::smp_mb,
        SpinLock, //
    }, //
};

use super::Datagram;
use crate::net::{
    Sock,
    SockRef,
    Socket,
    WakeBand, //
};

/// Who waits for a receiver.
#[pin_data]
pub(super) struct Congestion {
    /// Whether there is anybody. Changed under the lock.
    any: Atomic<bool>,
    #[pin]
    waiters: SpinLock<Waiters>,
}

/// What the spin lock protects.
struct Waiters {
    /// By the address of their sock, which is theirs as long as the reference here.
    socks: RBTree<usize, SockRef<Datagram>>,
    /// Whether the receiver takes no more messages.
    closed: bool,
}

/// Memory for one entry.
pub(super) type Memory = RBTreeNodeReservation<usize, SockRef<Datagram>>;

/// Allocates an entry. May sleep.
pub(super) fn memory() -> Result<Memory> {
    RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)
}

impl Congestion {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            any: Atomic::new(false),
            waiters <- new_spinlock!(Waiters {
                socks: RBTree::new(),
                closed: false,
            }),
        })
    }

    /// Enters `sender`, if it is not there yet. Does not sleep. The caller looks for room once
    /// more before it sleeps. Returns whether the receiver still takes messages.
    pub(super) fn enter(&self, sender: Socket<'_, Datagram>, memory: Memory) -> bool {
        let sk: *const Sock<Datagram> = sender.sock();
        let node = memory.into_node(sk.addr(), sender.sock_ref());
        let mut waiters = self.waiters.lock();
        if waiters.closed {
            drop(waiters);
            return false;
        }
        self.any.store(true, Relaxed);
        let replaced = waiters.socks.insert(node);
        drop(waiters);
        drop(replaced);
        // Pairs with the barrier in `room_was_made()`: either that sees the entry, or the caller
        // sees the room.
        smp_mb();
        true
    }

    /// To be called when the receiver may have room again: wakes everybody if it has.
    pub(super) fn room_was_made(&self, receiver: &Sock<Datagram>) {
        // Pairs with the barrier in `enter()`.
        smp_mb();
        if self.any.load(Relaxed) && receiver.has_ample_receive_room() {
            self.wake();
        }
    }

    /// The receiver takes no more messages: wakes everybody, and nobody waits any more.
    pub(super) fn close(&self) {
        self.waiters.lock().closed = true;
        self.wake();
    }

    fn wake(&self) {
        let socks = {
            let mut waiters = self.waiters.lock();
            self.any.store(false, Relaxed);
            core::mem::replace(&mut waiters.socks, RBTree::new())
        };
        for sender in socks.values() {
            // Not `wake_writers()`: that asks first how full the sender's own buffer is, and the
            // message that waits is in it.
            sender.wake_all(WakeBand::Out);
        }
    }
}
