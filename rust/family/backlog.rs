// SPDX-License-Identifier: GPL-2.0

//! Connections that wait to be accepted.
//!
//! As many as `listen(2)` allows are established and may carry data. Those beyond wait for room;
//! who made them gets `EINPROGRESS`, or sleeps in `connect(2)`. Both kinds are served in the order
//! in which they came.

use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode,
        RBTreeNodeReservation, //
    },
    sync::{
        Arc,
        SpinLock, //
    }, //
};

use super::{
    connection::{
        End,
        Phase, //
    },
    endpoint::Endpoint,
    stream::Stream, //
};
use crate::net::{
    errno::ECONNREFUSED,
    PeerCredentials,
    Shutdown,
    SockRef,
    SockSlot, //
};

/// The order in which connections came.
pub(super) type Ticket = u64;

/// The backlog of a listening socket.
#[pin_data]
pub(super) struct Backlog {
    /// The socket that listens, until it is released.
    listener: SockSlot<Stream>,
    #[pin]
    queue: SpinLock<Queue>,
}

/// What the spin lock of a backlog protects.
struct Queue {
    established: RBTree<Ticket, End>,
    /// How many there are in `established`.
    count: u32,
    waiting: RBTree<Ticket, End>,
    next_ticket: Ticket,
    /// What `listen(2)` said; one more than that may be established.
    limit: u32,
    /// Whether new ones are taken: the listener was not shut down for reading.
    open: bool,
    /// Whether the listener was shut down for writing, which only poll(2) tells.
    write_shut: bool,
    /// Who called `listen(2)` last.
    credentials: Option<PeerCredentials>,
}

impl Queue {
    fn has_room(&self) -> bool {
        self.count <= self.limit
    }

    fn enter(&mut self, node: RBTreeNode<Ticket, End>) -> Phase {
        // Tickets are unique, so neither tree gives a node back.
        if self.has_room() {
            self.count = self.count.saturating_add(1);
            self.established.insert(node);
            Phase::Established
        } else {
            self.waiting.insert(node);
            Phase::Waiting
        }
    }

    /// Takes the first that is established.
    fn take_established(&mut self) -> Option<RBTreeNode<Ticket, End>> {
        let (_rest, node) = self.established.cursor_front_mut()?.remove_current();
        self.count = self.count.saturating_sub(1);
        Some(node)
    }

    /// Establishes the first that waits, if there is room. Returns whose wait is over.
    fn promote(&mut self) -> Option<End> {
        if !self.open || !self.has_room() {
            return None;
        }
        let cursor = self.waiting.cursor_front_mut()?;
        let end = cursor.current().1.clone();
        let (_rest, node) = cursor.remove_current();
        self.enter(node);
        Some(end)
    }
}

/// A connection that was taken out of a backlog.
pub(super) struct Accepted {
    pub(super) end: End,
    /// Whether there is another one.
    pub(super) more: bool,
}

impl Backlog {
    /// A backlog of `listener`. May sleep.
    pub(super) fn new(listener: SockRef<Stream>, limit: u32) -> Result<Arc<Self>> {
        let backlog = Arc::pin_init(
            pin_init!(Self {
                listener: SockSlot::new(),
                queue <- new_spinlock!(Queue {
                    established: RBTree::new(),
                    count: 0,
                    waiting: RBTree::new(),
                    next_ticket: 0,
                    limit,
                    open: true,
                    write_shut: false,
                    credentials: PeerCredentials::current(),
                }),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        drop(backlog.listener.set(listener));
        Ok(backlog)
    }

    /// Whether new connections are taken.
    pub(super) fn is_open(&self) -> bool {
        self.queue.lock().open
    }

    /// Whether the listener was shut down in both directions.
    pub(super) fn is_hung_up(&self) -> bool {
        let queue = self.queue.lock();
        !queue.open && queue.write_shut
    }

    /// Who listens, for `SO_PEERCRED` of those who connect.
    pub(super) fn credentials(&self) -> Option<PeerCredentials> {
        self.queue.lock().credentials.clone()
    }

    /// Whether a connection can be accepted.
    pub(super) fn has_established(&self) -> bool {
        self.queue.lock().count > 0
    }

    /// Changes what `listen(2)` said, and takes connections again if they were not taken.
    pub(super) fn reopen(&self, limit: u32) {
        let credentials = PeerCredentials::current();
        let old = {
            let mut queue = self.queue.lock();
            queue.limit = limit;
            queue.open = true;
            queue.write_shut = false;
            core::mem::replace(&mut queue.credentials, credentials)
        };
        drop(old);
        self.promote();
    }

    /// Enters the server's end of a new connection. Says whether it must wait, and its ticket. May
    /// sleep.
    ///
    /// # Errors
    ///
    /// `ECONNREFUSED` if no new ones are taken, `ENOMEM`.
    pub(super) fn push(&self, end: End) -> Result<(Phase, Ticket)> {
        let memory = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let entered = end.clone();

        let mut queue = self.queue.lock();
        if !queue.open {
            drop(queue);
            // Here, and not under the lock, `memory` and the ends are dropped.
            return Err(ECONNREFUSED.into());
        }
        let ticket = queue.next_ticket;
        queue.next_ticket = ticket.wrapping_add(1);
        let phase = queue.enter(memory.into_node(ticket, entered));
        // The phase can't be read before the connector has its end, but by then it must be right.
        // Under the lock, so that it can't undo what `promote()` says.
        end.set_phase(phase);
        drop(queue);

        if phase == Phase::Established {
            self.listener.with(|sk| sk.wake_readers());
        }
        Ok((phase, ticket))
    }

    /// Takes out the first connection that is established. Called with the listener's socket lock
    /// held, so that what [`has_established`](Self::has_established) said there stays true.
    pub(super) fn pop(&self) -> Option<Accepted> {
        let node = self.queue.lock().take_established()?;
        self.promote();
        let (_ticket, end) = node.to_key_value();
        Some(Accepted {
            end,
            more: self.has_established(),
        })
    }

    /// Takes out a connection that its maker has given up while it was waiting.
    pub(super) fn cancel(&self, ticket: Ticket) {
        let node = self.queue.lock().waiting.remove_node(&ticket);
        drop(node);
    }

    /// `shutdown(2)` of the listener. For reading: takes no more connections and refuses those that
    /// wait. Those that are established can still be accepted.
    pub(super) fn shutdown(&self, how: Shutdown) {
        let waiting = {
            let mut queue = self.queue.lock();
            queue.write_shut |= how.writes();
            if !how.reads() {
                return;
            }
            queue.open = false;
            core::mem::replace(&mut queue.waiting, RBTree::new())
        };
        for end in waiting.values() {
            end.decide(Phase::Refused);
        }
    }

    /// The listener is released: also resets what nobody will accept any more.
    pub(super) fn close(&self) {
        drop(self.listener.clear());
        self.shutdown(Shutdown::Both);
        loop {
            let node = self.queue.lock().take_established();
            let Some(node) = node else {
                break;
            };
            let (_ticket, end) = node.to_key_value();
            Endpoint::new(end).close(true);
        }
    }

    /// Fills the room that there is with those that wait.
    fn promote(&self) {
        loop {
            let end = self.queue.lock().promote();
            let Some(end) = end else {
                break;
            };
            end.decide(Phase::Established);
            self.listener.with(|sk| sk.wake_readers());
        }
    }
}
