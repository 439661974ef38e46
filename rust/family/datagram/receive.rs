// SPDX-License-Identifier: GPL-2.0

//! Receiving a message.

use kernel::prelude::*;

use super::Datagram;
use crate::net::{
    errno::EOPNOTSUPP,
    MessageFlags,
    RecvMessage,
    Socket, //
};

/// `recv(2)`, `recvfrom(2)` and the like. What does not fit is lost, and `MSG_TRUNC` set.
///
/// # Errors
///
/// `EAGAIN`, `EINTR` or `ERESTARTSYS`, a pending error, `EFAULT`; then the message is still there.
/// `EOPNOTSUPP` for `MSG_OOB`.
pub(super) fn receive(
    socket: Socket<'_, Datagram>,
    message: &mut RecvMessage<'_, Datagram>,
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
    if let Err(error) = skb.copy_to(socket, message, len) {
        if !flags.contains(MessageFlags::PEEK) {
            skb.put_back(socket);
        }
        return Err(error);
    }
    if !flags.contains(MessageFlags::PEEK) {
        socket.congestion.room_was_made(socket.sock());
    }
    message.set_source(skb.metadata());
    if len < skb.len() {
        message.report(MessageFlags::TRUNCATE);
    }
    Ok(if flags.contains(MessageFlags::TRUNCATE) {
        skb.len()
    } else {
        len
    })
}
