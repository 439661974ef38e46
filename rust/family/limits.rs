// SPDX-License-Identifier: GPL-2.0

//! What can be set for a network namespace: `/proc/sys/net/core/experimental_*`.

use core::ops::RangeInclusive;

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::net::{
    total_memory,
    Interval,
    Limit,
    MemoryAccount,
    Setting, //
};

/// Ports below this one need `CAP_NET_BIND_SERVICE`, and are never given out unasked.
pub(super) const UNPRIVILEGED: u32 = 1024;

/// `EXP_PORT_ANY` is none, so this is the last.
const LAST_PORT: u32 = u32::MAX - 1;

/// Where a socket that asks for any port gets one, at first. What has 16 bits is left to those who
/// choose their port themselves.
const AUTOMATIC: RangeInclusive<u32> = 0x1_0000..=0xff_ffff;

/// What all sockets of a namespace may hold at first is this part of the machine's memory, as much
/// as TCP may have.
const PART_OF_MEMORY: usize = 8;

/// Descriptors that may be in flight, at first.
const DESCRIPTORS: usize = 0x1_0000;

/// The settings of a network namespace.
pub(super) struct Limits {
    ports: Interval,
    descriptors: Limit,
    memory: Arc<MemoryAccount>,
}

impl Limits {
    /// What a new namespace begins with. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    pub(super) fn new() -> Result<Self> {
        let most = 0..=i64::MAX as usize;
        let memory = Limit::new(
            c"experimental_mem_max",
            most,
            total_memory() / PART_OF_MEMORY,
        )?;
        Ok(Self {
            ports: Interval::new(
                c"experimental_port_range",
                UNPRIVILEGED..=LAST_PORT,
                AUTOMATIC,
            )?,
            descriptors: Limit::new(c"experimental_fds_max", 0..=i32::MAX as usize, DESCRIPTORS)?,
            memory: MemoryAccount::new(memory)?,
        })
    }

    /// All of them.
    pub(super) fn settings(&self) -> Result<KVec<Arc<Setting>>> {
        let all = [
            self.ports.setting(),
            self.descriptors.setting(),
            self.memory.limit().setting(),
        ];
        let mut settings = KVec::with_capacity(all.len(), GFP_KERNEL_ACCOUNT)?;
        for setting in all {
            settings.push_within_capacity(setting)?;
        }
        Ok(settings)
    }

    /// The ports among which a socket that asks for any gets one.
    pub(super) fn ports(&self) -> RangeInclusive<u32> {
        self.ports.get()
    }

    /// How many descriptors may be in flight.
    pub(super) fn descriptors(&self) -> usize {
        self.descriptors.get()
    }

    /// What is charged for connections and for what is queued.
    pub(super) fn memory(&self) -> &Arc<MemoryAccount> {
        &self.memory
    }
}
