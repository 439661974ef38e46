// SPDX-License-Identifier: GPL-2.0

//! Writing the way most writes go: bytes that fit, and nothing to be said of them.
//!
//! It does what the general way does, which takes over where anything is out of the ordinary, but
//! in few instructions: for a short message these are what a write costs.

use kernel::prelude::*;

use super::{
    super::{
        super::ring::{
            Writer,
            RECORD_HEADER, //
        },
        Framing,
        Sender,
        Stream, //
    },
    PIECE,
};
use crate::net::{
    Interest,
    MessageFlags,
    SendMessage,
    Socket, //
};

/// Flags that ask for more than to write.
const SPECIAL: MessageFlags = MessageFlags::URGENT.with(MessageFlags::ZERO_COPY);

/// What keeps a write from being ordinary if the writer has it set.
const OF_WRITER: Interest = Interest::CREDENTIALS
    .with(Interest::SENT_STAMP)
    .with(Interest::ELSEWHERE)
    .with(Interest::ERROR);

/// Likewise if the reader has it set.
const OF_READER: Interest = Interest::CREDENTIALS
    .with(Interest::MARKS)
    .with(Interest::STAMP)
    .with(Interest::FILTER)
    .with(Interest::ELSEWHERE);

/// Writes the message, or nothing and says `None`.
///
/// # Errors
///
/// `EINTR`, `EFAULT`, `ENOBUFS`, `EPIPE`; then nothing was written.
#[inline(always)]
pub(super) fn write(
    socket: Socket<'_, Stream>,
    message: &mut SendMessage<'_, Stream>,
) -> Result<Option<usize>> {
    if message.flags().meets(SPECIAL) || message.has_control() || message.destination().is_some() {
        return Ok(None);
    }
    let len = message.remaining();
    let is_record = socket.framing == Framing::Records;
    if is_record {
        if !socket.namespace().taps.is_empty() {
            return Ok(None);
        }
    } else if len == 0 || len > PIECE {
        return Ok(None);
    }

    let mut guard = socket.sender.lock_killable()?;
    let Some(Sender {
        end,
        writer: Some(Writer { ring, producer }),
    }) = guard.as_mut()
    else {
        return Ok(None);
    };
    if !end.can_write() || !producer.is_unknown() {
        return Ok(None);
    }
    let (writer, reader) = (socket.as_sender(), end.reader());
    if writer.interest.meets(OF_WRITER) || reader.interest.meets(OF_READER) {
        return Ok(None);
    }
    let header = if is_record { RECORD_HEADER } else { 0 };
    let charge = producer.charge(ring).saturating_add(header);
    if charge.saturating_add(len) > writer.buffer.min(reader.buffer) {
        return Ok(None);
    }

    end.count_written(producer.take_pages(len.saturating_add(header)));
    let source = message.source();
    let written = if is_record {
        producer.write_plain_record(ring, source, len)
    } else {
        producer.write_plain(ring, source, len)
    };
    end.count_written(producer.take_pages(0));
    let written = written?;
    if !end.data_was_written() {
        return Err(message.stream_error(socket.sock(), EPIPE));
    }
    Ok(Some(written))
}
