// SPDX-License-Identifier: GPL-2.0

//! Privileges of the calling task.
//!
//! C header: [`include/linux/capability.h`](srctree/include/linux/capability.h)

use crate::bindings;

/// A privilege, see capabilities(7).
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "the manual's names")]
pub(crate) enum Capability {
    /// `CAP_NET_ADMIN`: configure the network.
    NetAdmin,
    /// `CAP_NET_BIND_SERVICE`: bind privileged ports.
    NetBindService,
    /// `CAP_NET_RAW`: see and forge what others send.
    NetRaw,
}

impl Capability {
    fn into_raw(self) -> i32 {
        match self {
            Self::NetAdmin => bindings::SHIM_CAP_NET_ADMIN,
            Self::NetBindService => bindings::SHIM_CAP_NET_BIND_SERVICE,
            Self::NetRaw => bindings::SHIM_CAP_NET_RAW,
        }
    }
}

/// Whether the calling task has `capability` in the user namespace that owns `net`.
///
/// # Safety
///
/// `net` must be alive.
pub(super) unsafe fn ns_capable(net: *mut bindings::net, capability: Capability) -> bool {
    // SAFETY: The network namespace is alive, and holds its user namespace.
    unsafe { bindings::ns_capable(bindings::shim_net_user_ns(net), capability.into_raw()) }
}

/// Whether the calling task has `capability` in the initial user namespace.
pub(super) fn capable(capability: Capability) -> bool {
    // SAFETY: Always safe to call.
    unsafe { bindings::capable(capability.into_raw()) }
}
