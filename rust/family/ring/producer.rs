// SPDX-License-Identifier: GPL-2.0

//! The side of a ring that writes.

use kernel::{
    iov::IovIterSource,
    prelude::*,
    sync::{
        Arc,
        UniqueArc, //
    }, //
};

use super::{
    chunk::Chunk,
    note::{
        Context,
        Note,
        Notes, //
    },
    pages_since,
    record,
    Ring, //
};
use crate::net::{
    errno::ENOBUFS,
    Descriptors,
    IoPage, //
};

/// The right to write to a ring, and where to.
pub(in crate::family) struct Producer {
    /// The chunk that is written to.
    chunk: Option<Arc<Chunk>>,
    /// Bytes of it that are filled.
    filled: usize,
    /// Bytes that were ever written.
    position: u64,
    /// Records that were ever written.
    records: u64,
    /// Pages that were counted.
    pages: u64,
    notes: Notes,
}

/// What goes along with a write: see [`Producer::annotate`].
pub(in crate::family) struct Annotation(Option<KBox<Note>>);

impl Annotation {
    /// Nothing.
    pub(in crate::family) const fn none() -> Self {
        Self(None)
    }
}

impl Producer {
    /// For a ring that nothing was written to.
    pub(super) fn new() -> Self {
        Self {
            chunk: None,
            filled: 0,
            position: 0,
            records: 0,
            pages: 0,
            notes: Notes::new(),
        }
    }

