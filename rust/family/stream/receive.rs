// SPDX-License-Identifier: GPL-2.0

//! Reading from a stream.

use kernel::prelude::*;

use super::{
    super::{
        connection::{
            End,
            Phase, //
        },
        ring::Take, //
    },
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

    let wanted = message.remaining();
    if wanted == 0 {
        return Ok(0);
    }
    let enough = if flags.contains(MessageFlags::WAIT_ALL) {
        wanted
    } else {
        socket.low_water(&end).min(wanted)
    };

    let mut timeout = Timeout::receive(socket, message.is_nonblocking());
    let mut received = 0_usize;
    loop {
        // Asked before the bytes are looked for: what came before the end is there by now.
        let over = is_over(&end);
        let left = wanted.saturating_sub(received);
        match take(socket, &end, message, received, left) {
            Ok(bytes) => received = received.saturating_add(bytes),
            Err(_) if received > 0 => return Ok(received),
            Err(error) => return Err(error),
        }
        if received >= enough {
            return Ok(received);
        }
        if received == 0 {
            socket.take_error()?;
        }
        if over || socket.has_error() {
            return if end.phase() == Phase::Refused && received == 0 {
                Err(ENOTCONN.into())
            } else {
                Ok(received)
            };
        }

        let seen = if flags.contains(MessageFlags::PEEK) {
            received
        } else {
            0
        };
        let waited = socket.wait_queue().wait(&mut timeout, || {
            (end.incoming().len() > seen || is_over(&end) || socket.has_error()).then_some(())
        });
        match waited {
            Ok(()) => {}
            Err(_) if received > 0 => return Ok(received),
            Err(error) => return Err(error),
        }
    }
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
    let how = if message.flags().contains(MessageFlags::PEEK) {
        Take::Peek(peeked)
    } else if message.flags().contains(MessageFlags::TRUNCATE) {
        Take::Discard
    } else {
        Take::Copy
    };

    let mut guard = socket.receiver.lock_killable()?;
    let Some(receiver) = guard.as_mut() else {
        return Err(ENOTCONN.into());
    };
    let bytes = receiver
        .consumer
        .read(receiver.end.incoming(), message.dest(), len, how)?;
    drop(guard);

    if bytes > 0 && !matches!(how, Take::Peek(_)) {
        end.room_was_made();
    }
    Ok(bytes)
}
