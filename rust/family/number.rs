// SPDX-License-Identifier: GPL-2.0

//! The number of the family.

use kernel::prelude::*;

/// `AF_EXPERIMENTAL`, the slot of `AF_ASH`.
///
/// Mirrors `include/uapi/linux/experimental.h`. The `module!` macro wants a literal, so this number
/// stands there once more.
pub(crate) const DEFAULT: i32 = 18;

/// Slots of protocols that Linux has never had or has lost (`include/linux/socket.h`): DECnet,
/// NetBEUI, the pseudo family of security callbacks, Ash, Econet, SNA, IrDA and WANPIPE.
///
/// Any other number belongs to a protocol whose module may not be loaded yet, and could not be
/// any more.
const DEAD: &[i32] = &[12, 13, 14, DEFAULT, 19, 22, 23, 25];

/// Checks the number that the `family` parameter asks for.
///
/// # Errors
///
/// `EINVAL` if it is no family number, `EEXIST` if it is another protocol's; the log says so.
pub(crate) fn check_number(number: i32) -> Result {
    const FAMILIES: core::ops::Range<i32> = 1..46;

    if !FAMILIES.contains(&number) {
        pr_err!("family={number}: not an address family, they are 1 to 45\n");
        return Err(EINVAL);
    }
    if !DEAD.contains(&number) {
        pr_err!("family={number}: belongs to another protocol; free are {DEAD:?}\n");
        return Err(EEXIST);
    }
    Ok(())
}
