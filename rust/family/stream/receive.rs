// SPDX-License-Identifier: GPL-2.0

//! Reading from a connection.

mod bytes;
mod plain;
mod record;
mod urgent;

use kernel::prelude::*;

use super::{
    super::{
        connection::{
            End,
            Phase, //
        },
        LEVEL,
        RECVERR, //
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
    KillableMutexGuard,
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
#[inline(always)]
pub(super) fn receive(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<usize> {
    match plain::read(socket, message)? {
        Some(received) => Ok(received),
        None => receive_any(socket, message),
    }
}

/// As [`receive`], whatever is there and however it is asked for.
#[inline(never)]
fn receive_any(socket: Socket<'_, Stream>, message: &mut RecvMessage<'_, Stream>) -> Result<usize> {
    let flags = message.flags();
    if flags.contains(MessageFlags::ERROR_QUEUE) {
        return message.take_queued_error(socket, LEVEL, RECVERR);
    }
    match (socket.framing, flags.contains(MessageFlags::URGENT)) {
        (Framing::Bytes, false) => bytes::receive(socket, message),
        (Framing::Bytes, true) => urgent::receive(socket, message),
        (Framing::Records, false) => record::receive(socket, message),
        (Framing::Records, true) => Err(EOPNOTSUPP.into()),
    }
}

/// The right to read, which is there if the guard is given out.
type Reading<'a> = KillableMutexGuard<'a, Option<Receiver>>;

/// Takes the right to read. May sleep.
///
/// # Errors
///
/// `EINTR` for a fatal signal, a pending error, `ENOTCONN`.
fn lock(socket: Socket<'_, Stream>) -> Result<Reading<'_>> {
    let guard = socket.sock().receiver.lock_killable()?;
    if guard.is_none() {
        drop(guard);
        socket.take_error()?;
        return Err(ENOTCONN.into());
    }
    Ok(guard)
}

/// What may end a read, as it was before the data was looked for: what came before the end or the
/// error is there by then.
struct Ending {
    /// No more will come.
    over: bool,
    /// An error is pending.
    error: bool,
    /// The connection never came about.
    refused: bool,
}

impl Ending {
    fn new(socket: Socket<'_, Stream>, end: &End) -> Self {
        Self {
            over: is_over(end),
            error: socket.has_error(),
            refused: end.phase() == Phase::Refused,
        }
    }

    /// When nothing was there: whether this is the end.
    ///
    /// # Errors
    ///
    /// The pending error, `ENOTCONN`.
    fn is_end(&self, socket: Socket<'_, Stream>) -> Result<bool> {
        if self.error {
            socket.take_error()?;
        }
        // An error that came meanwhile comes before the end, but after what came with it.
        if !self.over || socket.has_error() {
            return Ok(false);
        }
        if self.refused {
            return Err(ENOTCONN.into());
        }
        Ok(true)
    }
}

/// Sleeps until there are more bytes than those `seen`, or waiting has become pointless.
fn wait_for_data(socket: Socket<'_, Stream>, seen: usize, timeout: &mut Timeout) -> Result {
    let Some(end) = socket.end.get_counted() else {
        // The connection was given up meanwhile, which the next look tells.
        return Ok(());
    };
    socket.wait_queue().wait_to_read(timeout, || {
        (end.incoming_len() > seen || is_over(&end) || socket.has_error()).then_some(())
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
