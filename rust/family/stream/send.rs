// SPDX-License-Identifier: GPL-2.0

//! Writing to a connection.

use kernel::prelude::*;

use super::{
    super::{
        connection::{
            End,
            Phase, //
        },
        message,
        raw::{
            Header,
            Raw, //
        },
        ring::{
            Annotation,
            Producer,
            RECORD_HEADER, //
        }, //
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
        ENOTCONN,
        EOPNOTSUPP, //
    },
    Control,
    MessageFlags,
    SendMessage,
    SkBuff,
    Socket,
    SocketType,
    Timeout, //
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
}

/// `send(2)`, `write(2)` and the like
///
/// # Errors
///
/// `ENOTCONN`, `EISCONN` if a destination is named, `EPIPE`, `EAGAIN`, `EINTR` or `ERESTARTSYS`,
/// `EFAULT`, `ENOBUFS`, a pending error; only if not a single byte was written. `EMSGSIZE` for a
/// record that the buffers don't allow. `EOPNOTSUPP` for `MSG_OOB` without data or with a record.
/// `EPERM` if the reader takes no descriptors, and the errors of control messages.
pub(super) fn send(
    socket: Socket<'_, Stream>,
    message: &mut SendMessage<'_, Stream>,
) -> Result<usize> {
    if message.destination().is_some() {
        return Err(if socket.end.get_arc().is_some() {
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
    let mut sent = 0_usize;
    loop {
        // What was written counts; the error is for the next call.
        if sent > 0 && socket.has_error() {
            return Ok(sent);
        }
        let result = match attempt(socket, message, control) {
            Ok(Attempt::Wrote(bytes)) => {
                sent = sent.saturating_add(bytes);
                if message.remaining() == 0 {
                    return Ok(sent);
                }
                continue;
            }
            Ok(Attempt::Full) => wait_for_room(socket, message.remaining(), &mut timeout),
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

/// Writes as much as there is room for now, but not more than a piece.
fn attempt(
    socket: Socket<'_, Stream>,
    message: &mut SendMessage<'_, Stream>,
    control: &mut Option<Control>,
) -> Result<Attempt> {
    let mut guard = socket.sender.lock_killable()?;
    socket.take_error()?;
    let Some(sender) = guard.as_mut() else {
        return Err(ENOTCONN.into());
    };
    let end = &sender.end;
    match end.phase() {
        Phase::Waiting => return Ok(Attempt::Full),
        Phase::Established => {}
        Phase::Refused => return Err(ENOTCONN.into()),
    }
    if end.is_outgoing_over() {
        return Err(EPIPE);
    }

    let len = message.remaining();
    let room = end.room();
    let (producer, ring) = (&mut sender.producer, end.outgoing());
    let written = match socket.framing {
        Framing::Bytes if len == 0 => return Ok(Attempt::Wrote(0)),
        Framing::Bytes if room == 0 => return Ok(Attempt::Full),
        Framing::Bytes => {
            let urgent = message.flags().contains(MessageFlags::URGENT);
            let piece = room.min(PIECE);
            let annotation = annotate(socket, end, producer, control)?;
            let written = producer.write(ring, message.source(), piece, urgent, annotation)?;
            if urgent && written == len {
                end.signal_urgent();
            }
            written
        }
        Framing::Records if len > end.largest_record() => return Err(EMSGSIZE),
        Framing::Records if len.saturating_add(RECORD_HEADER) > room => return Ok(Attempt::Full),
        Framing::Records => {
            let annotation = annotate(socket, end, producer, control)?;
            write_record(socket, end, producer, message, annotation, control)?
        }
    };
    if !end.data_was_written() {
        // The reader left meanwhile, and may not have counted these bytes as unread.
        ring.drop_notes();
        return Err(EPIPE);
    }
    Ok(Attempt::Wrote(written))
}

/// Writes a record. If there are raw sockets, it goes by way of a buffer that they are shown.
fn write_record(
    socket: Socket<'_, Stream>,
    end: &End,
    producer: &mut Producer,
    message: &mut SendMessage<'_, Stream>,
    annotation: Annotation,
    control: &Option<Control>,
) -> Result<usize> {
    let ring = end.outgoing();
    let taps = &socket.namespace().taps;
    if taps.is_empty() {
        let source = message.source();
        return producer.write_record(ring, source.len(), annotation, |page, at, len| {
            page.fill(at, source, len)
        });
    }

    let header = Header {
        socket_type: SocketType::SeqPacket,
        len: message.remaining(),
        source: end.address(),
        destination: end.peer_address(),
    };
    let control = control.as_ref().map(Control::without_descriptors);
    let skb = SkBuff::<Raw>::from_message(socket, message, control, header.source)?;
    let mut done = 0_usize;
    let written = producer.write_record(ring, skb.len(), annotation, |page, at, len| {
        let copied = skb.copy_to_page(done, page, at, len);
        done = done.saturating_add(copied);
        copied
    })?;
    taps.show(&header, &skb);
    Ok(written)
}

/// Sleeps until there is room for some of `len` bytes, or for all of a record, or writing has
/// become pointless.
fn wait_for_room(socket: Socket<'_, Stream>, len: usize, timeout: &mut Timeout) -> Result {
    let Some(end) = socket.end.get_arc() else {
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
