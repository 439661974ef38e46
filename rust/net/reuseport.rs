// SPDX-License-Identifier: GPL-2.0

//! Groups of socks that share a number, among which the kernel chooses: `SO_REUSEPORT`.
//!
//! The core keeps the groups, their programs (`SO_ATTACH_REUSEPORT_CBPF` and `_EBPF`) and what
//! `SO_INCOMING_CPU` asks for; a [`SockTable`](super::SockTable) says who is in which.
//!
//! C source: [`net/core/sock_reuseport.c`](srctree/net/core/sock_reuseport.c)

use kernel::prelude::*;

use super::{
    Sharers,
    SkBuff,
    Sock,
    SocketOps,
    Switch, //
};
use crate::bindings;

/// What a flow of messages, or a connection, has instead of a program that chooses.
#[derive(Clone, Copy)]
pub(crate) struct FlowHash(u32);

impl<T: SocketOps> Sock<T> {
    /// `SO_REUSEADDR`, as it is now.
    pub(crate) fn reuses_address(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_switch(self.as_raw(), bindings::SO_REUSEADDR as i32) }
    }

    /// `SO_REUSEPORT`, as it is now.
    pub(crate) fn reuses_port(&self) -> bool {
        self.switch(Switch::ReusePort)
    }

    /// The hash of what goes between two numbers, for a choice among sharers. Another one in each
    /// network namespace.
    pub(crate) fn flow_hash(&self, from: u32, to: u32) -> FlowHash {
        // SAFETY: The sock is valid, and holds its namespace.
        FlowHash(unsafe { bindings::shim_sk_flow_hash(self.as_raw(), from, to) })
    }

    /// Whether both belong to the same user.
    pub(crate) fn has_user_of(&self, other: &Self) -> bool {
        // SAFETY: Both socks are valid.
        unsafe { bindings::shim_sk_same_user(self.as_raw(), other.as_raw()) }
    }

    /// Whether it is one of a group.
    pub(crate) fn is_grouped(&self) -> bool {
        self.link().is_grouped()
    }

    /// Whether it has a group of its own already, of a program that was attached before anybody
    /// could find it.
    pub(crate) fn brings_group(&self) -> bool {
        // SAFETY: The sock is valid.
        !self.is_grouped() && unsafe { bindings::shim_reuseport_has_group(self.as_raw()) }
    }

    /// Tells its group, if it is in one, that a member is connected.
    pub(crate) fn note_connected(&self) {
        // SAFETY: The sock is valid; the function looks itself whether there is a group.
        unsafe { bindings::reuseport_has_conns_set(self.as_raw()) };
    }

    /// Makes a group of this sock alone, if it has none: a program may have been attached before.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    pub(super) fn start_group(&self) -> Result {
        // SAFETY: The sock is valid. The group refers to it until it leaves, for which the
        // destructor of the core looks too (`__sk_destruct()`).
        kernel::error::to_result(unsafe { bindings::shim_reuseport_start(self.as_raw()) })?;
        self.link().set_grouped(true);
        Ok(())
    }

    /// Makes it one of the group of `member`, and takes it out of a group of its own.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EBUSY` if it is in a group with others.
    ///
    /// # Safety
    ///
    /// The caller must hold the lock of the table that `member` is in, and enters this one there.
    pub(super) unsafe fn join_group(&self, member: &Self) -> Result {
        // SAFETY: Both are valid, and of the same type, so all of a group are. `member` does not
        // leave its group meanwhile, for which the lock is needed. For how long the group refers to
        // this one, see `start_group()`.
        kernel::error::to_result(unsafe {
            bindings::shim_reuseport_join(self.as_raw(), member.as_raw())
        })?;
        self.link().set_grouped(true);
        Ok(())
    }

    /// Takes it out of its group, if it is in one. The last of the group gets its place.
    ///
    /// # Safety
    ///
    /// The caller must hold the lock of the table that it is in, and the socket lock, without which
    /// a program may be attached at the same time.
    pub(super) unsafe fn leave_group(&self) {
        if self.link().is_grouped() {
            self.link().set_grouped(false);
            // SAFETY: The sock is valid. Nobody joins it meanwhile, for the lock of the table.
            unsafe { bindings::reuseport_detach_sock(self.as_raw()) };
        }
    }
}

impl<'rcu, T: SocketOps> Sharers<'rcu, T> {
    /// Chooses one of the group of `member`: the one that the program of the group names for
    /// `message`, or for a message without bytes if there is none. Else one on this CPU, if
    /// `SO_INCOMING_CPU` says so, else the one that `hash` falls on; neither falls on one that is
    /// connected.
    pub(crate) fn choose(
        &self,
        member: &'rcu Sock<T>,
        hash: FlowHash,
        message: Option<&mut SkBuff<T>>,
    ) -> Option<&'rcu Sock<T>> {
        let skb = message.map_or(core::ptr::null_mut(), SkBuff::as_raw);
        // SAFETY: The sock is valid, and `skb` is null, or valid and ours alone. `self` is proof of
        // the read-side critical section.
        let sk = unsafe { bindings::shim_reuseport_select(member.as_raw(), skb, hash.0) };
        // SAFETY: It was in the group, whose members are of one type, and is freed a grace period
        // after it has left, which the critical section holds up for `'rcu`.
        unsafe { sk.cast::<Sock<T>>().as_ref() }
    }

    /// As [`choose`](Self::choose), without the program.
    pub(crate) fn choose_by_hash(
        &self,
        member: &'rcu Sock<T>,
        hash: FlowHash,
    ) -> Option<&'rcu Sock<T>> {
        // SAFETY: As in `choose()`.
        let sk = unsafe { bindings::shim_reuseport_select_by_hash(member.as_raw(), hash.0) };
        // SAFETY: As in `choose()`.
        unsafe { sk.cast::<Sock<T>>().as_ref() }
    }

    /// Whether one of the group of `member` was connected, ever.
    pub(crate) fn has_connected(&self, member: &Sock<T>) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_reuseport_has_connected(member.as_raw()) }
    }
}
