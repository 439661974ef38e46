// SPDX-License-Identifier: GPL-2.0

//! Stands in for stream sockets: see `models/calls.rs` for what they do.

use crate::net::SocketOps;

pub(super) struct Stream;

impl SocketOps for Stream {}
