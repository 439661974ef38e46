// SPDX-License-Identifier: GPL-2.0

//! Settings of a network namespace, in `/proc/sys/net/core`.
//!
//! C header: [`include/linux/sysctl.h`](srctree/include/linux/sysctl.h)

use core::{
    ffi::c_void,
    ops::RangeInclusive,
    ptr::NonNull, //
};

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc, //
    }, //
};

use super::{
    capability::capable,
    Capability, //
};
use crate::bindings;

/// Where the settings are. A module may have a table of its own there, if the names are.
const PATH: &CStr = c"net/core";

/// How a setting is read and written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One number.
    Limit,
    /// Two numbers of 32 bits, the first not more than the second.
    Interval,
}

/// A setting, from the kernel's side.
///
/// Its value is one word, so that whoever reads it gets what one writer has set.
pub(crate) struct Setting {
    name: &'static CStr,
    shape: Shape,
    least: usize,
    most: usize,
    /// More than this may be set by those only who are privileged beyond their namespaces.
    most_unprivileged: usize,
    value: Atomic<u64>,
}

impl Setting {
    /// The numbers that the user sees, as many as [`count`](Self::count) says.
    fn unpack(&self, value: u64) -> [usize; 2] {
        match self.shape {
            Shape::Limit => [usize::try_from(value).unwrap_or(usize::MAX), 0],
            // CAST: The upper and the lower half.
            Shape::Interval => [(value >> 32) as usize, value as u32 as usize],
        }
    }

    /// # Errors
    ///
    /// `EINVAL` if the numbers make no interval.
    fn pack(&self, [first, second]: [usize; 2]) -> Result<u64> {
        match self.shape {
            Shape::Limit => Ok(first as u64),
            Shape::Interval => {
                let (first, second) = (u32::try_from(first)?, u32::try_from(second)?);
                if first > second {
                    return Err(EINVAL);
                }
                Ok(u64::from(first) << 32 | u64::from(second))
            }
        }
    }

    fn count(&self) -> usize {
        match self.shape {
            Shape::Limit => 1,
            Shape::Interval => 2,
        }
    }

    /// Sets it to what the user wants instead of `old`.
    fn set(&self, old: u64, numbers: [usize; 2]) -> Result {
        let new = self.pack(numbers)?;
        if new == old {
            // So that a write that changes nothing undoes no other that comes at the same time.
            return Ok(());
        }
        let [number, _] = numbers;
        let [before, _] = self.unpack(old);
        if number > self.most_unprivileged.max(before) && !capable(Capability::NetAdmin) {
            return Err(EPERM);
        }
        self.value.store(new, Relaxed);
        Ok(())
    }
}

/// A number that bounds what the users of a network namespace can take.
///
/// Whoever owns the namespace can lower it, and raise it to what it was at first; more needs
/// `CAP_NET_ADMIN` in the initial user namespace (`EPERM`), as anybody can own a namespace.
pub(crate) struct Limit(Arc<Setting>);

impl Limit {
    /// # Errors
    ///
    /// `ENOMEM`
    pub(crate) fn new(
        name: &'static CStr,
        allowed: RangeInclusive<usize>,
        initial: usize,
    ) -> Result<Self> {
        let setting = Setting {
            name,
            shape: Shape::Limit,
            least: *allowed.start(),
            most: *allowed.end(),
            most_unprivileged: initial,
            value: Atomic::new(initial as u64),
        };
        Ok(Self(Arc::new(setting, GFP_KERNEL_ACCOUNT)?))
    }

    /// What it is now.
    pub(crate) fn get(&self) -> usize {
        let [number, _] = self.0.unpack(self.0.value.load(Relaxed));
        number
    }

    /// The setting, for [`Namespace::settings`](super::Namespace::settings).
    pub(crate) fn setting(&self) -> Arc<Setting> {
        self.0.clone()
    }
}

/// An interval of numbers, written as the first and the last of them.
pub(crate) struct Interval(Arc<Setting>);

impl Interval {
    /// # Errors
    ///
    /// `ENOMEM`
    pub(crate) fn new(
        name: &'static CStr,
        allowed: RangeInclusive<u32>,
        initial: RangeInclusive<u32>,
    ) -> Result<Self> {
        let setting = Setting {
            name,
            shape: Shape::Interval,
            least: *allowed.start() as usize,
            most: *allowed.end() as usize,
            most_unprivileged: usize::MAX,
            value: Atomic::new(u64::from(*initial.start()) << 32 | u64::from(*initial.end())),
        };
        Ok(Self(Arc::new(setting, GFP_KERNEL_ACCOUNT)?))
    }

