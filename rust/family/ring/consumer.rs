// SPDX-License-Identifier: GPL-2.0

//! The side of a ring that reads.

use core::pin::Pin;

use kernel::{
    iov::IovIterDest,
    prelude::*,
    sync::Arc, //
};

use super::{
    chunk::Chunk,
    Ring, //
};

/// What to do with the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::family) enum Take {
    /// Give them to the caller, and be done with them.
    Copy,
    /// Give them to the caller, and keep them; leave out so many at first.
    Peek(usize),
    /// Be done with them.
    Discard,
}

/// A place in the chain.
#[derive(Clone)]
struct Cursor {
    chunk: Arc<Chunk>,
    /// Bytes of the chunk that lie behind.
    offset: usize,
}

/// The right to read from a ring, and where from.
pub(in crate::family) struct Consumer {
    /// Where the next byte is; unset until there was one.
    cursor: Option<Cursor>,
    /// Bytes that were ever consumed.
    position: u64,
}

impl Consumer {
    /// For a ring that nothing was read from.
    pub(in crate::family) fn new() -> Self {
        Self {
            cursor: None,
            position: 0,
        }
    }

    /// Bytes that can be read.
    pub(in crate::family) fn available(&self, ring: &Ring) -> usize {
        usize::try_from(ring.written().wrapping_sub(self.position)).unwrap_or(usize::MAX)
    }

    /// Reads at most `len` bytes to `dest`. May sleep.
    ///
    /// Returns how many were read: as many as there are, if the caller's memory can be written to.
    ///
    /// # Errors
    ///
    /// `EFAULT` if not a single one could be. Nothing is lost.
    pub(in crate::family) fn read(
        &mut self,
        ring: &Ring,
        dest: &mut IovIterDest<'_>,
        len: usize,
        take: Take,
    ) -> Result<usize> {
        let available = self.available(ring);
        if available == 0 || len == 0 {
            return Ok(0);
        }
        let Some(cursor) = self.start(ring) else {
            return Ok(0);
        };

        match take {
            Take::Copy => {
                let done = walk(ring, cursor, len.min(available), true, |chunk, at, len| {
                    chunk.page.drain(at, dest, len)
                });
                self.advance(ring, done);
                if done == 0 {
                    return Err(EFAULT);
                }
                Ok(done)
            }
            Take::Discard => {
                let done = walk(ring, cursor, len.min(available), true, |_, _, len| len);
                self.advance(ring, done);
                Ok(done)
            }
            Take::Peek(skip) => {
                let Some(available) = available.checked_sub(skip).filter(|&left| left > 0) else {
                    return Ok(0);
                };
                let mut cursor = cursor.clone();
                walk(ring, &mut cursor, skip, false, |_, _, len| len);
                let done = walk(
                    ring,
                    &mut cursor,
                    len.min(available),
                    false,
                    |chunk, at, len| chunk.page.drain(at, dest, len),
                );
                if done == 0 {
                    return Err(EFAULT);
                }
                Ok(done)
            }
        }
    }

    /// The place of the next byte. There is one, as there is a byte.
    fn start(&mut self, ring: &Ring) -> Option<&mut Cursor> {
        if self.cursor.is_none() {
            let first = ring.pages.lock().first.take();
            self.cursor = first.map(|chunk| Cursor { chunk, offset: 0 });
        }
        self.cursor.as_mut()
    }

    fn advance(&mut self, ring: &Ring, bytes: usize) {
        self.position = self.position.wrapping_add(bytes as u64);
        ring.consume(self.position);
    }
}

/// Moves `cursor` over `len` bytes, which must be there, and calls `visit` with each piece. Stops
/// early when that gets less done than it was given. Hands back chunks that lie behind if they
/// are `consumed`.
fn walk(
    ring: &Ring,
    cursor: &mut Cursor,
    len: usize,
    consumed: bool,
    mut visit: impl FnMut(&Chunk, usize, usize) -> usize,
) -> usize {
    let mut done = 0_usize;
    while done < len {
        if cursor.offset >= Chunk::SIZE {
            // The byte after this chunk has been written, so its chunk has been appended.
            let Some(next) = cursor.chunk.next() else {
                break;
            };
            let behind = core::mem::replace(&mut cursor.chunk, next);
            cursor.offset = 0;
            if consumed {
                recycle(ring, behind);
            }
        }
        let piece = len
            .saturating_sub(done)
            .min(Chunk::SIZE.saturating_sub(cursor.offset));
        let got = visit(&cursor.chunk, cursor.offset, piece);
        cursor.offset = cursor.offset.saturating_add(got);
        done = done.saturating_add(got);
        if got < piece {
            break;
        }
    }
    done
}

/// Gives a chunk back to the writer, if it has none to spare.
fn recycle(ring: &Ring, chunk: Arc<Chunk>) {
    // The writer went on to the next chunk before that could be read from, so this one is ours
    // alone.
    let Some(chunk) = Arc::into_unique_or_drop(chunk) else {
        return;
    };
    let mut chunk = Pin::into_inner(chunk);
    chunk.reset();
    let unneeded = ring.pages.lock().spare.replace(chunk);
    drop(unneeded);
}

impl Drop for Consumer {
    /// Frees the chain from the front, so that no chunk drops the one after it.
    fn drop(&mut self) {
        let mut chunk = self.cursor.take().map(|cursor| cursor.chunk);
        while let Some(front) = chunk {
            chunk = front.next();
        }
    }
}
