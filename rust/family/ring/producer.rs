// SPDX-License-Identifier: GPL-2.0

//! The side of a ring that writes.

use kernel::{
    alloc::AllocError,
    iov::IovIterSource,
    prelude::*,
    sync::Arc, //
};

use super::{
    chunk::Chunk,
    Ring, //
};
use crate::net::errno::ENOBUFS;

/// The right to write to a ring, and where to.
pub(in crate::family) struct Producer {
    /// The last chunk of the chain.
    last: Option<Arc<Chunk>>,
    /// Bytes of it that are filled.
    filled: usize,
    /// Bytes that were ever written.
    position: u64,
}

impl Producer {
    /// For a ring that nothing was written to.
    pub(in crate::family) fn new() -> Self {
        Self {
            last: None,
            filled: 0,
            position: 0,
        }
    }

    /// Writes at most `room` bytes of `source`. May sleep.
    ///
    /// Returns how many were written; the reader can have them.
    ///
    /// # Errors
    ///
    /// `EFAULT` or `ENOBUFS`, if not a single one was.
    pub(in crate::family) fn write(
        &mut self,
        ring: &Ring,
        source: &mut IovIterSource<'_>,
        room: usize,
    ) -> Result<usize> {
        let mut left = room.min(source.len());
        let mut error = EFAULT;
        let mut written = 0_usize;

        while left > 0 {
            if let Err(AllocError) = self.make_room(ring) {
                error = ENOBUFS.into();
                break;
            }
            let Some(last) = &self.last else {
                break;
            };
            let copied = last.page.fill(self.filled, source, left);
            if copied == 0 {
                break;
            }
            self.filled = self.filled.saturating_add(copied);
            written = written.saturating_add(copied);
            left = left.saturating_sub(copied);
        }

        if written == 0 && left > 0 {
            return Err(error);
        }
        self.position = self.position.wrapping_add(written as u64);
        ring.publish(self.position);
        Ok(written)
    }

    /// Appends a chunk if the last one is full, or there is none.
    fn make_room(&mut self, ring: &Ring) -> Result<(), AllocError> {
        if self.last.is_some() && self.filled < Chunk::SIZE {
            return Ok(());
        }

        let spare = ring.pages.lock().spare.take();
        let new: Arc<Chunk> = match spare {
            Some(spare) => spare,
            None => Chunk::new()?,
        }
        .into();
        match &self.last {
            Some(last) => last.append(new.clone()),
            None => ring.pages.lock().first = Some(new.clone()),
        }
        self.last = Some(new);
        self.filled = 0;
        Ok(())
    }
}
