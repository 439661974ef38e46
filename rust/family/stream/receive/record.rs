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
            Err(ending) if ending.is_end(socket)? => return Ok(0),
            Err(_) => wait_for_data(socket, 0, &mut timeout)?,
        }
    }
}

/// Takes the first record. Returns what `recv(2)` does: how much of it fitted, or with `MSG_TRUNC`
/// how long it is. If there is none, says what there is instead.
fn take(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<Result<usize, Ending>> {
    let flags = message.flags();
    let mut guard = lock(socket)?;
    let receiver = guard.as_mut().ok_or(EINVAL)?;
    let (end, consumer) = (&receiver.end, &mut receiver.consumer);
    let ending = Ending::new(socket, end);
    let ring = end.incoming();
    let Some(len) = consumer.record_len(ring) else {
        return Ok(Err(ending));
    };

    let fits = len.min(message.remaining());
    consumer.copy_record(ring, message.dest(), fits)?;
    let mut telling = Telling::new(socket);
    telling.tell(socket, consumer, end, 0, 1, message);
    if !flags.contains(MessageFlags::PEEK) {
        consumer.consume_record(ring, len);
        end.room_was_made();
    }
    message.tell_left(socket.sock(), || ring.payload_len());
    drop(guard);
    telling.finish(socket, message);

    message.report(MessageFlags::END_OF_RECORD);
    if fits < len {
        message.report(MessageFlags::TRUNCATE);
    }
    let length_asked = flags.contains(MessageFlags::TRUNCATE);
    Ok(Ok(if length_asked { len } else { fits }))
}
