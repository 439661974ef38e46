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
    note::{
        Companions,
        Context,
        NoteList, //
    },
    pages_since,
    record,
    urgent::{
        HoleRoom,
        Holes, //
    },
    Ring, //
};
use crate::net::{
    Interest,
    IoPage, //
};

/// The right to read from a ring, and where from.
pub(in crate::family) struct Consumer {
    /// The chunk with the next byte; unset until there was one.
    chunk: Option<Arc<Chunk>>,
    /// Bytes of it that are consumed.
    offset: usize,
    /// Bytes that were ever consumed.
    position: u64,
    /// Records that were ever consumed.
    records: u64,
    /// Pages that were counted.
    pages: u64,
    /// The position up to which records were peeked at by way of `SO_PEEK_OFF`.
    peeked: u64,
    /// Where urgent bytes were taken, at or after `position`.
    holes: Holes,
    notes: NoteList,
}

/// Why a read stops.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::family) enum Stop {
    /// The next byte is the urgent one.
    Mark,
    /// The next byte was urgent, and was taken.
    Hole,
}

/// A record in the ring, of which all or, from `SO_PEEK_OFF` on, some is to be read.
pub(in crate::family) struct Record {
    /// Bytes in the ring before it.
    skip: usize,
    /// Bytes in it.
    len: usize,
    /// Bytes at its front that are not to be read.
    offset: usize,
}

impl Record {
    /// Bytes that are to be read.
    pub(in crate::family) fn rest(&self) -> usize {
        self.len.saturating_sub(self.offset)
    }

    /// Whether it is not to be read from its front on.
    pub(in crate::family) fn is_tail(&self) -> bool {
        self.offset > 0
    }

    /// Bytes in the ring before it.
    pub(in crate::family) fn start(&self) -> usize {
        self.skip
    }

    /// Bytes in the ring up to its end.
    fn end(&self) -> usize {
        self.skip
            .saturating_add(record::HEADER)
            .saturating_add(self.len)
    }
}

impl Consumer {
    /// For a ring that nothing was read from.
    pub(super) fn new() -> Self {
        Self {
            chunk: None,
            offset: 0,
            position: 0,
            records: 0,
            pages: 0,
            peeked: 0,
            holes: Holes::new(),
            notes: NoteList::new(),
        }
    }

    /// Bytes that can be read.
    pub(in crate::family) fn available(&self, ring: &Ring) -> usize {
        usize::try_from(ring.written().wrapping_sub(self.position)).unwrap_or(usize::MAX)
    }

    /// How many of `len` bytes after `skip` one may read together who wants to know what `interest`
    /// says. `before` is true of the bytes that the same read has already.
    pub(in crate::family) fn reach(
        &mut self,
        ring: &Ring,
        skip: usize,
        len: usize,
        before: Option<&Context>,
        interest: Interest,
    ) -> usize {
        if ring.notes.count() == 0 && before.is_none() {
            return len;
        }
        let here = self.position.wrapping_add(skip as u64);
        self.notes.reach(&ring.notes, here, len, before, interest)
    }

