// SPDX-License-Identifier: GPL-2.0

//! What a filter or a raw socket looks at before the reader can.
//!
//! A ring holds no messages that they could look at. What is written goes by way of a buffer then.

use kernel::prelude::*;

use super::super::{
    super::{
        connection::End,
        raw::{
            Header,
            Raw, //
        }, //
    },
    annotate::marks,
    Framing,
    Stream, //
};
use crate::net::{
    errno::ENOTCONN,
    Control,
    Interest,
    IoPage,
    SendMessage,
    SkBuff,
    Socket,
    SocketType, //
};

/// Whether anybody wants to look at what is written.
pub(super) fn is_looked_at(socket: Socket<'_, Stream>, reader: Interest) -> bool {
    reader.contains(Interest::FILTER)
        || (socket.framing == Framing::Records && !socket.namespace().taps.is_empty())
}

/// A write, or a record, that the reader's filter has accepted, on its way to the ring.
pub(super) struct Staged {
    skb: SkBuff<Raw>,
    /// Bytes of it that are in the ring.
    done: usize,
    /// Bytes that the caller gave, of which the filter may have cut some off.
    original: usize,
    /// What raw sockets are shown.
    shown: Option<SkBuff<Raw>>,
}

impl Staged {
    /// Takes a record, or the bytes that may be under way at once, from the caller, and has the
    /// reader filter them. `None` if it refuses them. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`, `ENOBUFS`, `ENOTCONN`.
    pub(super) fn new(
        socket: Socket<'_, Stream>,
        message: &mut SendMessage<'_, Stream>,
        control: &Option<Control>,
    ) -> Result<Option<Self>> {
        let end = socket.end.get_counted().ok_or(ENOTCONN)?;
        let (most, whole) = match socket.framing {
            Framing::Bytes => (end.outgoing_capacity(), true),
            Framing::Records => (usize::MAX, false),
        };
        // A filter may look at the marks. The stamps are told of the call, not of this.
        let control = Control {
            descriptors: None,
            credentials: control
                .as_ref()
                .and_then(|control| control.credentials.clone()),
            marks: marks(socket, control).without_stamps(),
        };
        let mut skb = SkBuff::from_part(socket, message, most, Some(control), end.address())?;
        // It goes when the call returns, or is charged where it goes.
        skb.uncharge();
        let shown = if socket.framing == Framing::Records && !socket.namespace().taps.is_empty() {
            skb.share()
        } else {
            None
        };
        let original = skb.len();
        Ok(end.filter(skb, whole).map(|skb| Self {
            skb,
            done: 0,
            original,
            shown,
        }))
    }

    /// Bytes that are not in the ring yet.
    pub(super) fn remaining(&self) -> usize {
        self.skb.len().saturating_sub(self.done)
    }

    /// Bytes that the caller gave.
    pub(super) fn original(&self) -> usize {
        self.original
    }

    /// Fills pages with what is not in the ring yet.
    pub(super) fn copy(&mut self) -> impl FnMut(&IoPage, usize, usize) -> usize + '_ {
        |page, at, len| {
            let copied = self.skb.copy_to_page(self.done, page, at, len);
            self.done = self.done.saturating_add(copied);
            copied
        }
    }

    /// Shows a record that is in the ring to the raw sockets.
    pub(super) fn show(&self, socket: Socket<'_, Stream>, end: &End) {
        if let Some(message) = &self.shown {
            let header = Header {
                socket_type: SocketType::SeqPacket,
                len: message.len(),
                source: end.address(),
                destination: end.peer_address(),
            };
            socket.namespace().taps.show(&header, message);
        }
    }
}
