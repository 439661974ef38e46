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
        Party,
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
        client: Party,
        server: Party,
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
    pub(super) fn close(mut self, aborted: bool) {
        // In this order: a writer that does not see the end of reading has its bytes counted.
        self.end.leave();
        let unread = self.consumer.discard(self.end.incoming());
        self.end.close(aborted || unread > 0);
    }
}
