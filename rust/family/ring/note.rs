// SPDX-License-Identifier: GPL-2.0

//! What goes along with some bytes of a ring: who wrote them, when, and descriptors.
//!
//! Notes are sparse: a write adds one only if it has descriptors, or something is different from
//! the write before and somebody wants to know. The writer puts them into the inbox before it
//! publishes the bytes; the reader takes them out and keeps them in order.

use core::mem;

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        SpinLock, //
    }, //
};

use crate::net::{
    Credentials,
    Descriptors,
    Interest,
    Marks,
    Stamp, //
};

/// Bytes of the buffers that a note takes, so that notes are bounded as bytes are.
pub(super) const COST: usize = mem::size_of::<Note>();

/// What is true of each byte from some position on.
#[derive(Clone)]
pub(in crate::family) struct Context {
    /// Who wrote it.
    pub(in crate::family) credentials: Credentials,
    /// How the writer marked it.
    pub(in crate::family) marks: Marks,
    /// When.
    pub(in crate::family) stamp: Stamp,
}

impl Context {
    /// Nobody wanted to know.
    pub(in crate::family) const fn unknown() -> Self {
        Self {
            credentials: Credentials::unknown(),
            marks: Marks::none(),
            stamp: Stamp::NONE,
        }
    }

    /// What the calling task's write is to be known by, if `interest` is what somebody wants to
    /// know. `named` are the credentials that it goes by.
    pub(in crate::family) fn new(
        interest: Interest,
        named: Option<Credentials>,
        marks: Marks,
    ) -> Self {
        Self {
            credentials: match named {
                Some(credentials) => credentials,
                None if interest.contains(Interest::CREDENTIALS) => Credentials::current(),
                None => Credentials::unknown(),
            },
            marks: if interest.contains(Interest::MARKS) {
                marks
            } else {
                Marks::none()
            },
            stamp: if interest.contains(Interest::STAMP) {
                Stamp::now()
            } else {
                Stamp::NONE
            },
        }
    }

    /// Whether bytes of the two may be read together by one who wants to know what `interest`
    /// says. Of times, the last counts.
    fn goes_with(&self, other: &Self, interest: Interest) -> bool {
        (!interest.contains(Interest::CREDENTIALS) || self.credentials == other.credentials)
            && (!interest.contains(Interest::MARKS) || self.marks.look_like(&other.marks))
    }

    /// Whether there is no difference at all.
    fn is_same(&self, other: &Self) -> bool {
        self.stamp == other.stamp
            && self.credentials == other.credentials
            && self.marks.look_like(&other.marks)
    }
}

/// A note.
pub(in crate::family) struct Note {
    /// The position of the first byte that it is about.
    start: u64,
    /// The position after the write that it came with.
    end: u64,
    /// What is true from `start` on.
    context: Context,
    /// What comes with the byte at `start`.
    descriptors: Option<KBox<Descriptors>>,
    next: Option<KBox<Note>>,
}

impl Drop for Note {
    /// Frees the rest of the list one by one: if each dropped the next, a long list would use up
    /// the stack.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut note) = next {
            next = note.next.take();
        }
    }
}

/// The writer's side.
pub(super) struct Notes {
    /// The last that was written.
    context: Context,
    /// Whether that is nothing.
    is_unknown: bool,
}

impl Notes {
    pub(super) const fn new() -> Self {
        Self {
            context: Context::unknown(),
            is_unknown: true,
        }
    }

    /// Whether nothing is known of the last write.
    pub(super) fn is_unknown(&self) -> bool {
        self.is_unknown
    }

    /// Makes a note of a write, if it takes one. May sleep.
    pub(super) fn make(
        &self,
        context: Option<Context>,
        descriptors: Option<KBox<Descriptors>>,
    ) -> Result<Option<KBox<Note>>> {
        let context = context.unwrap_or(const { Context::unknown() });
        if descriptors.is_none() && context.is_same(&self.context) {
            return Ok(None);
        }
        let note = Note {
            start: 0,
            end: 0,
            context,
            descriptors,
            next: None,
        };
        Ok(Some(KBox::new(note, GFP_KERNEL_ACCOUNT)?))
    }

    /// Puts a note where the reader finds it. It is about the bytes from `start` to `end`, which
    /// the reader does not see yet.
    pub(super) fn put(&mut self, inbox: &Inbox, mut note: KBox<Note>, start: u64, end: u64) {
        note.start = start;
        note.end = end;
        let context = mem::replace(&mut self.context, note.context.clone());
        self.is_unknown = self.context.is_same(const { &Context::unknown() });
        inbox.put(note);
        drop(context);
    }
}

/// Notes on their way from the writer to the reader.
#[pin_data]
pub(super) struct Inbox {
    /// The last that was put in comes first.
    #[pin]
    newest: SpinLock<Option<KBox<Note>>>,
    /// How many there are, here and with the reader.
    count: Atomic<usize>,
}

