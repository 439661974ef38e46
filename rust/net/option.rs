// SPDX-License-Identifier: GPL-2.0

//! Socket options.
//!
//! `setsockopt(2)` of a `SOL_SOCKET` option asks [`SocketOps::set_option`] first, and the core for
//! what that leaves to it. `getsockopt(2)` of `SOL_SOCKET` is the core's alone, as are
//! `bpf_setsockopt()` and `bpf_getsockopt()`: they see the same fields, but what the core keeps to
//! a fixed list of families they refuse. A family can tell that under a level of its own
//! ([`Family::OPTION_LEVEL`]).
//!
//! C headers: [`include/net/sock.h`](srctree/include/net/sock.h),
//! [`include/linux/sockptr.h`](srctree/include/linux/sockptr.h)

use core::marker::PhantomData;

use kernel::{
    iov::IovIterDest,
    prelude::*,
    sync::atomic::ordering::Relaxed, //
};

use super::{
    Family,
    Sock,
    SockGuard,
    SocketOps, //
};
use crate::bindings;

/// The name of an option of `SOL_SOCKET`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SocketOption(i32);

macro_rules! declare_options {
    ($($name:ident = $raw:ident, $doc:literal;)+) => {
        impl SocketOption {
            $(
                #[doc = $doc]
                pub(crate) const $name: Self = Self(bindings::$raw as i32);
            )+
        }
    };
}

declare_options! {
    NO_CHECK = SO_NO_CHECK, "No checksums.";
    REUSE_PORT = SO_REUSEPORT, "Share the port with sockets of the same user.";
    PASS_CREDENTIALS = SO_PASSCRED, "Receive `SCM_CREDENTIALS`.";
    PASS_SECURITY = SO_PASSSEC, "Receive `SCM_SECURITY`.";
    WIFI_STATUS = SO_WIFI_STATUS, "Tell how a frame fared.";
    NO_FRAME_CHECK = SO_NOFCS, "No frame check sequence.";
    MAX_PACING_RATE = SO_MAX_PACING_RATE, "Send no faster.";
    ATTACH_REUSEPORT_CBPF = SO_ATTACH_REUSEPORT_CBPF, "A program that chooses in the group.";
    ATTACH_REUSEPORT_EBPF = SO_ATTACH_REUSEPORT_EBPF, "Likewise.";
    CONNECTION_ADVICE = SO_CNX_ADVICE, "Look for another route.";
    ZERO_COPY = SO_ZEROCOPY, "Heed `MSG_ZEROCOPY`.";
    TRANSMIT_TIME = SO_TXTIME, "Heed `SCM_TXTIME`.";
    PREFER_BUSY_POLL = SO_PREFER_BUSY_POLL, "Poll devices, rather than have them interrupt.";
    BUSY_POLL_BUDGET = SO_BUSY_POLL_BUDGET, "Packets in one poll of a device.";
    PASS_PIDFD = SO_PASSPIDFD, "Receive `SCM_PIDFD`.";
    PASS_RIGHTS = SO_PASSRIGHTS, "Take descriptors that are sent.";
    INQ = SO_INQ, "Receive `SCM_INQ`.";
}

impl SocketOption {
    pub(super) fn from_raw(raw: i32) -> Self {
        Self(raw)
    }
}

/// An option that is on or off, which the core keeps, but lets few families set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// `SO_REUSEPORT`
    ReusePort,
    /// `SO_PASSCRED`
    PassCredentials,
    /// `SO_PASSSEC`
    PassSecurity,
    /// `SO_PASSRIGHTS`, which is on for a new socket
    PassRights,
    /// `SO_ZEROCOPY`
    ZeroCopy,
    /// `SO_INQ`
    Inq,
}

impl Switch {
    fn into_raw(self) -> i32 {
        let option = match self {
            Self::ReusePort => SocketOption::REUSE_PORT,
            Self::PassCredentials => SocketOption::PASS_CREDENTIALS,
            Self::PassSecurity => SocketOption::PASS_SECURITY,
            Self::PassRights => SocketOption::PASS_RIGHTS,
            Self::ZeroCopy => SocketOption::ZERO_COPY,
            Self::Inq => SocketOption::INQ,
        };
        option.0
    }
}

impl<T: SocketOps> Sock<T> {
    /// Turns an option on or off.
    pub(crate) fn set_switch(&self, _locked: &SockGuard<'_, T>, switch: Switch, on: bool) {
        if switch == Switch::Inq {
            // The core has no place for it.
            self.inq().store(on, Relaxed);
            return;
        }
        // SAFETY: The sock is valid, and its lock is held.
        unsafe { bindings::shim_sk_set_switch(self.as_raw(), switch.into_raw(), on) };
    }

