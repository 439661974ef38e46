// SPDX-License-Identifier: GPL-2.0

//! Checks that C and Rust agree about the layout of what they share.
//!
//! The kernel was built by one compiler and the bindings were made by another. The constants here
//! are what bindgen's compiler says; rust/shim/layout.c holds what the kernel's says, in the same
//! order.

use core::mem::{
    offset_of,
    size_of, //
};

use kernel::prelude::*;

use crate::bindings;

const LAYOUT: &[usize] = &[
    bindings::SHIM_SIZEOF_SOCK,
    size_of::<bindings::socket>(),
    offset_of!(bindings::socket, sk),
    offset_of!(bindings::socket, ops),
    size_of::<bindings::proto_ops>(),
    offset_of!(bindings::proto_ops, sendmsg),
    size_of::<bindings::net_proto_family>(),
    size_of::<bindings::msghdr>(),
    offset_of!(bindings::msghdr, msg_iter),
    offset_of!(bindings::msghdr, msg_flags),
    size_of::<bindings::iov_iter>(),
    size_of::<bindings::sk_buff>(),
    offset_of!(bindings::sk_buff, cb),
    offset_of!(bindings::sk_buff, len),
    offset_of!(bindings::sk_buff, truesize),
    size_of::<bindings::wait_queue_entry>(),
    size_of::<bindings::mutex>(),
    size_of::<bindings::xarray>(),
    size_of::<bindings::shim_control>(),
    offset_of!(bindings::shim_control, credentials.uid),
    offset_of!(bindings::shim_control, marks),
    size_of::<bindings::percpu_counter>(),
    size_of::<bindings::ctl_table>(),
    offset_of!(bindings::ctl_table, data),
    offset_of!(bindings::ctl_table, proc_handler),
    offset_of!(bindings::ctl_table, extra2),
];

/// # Errors
///
/// `ENOEXEC` if they disagree; the log says where.
pub(super) fn check() -> Result {
    // SAFETY: The array has that many elements, which are constants.
    let theirs = unsafe {
        core::slice::from_raw_parts(
            (&raw const bindings::shim_layout).cast::<usize>(),
            bindings::shim_layout_len,
        )
    };
    if theirs == LAYOUT {
        return Ok(());
    }
    pr_err!("C and Rust disagree about the layout of kernel structures:\n");
    pr_err!("C {:?}, Rust {:?}\n", theirs, LAYOUT);
    Err(ENOEXEC)
}
