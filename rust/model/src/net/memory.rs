// SPDX-License-Identifier: GPL-2.0

//! The account of a namespace. Not what is looked at here, so tasks do not race for it.

use core::sync::atomic::{
    AtomicUsize,
    Ordering::Relaxed, //
};

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::errno::ENOBUFS;

pub(crate) struct MemoryAccount {
    held: AtomicUsize,
    limit: usize,
}

impl MemoryAccount {
    pub(crate) fn new(limit: usize) -> Result<Arc<Self>> {
        let held = AtomicUsize::new(0);
        Ok(Arc::new(Self { held, limit }, GFP_KERNEL_ACCOUNT)?)
    }

    pub(crate) fn held(&self) -> usize {
        self.held.load(Relaxed)
    }

    fn charge(&self, bytes: usize) -> Result {
        let held = self.held() + bytes;
        if held > self.limit {
            return Err(ENOBUFS.into());
        }
        self.held.store(held, Relaxed);
        Ok(())
    }

    fn uncharge(&self, bytes: usize) {
        let held = self.held().checked_sub(bytes);
        self.held.store(held.expect("it was charged"), Relaxed);
    }
}

pub(crate) struct MemoryCharge {
    account: Arc<MemoryAccount>,
    held: AtomicUsize,
}

impl MemoryCharge {
    pub(crate) fn new(account: &Arc<MemoryAccount>, bytes: usize) -> Result<Self> {
        account.charge(bytes)?;
        Ok(Self {
            account: account.clone(),
            held: AtomicUsize::new(bytes),
        })
    }

    pub(crate) fn another(&self, bytes: usize) -> Result<Self> {
        Self::new(&self.account, bytes)
    }

    pub(crate) fn grow(&self, bytes: usize) -> Result {
        self.account.charge(bytes)?;
        self.held.fetch_add(bytes, Relaxed);
        Ok(())
    }

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
