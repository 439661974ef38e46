// SPDX-License-Identifier: GPL-2.0

//! What goes along with the bytes of a connection: to be written, and to be told to who reads them.

use kernel::prelude::*;

use super::{
    super::ring::{
        Annotation,
        Consumer,
        Context,
        Producer,
        Ring, //
    },
    Framing,
    Stream, //
};
use crate::net::{
    Control,
    Interest,
    Marks,
    RecvMessage,
    Socket, //
};

/// Prepares what goes along with the next write, given what the two ask for. Descriptors go with the first one of a call.
///
/// # Errors
///
/// `EPERM` if the reader takes no descriptors, `ENOMEM`.
pub(super) fn annotate(
    socket: Socket<'_, Stream>,
    writer: Interest,
    reader: Interest,
    producer: &Producer,
    control: &mut Option<Control>,
) -> Result<Annotation> {
    // As in AF_UNIX, a writer that wants to know whom it deals with says who it is.
    let told = Interest::CREDENTIALS
        .with(Interest::MARKS)
        .with(Interest::STAMP);
    if control.is_none()
        && !reader.meets(told)
        && !writer.contains(Interest::CREDENTIALS)
        && producer.is_unknown()
    {
        return Ok(Annotation::none());
    }

    let mut descriptors = None;
    let mut named = None;
    if let Some(control) = control {
        if control.descriptors.is_some() && !reader.contains(Interest::DESCRIPTORS) {
            return Err(EPERM);
        }
        descriptors = control.descriptors.take();
        named = control.credentials.clone();
    }

    let mut interest = reader;
    if writer.contains(Interest::CREDENTIALS) {
        interest = interest.with(Interest::CREDENTIALS);
    }
    let context = if named.is_some() || interest.meets(told) {
        Some(Context::new(interest, named, marks(socket, control)))
    } else {
        None
    };
    producer.annotate(context, descriptors)
}

/// Has the error queue tell when a write of `len` bytes was made, if that was asked for.
pub(super) fn stamp_sent(socket: Socket<'_, Stream>, control: &Option<Control>, len: usize) {
    let is_nothing = socket.framing == Framing::Bytes && len == 0;
    if !is_nothing && (control.is_some() || socket.interest().contains(Interest::SENT_STAMP)) {
        socket.stamp_sent(marks(socket, control), len);
    }
}

/// How a write is to be treated.
pub(super) fn marks(socket: Socket<'_, Stream>, control: &Option<Control>) -> Marks {
    match control {
        Some(control) => control.marks,
        None => socket.marks(),
    }
}

/// What has a read do more than to give bytes.
const TOLD: Interest = Interest::CREDENTIALS
    .with(Interest::MARKS_OR_STAMP)
    .with(Interest::PEEK_OFFSET);

/// What a read is to tell beside the bytes.
pub(super) struct Telling {
    interest: Interest,
    /// What is true of the last byte that was read.
    last: Option<Context>,
    has_descriptors: bool,
}

impl Telling {
    /// For a read on `socket` that begins.
    pub(super) fn new(socket: Socket<'_, Stream>) -> Self {
        Self {
            interest: socket.interest(),
            last: None,
            has_descriptors: false,
        }
    }

    /// Whether nothing is to be told, unless something goes along with the bytes.
    pub(super) fn is_silent(&self) -> bool {
        !self.interest.meets(TOLD)
    }

    /// What may not differ within a read.
    pub(super) fn interest(&self) -> Interest {
        self.interest
    }

    /// What is true of the last byte that was read, if any was, and it may matter.
    pub(super) fn last(&self) -> Option<&Context> {
        self.last.as_ref()
    }

    /// Whether descriptors were told, after which a read ends.
    pub(super) fn has_descriptors(&self) -> bool {
        self.has_descriptors
    }

    /// Tells what goes along with `len` bytes after `skip`, which were copied. Once a read, who
    /// wrote the first of them. May sleep.
    pub(super) fn tell(
        &mut self,
        socket: Socket<'_, Stream>,
        (ring, consumer): (&Ring, &mut Consumer),
        skip: usize,
        len: usize,
        message: &mut RecvMessage<'_, Stream>,
    ) {
        if self.is_silent() && !consumer.has_notes(ring) {
            return;
        }
        let found = consumer.companions(ring, skip, len);
        if self.last.is_none() && self.interest.contains(Interest::CREDENTIALS) {
            message.put_credentials(socket, &found.first.credentials);
        }
        if let Some(descriptors) = found.descriptors {
            message.put_descriptors(descriptors);
            self.has_descriptors = true;
        }
        self.last = Some(found.last.clone());
    }

    /// Tells what is true of the whole, at the end of a read. May sleep.
    pub(super) fn finish(self, socket: Socket<'_, Stream>, message: &mut RecvMessage<'_, Stream>) {
        if let Some(last) = self.last {
            if self.interest.contains(Interest::MARKS_OR_STAMP) {
                message.put_marks(socket.sock(), last.stamp, &last.marks);
            }
        }
    }
}
