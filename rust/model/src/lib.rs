// SPDX-License-Identifier: GPL-2.0

//! Parts of the module on the host: the very files of `rust/family`, on stand-ins for the kernel
//! crate (`kernel/`) and for `rust/net` (`net/`). See Documentation/testing.md.

#![forbid(unsafe_code)]
// Not all that the files have is used here.
#![allow(dead_code, unused_imports)]

mod bindings;
mod family;
mod net;
