// SPDX-License-Identifier: GPL-2.0

//! Messages in socket buffers.
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)

mod copy;
mod deliver;
mod queue;
mod receive;
mod send;

use core::ptr::NonNull;

use kernel::prelude::*;

use super::{
    Credentials,
    Descriptors,
    SocketOps, //
};
use crate::bindings;

pub(crate) use deliver::QueueOutcome;
pub(crate) use send::{
    SkBuff,
    SHORT, //
};

/// What a message carries beside its bytes, whatever its type.
struct Carried {
    descriptors: Option<KBox<Descriptors>>,
    credentials: Credentials,
}

/// What lies in `skb->cb`.
#[repr(C)]
struct ControlBlock<M> {
    carried: Carried,
    metadata: M,
}

/// # Safety
///
/// `skb` must be valid.
unsafe fn control_block<T: SocketOps>(
    skb: NonNull<bindings::sk_buff>,
) -> *mut ControlBlock<T::Metadata> {
    const {
        // The last four bytes of `cb` are the core's, for SO_RXQ_OVFL (`struct sock_skb_cb`).
        assert!(core::mem::size_of::<ControlBlock<T::Metadata>>() <= 44);
        assert!(core::mem::align_of::<ControlBlock<T::Metadata>>() <= 8);
    }
    // SAFETY: As the caller promises.
    unsafe { (&raw mut (*skb.as_ptr()).cb).cast() }
}

/// Writes the control block of a new buffer, and sees to its end.
///
/// # Safety
///
/// `skb` must be valid and exclusively ours, with a `cb` that holds nothing to be released and
/// with no destructor but `sock_wfree()`.
unsafe fn initialise<T: SocketOps>(
    skb: NonNull<bindings::sk_buff>,
    carried: Carried,
    metadata: T::Metadata,
    destructor: unsafe extern "C" fn(*mut bindings::sk_buff),
) {
    // SAFETY: As the caller promises.
    unsafe {
        control_block::<T>(skb).write(ControlBlock { carried, metadata });
        bindings::shim_skb_set_destructor(skb.as_ptr(), Some(destructor));
    }
}

/// Releases what a buffer carries.
///
/// # Safety
///
/// `skb` is being freed, and its control block is initialised.
unsafe fn release_carried(skb: *mut bindings::sk_buff) {
    // SAFETY: As the caller promises; `carried` comes first in every control block.
    unsafe { core::ptr::drop_in_place((&raw mut (*skb).cb).cast::<Carried>()) };
}

/// The destructor of a buffer that is charged to nobody.
///
/// # Safety
///
/// Called by `skb_release_head_state()` and `skb_orphan()` in net/core, once, for a buffer whose
/// control block is initialised.
unsafe extern "C" fn free_uncharged(skb: *mut bindings::sk_buff) {
    // SAFETY: As promised.
    unsafe { release_carried(skb) };
}

/// The destructor of a buffer that is charged to its sender.
///
/// # Safety
///
/// As [`free_uncharged`].
unsafe extern "C" fn free_sent(skb: *mut bindings::sk_buff) {
    // SAFETY: As promised.
    unsafe {
        release_carried(skb);
        bindings::shim_skb_wfree(skb);
    }
}

/// The destructor of a buffer that is charged to its receiver.
///
/// # Safety
///
/// As [`free_uncharged`].
unsafe extern "C" fn free_queued(skb: *mut bindings::sk_buff) {
    // SAFETY: As promised.
    unsafe {
        release_carried(skb);
        bindings::shim_skb_rfree(skb);
    }
}
