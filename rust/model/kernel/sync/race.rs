// SPDX-License-Identifier: GPL-2.0

//! Finds plain accesses that are not ordered.

/// Stands for a place of memory that is not atomic. Two accesses of which one is a write, and
/// neither happens before the other, end the model with an error.
#[derive(Default)]
pub struct Race {
    #[cfg(feature = "loom")]
    cell: loom::cell::UnsafeCell<()>,
}

impl Race {
    pub fn new() -> Self {
        Self {
            #[cfg(feature = "loom")]
            cell: loom::cell::UnsafeCell::new(()),
        }
    }

    /// The place is read.
    pub fn read(&self) {
        #[cfg(feature = "loom")]
        self.cell.with(|_| ());
    }

    /// The place is written to, or freed.
    pub fn write(&self) {
        #[cfg(feature = "loom")]
        self.cell.with_mut(|_| ());
    }
}
