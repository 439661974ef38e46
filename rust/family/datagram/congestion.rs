// SPDX-License-Identifier: GPL-2.0

//! Senders that wait for a receiver of `SOCK_RDM` to have room.
//!
//! A receiver that is full knows who waits for it, and wakes them when half of its buffer is free,
//! or when it takes no more. A wake ends the wait; whoever still finds it full enters again.
//!
//! Waiters are known by the port of their socket, so none is kept alive by waiting. A port that
//! has got another owner meanwhile wakes that one for nothing.

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
        SpinLock, //
    }, //
};

use super::Datagram;
use crate::net::{
    smp_mb,
    Sharers,
    Sock,
    SockId,
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
    known: RBTree<Waiter, ()>,
    /// Whether the receiver takes no more messages.
    closed: bool,
}

/// Somebody who waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waiter {
    /// Which socket it is, of those that share the port.
    pub(super) sock: SockId,
    /// The port of the socket; none if it is the other one of a `socketpair(2)`.
    pub(super) port: Option<u32>,
    /// The thread that sleeps in `send(2)`; none if the socket waits for `POLLOUT`.
    pub(super) thread: Option<i32>,
}

/// Memory for one entry.
pub(super) type Memory = RBTreeNodeReservation<Waiter, ()>;

/// Allocates an entry. May sleep.
pub(super) fn memory() -> Result<Memory> {
    RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)
}

impl Congestion {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            any: Atomic::new(false),
            waiters <- new_spinlock!(Waiters {
                known: RBTree::new(),
                closed: false,
            }),
        })
    }

    /// Enters `waiter`, if it is not there yet. Does not sleep. The caller looks for room once
    /// more before it sleeps. Returns whether the receiver still takes messages.
    pub(super) fn enter(&self, waiter: Waiter, memory: Memory) -> bool {
        let mut waiters = self.waiters.lock();
        if waiters.closed {
            drop(waiters);
            return false;
        }
        self.any.store(true, Relaxed);
        let replaced = waiters.known.insert(memory.into_node(waiter, ()));
        drop(waiters);
        drop(replaced);
        // Pairs with the barrier in `room_was_made()`: either that sees the entry, or the caller
        // sees the room.
        smp_mb();
        true
    }

    /// Takes `waiter` out, who does not wait any more.
    pub(super) fn leave(&self, waiter: Waiter) {
        let node = self.waiters.lock().known.remove_node(&waiter);
        drop(node);
    }

    /// To be called when the receiver may have room again: wakes everybody if it has.
    pub(super) fn room_was_made(&self, receiver: &Sock<Datagram>) {
        // Pairs with the barrier in `enter()`.
        smp_mb();
        if self.any.load(Relaxed) && receiver.has_ample_receive_room() {
            self.wake(receiver);
        }
    }

    /// The receiver takes no more messages: wakes everybody, and nobody waits any more.
    pub(super) fn close(&self, receiver: &Sock<Datagram>) {
        self.waiters.lock().closed = true;
        self.wake(receiver);
    }

    /// Wakes everybody; whoever still finds the receiver full enters again.
    pub(super) fn wake(&self, receiver: &Sock<Datagram>) {
        let known = {
            let mut waiters = self.waiters.lock();
            self.any.store(false, Relaxed);
            core::mem::replace(&mut waiters.known, RBTree::new())
        };
        // Not `wake_writers()`: that asks first how full the sender's own buffer is, and the
        // message that waits is in it.
        let wake = |sender: &Sock<Datagram>| sender.wake_all(WakeBand::Out);
        for waiter in known.keys() {
            match waiter.port {
                Some(port) => {
                    let all = |sharers: Sharers<'_, Datagram>| sharers.iter().for_each(wake);
                    receiver.ports().with(port, all)
                }
                None => receiver.pair.with(wake),
            };
        }
    }
}
