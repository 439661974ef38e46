// SPDX-License-Identifier: GPL-2.0

//! A reference with a bit of its own.

use core::ops::Deref;

use kernel::sync::Arc;

pub(crate) struct TaggedArc<T> {
    object: Arc<T>,
    tag: bool,
}

impl<T> TaggedArc<T> {
    pub(crate) fn new(object: Arc<T>, tag: bool) -> Self {
        Self { object, tag }
    }

    pub(crate) fn tag(&self) -> bool {
        self.tag
    }
}

impl<T> Clone for TaggedArc<T> {
    fn clone(&self) -> Self {
        Self::new(self.object.clone(), self.tag)
    }
}

impl<T> Deref for TaggedArc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}
