// SPDX-License-Identifier: GPL-2.0

//! A stream of bytes from one writer to one reader.
//!
//! The bytes lie in a chain of [`Chunk`]s: a page each, or several in a row where much is written at
//! once. The writer fills the last, and appends to the chain; the reader empties the first, and
//! hands it back. Positions in the stream only grow: `written` is stored by the writer after the
//! bytes, and loaded by the reader before them, and `consumed` the other way round. Neither waits
//! for the other.
//!
//! A ring carries either plain bytes or records, which are written and read whole.
//!
//! There is one [`Producer`] and one [`Consumer`] a ring; whoever has it is the writer or reader.
//! Both are made with the ring, which the writer makes when it has something to write; the reader
//! finds its own there.

mod chunk;
mod consumer;
mod note;
mod producer;
mod record;
mod urgent;

use core::pin::Pin;

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Relaxed,
                Release, //
            },
            Atomic, //
        },
        Arc,
        SpinLock,
        UniqueArc, //
    }, //
};

pub(super) use consumer::{
    Consumer,
    Stop, //
};
pub(super) use note::Context;
pub(super) use producer::{
    Annotation,
    Producer, //
};
pub(super) use record::HEADER as RECORD_HEADER;

use chunk::Chunk;
use note::Inbox;
use urgent::Urgent;

use crate::net::MemoryCharge;

/// Keeps what follows off the cache line of what stands before.
#[repr(align(64))]
struct CacheLine<T>(T);

/// How far one side has come.
struct Progress {
    /// Bytes, ever.
    bytes: Atomic<u64>,
    /// Records, ever; 0 in a ring without.
    records: Atomic<u64>,
}

impl Progress {
    fn new() -> CacheLine<Self> {
        CacheLine(Self {
            bytes: Atomic::new(0),
            records: Atomic::new(0),
        })
    }
}

/// How many more pages the bytes up to `position` lie in than `counted`, which is moved there.
fn pages_since(counted: &mut u64, position: u64) -> isize {
    let now = position.div_ceil(Chunk::SMALLEST as u64);
    // CAST: The difference, which may be negative.
    now.wrapping_sub(core::mem::replace(counted, now)) as isize
}

/// What the writer and the reader of a ring share.
#[pin_data]
pub(super) struct Ring {
    /// Stored by the writer only.
    written: CacheLine<Progress>,
    /// Stored by the reader only.
    consumed: CacheLine<Progress>,
    urgent: Urgent,
    /// Its pages, and the connection's share of itself.
    charge: MemoryCharge,
    #[pin]
    notes: Inbox,
    #[pin]
    pages: SpinLock<Pages>,
}

/// A ring, and the right to write to it.
pub(super) struct Writer {
    pub(super) ring: Arc<Ring>,
    pub(super) producer: KBox<Producer>,
}

/// A ring, and the right to read from it.
pub(super) struct Reader {
    pub(super) ring: Arc<Ring>,
    pub(super) consumer: KBox<Consumer>,
}

/// What is on its way from one side to the other.
struct Pages {
    /// The right to read, until the reader has got hold of it.
    consumer: Option<KBox<Consumer>>,
    /// The first of the chain, until the reader has got hold of it.
    first: Option<Arc<Chunk>>,
    /// Some that were emptied, for the writer to fill again, each with the next.
    spare: Option<UniqueArc<Chunk>>,
    /// How many bytes these have room for.
    spare_bytes: usize,
}

impl Pages {
    /// The most that are kept: what 64 KiB and the length before them may touch, so that such a
    /// record, if it is read at once, needs no new page.
    const MOST_SPARE: usize = 80 * 1024;

    /// Takes one that was emptied.
    fn take_spare(&mut self) -> Option<UniqueArc<Chunk>> {
        let mut chunk = self.spare.take()?;
        self.spare_bytes = self.spare_bytes.saturating_sub(chunk.size());
        // Nobody else has any of them.
        self.spare = chunk
            .take_next()
            .and_then(Arc::into_unique_or_drop)
            .map(Pin::into_inner);
        Some(chunk)
    }

    /// Keeps one that was emptied, and is as good as new, or gives it back if there are enough.
    fn put_spare(&mut self, chunk: UniqueArc<Chunk>) -> Option<UniqueArc<Chunk>> {
        let bytes = self.spare_bytes.saturating_add(chunk.size());
        if bytes > Self::MOST_SPARE {
            return Some(chunk);
        }
        self.spare_bytes = bytes;
        if let Some(next) = self.spare.take() {
            chunk.append(next.into());
        }
        self.spare = Some(chunk);
        None
    }
}

impl Ring {
    /// Bytes of a ring without pages.
    pub(super) const SIZE: usize = core::mem::size_of::<Self>()
        + core::mem::size_of::<Producer>()
        + core::mem::size_of::<Consumer>();

