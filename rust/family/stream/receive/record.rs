// SPDX-License-Identifier: GPL-2.0

//! Reading a record, from `SOCK_SEQPACKET`.

use kernel::prelude::*;

use super::{
    super::{
        annotate::Telling,
        Stream, //
    },
    lock,
    wait_for_data,
    Ending, //
};
use crate::net::{
    MessageFlags,
    RecvMessage,
    Socket,
    Timeout, //
};

/// Reads one record, and waits for it. What does not fit is lost, and `MSG_TRUNC` set.
pub(super) fn receive(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<usize> {
    let mut timeout = Timeout::receive(socket, message.is_nonblocking());
    loop {
        match take(socket, message)? {
            Ok(bytes) => return Ok(bytes),
            Err((ending, _)) if ending.is_end(socket)? => return Ok(0),
            Err((_, seen)) => wait_for_data(socket, seen, &mut timeout)?,
        }
    }
}

/// Takes the first record, or with `MSG_PEEK` looks at the one at `SO_PEEK_OFF`. Returns what
/// `recv(2)` does: how much of it fitted, or with `MSG_TRUNC` how long it is. If there is none, says
/// what there is instead, and how many bytes of the ring were looked at.
fn take(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<Result<usize, (Ending, usize)>> {
    let flags = message.flags();
    let mut guard = lock(socket)?;
    let receiver = guard.as_mut().ok_or(EINVAL)?;
    let ending = Ending::new(socket, &receiver.end);
    let Some((end, ring, consumer)) = receiver.open() else {
        return Ok(Err((ending, 0)));
    };
    let peek = flags.contains(MessageFlags::PEEK);
    let peek_offset = if peek { socket.peek_offset() } else { None };
    let found = match peek_offset {
        None => consumer.first_record(ring).ok_or(0),
        Some(offset) => consumer.record_at(ring, offset),
    };
    let record = match found {
        Ok(record) => record,
        Err(seen) => return Ok(Err((ending, seen))),
    };

    let len = record.rest();
    let fits = len.min(message.remaining());
    consumer.copy_record(ring, &record, message.dest(), fits)?;
    let mut telling = Telling::new(socket);
    telling.tell(socket, (ring, consumer), record.start(), 1, message);
    if let Some(offset) = peek_offset {
        consumer.note_peek(&record);
        socket.set_peek_offset(offset.saturating_add(fits));
    } else if !peek {
        consumer.consume_record(ring, &record);
        socket.move_peek_offset(len);
        end.bytes_were_consumed(consumer.take_pages());
    }
    message.tell_left(socket.sock(), || ring.payload_len());
    drop(guard);
    telling.finish(socket, message);

    message.report(MessageFlags::END_OF_RECORD);
    // Where a peek starts in the middle, the manual has it marked too.
    if fits < len || record.is_tail() {
        message.report(MessageFlags::TRUNCATE);
    }
    let length_asked = flags.contains(MessageFlags::TRUNCATE);
    Ok(Ok(if length_asked { len } else { fits }))
}