impl Inbox {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            newest <- new_spinlock!(None),
            count: Atomic::new(0),
        })
    }

    /// How many notes the reader has not done with.
    pub(super) fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    fn put(&self, mut note: KBox<Note>) {
        self.count.fetch_add(1, Relaxed);
        let mut newest = self.newest.lock();
        note.next = newest.take();
        *newest = Some(note);
    }

    /// Takes all there are, the oldest first.
    fn take(&self) -> Option<KBox<Note>> {
        let mut rest = self.newest.lock().take();
        let mut ordered = None;
        while let Some(mut note) = rest {
            rest = note.next.take();
            note.next = ordered;
            ordered = Some(note);
        }
        ordered
    }

    /// Drops all there are, which nobody will read.
    pub(super) fn clear(&self) {
        drop(self.take());
    }
}

/// The reader's side: notes in order.
pub(super) struct NoteList {
    /// What is true of the next byte, unless the first note says more.
    context: Context,
    first: Option<KBox<Note>>,
    /// Where the last one starts.
    last_start: u64,
}

/// What some bytes bring with them.
pub(in crate::family) struct Companions<'a> {
    /// What is true of the first byte.
    pub(in crate::family) first: &'a Context,
    /// What is true of the last.
    pub(in crate::family) last: &'a Context,
    /// Descriptors that come with one of them.
    pub(in crate::family) descriptors: Option<&'a Descriptors>,
}

impl NoteList {
    pub(super) const fn new() -> Self {
        Self {
            context: Context::unknown(),
            first: None,
            last_start: 0,
        }
    }

    /// How many of the `len` bytes from position `here` one may read together who wants to know
    /// what `interest` says. `before` is true of the bytes that the same read has already; others
    /// may have read since.
    pub(super) fn reach(
        &mut self,
        inbox: &Inbox,
        here: u64,
        len: usize,
        before: Option<&Context>,
        interest: Interest,
    ) -> usize {
        let mut end = here.saturating_add(len as u64);
        self.refill(inbox, end);
        let mut context = before;
        let mut has_descriptors = false;
        let mut next = self.first.as_deref();
        if next.is_none_or(|note| note.start > here) {
            if !context.is_none_or(|before| self.context.goes_with(before, interest)) {
                return 0;
            }
            context = Some(&self.context);
        }
        while let Some(note) = next.filter(|note| note.start < end) {
            next = note.next.as_deref();
            // Another one is about the byte at `here`.
            if next.is_some_and(|next| next.start <= here) {
                continue;
            }
            let is_second = has_descriptors && note.descriptors.is_some();
            let differs = context.is_some_and(|context| !note.context.goes_with(context, interest));
            if is_second || differs {
                end = note.start.max(here);
                break;
            }
            context = Some(&note.context);
            // Those of a note behind were given with its first byte.
            if note.start >= here && note.descriptors.is_some() {
                has_descriptors = true;
                // A read ends where the write with descriptors does.
                end = end.min(note.end);
            }
        }
        usize::try_from(end.saturating_sub(here)).unwrap_or(usize::MAX)
    }

    /// What the `len` bytes from position `here`, which may be read together, bring with them.
    pub(super) fn companions(&mut self, inbox: &Inbox, here: u64, len: usize) -> Companions<'_> {
        let end = here.saturating_add(len as u64);
        self.refill(inbox, end);
        let mut found = Companions {
            first: &self.context,
            last: &self.context,
            descriptors: None,
        };
        let mut next = self.first.as_deref();
        while let Some(note) = next.filter(|note| note.start < end) {
            if note.start <= here {
                found.first = &note.context;
            }
            found.last = &note.context;
            if note.start >= here && note.descriptors.is_some() {
                found.descriptors = note.descriptors.as_deref();
            }
            next = note.next.as_deref();
        }
        found
    }

    /// Forgets what is only about bytes before `position`.
    pub(super) fn advance(&mut self, inbox: &Inbox, position: u64) {
        self.refill(inbox, position);
        while let Some(mut note) = self.first.take_if(|note| note.start < position) {
            self.first = note.next.take();
            self.context = note.context.clone();
            inbox.count.fetch_sub(1, Relaxed);
        }
    }

    /// Appends what has come in, if it may be about bytes before `end`.
    fn refill(&mut self, inbox: &Inbox, end: u64) {
        if self.first.is_some() && self.last_start >= end {
            return;
        }
        let mut tail = &mut self.first;
        while let Some(note) = tail {
            self.last_start = note.start;
            tail = &mut note.next;
        }
        *tail = inbox.take();
        while let Some(note) = tail {
            self.last_start = note.start;
            tail = &mut note.next;
        }
    }
}
