// SPDX-License-Identifier: GPL-2.0

//! Reading bytes, from `SOCK_STREAM`.

use kernel::prelude::*;

use super::{
    super::Stream,
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

/// Reads what is there, and waits until that is enough.
pub(super) fn receive(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<usize> {
    let wanted = message.remaining();
    let mut timeout = Timeout::receive(socket, message.is_nonblocking());
    let mut received = 0_usize;
    loop {
        let taken = match take(socket, message, received, wanted) {
            Ok(taken) => taken,
            Err(_) if received > 0 => return Ok(received),
            Err(error) => return Err(error),
        };
        received = received.saturating_add(taken.bytes);
        if taken.is_enough {
            return Ok(received);
        }
        let done = if received > 0 {
            taken.ending.over || taken.ending.error
        } else {
            taken.ending.is_end(socket)?
        };
        if done {
            return Ok(received);
        }
        match wait_for_data(socket, taken.seen, &mut timeout) {
            Ok(()) => {}
            Err(_) if received > 0 => return Ok(received),
            Err(error) => return Err(error),
        }
    }
}

/// What was taken of the stream.
struct Taken {
    bytes: usize,
    /// Whether that makes the read complete.
    is_enough: bool,
    /// Bytes that are still there and were looked at.
    seen: usize,
    ending: Ending,
}

/// Takes the bytes that are there, but not past the urgent one. `received` of the `wanted` ones
/// were taken before; with `MSG_PEEK` they are still there, and left out.
fn take(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
    received: usize,
    wanted: usize,
) -> Result<Taken> {
    let flags = message.flags();
    let peek = flags.contains(MessageFlags::PEEK);
    let mut guard = lock(socket)?;
    let receiver = guard.as_mut().ok_or(EINVAL)?;
    let (end, consumer) = (&receiver.end, &mut receiver.consumer);
    let ending = Ending::new(socket, end);
    let ring = end.incoming();

    let mut skip = if peek { received } else { 0 };
    let mut len = wanted.saturating_sub(received);
    let mut dropped = 0;
    if let Some(distance) = consumer.to_mark(ring) {
        match distance.checked_sub(skip) {
            // Where a read begins: the byte is read in line, or left out.
            Some(0) if received == 0 && len > 0 => match (socket.is_urgent_inline(), peek) {
                (true, _) => {}
                (false, true) => skip = 1,
                (false, false) => dropped = consumer.consume(ring, 1),
            },
            Some(before) => len = len.min(before),
            None => {}
        }
    }

    let bytes = if peek {
        consumer.copy(ring, skip, message.dest(), len)?
    } else if flags.contains(MessageFlags::TRUNCATE) {
        consumer.consume(ring, len)
    } else {
        let bytes = consumer.copy(ring, 0, message.dest(), len)?;
        consumer.consume(ring, bytes)
    };
    let seen = if peek { skip.saturating_add(bytes) } else { 0 };
    let is_before_mark = consumer.to_mark(ring) == Some(seen);
    if !peek && (bytes > 0 || dropped > 0) {
        end.room_was_made();
    }
    if message.wants_left() {
        message.set_left(ring.payload_len());
    }

    let total = received.saturating_add(bytes);
    let enough = if flags.contains(MessageFlags::WAIT_ALL) {
        wanted
    } else {
        socket.low_water(end).min(wanted)
    };
    Ok(Taken {
        bytes,
        is_enough: total >= enough || (total > 0 && is_before_mark),
        seen,
        ending,
    })
}