    /// What `len` bytes after `skip`, which may be read together, bring with them.
    pub(in crate::family) fn companions(
        &mut self,
        ring: &Ring,
        skip: usize,
        len: usize,
    ) -> Companions<'_> {
        let here = self.position.wrapping_add(skip as u64);
        self.notes.companions(&ring.notes, here, len)
    }

    /// Whether bytes may bring anything with them, even if nobody asks.
    pub(in crate::family) fn has_notes(&self, ring: &Ring) -> bool {
        ring.notes.count() > 0
    }

    /// Copies at most `len` bytes to `dest`, leaving out `skip`, and consumes none. May sleep.
    ///
    /// Returns how many were copied: as many as there are, if the caller's memory can be written
    /// to.
    ///
    /// # Errors
    ///
    /// `EFAULT` if not a single one could be.
    pub(in crate::family) fn copy(
        &mut self,
        ring: &Ring,
        skip: usize,
        dest: &mut IovIterDest<'_>,
        len: usize,
    ) -> Result<usize> {
        let len = len.min(self.available(ring).saturating_sub(skip));
        let copied = self.visit(ring, skip, len, |page, at, len| page.drain(at, dest, len));
        if copied == 0 && len > 0 {
            return Err(EFAULT);
        }
        Ok(copied)
    }

    /// Reads at most `len` bytes to `dest`, and consumes them, if there are `enough` and nothing is
    /// special about them: nothing goes along with them, and none of them is urgent. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT` if not a single one could be copied.
    #[inline(always)]
    pub(in crate::family) fn read_plain(
        &mut self,
        ring: &Ring,
        dest: &mut IovIterDest<'_>,
        len: usize,
        enough: impl FnOnce(usize) -> bool,
    ) -> Result<Option<usize>> {
        let available = self.available(ring);
        // What is special about a byte was said before the byte was published.
        if available == 0 || self.has_notes(ring) || ring.urgent.is_ahead(self.position) {
            return Ok(None);
        }
        if !enough(available) {
            return Ok(None);
        }
        let len = len.min(available);
        let copied = match &self.chunk {
            Some(chunk) if len <= chunk.size().saturating_sub(self.offset) => {
                let copied = chunk.page.drain(self.offset, dest, len);
                self.offset = self.offset.saturating_add(copied);
                self.position = self.position.wrapping_add(copied as u64);
                copied
            }
            _ => {
                let copied = self.visit(ring, 0, len, |page, at, len| page.drain(at, dest, len));
                self.advance(ring, copied);
                copied
            }
        };
        if copied == 0 && len > 0 {
            return Err(EFAULT);
        }
        ring.consume(self.position);
        Ok(Some(copied))
    }

    /// Reads the first record to `dest`, which has room for `room` bytes, and consumes it, if it
    /// fits and nothing goes along with it. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`; then it is still there.
    #[inline(always)]
    pub(in crate::family) fn read_plain_record(
        &mut self,
        ring: &Ring,
        dest: &mut IovIterDest<'_>,
        room: usize,
    ) -> Result<Option<usize>> {
        if self.available(ring) == 0 || self.has_notes(ring) {
            return Ok(None);
        }
        let mut header = [0; record::HEADER];
        let page = self.chunk.as_ref().map(|chunk| &chunk.page);
        let page = page.filter(|page| page.get(self.offset, &mut header) == header.len());
        let len = record::decode(header);
        let start = self.offset.saturating_add(record::HEADER);
        let page = page.filter(|page| len <= page.size().saturating_sub(start));
        let Some(page) = page else {
            return self.read_plain_record_on(ring, dest, room);
        };
        if len > room {
            return Ok(None);
        }
        if page.drain(start, dest, len) < len {
            return Err(EFAULT);
        }
        self.offset = start.saturating_add(len);
        let whole = len.saturating_add(record::HEADER);
        self.position = self.position.wrapping_add(whole as u64);
        self.records = self.records.wrapping_add(1);
        ring.consume_record(self.position, self.records);
        Ok(Some(len))
    }

    /// [`read_plain_record`](Self::read_plain_record), of one that lies in several pages.
    #[inline(never)]
    fn read_plain_record_on(
        &mut self,
        ring: &Ring,
        dest: &mut IovIterDest<'_>,
        room: usize,
    ) -> Result<Option<usize>> {
        let Some(record) = self.first_record(ring).filter(|record| record.len <= room) else {
            return Ok(None);
        };
        self.copy_record(ring, &record, dest, record.len)?;
        self.consume_record(ring, &record);
        Ok(Some(record.len))
    }

    /// In how many more pages all consumed bytes lie than when this was asked last.
    pub(in crate::family) fn take_pages(&mut self) -> isize {
        pages_since(&mut self.pages, self.position)
    }

    /// Consumes at most `len` bytes. Returns how many there were.
    pub(in crate::family) fn consume(&mut self, ring: &Ring, len: usize) -> usize {
        let len = len.min(self.available(ring));
        self.advance(ring, len);
        ring.consume(self.position);
        len
    }

    /// Consumes all there is. Returns how many bytes of it were not read, nor taken with `MSG_OOB`.
    pub(in crate::family) fn discard(&mut self, ring: &Ring) -> usize {
        let taken = self.holes.len();
        self.consume(ring, usize::MAX).saturating_sub(taken)
    }

    /// Whether a read stops `ahead` bytes from here.
    pub(in crate::family) fn stop_at(&self, ring: &Ring, ahead: usize) -> Option<Stop> {
        if ahead >= self.available(ring) {
            return None;
        }
        let position = self.position.wrapping_add(ahead as u64);
        if self.holes.contains(position) {
            return Some(Stop::Hole);
        }
        (ring.urgent.distance(self.position) == Some(ahead)).then_some(Stop::Mark)
    }

    /// How many bytes there are from `ahead` bytes from here to where a read stops next, after the
    /// first of them.
    pub(in crate::family) fn to_stop(&self, ring: &Ring, ahead: usize) -> Option<usize> {
        let here = self.position.wrapping_add(ahead as u64);
        let hole = self.holes.after(here);
        let hole = hole.and_then(|hole| usize::try_from(hole.wrapping_sub(here)).ok());
        let mark = ring.urgent.distance(here).filter(|&distance| distance > 0);
        match (hole, mark) {
            (Some(hole), Some(mark)) => Some(hole.min(mark)),
            (hole, mark) => hole.or(mark),
        }
    }

    /// Copies the urgent byte to `dest`. If it is `taken`, no read gives it any more.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is none, or none any more, `EFAULT`, `ENOMEM`.
    pub(in crate::family) fn copy_urgent(
        &mut self,
        ring: &Ring,
        dest: &mut IovIterDest<'_>,
        taken: bool,
    ) -> Result {
        let pending = ring.urgent.pending(self.position, ring.written());
        let end = pending.ok_or(EINVAL)?;
        let position = end.wrapping_sub(1);
        let distance = usize::try_from(position.wrapping_sub(self.position))?;
        let room = taken.then(HoleRoom::new).transpose()?;
        self.copy(ring, distance, dest, 1)?;
        if let Some(room) = room {
            self.holes.add(position, room);
            ring.urgent.set_holes(self.holes.len());
            ring.urgent.take(end);
        }
        Ok(())
    }

    /// The first record, if there is one.
    pub(in crate::family) fn first_record(&mut self, ring: &Ring) -> Option<Record> {
        self.record_behind(ring, 0)
    }

    /// The record in which the byte lies that is `offset` bytes behind the first one, and from
    /// there on. An empty record that was peeked at is left out, so that a peek gets past it.
    ///
    /// # Errors
    ///
    /// If there is none, how many bytes of the ring there are instead.
    pub(in crate::family) fn record_at(
        &mut self,
        ring: &Ring,
        offset: usize,
    ) -> Result<Record, usize> {
        let mut offset = offset;
        let mut skip = 0_usize;
        loop {
            let mut record = self.record_behind(ring, skip).ok_or(skip)?;
            let position = self.position.wrapping_add(skip as u64);
            let is_done = record.len == 0 && position < self.peeked;
            if offset < record.len || (offset == 0 && !is_done) {
                record.offset = offset;
                return Ok(record);
            }
            offset = offset.saturating_sub(record.len);
            skip = record.end();
        }
    }

    /// Notes that a record was peeked at.
    pub(in crate::family) fn note_peek(&mut self, record: &Record) {
        let end = self.position.wrapping_add(record.end() as u64);
        self.peeked = self.peeked.max(end);
    }

    /// The record that begins `skip` bytes from here, if there is one.
    fn record_behind(&mut self, ring: &Ring, skip: usize) -> Option<Record> {
        // Records are published whole.
        if self.available(ring).saturating_sub(skip) < record::HEADER {
            return None;
        }
        let mut header = [0; record::HEADER];
        let mut rest: &mut [u8] = &mut header;
        self.visit(ring, skip, record::HEADER, |page, at, _len| {
            let got = page.get(at, rest);
            rest = core::mem::take(&mut rest).get_mut(got..).unwrap_or(&mut []);
            got
        });
        Some(Record {
            skip,
            len: record::decode(header),
            offset: 0,
        })
    }

    /// Copies the first `len` bytes that are to be read of a record to `dest`, and consumes none.
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`; the caller's memory may have been written to in part.
    pub(in crate::family) fn copy_record(
        &mut self,
        ring: &Ring,
        record: &Record,
        dest: &mut IovIterDest<'_>,
        len: usize,
    ) -> Result {
        let skip = record
            .skip
            .saturating_add(record::HEADER)
            .saturating_add(record.offset);
        if self.copy(ring, skip, dest, len)? < len {
            return Err(EFAULT);
        }
        Ok(())
    }

    /// Consumes `record`, which is the first one.
    pub(in crate::family) fn consume_record(&mut self, ring: &Ring, record: &Record) {
        self.advance(ring, record.end());
        self.records = self.records.wrapping_add(1);
        ring.consume_record(self.position, self.records);
    }

    /// The chunk with the next byte. There is one, if there is a byte.
    fn chunk(&mut self, ring: &Ring) -> Option<&Arc<Chunk>> {
        if self.chunk.is_none() {
            self.chunk = ring.pages.lock().first.take();
        }
        self.chunk.as_ref()
    }

    /// Calls `copy` with each piece of `len` bytes after `skip`, which must be there, until it gets
    /// less done than it was given.
    fn visit(
        &mut self,
        ring: &Ring,
        skip: usize,
        len: usize,
        mut copy: impl FnMut(&IoPage, usize, usize) -> usize,
    ) -> usize {
        let mut offset = self.offset.saturating_add(skip);
        let Some(first) = self.chunk(ring) else {
            return 0;
        };
        let mut chunk: &Chunk = first;
        let mut done = 0_usize;
        while done < len {
            while offset >= chunk.size() {
                // The byte after this chunk has been written, so its chunk has been appended.
                let Some(next) = chunk.next_ref() else {
                    return done;
                };
                offset = offset.saturating_sub(chunk.size());
                chunk = next;
            }
            let piece = len
                .saturating_sub(done)
                .min(chunk.size().saturating_sub(offset));
            let got = copy(&chunk.page, offset, piece);
            offset = offset.saturating_add(got);
            done = done.saturating_add(got);
            if got < piece {
                break;
            }
        }
        done
    }

    /// Moves on by `len` bytes, which must be there, and hands back the chunks that lie behind.
    fn advance(&mut self, ring: &Ring, len: usize) {
        self.position = self.position.wrapping_add(len as u64);
        if ring.notes.count() > 0 {
            self.notes.advance(&ring.notes, self.position);
        }
        if self.holes.len() > 0 {
            self.holes.forget_before(self.position);
            ring.urgent.set_holes(self.holes.len());
        }
        let Some(mut size) = self.chunk(ring).map(|chunk| chunk.size()) else {
            return;
        };
        let mut offset = self.offset.saturating_add(len);
        while offset > size {
            let Some(next) = self.chunk.as_ref().and_then(|chunk| chunk.next()) else {
                break;
            };
            offset = offset.saturating_sub(size);
            size = next.size();
            if let Some(behind) = self.chunk.replace(next) {
                recycle(ring, behind);
            }
        }
        self.offset = offset;
    }
}

/// Gives a chunk back to the writer, if it has not enough to spare.
fn recycle(ring: &Ring, chunk: Arc<Chunk>) {
    // The writer went on to the next chunk before that could be read from, so this one is ours
    // alone.
    let Some(chunk) = Arc::into_unique_or_drop(chunk) else {
        return;
    };
    let mut chunk = Pin::into_inner(chunk);
    chunk.reset();
    let unneeded = ring.pages.lock().put_spare(chunk);
    if let Some(chunk) = unneeded {
        ring.charge.shrink(chunk.size());
    }
}
