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
    Socket, //
};

/// Who waits for a receiver.
#[pin_data]
pub(super) struct Congestion {
    /// Whether there is anybody. Changed under the lock.
    any: Atomic<bool>,
    /// By the address of their sock, which is theirs as long as the reference here.
    #[pin]
    waiters: SpinLock<RBTree<usize, SockRef<Datagram>>>,
}

/// Memory for one entry.
pub(super) type Memory = RBTreeNodeReservation<usize, SockRef<Datagram>>;

/// Allocates an entry. May sleep.
pub(super) fn memory() -> Result<Memory> {
    Ok(RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?)
}

impl Congestion {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            any: Atomic::new(false),
            waiters <- new_spinlock!(RBTree::new()),
        })
    }

    /// Enters `sender`, if it is not there yet. Does not sleep. The caller looks for room once
    /// more before it sleeps.
    pub(super) fn enter(&self, sender: Socket<'_, Datagram>, memory: Memory) {
        let sk: *const Sock<Datagram> = sender.sock();
        let node = memory.into_node(sk.addr(), sender.sock_ref());
        let replaced = {
            let mut waiters = self.waiters.lock();
            self.any.store(true, Relaxed);
            waiters.insert(node)
        };
        drop(replaced);
        // Pairs with the barrier in `room_was_made()`: either that sees the entry, or the caller
        // sees the room.
        smp_mb();
    }

    /// To be called when the receiver may have room again: wakes everybody if it has.
    pub(super) fn room_was_made(&self, receiver: &Sock<Datagram>) {
        // Pairs with the barrier in `enter()`.
        smp_mb();
        if self.any.load(Relaxed) && receiver.has_ample_receive_room() {
            self.wake();
        }
    }

    /// Wakes everybody.
    pub(super) fn wake(&self) {
        let waiters = {
            let mut waiters = self.waiters.lock();
            self.any.store(false, Relaxed);
            core::mem::replace(&mut *waiters, RBTree::new())
        };
        for sender in waiters.values() {
            sender.wake_writers();
        }
    }
}
