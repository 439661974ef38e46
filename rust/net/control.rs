// SPDX-License-Identifier: GPL-2.0

//! Control messages that come with a message that is sent: cmsg(3).

use kernel::prelude::*;

use super::{
    descriptors::DescriptorList,
    Credentials,
    Descriptors,
    Marks,
    SendMessage,
    Socket,
    SocketOps, //
};
use crate::bindings;

/// What control messages ask for.
pub(crate) struct Control {
    /// `SCM_RIGHTS`
    pub(crate) descriptors: Option<KBox<Descriptors>>,
    /// `SCM_CREDENTIALS`
    pub(crate) credentials: Option<Credentials>,
    /// The others, or what the socket's options say.
    pub(crate) marks: Marks,
}

impl<T: SocketOps> SendMessage<'_, T> {
    /// Reads the control messages, if there are any. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if one is malformed, unknown, or sends a socket that could hold the one that it is
    /// sent through; `EBADF`, `EPERM`, `ESRCH`, `ETOOMANYREFS`, `ENOMEM`.
    pub(crate) fn control(&mut self, socket: Socket<'_, T>) -> Result<Option<Control>> {
        if !self.has_control() {
            return Ok(None);
        }
        let sending = socket.cell().sending.get().ok_or(EINVAL)?;
        let mut raw = bindings::shim_control {
            descriptors: core::ptr::null_mut(),
            credentials: Credentials::unknown().into_raw(),
            marks: Marks::none().0,
        };
        // SAFETY: The helper is null or a socket, and the rest are valid.
        kernel::error::to_result(unsafe {
            bindings::shim_control_parse(
                sending.helper(),
                socket.as_raw_sock(),
                self.as_raw(),
                &raw mut raw,
            )
        })?;
        // SAFETY: The function has handed over what it found.
        let (list, credentials) = unsafe {
            (
                DescriptorList::from_raw(raw.descriptors),
                Credentials::from_raw(raw.credentials),
            )
        };
        let descriptors = match list {
            Some(list) => Some(sending.admit(list, socket.cell().number())?),
            None => None,
        };
        Ok(Some(Control {
            descriptors,
            credentials,
            marks: Marks(raw.marks),
        }))
    }
}
