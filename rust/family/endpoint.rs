// SPDX-License-Identifier: GPL-2.0

//! What a socket gets of a connection.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    connection::{
        Connection,
        End,
        Origin,
        Side, //
    },
    ring::{
        Consumer,
        Producer, //
    }, //
};
use crate::net::MemoryAccount;

/// One end of a connection: the right to write to one of its rings and to read from the other.
pub(super) struct Endpoint {
    pub(super) end: Arc<End>,
    pub(super) producer: Producer,
    pub(super) consumer: Consumer,
}

impl Endpoint {
    /// Makes a connection, charged to `account`, and gives out its two ends.
    ///
    /// # Errors
    ///
    /// `ENOBUFS`, `ENOMEM`
    pub(super) fn pair(
        client: Origin,
        server: Origin,
        account: &Arc<MemoryAccount>,
    ) -> Result<(Self, Self)> {
        let connection = Connection::new(client, server, account)?;
        let make = |side| -> Result<Self> {
            Ok(Self {
                end: End::new(connection.clone(), side)?,
                producer: Producer::new(),
                consumer: Consumer::new(),
            })
        };
        Ok((make(Side::Client)?, make(Side::Server)?))
    }

    /// Gives up the end. What was sent stays readable for the other side. What was not read is
    /// lost; then, or if the connection was `aborted`, the other side is told.
    pub(super) fn close(self, aborted: bool) {
        self.close_and(aborted, |_end| {});
    }

    /// As [`close`](Self::close). Calls `linger` when all is done, but the other side still knows
    /// the socket.
    pub(super) fn close_and(mut self, aborted: bool, linger: impl FnOnce(&End)) {
        // In this order: a writer that does not see the end of reading has its bytes counted.
        self.end.leave();
        let incoming = self.end.incoming();
        let unread = self.consumer.discard(incoming);
        self.end.bytes_were_consumed(self.consumer.take_pages());
        self.end.close(aborted || unread > 0);
        linger(&self.end);
        self.end.detach();
    }
}
