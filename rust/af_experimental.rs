// SPDX-License-Identifier: GPL-2.0

//! A socket address family: `socket(AF_EXPERIMENTAL, ...)`.
//!
//! [`net`] is the abstraction and has all the unsafe code; [`family`] is AF_EXPERIMENTAL, without
//! any. [`bindings`] is what both the kernel's bindings and bindgen give us.

#![crate_name = "af_experimental"]

use kernel::prelude::*;

mod bindings;
#[forbid(unsafe_code)]
mod family;
mod net;

module! {
    type: Module,
    name: "af_experimental",
    authors: ["The AF_EXPERIMENTAL developers"],
    description: "AF_EXPERIMENTAL sockets",
    license: "GPL",
    alias: ["net-pf-18"],
    params: {
        family: i32 {
            default: 18,
            description: "Number of the address family: 18, or another that no protocol uses",
        },
    },
}

struct Module {
    _family: net::Registration<family::Experimental>,
}

impl kernel::Module for Module {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let number = net::parameter(module_parameters::family.value());
        family::check_number(number)?;
        Ok(Self {
            _family: net::Registration::new(number).inspect_err(|&error| {
                if error == EEXIST {
                    pr_err!("family={number}: in use by another module\n");
                }
            })?,
        })
    }
}