    /// Makes an empty ring, which has no page yet, and gives the right to write to it. The pages
    /// that it gets are added to `charge`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    pub(super) fn open(charge: MemoryCharge) -> Result<Writer> {
        let consumer = KBox::new(Consumer::new(), GFP_KERNEL_ACCOUNT)?;
        let producer = KBox::new(Producer::new(), GFP_KERNEL_ACCOUNT)?;
        let ring = Arc::pin_init(
            pin_init!(Self {
                written: Progress::new(),
                consumed: Progress::new(),
                urgent: Urgent::new(),
                notes <- Inbox::new(),
                charge,
                pages <- new_spinlock!(Pages {
                    consumer: Some(consumer),
                    first: None,
                    spare: None,
                    spare_bytes: 0,
                }),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        Ok(Writer { ring, producer })
    }

    /// The right to read from `ring`, once.
    pub(super) fn reader(ring: &Arc<Self>) -> Option<Reader> {
        let consumer = ring.pages.lock().consumer.take()?;
        Some(Reader {
            ring: ring.clone(),
            consumer,
        })
    }

    /// Bytes that wait to be consumed.
    ///
    /// For the writer this is an upper bound, for the reader a lower one; for anybody else it is
    /// what was true a moment ago.
    pub(super) fn len(&self) -> usize {
        // In this order: `consumed` never overtakes a `written` that was loaded after it.
        let consumed = self.consumed.0.bytes.load(Acquire);
        let written = self.written.0.bytes.load(Acquire);
        usize::try_from(written.wrapping_sub(consumed)).unwrap_or(usize::MAX)
    }

    /// Bytes that the buffers have to have room for: those that wait, and what notes count as.
    pub(super) fn charge(&self) -> usize {
        self.len().saturating_add(self.charge_of_notes())
    }

    /// As [`charge`](Self::charge), for the writer, who has come as far as `written`.
    #[inline(always)]
    fn charge_up_to(&self, written: u64) -> usize {
        let len = written.wrapping_sub(self.consumed.0.bytes.load(Acquire));
        usize::try_from(len)
            .unwrap_or(usize::MAX)
            .saturating_add(self.charge_of_notes())
    }

    fn charge_of_notes(&self) -> usize {
        match self.notes.count() {
            0 => 0,
            notes => notes.saturating_mul(note::COST),
        }
    }

    /// Drops what goes along with bytes that nobody will read.
    pub(super) fn drop_notes(&self) {
        self.notes.clear();
    }

    /// As [`len`](Self::len), without what records take beside their bytes, and without urgent
    /// bytes that were taken.
    pub(super) fn payload_len(&self) -> usize {
        let records = || {
            let consumed = self.consumed.0.records.load(Acquire);
            let written = self.written.0.records.load(Acquire);
            usize::try_from(written.wrapping_sub(consumed)).unwrap_or(0)
        };
        let mut count = records();
        loop {
            let len = self.len();
            // Unless a record was written or consumed meanwhile, the two belong together.
            let again = records();
            if again == count {
                return len
                    .saturating_sub(count.saturating_mul(record::HEADER))
                    .saturating_sub(self.urgent.holes());
            }
            count = again;
        }
    }

    /// Whether urgent data waits to be taken with `MSG_OOB`.
    pub(super) fn has_urgent(&self) -> bool {
        let consumed = self.consumed.0.bytes.load(Acquire);
        self.urgent.pending(consumed, self.written()).is_some()
    }

    /// Bytes that a read leaves out: urgent ones that were taken, and the one that would come next
    /// unless it is read in line.
    pub(super) fn left_out(&self, inline: bool) -> usize {
        let next = !inline && self.has_urgent() && self.is_at_mark();
        self.urgent.holes().saturating_add(usize::from(next))
    }

    /// Whether the next byte is the urgent one.
    pub(super) fn is_at_mark(&self) -> bool {
        let consumed = self.consumed.0.bytes.load(Acquire);
        self.written() > consumed && self.urgent.distance(consumed) == Some(0)
    }

    /// Makes what the writer has put in the chunks visible to the reader.
    fn publish(&self, written: u64) {
        self.written.0.bytes.store(written, Release);
    }

    /// Likewise, if that is a record.
    fn publish_record(&self, written: u64, records: u64) {
        self.written.0.records.store(records, Relaxed);
        self.publish(written);
    }

    /// Makes what the reader is done with visible to the writer.
    fn consume(&self, consumed: u64) {
        self.consumed.0.bytes.store(consumed, Release);
    }

    /// Likewise, if that is a record.
    fn consume_record(&self, consumed: u64, records: u64) {
        self.consumed.0.records.store(records, Relaxed);
        self.consume(consumed);
    }

    fn written(&self) -> u64 {
        self.written.0.bytes.load(Acquire)
    }
}
