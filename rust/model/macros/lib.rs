// SPDX-License-Identifier: GPL-2.0

//! Stands in for the attribute macros of the kernel crate.

use proc_macro::{
    Group,
    TokenStream,
    TokenTree, //
};

/// Objects on the host are moved, so that no field has to be pinned: takes the marks off.
#[proc_macro_attribute]
pub fn pin_data(_args: TokenStream, item: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut tokens = item.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#') {
            let is_pin = |next: &TokenTree| next.to_string().replace(' ', "") == "[pin]";
            if tokens.next_if(is_pin).is_some() {
                continue;
            }
        }
        out.push(match token {
            TokenTree::Group(group) => {
                let inner = pin_data(TokenStream::new(), group.stream());
                let mut stripped = Group::new(group.delimiter(), inner);
                stripped.set_span(group.span());
                stripped.into()
            }
            other => other,
        });
    }
    out.into_iter().collect()
}
