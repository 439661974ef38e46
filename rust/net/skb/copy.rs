// SPDX-License-Identifier: GPL-2.0

//! Copies of a message, which share its bytes.

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::prelude::*;

use super::{
    super::{
        Marks,
        SocketOps, //
    },
    free_uncharged,
    initialise,
    Carried,
    SkBuff, //
};
use crate::bindings;

impl<T: SocketOps> SkBuff<T> {
    /// What a copy of the message carries: everything but descriptors.
    fn carried_by_copy(&self) -> Carried {
        Carried {
            descriptors: None,
            credentials: self.block().carried.credentials.clone(),
        }
    }

    /// A second handle on the same message, without descriptors, that nobody may change any more,
    /// and that is charged to nobody. `None` if there is no memory. Does not sleep.
    pub(crate) fn share(&self) -> Option<Self> {
        // SAFETY: By the type invariant the buffer is valid.
        let clone = unsafe { bindings::skb_clone(self.raw.as_ptr(), bindings::GFP_ATOMIC) };
        let raw = NonNull::new(clone)?;
        let metadata = self.block().metadata;
        // SAFETY: The clone is ours. Its `cb` is a copy, which owns nothing, and it has no
        // destructor.
        unsafe { initialise::<T>(raw, self.carried_by_copy(), metadata, free_uncharged) };
        // INVARIANT: The clone is ours, and its control block has been initialised.
        Some(Self {
            raw,
            marks: Marks::none(),
            _type: PhantomData,
        })
    }

    /// A copy of the message, behind `header`, that shares the bytes with this one, but carries no
    /// descriptors. Does not sleep.
    ///
    /// It is charged to nobody until it is delivered.
    pub(crate) fn copy_with_header<R: SocketOps>(
        &self,
        header: &[u8],
        metadata: R::Metadata,
    ) -> Result<SkBuff<R>> {
        // SAFETY: The buffer is valid, and `header` is valid for reads of its length.
        let copy = unsafe {
            bindings::shim_skb_copy_with_header(
                self.raw.as_ptr(),
                header.as_ptr().cast(),
                header.len(),
            )
        };
        let raw = NonNull::new(copy).ok_or(ENOMEM)?;
        // SAFETY: As for `share()`.
        unsafe { initialise::<R>(raw, self.carried_by_copy(), metadata, free_uncharged) };
        // INVARIANT: The buffer is new, and its control block has been initialised.
        Ok(SkBuff {
            raw,
            marks: Marks::none(),
            _type: PhantomData,
        })
    }
}
