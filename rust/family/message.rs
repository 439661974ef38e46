// SPDX-License-Identifier: GPL-2.0

//! What the socket types that queue whole messages have in common.

use kernel::prelude::*;

use super::{
    Address,
    Experimental, //
};
use crate::net::{
    errno::EOPNOTSUPP,
    Events,
    MessageFlags,
    RecvMessage,
    Socket,
    SocketOps, //
};

/// `recv(2)`, `recvfrom(2)` and the like. What does not fit is lost, and `MSG_TRUNC` set.
///
/// # Errors
///
/// `EAGAIN`, `EINTR` or `ERESTARTSYS`, a pending error, `EFAULT`; then the message is still there.
/// `EOPNOTSUPP` for `MSG_OOB`.
pub(super) fn receive<T: SocketOps<Family = Experimental>>(
    socket: Socket<'_, T>,
    message: &mut RecvMessage<'_, T>,
    source: impl FnOnce(T::Metadata) -> Address,
) -> Result<usize> {
    let flags = message.flags();
    if flags.contains(MessageFlags::ERROR_QUEUE) {
        // Nothing is ever put there.
        return Err(EAGAIN);
    }
    if flags.contains(MessageFlags::URGENT) {
        return Err(EOPNOTSUPP.into());
    }
    let Some(skb) = socket.receive_skb(flags)? else {
        return Ok(0);
    };

    let len = skb.len().min(message.remaining());
    if let Err(error) = skb.copy_to(message, len) {
        skb.put_back();
        return Err(error);
    }
    message.set_source(source(skb.metadata()));
    if len < skb.len() {
        message.report(MessageFlags::TRUNCATE);
    }
    if message.wants_left() {
        message.set_left(socket.first_skb_len());
    }
    Ok(if flags.contains(MessageFlags::TRUNCATE) {
        skb.len()
    } else {
        len
    })
}

/// `poll(2)`, but for whether it is writable.
pub(super) fn poll<T: SocketOps>(socket: Socket<'_, T>) -> Events {
    let reads_over = socket.is_receive_shut();
    Events::ERROR.when(socket.has_error() || socket.has_queued_error())
        | Events::READABLE.when(socket.has_skb() || reads_over)
        | Events::READ_HANG_UP.when(reads_over)
        | Events::HANG_UP.when(reads_over && socket.is_send_shut())
}

/// Whether there is room in the send buffer for another message; if not, the socket's writers are
/// woken when there is.
pub(super) fn has_send_room<T: SocketOps>(socket: Socket<'_, T>) -> bool {
    if socket.has_send_room() {
        return true;
    }
    socket.note_no_space();
    socket.has_send_room()
}
