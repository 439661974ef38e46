// SPDX-License-Identifier: GPL-2.0

//! A place for a sock, with the orderings of `rust/net/slot.rs`.

use std::sync::Mutex;

use kernel::sync::{
    atomic::{
        Acquire,
        Atomic,
        Full, //
    },
    rcu, //
};

use super::{
    Sock,
    SockRef,
    SocketOps, //
};

/// The atomic is what the pointer is in the kernel. Who reads a stale one finds the sock in `kept`
/// still, as it would until the grace period is over.
pub(crate) struct SockSlot<T: SocketOps> {
    /// 0, or one more than the place in `kept`.
    number: Atomic<usize>,
    kept: Mutex<Vec<SockRef<T>>>,
}

impl<T: SocketOps> SockSlot<T> {
    pub(crate) fn new() -> Self {
        Self {
            number: Atomic::new(0),
            kept: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn holding(sk: Option<SockRef<T>>) -> Self {
        let kept: Vec<_> = sk.into_iter().collect();
        Self {
            number: Atomic::new(kept.len()),
            kept: Mutex::new(kept),
        }
    }

    fn at(&self, number: usize) -> Option<SockRef<T>> {
        let place = number.checked_sub(1)?;
        Some(self.kept.lock().unwrap()[place].clone())
    }

    pub(crate) fn set(&self, sk: SockRef<T>) -> Option<SockRef<T>> {
        let number = {
            let mut kept = self.kept.lock().unwrap();
            kept.push(sk);
            kept.len()
        };
        self.at(self.number.xchg(number, Full))
    }

    pub(crate) fn clear(&self) -> Option<SockRef<T>> {
        self.at(self.number.xchg(0, Full))
    }

    pub(crate) fn with<R>(&self, look: impl FnOnce(&Sock<T>) -> R) -> Option<R> {
        self.with_rcu(|sk, _rcu| look(sk))
    }

    pub(crate) fn with_rcu<R>(&self, look: impl FnOnce(&Sock<T>, &rcu::Guard) -> R) -> Option<R> {
        let rcu = rcu::read_lock();
        let sk = self.at(self.number.load(Acquire))?;
        Some(look(&sk, &rcu))
    }
}