    /// What it is now.
    pub(crate) fn get(&self) -> RangeInclusive<u32> {
        let value = self.0.value.load(Relaxed);
        // CAST: The upper and the lower half.
        (value >> 32) as u32..=value as u32
    }

    /// The setting, for [`Namespace::settings`](super::Namespace::settings).
    pub(crate) fn setting(&self) -> Arc<Setting> {
        self.0.clone()
    }
}

/// The settings of a family in one network namespace, from [`new`](Self::new) to the drop.
///
/// # Invariants
///
/// `header` is registered in a network namespace that is alive, for `entries`, each of which
/// points to one of `_settings`.
pub(super) struct SysctlTable {
    header: NonNull<bindings::ctl_table_header>,
    _entries: KVec<bindings::ctl_table>,
    _settings: KVec<Arc<Setting>>,
}

// SAFETY: It may be unregistered by any thread.
unsafe impl Send for SysctlTable {}
// SAFETY: There is no method that takes a shared reference.
unsafe impl Sync for SysctlTable {}

impl SysctlTable {
    /// Registers `settings` in `net`. `None` if there are none. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; also if one of the names is taken, which the log tells.
    ///
    /// # Safety
    ///
    /// `net` must be alive, or be set up or torn down, for the whole life of the table.
    pub(super) unsafe fn new(
        net: *mut bindings::net,
        settings: KVec<Arc<Setting>>,
    ) -> Result<Option<Self>> {
        if settings.is_empty() {
            return Ok(None);
        }
        let mut entries = KVec::with_capacity(settings.len(), GFP_KERNEL_ACCOUNT)?;
        for setting in &settings {
            entries.push_within_capacity(bindings::ctl_table {
                procname: kernel::str::as_char_ptr_in_const_context(setting.name),
                data: core::ptr::from_ref::<Setting>(setting)
                    .cast_mut()
                    .cast::<c_void>(),
                mode: 0o644,
                proc_handler: Some(handle),
                ..pin_init::zeroed()
            })?;
        }
        // SAFETY: The namespace is there, as the caller promises. The entries and what they point
        // to live until after `unregister_net_sysctl_table()`.
        let header = unsafe {
            bindings::register_net_sysctl_sz(
                net,
                kernel::str::as_char_ptr_in_const_context(PATH),
                entries.as_mut_ptr(),
                entries.len(),
            )
        };
        // INVARIANT: It was just registered. A vector and an `Arc` keep their contents where they
        // are when they are moved.
        Ok(Some(Self {
            header: NonNull::new(header).ok_or(ENOMEM)?,
            _entries: entries,
            _settings: settings,
        }))
    }
}

impl Drop for SysctlTable {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is registered. This waits for those who are in
        // `handle()`, and nobody calls that afterwards.
        unsafe { bindings::unregister_net_sysctl_table(self.header.as_ptr()) };
    }
}

/// Reads or writes a setting.
///
/// # Safety
///
/// Called by `proc_sys_call_handler()` in fs/proc/proc_sysctl.c with an entry of a `SysctlTable`
/// that is registered and stays so for the length of the call; the other arguments are as
/// `proc_doulongvec_minmax()` wants them.
unsafe extern "C" fn handle(
    table: *const bindings::ctl_table,
    write: i32,
    buffer: *mut c_void,
    len: *mut usize,
    position: *mut bindings::loff_t,
) -> i32 {
    // SAFETY: As promised, and by the type invariant of `SysctlTable`.
    let (table, setting) = unsafe { (&*table, &*(*table).data.cast::<Setting>()) };
    let old = setting.value.load(Relaxed);
    let mut numbers = setting.unpack(old);
    let (mut least, mut most) = (setting.least, setting.most);
    let copy = bindings::ctl_table {
        data: numbers.as_mut_ptr().cast(),
        // CAST: At most two words.
        maxlen: (setting.count().min(numbers.len()) * core::mem::size_of::<usize>()) as i32,
        extra1: (&raw mut least).cast(),
        extra2: (&raw mut most).cast(),
        ..*table
    };
    // SAFETY: `copy` describes `numbers`, which is ours, as do its bounds; the rest is as promised.
    let ret =
        unsafe { bindings::proc_doulongvec_minmax(&raw const copy, write, buffer, len, position) };
    if ret != 0 || write == 0 {
        return ret;
    }
    match setting.set(old, numbers) {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}
