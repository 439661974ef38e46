// SPDX-License-Identifier: GPL-2.0

//! Reading the way most reads go: something is there, and it is bytes only.
//!
//! It does what the general ways do, which take over where anything is out of the ordinary, but in
//! few instructions: for a short message these are what a read costs.

use kernel::prelude::*;

use super::{
    super::{
        Framing,
        Receiver,
        Stream, //
    },
    lock,
};
use crate::net::{
    Interest,
    MessageFlags,
    RecvMessage,
    Socket, //
};

/// Flags that ask for more than to take what is there.
const SPECIAL: MessageFlags = MessageFlags::PEEK
    .with(MessageFlags::TRUNCATE)
    .with(MessageFlags::WAIT_ALL)
    .with(MessageFlags::URGENT)
    .with(MessageFlags::ERROR_QUEUE);

/// What has a read tell, or do, more than to take bytes.
const TOLD: Interest = Interest::CREDENTIALS
    .with(Interest::MARKS_OR_STAMP)
    .with(Interest::PEEK_OFFSET);

/// Reads what is there, if that is enough, or nothing and says `None`. Does not wait.
///
/// # Errors
///
/// `EINTR`, `EFAULT`; then all is still there.
#[inline(always)]
pub(super) fn read(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<Option<usize>> {
    let is_special = message.flags().meets(SPECIAL) || message.wants_left(socket.sock());
    if is_special || socket.interest().meets(TOLD) {
        return Ok(None);
    }
    let mut guard = lock(socket)?;
    let Some((end, ring, consumer)) = guard.as_mut().and_then(Receiver::open) else {
        return Ok(None);
    };
    let wanted = message.remaining();

    let bytes = match socket.framing {
        Framing::Bytes => {
            let enough = |bytes| bytes >= wanted || socket.receive_low_water() == 1;
            consumer.read_plain(ring, message.dest(), wanted, enough)?
        }
        Framing::Records => consumer.read_plain_record(ring, message.dest(), wanted)?,
    };
    if bytes.is_some() {
        end.bytes_were_consumed(consumer.take_pages());
        if socket.framing == Framing::Records {
            message.report(MessageFlags::END_OF_RECORD);
        }
    }
    Ok(bytes)
}