    /// Prepares what goes along with the next write: what is to be known of it, if anybody wants to
    /// know, and descriptors. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    pub(in crate::family) fn annotate(
        &self,
        context: Option<Context>,
        descriptors: Option<KBox<Descriptors>>,
    ) -> Result<Annotation> {
        self.notes.make(context, descriptors).map(Annotation)
    }

    /// Whether nothing is known of the last write.
    pub(in crate::family) fn is_unknown(&self) -> bool {
        self.notes.is_unknown()
    }

    /// Bytes that the buffers have to have room for: see [`Ring::charge`].
    #[inline(always)]
    pub(in crate::family) fn charge(&self, ring: &Ring) -> usize {
        ring.charge_up_to(self.position)
    }

    /// Adds the note about what was written up to position `end`, before it is published.
    fn note(&mut self, ring: &Ring, annotation: Annotation, end: u64) {
        if let Annotation(Some(note)) = annotation {
            self.notes.put(&ring.notes, note, self.position, end);
        }
    }

    /// Writes at most `len` bytes, but not none, for which the caller has found room. `copy` fills the pages, as
    /// far as it can, and may sleep. If all are written, the last one is made `urgent` if it is.
    ///
    /// Returns how many were written; the reader can have them.
    ///
    /// # Errors
    ///
    /// `EFAULT` or `ENOBUFS`, if not a single one was.
    pub(in crate::family) fn write(
        &mut self,
        ring: &Ring,
        len: usize,
        urgent: bool,
        annotation: Annotation,
        mut copy: impl FnMut(&IoPage, usize, usize) -> usize,
    ) -> Result<usize> {
        let filled = match &self.chunk {
            Some(chunk) if len <= chunk.size().saturating_sub(self.filled) => {
                let filled = copy(&chunk.page, self.filled, len);
                self.filled = self.filled.saturating_add(filled);
                if filled == 0 {
                    return Err(EFAULT);
                }
                filled
            }
            _ => {
                let mut behind = None;
                let result = self.fill(ring, len, &mut behind, copy);
                drop(behind);
                if result.filled == 0 {
                    return Err(result.error);
                }
                result.filled
            }
        };
        let end = self.position.wrapping_add(filled as u64);
        self.note(ring, annotation, end);
        self.position = end;
        // The mark is there before the byte can be read.
        if urgent && filled == len {
            ring.urgent.set(end);
        }
        ring.publish(end);
        Ok(filled)
    }

    /// Writes the `len` bytes of `source`, which are not none and for which the caller has found
    /// room, and nothing goes along with them. May sleep.
    ///
    /// Returns how many were written.
    ///
    /// # Errors
    ///
    /// `EFAULT` or `ENOBUFS`, if not a single one was.
    #[inline(always)]
    pub(in crate::family) fn write_plain(
        &mut self,
        ring: &Ring,
        source: &mut IovIterSource<'_>,
        len: usize,
    ) -> Result<usize> {
        let Some(page) = self.page_for(len) else {
            return self.write_on(ring, source, len);
        };
        let written = page.fill(self.filled, source, len);
        if written == 0 {
            return Err(EFAULT);
        }
        self.filled = self.filled.saturating_add(written);
        self.position = self.position.wrapping_add(written as u64);
        ring.publish(self.position);
        Ok(written)
    }

    /// As [`write_plain`](Self::write_plain), a record, of which nothing is written in part. It may
    /// be empty.
    #[inline(always)]
    pub(in crate::family) fn write_plain_record(
        &mut self,
        ring: &Ring,
        source: &mut IovIterSource<'_>,
        len: usize,
    ) -> Result<usize> {
        let whole = len.saturating_add(record::HEADER);
        let Some(page) = self.page_for(whole) else {
            return self.write_record_on(ring, source, len);
        };
        let start = self.filled.saturating_add(record::HEADER);
        page.put(self.filled, &record::encode(len)?);
        if page.fill(start, source, len) < len {
            return Err(EFAULT);
        }
        self.filled = self.filled.saturating_add(whole);
        self.position = self.position.wrapping_add(whole as u64);
        self.records = self.records.wrapping_add(1);
        ring.publish_record(self.position, self.records);
        Ok(len)
    }

    /// [`write_plain`](Self::write_plain), to the next page.
    #[inline(never)]
    fn write_on(
        &mut self,
        ring: &Ring,
        source: &mut IovIterSource<'_>,
        len: usize,
    ) -> Result<usize> {
        self.write(ring, len, false, Annotation::none(), |page, at, len| {
            page.fill(at, source, len)
        })
    }

    /// [`write_plain_record`](Self::write_plain_record), to the next page.
    #[inline(never)]
    fn write_record_on(
        &mut self,
        ring: &Ring,
        source: &mut IovIterSource<'_>,
        len: usize,
    ) -> Result<usize> {
        self.write_record(ring, len, Annotation::none(), |page, at, len| {
            page.fill(at, source, len)
        })
    }

    /// The page at hand, if `len` bytes fit in it.
    fn page_for(&self, len: usize) -> Option<&IoPage> {
        let chunk = self.chunk.as_ref()?;
        (len <= chunk.size().saturating_sub(self.filled)).then_some(&chunk.page)
    }

    /// In how many more pages all bytes lie, with `len` that are about to be written, than when
    /// this was asked last.
    pub(in crate::family) fn take_pages(&mut self, len: usize) -> isize {
        pages_since(&mut self.pages, self.position.wrapping_add(len as u64))
    }

    /// Writes a record of `len` bytes, for which the caller has found room. `copy` fills the pages,
    /// as far as it can, and may sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT` or `ENOBUFS`; then nothing was written.
    pub(in crate::family) fn write_record(
        &mut self,
        ring: &Ring,
        len: usize,
        annotation: Annotation,
        copy: impl FnMut(&IoPage, usize, usize) -> usize,
    ) -> Result<usize> {
        let header = record::encode(len)?;
        let mut start = None;
        let filled = self.filled;

        let mut rest: &[u8] = &header;
        let mut result = self.fill(ring, header.len(), &mut start, |page, at, _len| {
            let put = page.put(at, rest);
            rest = rest.get(put..).unwrap_or(&[]);
            put
        });
        if result.filled == header.len() {
            result = self.fill(ring, len, &mut start, copy);
        } else {
            result.filled = 0;
        }
        if result.filled < len || !rest.is_empty() {
            // What was appended stays in the chain, and is written over the next time.
            if start.is_some() {
                self.chunk = start;
            }
            self.filled = filled;
            return Err(result.error);
        }

        // Before the record can be read, so that its chunks are the reader's alone then.
        drop(start);
        let written = (header.len() as u64).wrapping_add(len as u64);
        let end = self.position.wrapping_add(written);
        self.note(ring, annotation, end);
        self.position = end;
        self.records = self.records.wrapping_add(1);
        ring.publish_record(self.position, self.records);
        Ok(len)
    }

    /// Has `copy` fill `len` bytes, chunk by chunk, until nothing more comes. The first chunk that
    /// is left behind goes to `behind`.
    fn fill(
        &mut self,
        ring: &Ring,
        len: usize,
        behind: &mut Option<Arc<Chunk>>,
        mut copy: impl FnMut(&IoPage, usize, usize) -> usize,
    ) -> Filled {
        let mut done = Filled {
            filled: 0,
            error: EFAULT,
        };
        while done.filled < len {
            let rest = len.saturating_sub(done.filled);
            if self.make_room(ring, rest, behind).is_err() {
                done.error = ENOBUFS.into();
                break;
            }
            let Some(chunk) = &self.chunk else {
                break;
            };
            let copied = copy(&chunk.page, self.filled, rest);
            if copied == 0 {
                break;
            }
            self.filled = self.filled.saturating_add(copied);
            done.filled = done.filled.saturating_add(copied);
        }
        done
    }

    /// Goes on to the next chunk if this one is full, or there is none. Appends one if need be, for
    /// the first of `bytes`.
    fn make_room(&mut self, ring: &Ring, bytes: usize, behind: &mut Option<Arc<Chunk>>) -> Result {
        if let Some(chunk) = &self.chunk {
            if self.filled < chunk.size() {
                return Ok(());
            }
        }
        let next = self.chunk.as_ref().and_then(|chunk| chunk.next());
        let next = match next {
            Some(next) => next,
            None => self.append(ring, bytes)?,
        };
        let last = self.chunk.replace(next);
        if behind.is_none() {
            *behind = last;
        }
        self.filled = 0;
        Ok(())
    }

    fn append(&self, ring: &Ring, bytes: usize) -> Result<Arc<Chunk>> {
        let spare = ring.pages.lock().take_spare();
        let new = match spare {
            Some(spare) if spare.is_small_for(bytes) => match new_chunk(ring, bytes) {
                Ok(larger) => {
                    ring.charge.shrink(spare.size());
                    larger
                }
                Err(_) => spare,
            },
            Some(spare) => spare,
            None => new_chunk(ring, bytes).or_else(|_| new_chunk(ring, Chunk::SMALLEST))?,
        };
        let new: Arc<Chunk> = new.into();
        match &self.chunk {
            Some(last) => last.append(new.clone()),
            None => ring.pages.lock().first = Some(new.clone()),
        }
        Ok(new)
    }
}

/// A chunk that is charged to the ring.
fn new_chunk(ring: &Ring, bytes: usize) -> Result<UniqueArc<Chunk>> {
    let chunk = Chunk::new(bytes)?;
    ring.charge.grow(chunk.size())?;
    Ok(chunk)
}

/// How far [`Producer::fill`] got.
struct Filled {
    filled: usize,
    /// What stopped it, if it did not get all the way.
    error: Error,
}
