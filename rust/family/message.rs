// SPDX-License-Identifier: GPL-2.0

//! What the socket types that queue whole messages have in common.

use kernel::prelude::*;

use super::{
    Address,
    Experimental,
    LEVEL,
    RECVERR, //
};
use crate::net::{
    errno::EOPNOTSUPP,
    Control,
    Events,
    MessageFlags,
    RecvMessage,
    SendMessage,
    Socket,
    SocketOps, //
};

/// What the control messages of a message ask for.
///
/// # Errors
///
/// Those of [`SendMessage::control`]; `ETOOMANYREFS` too if the namespace has as many descriptors on
/// their way as it may.
pub(super) fn control<T: SocketOps<Family = Experimental>>(
    socket: Socket<'_, T>,
    message: &mut SendMessage<'_, T>,
) -> Result<Option<Control>> {
    let mut control = message.control(socket)?;
    if let Some(descriptors) = control
        .as_mut()
        .and_then(|control| control.descriptors.as_mut())
    {
        let namespace = socket.namespace();
        descriptors.charge(&namespace.descriptors, namespace.limits.descriptors())?;
    }
    Ok(control)
}

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
        return message.take_queued_error(socket, LEVEL, RECVERR);
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
    // Where a peek starts in the middle, the manual has it marked too.
    let is_cut = len < skb.len() || skb.is_tail();
    let whole = skb.len();
    drop(skb);
    socket.trim_queue_charge();
    if is_cut {
        message.report(MessageFlags::TRUNCATE);
    }
    message.tell_left(socket.sock(), || socket.first_skb_len());
    Ok(if flags.contains(MessageFlags::TRUNCATE) {
        whole
    } else {
        len
    })
}

/// What `poll(2)` tells of errors.
pub(super) fn errors<T: SocketOps>(socket: Socket<'_, T>) -> Events {
    let queued = socket.has_queued_error();
    Events::ERROR.when(queued || socket.has_error())
        | Events::URGENT.when(queued && socket.is_queued_error_urgent())
}

/// `poll(2)`, but for whether it is writable.
pub(super) fn poll<T: SocketOps>(socket: Socket<'_, T>) -> Events {
    let reads_over = socket.is_receive_shut();
    errors(socket)
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
