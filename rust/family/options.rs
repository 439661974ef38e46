// SPDX-License-Identifier: GPL-2.0

//! Socket options, of all socket types.
//!
//! What the core can answer, it does. Here is what it keeps to other families, and what it would
//! take without any effect.

use kernel::prelude::*;

use super::Experimental;
use crate::net::{
    errno::{
        ENOPROTOOPT,
        EOPNOTSUPP, //
    },
    OptionOutcome,
    OptionReply,
    OptionValue,
    Socket,
    SocketOps,
    SocketOption,
    Switch, //
};

/// The options of `SOL_EXPERIMENTAL`, as in `include/uapi/linux/experimental.h`.
mod own {
    pub(super) const PASSCRED: i32 = 1;
    pub(super) const PASSSEC: i32 = 2;
    pub(super) const PASSRIGHTS: i32 = 3;
    pub(super) const INQ: i32 = 4;
}

/// `setsockopt(2)` of an option of `SOL_SOCKET`.
///
/// # Errors
///
/// `EINVAL` if the value is too short, or not 0 or 1 where only these are taken, `EFAULT`,
/// `EOPNOTSUPP` for what would have no effect.
pub(super) fn set<T: SocketOps<Family = Experimental>>(
    socket: Socket<'_, T>,
    option: SocketOption,
    value: &OptionValue<'_>,
) -> Result<OptionOutcome> {
    let (switch, on) = match option {
        SocketOption::REUSE_PORT => (Switch::ReusePort, value.read_switch()?),
        SocketOption::PASS_CREDENTIALS => (Switch::PassCredentials, value.read_switch()?),
        SocketOption::PASS_SECURITY => (Switch::PassSecurity, value.read_switch()?),
        SocketOption::PASS_RIGHTS => (Switch::PassRights, value.read_switch()?),
        SocketOption::ZERO_COPY => (Switch::ZeroCopy, value.read_strict_switch()?),
        SocketOption::INQ => (Switch::Inq, value.read_strict_switch()?),
        // No module can make a descriptor of a process that has gone.
        SocketOption::PASS_PIDFD => return Err(EOPNOTSUPP.into()),
        // A socket that was bound without it has no group. To the core it looks unbound.
        SocketOption::ATTACH_REUSEPORT_CBPF | SocketOption::ATTACH_REUSEPORT_EBPF
            if socket.is_entered() && !socket.was_reusing_port() =>
        {
            return Err(EINVAL);
        }
        // These concern a device, or what leads to one, and there is none.
        SocketOption::NO_CHECK
        | SocketOption::WIFI_STATUS
        | SocketOption::NO_FRAME_CHECK
        | SocketOption::MAX_PACING_RATE
        | SocketOption::CONNECTION_ADVICE
        | SocketOption::TRANSMIT_TIME
        | SocketOption::PREFER_BUSY_POLL
        | SocketOption::BUSY_POLL_BUDGET => return Err(EOPNOTSUPP.into()),
        _ => return Ok(OptionOutcome::LeftToCore),
    };
    let guard = socket.sock().lock();
    socket.set_switch(&guard, switch, on);
    Ok(OptionOutcome::Set)
}

/// `getsockopt(2)` of an option of `SOL_EXPERIMENTAL`: what can be set, but not be asked the core.
///
/// # Errors
///
/// `ENOPROTOOPT` if there is no such option, `EFAULT`.
pub(super) fn get_own<T: SocketOps<Family = Experimental>>(
    socket: Socket<'_, T>,
    option: i32,
    reply: &mut OptionReply<'_>,
) -> Result {
    let switch = match option {
        own::PASSCRED => Switch::PassCredentials,
        own::PASSSEC => Switch::PassSecurity,
        own::PASSRIGHTS => Switch::PassRights,
        own::INQ => Switch::Inq,
        _ => return Err(ENOPROTOOPT.into()),
    };
    reply.put_i32(i32::from(socket.switch(switch)))
}