    /// Whether an option is on. Takes no lock.
    pub(crate) fn switch(&self, switch: Switch) -> bool {
        if switch == Switch::Inq {
            return self.inq().load(Relaxed);
        }
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_switch(self.as_raw(), switch.into_raw()) }
    }

    /// `SO_ZEROCOPY`.
    pub(crate) fn wants_zero_copy(&self) -> bool {
        self.switch(Switch::ZeroCopy)
    }

    /// `SO_INQ`.
    pub(crate) fn wants_inq(&self) -> bool {
        self.switch(Switch::Inq)
    }
}

/// What [`SocketOps::set_option`] did with an option.
#[must_use = "what is left to the core is still to be done"]
pub(crate) enum OptionOutcome {
    /// It is set.
    Set,
    /// The core is to set it, or to refuse it.
    LeftToCore,
}

/// The value that `setsockopt(2)` is called with.
pub(crate) struct OptionValue<'a> {
    raw: bindings::sockptr_t,
    /// Bytes that the caller has there.
    len: u32,
    _for: PhantomData<&'a ()>,
}

impl OptionValue<'_> {
    /// # Safety
    ///
    /// If `raw` is an address in the kernel, `len` bytes there are valid while the value lives.
    pub(super) unsafe fn new(raw: bindings::sockptr_t, len: u32) -> Self {
        Self {
            raw,
            len,
            _for: PhantomData,
        }
    }

    /// Bytes in the value.
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// An `int`. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the value is shorter, `EFAULT`.
    pub(crate) fn read_i32(&self) -> Result<i32> {
        let mut value = 0_i32;
        let size = core::mem::size_of::<i32>();
        if self.len() < size {
            return Err(EINVAL);
        }
        // SAFETY: There is room for an `int`, and as many bytes at `raw`, if they are not the
        // user's.
        kernel::error::to_result(unsafe {
            bindings::shim_option_read((&raw mut value).cast(), self.raw, size)
        })?;
        Ok(value)
    }

    /// An `int` of which only counts whether it is 0. May sleep.
    ///
    /// # Errors
    ///
    /// As those of [`read_i32`](Self::read_i32).
    pub(crate) fn read_switch(&self) -> Result<bool> {
        Ok(self.read_i32()? != 0)
    }

    /// An `int` that must be 0 or 1. May sleep.
    ///
    /// # Errors
    ///
    /// As those of [`read_i32`](Self::read_i32), and `EINVAL` if it is another one.
    pub(crate) fn read_strict_switch(&self) -> Result<bool> {
        match self.read_i32()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(EINVAL),
        }
    }

    /// Has the core set an option, as if the family had not been asked.
    ///
    /// # Safety
    ///
    /// `sock` must be a valid socket whose lock the caller does not hold.
    pub(super) unsafe fn leave_to_core(
        self,
        sock: *mut bindings::socket,
        option: SocketOption,
    ) -> Result {
        // SAFETY: As the caller promises, and as promised when the value was made.
        kernel::error::to_result(unsafe {
            bindings::sock_setsockopt(
                sock,
                bindings::SOL_SOCKET as i32,
                option.0,
                self.raw,
                self.len,
            )
        })
    }
}

/// Where the value that `getsockopt(2)` asks for goes to.
pub(crate) struct OptionReply<'a> {
    raw: &'a mut bindings::sockopt_t,
}

impl<'a> OptionReply<'a> {
    /// For a `struct sockopt` that is whole.
    pub(super) fn new(raw: &'a mut bindings::sockopt_t) -> Self {
        Self { raw }
    }

    /// Gives the caller as many of `bytes` as it has room for. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result {
        let room = usize::try_from(self.raw.optlen).unwrap_or(0);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        if self.raw.iter_out.data_source != (bindings::ITER_DEST != 0) {
            return Err(EFAULT);
        }
        // SAFETY: The core has made the iterator (`sockptr_to_sockopt()` in net/socket.c), it is a
        // destination, and it is ours.
        let dest = unsafe { IovIterDest::from_raw(&raw mut self.raw.iter_out) };
        if dest.copy_to_iter(bytes) < bytes.len() {
            return Err(EFAULT);
        }
        self.raw.optlen = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        Ok(())
    }

    /// Gives the caller an `int`. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`
    pub(crate) fn put_i32(&mut self, value: i32) -> Result {
        self.put(&value.to_ne_bytes())
    }
}

/// Whether `level` is that of `F`'s own options.
pub(super) fn is_own_level<F: Family>(level: i32) -> bool {
    F::OPTION_LEVEL == Some(level)
}
