// SPDX-License-Identifier: GPL-2.0

//! Reading bytes, from `SOCK_STREAM`.

use kernel::prelude::*;

use super::{
    super::{
        super::ring::Stop,
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

/// Reads what is there, and waits until that is enough.
pub(super) fn receive(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<usize> {
    let wanted = message.remaining();
    let mut timeout = Timeout::receive(socket, message.is_nonblocking());
    let mut received = 0_usize;
    // Bytes that a peek has left behind, given or left out.
    let mut seen = None;
    let mut telling = Telling::new(socket);
    let result = loop {
        let taken = match take(socket, message, received, wanted, seen, &mut telling) {
            Ok(taken) => taken,
            Err(_) if received > 0 => break Ok(received),
            Err(error) => break Err(error),
        };
        received = received.saturating_add(taken.bytes);
        seen = Some(taken.seen);
        if taken.is_enough {
            break Ok(received);
        }
        let ending = taken.ending;
        let done = if received > 0 {
            ending.over || ending.error
        } else {
            match ending.is_end(socket) {
                Ok(is_end) => is_end,
                Err(error) => break Err(error),
            }
        };
        if done {
            break Ok(received);
        }
        match wait_for_data(socket, taken.seen, &mut timeout) {
            Ok(()) => {}
            Err(_) if received > 0 => break Ok(received),
            Err(error) => break Err(error),
        }
    };
    telling.finish(socket, message);
    if result.is_ok() {
        let end = socket.end.get_counted();
        message.tell_left(socket.sock(), || end.map_or(0, |end| end.unread()));
    }
    result
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
/// were taken before. With `MSG_PEEK`, the first `seen` are still there, and left out; a call that
/// has not looked yet starts where `SO_PEEK_OFF` says.
fn take(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
    received: usize,
    wanted: usize,
    seen: Option<usize>,
    telling: &mut Telling,
) -> Result<Taken> {
    let flags = message.flags();
    let peek = flags.contains(MessageFlags::PEEK);
    let mut guard = lock(socket)?;
    let receiver = guard.as_mut().ok_or(EINVAL)?;
    // Before anything is consumed, as it depends on how full the buffers are.
    let low_water = socket.low_water(&receiver.end);
    if received == 0 {
        // Somebody may have asked for more meanwhile.
        *telling = Telling::new(socket);
    }

    let ending = Ending::new(socket, &receiver.end);

    let mut skip = match seen {
        Some(seen) => seen,
        None if peek => socket.peek_offset().unwrap_or(0),
        None => 0,
    };
    let enough = if flags.contains(MessageFlags::WAIT_ALL) {
        wanted
    } else {
        low_water.min(wanted)
    };
    let Some((end, ring, consumer)) = receiver.open() else {
        return Ok(Taken {
            bytes: 0,
            is_enough: received >= enough,
            seen: if peek { skip } else { 0 },
            ending,
        });
    };
    // Looked at once: a byte that comes later may be the urgent one.
    let mut available = consumer.available(ring).saturating_sub(skip);
    let mut dropped = 0_usize;
    // Where a read begins, a byte that was taken is left out, and so is the urgent one, unless it
    // is read in line.
    while received == 0 && wanted > 0 && available > 0 {
        match consumer.stop_at(ring, skip) {
            Some(Stop::Hole) => {}
            Some(Stop::Mark) if !socket.is_urgent_inline() => {}
            _ => break,
        }
        if peek {
            skip = skip.saturating_add(1);
        } else {
            dropped = dropped.saturating_add(consumer.consume(ring, 1));
        }
        available = available.saturating_sub(1);
    }
    let len = available
        .min(wanted.saturating_sub(received))
        .min(consumer.to_stop(ring, skip).unwrap_or(usize::MAX));
    let reach = consumer.reach(ring, skip, len, telling.last(), telling.interest());

    let bytes = if flags.contains(MessageFlags::TRUNCATE) && !peek {
        reach
    } else {
        consumer.copy(ring, skip, message.dest(), reach)?
    };
    if bytes > 0 {
        telling.tell(socket, (ring, consumer), skip, bytes, message);
    }
    if !peek {
        consumer.consume(ring, bytes);
    }
    let seen = if peek { skip.saturating_add(bytes) } else { 0 };
    let is_stopped =
        reach < len || telling.has_descriptors() || consumer.stop_at(ring, seen).is_some();
    if peek {
        socket.set_peek_offset(seen);
    } else if bytes > 0 || dropped > 0 {
        let consumed = bytes.saturating_add(dropped);
        socket.move_peek_offset(consumed);
        end.bytes_were_consumed(consumer.take_pages());
    }

    let total = received.saturating_add(bytes);
    Ok(Taken {
        bytes,
        is_enough: total >= enough || (total > 0 && is_stopped),
        seen,
        ending,
    })
}
