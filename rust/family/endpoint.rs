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
    ring::Reader, //
};
use crate::net::MemoryAccount;

/// One end of a connection that is to be given up, and the right to read, if that was taken.
pub(super) struct Endpoint {
    pub(super) end: End,
    pub(super) reader: Option<Reader>,
}

impl Endpoint {
    /// One that nothing was read from.
    pub(super) fn new(end: End) -> Self {
        Self { end, reader: None }
    }

    /// Makes a connection, charged to `account`, and gives out its two ends.
    ///
    /// # Errors
    ///
    /// `ENOBUFS`, `ENOMEM`
    pub(super) fn pair(
        client: Origin,
        server: Origin,
        account: &Arc<MemoryAccount>,
    ) -> Result<(End, End)> {
        let connection = Connection::new(client, server, account)?;
        Ok((
            End::of(connection.clone(), Side::Client),
            End::of(connection, Side::Server),
        ))
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
        let unread = self.discard();
        self.end.close(aborted || unread > 0);
        linger(&self.end);
        self.end.detach();
    }

    /// Consumes all there is. Returns how many bytes that were.
    fn discard(&mut self) -> usize {
        let reader = self.reader.take().or_else(|| self.end.take_reader());
        let Some(Reader { ring, mut consumer }) = reader else {
            return 0;
        };
        let unread = consumer.discard(&ring);
        self.end.bytes_were_consumed(consumer.take_pages());
        unread
    }
}
