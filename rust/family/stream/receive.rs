// SPDX-License-Identifier: GPL-2.0

//! Reading from a connection.

use kernel::prelude::*;

use super::{
    super::{
        connection::{
            End,
            Phase, //
        }, //
    },
    Framing,
    Receiver,
    Stream, //
};
use crate::net::{
    errno::{
        ENOTCONN,
        EOPNOTSUPP, //
    },
    MessageFlags,
    RecvMessage,
    Socket,
    Timeout, //
};

/// `recv(2)`, `read(2)` and the like. What was sent comes first, then an error, then the end.
///
/// # Errors
///
/// `ENOTCONN`, `EAGAIN`, `EINTR` or `ERESTARTSYS`, `EFAULT`, a pending error; only if not a single
/// byte was read. `EOPNOTSUPP` for `MSG_OOB` and records.
pub(super) fn receive(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<usize> {
    let flags = message.flags();
    if flags.contains(MessageFlags::ERROR_QUEUE) {
        // Nothing is ever put there.
        return Err(EAGAIN);
    }
    let urgent = flags.contains(MessageFlags::URGENT);
    if urgent && socket.framing == Framing::Records {
        return Err(EOPNOTSUPP.into());
    }
    let Some(end) = socket.end.get_arc() else {
        socket.take_error()?;
        return Err(ENOTCONN.into());
    };

    let received = match socket.framing {
        Framing::Bytes if urgent => receive_urgent(socket, message),
        Framing::Bytes => receive_bytes(socket, &end, message),
        Framing::Records => receive_record(socket, &end, message),
    }?;
    if message.wants_left() {
        message.set_left(end.incoming().payload_len());
    }
    Ok(received)
}

/// `SOCK_STREAM`
fn receive_bytes(
    socket: Socket<'_, Stream>,
    end: &End,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<usize> {
    let flags = message.flags();
    let wanted = message.remaining();
    if wanted == 0 {
        return Ok(0);
    }
    let enough = if flags.contains(MessageFlags::WAIT_ALL) {
        wanted
    } else {
        socket.low_water(end).min(wanted)
    };

    let mut timeout = Timeout::receive(socket, message.is_nonblocking());
    let mut received = 0_usize;
    loop {
        // Asked before the bytes are looked for: what came before the end or the error is there by
        // now.
        let over = is_over(end);
        let error = socket.has_error();
        let left = wanted.saturating_sub(received);
        let mark = match take(socket, message, received, left) {
            Ok(taken) => {
                received = received.saturating_add(taken.bytes);
                taken.before_mark && received > 0
            }
            Err(_) if received > 0 => return Ok(received),
            Err(error) => return Err(error),
        };
        if received >= enough || mark {
            return Ok(received);
        }
        let done = if received > 0 {
            over || error
        } else {
            is_end(socket, end, over, error)?
        };
        if done {
            return Ok(received);
        }

        let seen = if flags.contains(MessageFlags::PEEK) {
            received
        } else {
            0
        };
        match wait_for_data(socket, end, seen, &mut timeout) {
            Ok(()) => {}
            Err(_) if received > 0 => return Ok(received),
            Err(error) => return Err(error),
        }
    }
}

/// `SOCK_SEQPACKET`
fn receive_record(
    socket: Socket<'_, Stream>,
    end: &End,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<usize> {
    let mut timeout = Timeout::receive(socket, message.is_nonblocking());
    loop {
        // Asked before the record is looked for, as above.
        let over = is_over(end);
        let error = socket.has_error();
        if let Some(bytes) = take_record(socket, message)? {
            return Ok(bytes);
        }
        if is_end(socket, end, over, error)? {
            return Ok(0);
        }
        wait_for_data(socket, end, 0, &mut timeout)?;
    }
}

/// When nothing was there: whether nothing will come either. `over` and `error` are what was so
/// before.
fn is_end(socket: Socket<'_, Stream>, end: &End, over: bool, error: bool) -> Result<bool> {
    if error {
        socket.take_error()?;
    }
    // An error that came meanwhile comes before the end, but after what came with it.
    if over && !socket.has_error() {
        if end.phase() == Phase::Refused {
            return Err(ENOTCONN.into());
        }
        return Ok(true);
    }
    Ok(false)
}

/// Sleeps until there are more bytes than those `seen`, or waiting has become pointless.
fn wait_for_data(
    socket: Socket<'_, Stream>,
    end: &End,
    seen: usize,
    timeout: &mut Timeout,
) -> Result {
    socket.wait_queue().wait(timeout, || {
        (end.incoming().len() > seen || is_over(end) || socket.has_error()).then_some(())
    })
}

/// Whether waiting has become pointless.
fn is_over(end: &End) -> bool {
    match end.phase() {
        Phase::Waiting => false,
        Phase::Established => end.is_incoming_over(),
        Phase::Refused => true,
    }
}

/// What was taken of a stream.
struct Taken {
    bytes: usize,
    /// Whether the next byte is the urgent one, before which a read stops.
    before_mark: bool,
}

/// Takes at most `len` of the bytes that are there, but not past the urgent one. With `MSG_PEEK`,
/// those `received` before are still there, and left out.
fn take(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
    received: usize,
    len: usize,
) -> Result<Taken> {
    let flags = message.flags();
    let peek = flags.contains(MessageFlags::PEEK);
    let mut guard = socket.receiver.lock_killable()?;
    let Some(Receiver { end: own, consumer }) = guard.as_mut() else {
        drop(guard);
        socket.take_error()?;
        return Err(ENOTCONN.into());
    };
    let ring = own.incoming();

    let mut skip = if peek { received } else { 0 };
    let mut len = len;
    let mut dropped = 0;
    if let Some(distance) = consumer.to_mark(ring) {
        match distance.checked_sub(skip) {
            // Where a read begins: the byte is read in line, or left out.
            Some(0) if received == 0 => {
                if !socket.is_urgent_inline() {
                    if peek {
                        skip = 1;
                    } else {
                        dropped = consumer.consume(ring, 1);
                    }
                }
            }
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
    let behind = if peek { skip.saturating_add(bytes) } else { 0 };
    let before_mark = consumer.to_mark(ring) == Some(behind);
    if !peek && (bytes > 0 || dropped > 0) {
        own.room_was_made();
    }
    Ok(Taken { bytes, before_mark })
}

/// `MSG_OOB`: takes the urgent byte. Never waits.
///
/// # Errors
///
/// `EINVAL` if there is none, it was taken, or `SO_OOBINLINE` has it read in line.
fn receive_urgent(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<usize> {
    if socket.is_urgent_inline() || message.remaining() == 0 {
        return Err(EINVAL);
    }
    let peek = message.flags().contains(MessageFlags::PEEK);
    let mut guard = socket.receiver.lock_killable()?;
    let Some(Receiver { end, consumer }) = guard.as_mut() else {
        return Err(ENOTCONN.into());
    };
    consumer.copy_urgent(end.incoming(), message.dest(), !peek)?;
    drop(guard);
    message.report(MessageFlags::URGENT);
    Ok(1)
}

/// Takes the first record, if there is one. Returns what `recv(2)` does: how much of it fitted, or
/// with `MSG_TRUNC` how long it is.
fn take_record(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<Option<usize>> {
    let flags = message.flags();
    let mut guard = socket.receiver.lock_killable()?;
    let Some(Receiver { end: own, consumer }) = guard.as_mut() else {
        drop(guard);
        socket.take_error()?;
        return Err(ENOTCONN.into());
    };
    let ring = own.incoming();
    let Some(len) = consumer.record_len(ring) else {
        return Ok(None);
    };

    let fits = len.min(message.remaining());
    consumer.copy_record(ring, message.dest(), fits)?;
    if !flags.contains(MessageFlags::PEEK) {
        consumer.consume_record(ring, len);
        own.room_was_made();
    }
    drop(guard);

    message.report(MessageFlags::END_OF_RECORD);
    if fits < len {
        message.report(MessageFlags::TRUNCATE);
    }
    Ok(Some(if flags.contains(MessageFlags::TRUNCATE) {
        len
    } else {
        fits
    }))
}
