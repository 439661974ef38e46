// SPDX-License-Identifier: GPL-2.0

//! Writing to a connection.

mod plain;
mod staged;

use kernel::prelude::*;

use super::{
    super::{
        connection::Phase,
        message,
        ring::RECORD_HEADER, //
    },
    annotate::{
        annotate,
        stamp_sent, //
    },
    Framing,
    Stream, //
};
use crate::net::{
    errno::{
        EISCONN,
        ENETUNREACH,
        ENOTCONN,
        EOPNOTSUPP, //
    },
    Control,
    Interest,
    IoPage,
    MessageFlags,
    SendMessage,
    Socket,
    Timeout, //
};
use staged::{
    is_looked_at,
    Staged, //
};

/// The most that is written before the reader is told, so that it can start while the writer goes
/// on.
const PIECE: usize = 32 * 1024;

/// How one attempt to write came out.
enum Attempt {
    /// So many bytes were written.
    Wrote(usize),
    /// There is no room.
    Full,
    /// There is room, but somebody is to look at the bytes first.
    Unseen,
}

/// `send(2)`, `write(2)` and the like
///
/// # Errors
///
/// `ENOTCONN`, `EISCONN` if a destination is named, `EPIPE`, `EAGAIN`, `EINTR` or `ERESTARTSYS`,
/// `EFAULT`, `ENOBUFS`, a pending error; only if not a single byte was written. `EMSGSIZE` for a
/// record that the buffers don't allow. `EOPNOTSUPP` for `MSG_OOB` without data or with a record.
/// `EPERM` if the reader takes no descriptors, and the errors of control messages.
#[inline(always)]
pub(super) fn send(
    socket: Socket<'_, Stream>,
    message: &mut SendMessage<'_, Stream>,
) -> Result<usize> {
    match plain::write(socket, message)? {
        Some(sent) => Ok(sent),
        None => send_any(socket, message),
    }
}

/// As [`send`], whatever the message and the connection are like.
#[inline(never)]
fn send_any(socket: Socket<'_, Stream>, message: &mut SendMessage<'_, Stream>) -> Result<usize> {
    if message.destination().is_some() {
        return Err(if socket.end.get_counted().is_some() {
            EISCONN.into()
        } else {
            ENOTCONN.into()
        });
    }
    let urgent = message.flags().contains(MessageFlags::URGENT);
    if urgent && (socket.framing == Framing::Records || message.remaining() == 0) {
        return Err(EOPNOTSUPP.into());
    }
    let mut control = message::control(socket, message)?;
    let sent = write(socket, message, &mut control)?;
    stamp_sent(socket, &control, sent);
    Ok(sent)
}

