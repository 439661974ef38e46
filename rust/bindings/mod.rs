// SPDX-License-Identifier: GPL-2.0

//! Bindings to the C that the kernel's own bindings leave out.
//!
//! Types are the ones of [`kernel::bindings`], so a pointer from here and one from there need no
//! cast. The functions are those of `rust/shim/` and a few exported ones that take a `struct sock`.

#[allow(
    clippy::all,
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    improper_ctypes,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    clippy::undocumented_unsafe_blocks,
    reason = "generated code"
)]
mod generated {
    use kernel::{
        bindings::*,
        ffi, //
    };

    // Only ever behind a pointer, so their contents stay with C.
    #[repr(C)]
    pub struct proto([u8; 0]);
    #[repr(C)]
    pub struct shim_pernet([u8; 0]);

    // As in shim.h; net/layout.rs compares them.
    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct shim_credentials {
        pub pid: *mut pid,
        pub uid: kuid_t,
        pub gid: kgid_t,
        pub secid: u32,
    }
    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct shim_marks {
        pub mark: u32,
        pub priority: u32,
        pub tsflags: u32,
        pub ts_opt_id: u32,
    }
    #[repr(C)]
    pub struct shim_control {
        pub descriptors: *mut scm_fp_list,
        pub credentials: shim_credentials,
        pub marks: shim_marks,
    }

    include!(concat!(env!("NET_BINDINGS_DIR"), "/bindings_generated.rs"));
}

pub(crate) use generated::*;
// Since 7.3 the kernel has these too.
pub(crate) use generated::{
    register_net_sysctl_sz,
    unregister_net_sysctl_table, //
};
pub(crate) use kernel::bindings::*;
