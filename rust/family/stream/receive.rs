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
/// byte was read. `EOPNOTSUPP` for `MSG_OOB`.
pub(super) fn receive(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<usize> {
    let flags = message.flags();
    if flags.contains(MessageFlags::ERROR_QUEUE) {
        // Nothing is ever put there.
        return Err(EAGAIN);
    }
    if flags.contains(MessageFlags::URGENT) {
        return Err(EOPNOTSUPP.into());
    }
    let Some(end) = socket.end.get_arc() else {
        socket.take_error()?;
        return Err(ENOTCONN.into());
    };

    match socket.framing {
        Framing::Bytes => receive_bytes(socket, &end, message),
        Framing::Records => receive_record(socket, &end, message),
    }
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
        // Asked before the bytes are looked for: what came before the end is there by now.
        let over = is_over(end);
        let left = wanted.saturating_sub(received);
        match take(socket, end, message, received, left) {
            Ok(bytes) => received = received.saturating_add(bytes),
            Err(_) if received > 0 => return Ok(received),
            Err(error) => return Err(error),
        }
        if received >= enough {
            return Ok(received);
        }
        let done = if received > 0 {
            over || socket.has_error()
        } else {
            is_end(socket, end, over)?
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
        if let Some(bytes) = take_record(socket, end, message)? {
            return Ok(bytes);
        }
        if is_end(socket, end, over)? {
            return Ok(0);
        }
        wait_for_data(socket, end, 0, &mut timeout)?;
    }
}

/// When nothing was there: whether nothing will come either, as `over` says unless there is an
/// error.
fn is_end(socket: Socket<'_, Stream>, end: &End, over: bool) -> Result<bool> {
    socket.take_error()?;
    if end.phase() == Phase::Refused {
        return Err(ENOTCONN.into());
    }
    Ok(over)
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

/// Takes at most `len` of the bytes that are there. With `MSG_PEEK`, `peeked` of them have been
/// given before.
fn take(
    socket: Socket<'_, Stream>,
    end: &End,
    message: &mut RecvMessage<'_, Stream>,
    peeked: usize,
    len: usize,
) -> Result<usize> {
    let flags = message.flags();
    let mut guard = socket.receiver.lock_killable()?;
    let Some(Receiver { end: own, consumer }) = guard.as_mut() else {
        drop(guard);
        socket.take_error()?;
        return Err(ENOTCONN.into());
    };
    let ring = own.incoming();

    if flags.contains(MessageFlags::PEEK) {
        return consumer.copy(ring, peeked, message.dest(), len);
    }
    let bytes = if flags.contains(MessageFlags::TRUNCATE) {
        consumer.consume(ring, len)
    } else {
        let bytes = consumer.copy(ring, 0, message.dest(), len)?;
        consumer.consume(ring, bytes)
    };
    drop(guard);

    if bytes > 0 {
        end.room_was_made();
    }
    Ok(bytes)
}

/// Takes the first record, if there is one. Returns what `recv(2)` does: how much of it fitted, or
/// with `MSG_TRUNC` how long it is.
fn take_record(
    socket: Socket<'_, Stream>,
    end: &End,
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
    let peeked = flags.contains(MessageFlags::PEEK);
    if !peeked {
        consumer.consume_record(ring, len);
    }
    drop(guard);

    if !peeked {
        end.room_was_made();
    }
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