/// Writes all of the message, and waits for room. Returns how much was written when something came
/// in between.
fn write(
    socket: Socket<'_, Stream>,
    message: &mut SendMessage<'_, Stream>,
    control: &mut Option<Control>,
) -> Result<usize> {
    let mut timeout = Timeout::send(socket, message.is_nonblocking());
    let all = message.remaining();
    let mut sent = 0_usize;
    let mut staged = None;
    loop {
        // What was written counts; the error is for the next call.
        if sent > 0 && socket.has_error() {
            return Ok(sent);
        }
        let result = match attempt(socket, message, control, &mut staged) {
            Ok(Attempt::Wrote(bytes)) => {
                sent = sent.saturating_add(bytes);
                if staged.is_none() && message.remaining() == 0 {
                    return Ok(sent);
                }
                continue;
            }
            Ok(Attempt::Full) => {
                let len = staged
                    .as_ref()
                    .map_or(message.remaining(), |staged: &Staged| staged.remaining());
                wait_for_room(socket, len, &mut timeout)
            }
            Ok(Attempt::Unseen) => match Staged::new(socket, message, control) {
                Ok(Some(accepted)) => {
                    staged = Some(accepted);
                    Ok(())
                }
                // As a message that is lost on its way, it was sent.
                Ok(None) => return Ok(all),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => {}
            Err(_) if sent > 0 => return Ok(sent),
            Err(EPIPE) => return Err(message.stream_error(socket.sock(), EPIPE)),
            Err(error) => return Err(error),
        }
    }
}

/// Writes as much as there is room for now, but not more than a piece: what is staged, or what the
/// caller has.
fn attempt(
    socket: Socket<'_, Stream>,
    message: &mut SendMessage<'_, Stream>,
    control: &mut Option<Control>,
    staged: &mut Option<Staged>,
) -> Result<Attempt> {
    let mut guard = socket.sender.lock_killable()?;
    socket.take_error()?;
    let Some(sender) = guard.as_mut() else {
        return Err(ENOTCONN.into());
    };
    let end = &sender.end;
    if !end.can_write() {
        return match end.phase() {
            Phase::Waiting => Ok(Attempt::Full),
            Phase::Established => Err(EPIPE),
            Phase::Refused => Err(ENOTCONN.into()),
        };
    }
    let (writer, reader) = (socket.as_sender(), end.reader());
    if writer.interest.contains(Interest::ELSEWHERE) {
        return Err(ENETUNREACH.into());
    }

    let len = match staged {
        Some(staged) => staged.remaining(),
        None => message.remaining(),
    };
    if socket.framing == Framing::Bytes && len == 0 {
        return Ok(Attempt::Wrote(0));
    }
    let (end, ring, producer) = sender.open()?;
    let capacity = if reader.interest.contains(Interest::ELSEWHERE) {
        0
    } else {
        writer.buffer.min(reader.buffer)
    };
    let room = capacity.saturating_sub(producer.charge(ring));
    match socket.framing {
        Framing::Bytes if room == 0 => return Ok(Attempt::Full),
        Framing::Bytes => {}
        Framing::Records
            if len.saturating_add(RECORD_HEADER) > writer.buffer.min(reader.buffer) =>
        {
            return Err(EMSGSIZE)
        }
        Framing::Records if len.saturating_add(RECORD_HEADER) > room => return Ok(Attempt::Full),
        Framing::Records => {}
    }
    if staged.is_none() && is_looked_at(socket, reader.interest) {
        return Ok(Attempt::Unseen);
    }

    let written = match socket.framing {
        Framing::Bytes => {
            let piece = len.min(room).min(PIECE);
            let is_last = piece == len && (staged.is_none() || message.remaining() == 0);
            let urgent = is_last && message.flags().contains(MessageFlags::URGENT);
            let annotation = annotate(socket, writer.interest, reader.interest, producer, control)?;
            end.count_written(producer.take_pages(piece));
            let written = match staged {
                Some(staged) => producer.write(ring, piece, urgent, annotation, staged.copy()),
                None => producer.write(ring, piece, urgent, annotation, copy(message)),
            };
            // Not all may have been written.
            end.count_written(producer.take_pages(0));
            let written = written?;
            if urgent && written == len {
                end.signal_urgent();
            }
            written
        }
        Framing::Records => {
            let annotation = annotate(socket, writer.interest, reader.interest, producer, control)?;
            end.count_written(producer.take_pages(len.saturating_add(RECORD_HEADER)));
            let written = match staged {
                Some(staged) => producer.write_record(ring, len, annotation, staged.copy()),
                None => producer.write_record(ring, len, annotation, copy(message)),
            };
            end.count_written(producer.take_pages(0));
            match staged {
                Some(staged) => {
                    written?;
                    staged.show(socket, end);
                    staged.original()
                }
                None => written?,
            }
        }
    };
    if !end.data_was_written() {
        // The reader left meanwhile, and may not have counted these bytes as unread.
        ring.drop_notes();
        return Err(EPIPE);
    }
    if staged
        .as_ref()
        .is_some_and(|staged| staged.remaining() == 0)
    {
        *staged = None;
    }
    Ok(Attempt::Wrote(written))
}

/// Fills pages with what the caller has.
fn copy<'a>(
    message: &'a mut SendMessage<'_, Stream>,
) -> impl FnMut(&IoPage, usize, usize) -> usize + 'a {
    let source = message.source();
    move |page, at, len| page.fill(at, source, len)
}

/// Sleeps until there is room for some of `len` bytes, or for all of a record, or writing has
/// become pointless.
fn wait_for_room(socket: Socket<'_, Stream>, len: usize, timeout: &mut Timeout) -> Result {
    let Some(end) = socket.end.get_counted() else {
        return Err(ENOTCONN.into());
    };
    let has_room = || match socket.framing {
        Framing::Bytes => end.room() > 0,
        // A buffer that became too small for the record is told by the next attempt.
        Framing::Records => {
            len.saturating_add(RECORD_HEADER) <= end.room() || len > end.largest_record()
        }
    };
    let ready = || {
        socket.has_error()
            || match end.phase() {
                Phase::Waiting => false,
                Phase::Established => end.is_outgoing_over() || has_room(),
                Phase::Refused => true,
            }
    };
    socket.note_no_space();
    socket.wait_queue().wait(timeout, || {
        if ready() {
            return Some(());
        }
        end.want_room();
        ready().then_some(())
    })
}
