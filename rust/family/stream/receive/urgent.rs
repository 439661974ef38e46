// SPDX-License-Identifier: GPL-2.0

//! Reading the urgent byte, from `SOCK_STREAM` with `MSG_OOB`.

use kernel::prelude::*;

use super::{
    super::Stream,
    lock, //
};
use crate::net::{
    MessageFlags,
    RecvMessage,
    Socket, //
};

/// Takes the urgent byte. Never waits.
///
/// # Errors
///
/// `EINVAL` if there is none, it was taken, or `SO_OOBINLINE` has it read in line.
pub(super) fn receive(
    socket: Socket<'_, Stream>,
    message: &mut RecvMessage<'_, Stream>,
) -> Result<usize> {
    let taken = !message.flags().contains(MessageFlags::PEEK);
    let mut guard = lock(socket)?;
    let receiver = guard.as_mut().ok_or(EINVAL)?;
    if socket.is_urgent_inline() || message.remaining() == 0 {
        return Err(EINVAL);
    }
    let (end, ring, consumer) = receiver.open().ok_or(EINVAL)?;
    consumer.copy_urgent(ring, message.dest(), taken)?;
    if taken {
        end.room_was_made();
    }
    drop(guard);
    message.report(MessageFlags::URGENT);
    Ok(1)
}
