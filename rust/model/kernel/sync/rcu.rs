// SPDX-License-Identifier: GPL-2.0

//! Read-side critical sections, which hold up nothing here.

pub struct Guard(());

pub fn read_lock() -> Guard {
    Guard(())
}
