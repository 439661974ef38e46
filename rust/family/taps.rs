// SPDX-License-Identifier: GPL-2.0

//! The raw sockets of a network namespace, which see what others send.

use kernel::prelude::*;

use super::{
    raw::{
        Header,
        Raw, //
    },
    Experimental, //
};
use crate::net::{
    family_number,
    Interest,
    SkBuff,
    SockGuard,
    SockRef,
    SockTable,
    SocketOps, //
};

/// The raw sockets of a network namespace.
#[pin_data]
pub(super) struct Taps {
    #[pin]
    socks: SockTable<Raw>,
}

impl Taps {
    /// An initialiser for a namespace without any.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            socks <- SockTable::new(),
        })
    }

    /// Whether nobody looks, which is all that a message costs then.
    pub(super) fn is_empty(&self) -> bool {
        self.socks.is_empty()
    }

    /// Enters a raw socket. Returns the number under which it is taken out again. May sleep.
    pub(super) fn enter(&self, sk: SockRef<Raw>) -> Result<u32> {
        self.socks.insert_any(1..=u32::MAX, sk, false)
    }

    /// Takes a raw socket out, which is locked.
    pub(super) fn remove(&self, number: u32, guard: &SockGuard<'_, Raw>) {
        drop(self.socks.remove(number, guard));
    }

    /// Shows a message that is about to be delivered to all who want to see it. Does not sleep. A
    /// raw socket that is full, or for which there is no memory, misses it.
    pub(super) fn show<T: SocketOps<Family = Experimental>>(
        &self,
        header: &Header,
        message: &SkBuff<T>,
    ) {
        let bytes = header.encode(family_number::<Experimental>());
        self.socks.for_each(|tap| {
            if tap.is_receive_shut() || !tap.is_on_loopback() || !tap.wants(header) {
                return;
            }
            match message.copy_with_header::<Raw>(&bytes, header.source) {
                Ok(mut copy) if tap.charge_queue(&copy).is_ok() => {
                    if tap.interest().contains(Interest::CREDENTIALS) {
                        copy.identify();
                    }
                    let _missed = copy.deliver(tap);
                }
                _ => tap.count_drop(),
            }
        });
    }
}
