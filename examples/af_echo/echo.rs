// SPDX-License-Identifier: GPL-2.0

//! A second family on rust/net/, to show that it serves more than one.
//!
//! What AF_EXPERIMENTAL is made of is compiled in from its place; nothing of its family is.

#![crate_name = "af_echo"]

use kernel::prelude::*;

#[allow(dead_code, unused_imports, reason = "a family need not use all of it")]
#[path = "../../rust/bindings/mod.rs"]
mod bindings;
#[forbid(unsafe_code)]
mod family;
#[allow(dead_code, unused_imports, reason = "a family need not use all of it")]
#[path = "../../rust/net/mod.rs"]
mod net;

module! {
    type: Module,
    name: "af_echo",
    authors: ["The AF_EXPERIMENTAL developers"],
    description: "An example of a socket address family in safe Rust",
    license: "GPL",
    params: {
        family: i32 {
            default: 19,
            description: "Number of the address family",
        },
    },
}

struct Module {
    _family: net::Registration<family::Echo>,
}

impl kernel::Module for Module {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self {
            _family: net::Registration::new(net::parameter(module_parameters::family.value()))?,
        })
    }
}
