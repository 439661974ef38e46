// SPDX-License-Identifier: GPL-2.0

//! Descriptors that a message carries: `SCM_RIGHTS`.
//!
//! Any file can be sent but a socket that could, in the end, hold the one that it is sent through:
//! there is nothing that would collect such a cycle.
//!
//! C header: [`include/net/scm.h`](srctree/include/net/scm.h)

use core::ptr::NonNull;

use kernel::{
    new_mutex,
    prelude::*,
    rbtree::RBTree,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Relaxed,
                Release, //
            },
            Atomic, //
        },
        Arc,
        Mutex, //
    }, //
};

use super::{
    errno::ETOOMANYREFS,
    RecvMessage,
    SocketOps, //
};
use crate::bindings;

/// How many descriptors are on their way.
#[derive(Clone)]
pub(crate) struct DescriptorCount(Arc<Atomic<usize>>);

impl DescriptorCount {
    /// None.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Arc::new(Atomic::new(0), GFP_KERNEL_ACCOUNT)?))
    }

    /// # Errors
    ///
    /// `ETOOMANYREFS` if there are more than `most` then.
    fn add(&self, count: usize, most: usize) -> Result<Share> {
        let before = self.0.fetch_add(count, Relaxed);
        let share = Share {
            of: self.clone(),
            count,
        };
        if before.saturating_add(count) > most {
            return Err(ETOOMANYREFS.into());
        }
        Ok(share)
    }
}

/// Some that are counted.
struct Share {
    of: DescriptorCount,
    count: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.0.fetch_sub(self.count, Relaxed);
    }
}

/// Descriptors on their way.
///
/// # Invariants
///
/// `list` is valid and ours.
pub(crate) struct Descriptors {
    list: NonNull<bindings::scm_fp_list>,
    _of_user: Share,
    _of_namespace: Option<Share>,
}

// SAFETY: References on files may be given up by any thread.
unsafe impl Send for Descriptors {}
// SAFETY: Nothing changes through a shared reference.
unsafe impl Sync for Descriptors {}

impl Descriptors {
    /// How many they are.
    fn count(&self) -> usize {
        // SAFETY: By the type invariant the list is valid.
        let count = unsafe { bindings::shim_descriptors_count(self.list.as_ptr()) };
        usize::try_from(count).unwrap_or(0)
    }

    /// Counts them among those of a namespace, which may have no more than `most`.
    ///
    /// # Errors
    ///
    /// `ETOOMANYREFS`
    pub(crate) fn charge(&mut self, namespace: &DescriptorCount, most: usize) -> Result {
        self._of_namespace = Some(namespace.add(self.count(), most)?);
        Ok(())
    }
}

impl Drop for Descriptors {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the list is ours.
        unsafe { bindings::shim_descriptors_free(self.list.as_ptr()) };
    }
}

/// A list that a call sends, and that is not counted yet.
///
/// # Invariants
///
/// The list is valid and ours.
pub(super) struct DescriptorList(NonNull<bindings::scm_fp_list>);

impl DescriptorList {
    /// # Safety
    ///
    /// `raw` must be null, or a valid list that is handed over.
    pub(super) unsafe fn from_raw(raw: *mut bindings::scm_fp_list) -> Option<Self> {
        // INVARIANT: As the caller promises.
        NonNull::new(raw).map(Self)
    }
}

impl Drop for DescriptorList {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the list is ours.
        unsafe { bindings::shim_descriptors_free(self.0.as_ptr()) };
    }
}

/// What it takes to send descriptors.
///
/// # Invariants
///
/// `helper` is null or a valid socket that is ours.
#[pin_data(PinnedDrop)]
pub(super) struct Sending {
    helper: *mut bindings::socket,
    /// Descriptors on their way, by the user who sent them.
    #[pin]
    users: Mutex<RBTree<u32, DescriptorCount>>,
}

// SAFETY: The socket is only released by `drop()`, which any thread may do.
unsafe impl Send for Sending {}
// SAFETY: Of the socket only its family is ever looked at.
unsafe impl Sync for Sending {}

impl Sending {
    fn new() -> impl PinInit<Self> {
        // SAFETY: Process context. Without the helper, which may be null, descriptors can't be
        // sent.
        let helper = unsafe { bindings::shim_scm_helper_new() };
        // INVARIANT: As the function says.
        pin_init!(Self {
            helper,
            users <- new_mutex!(RBTree::new()),
        })
    }

    /// The socket with which the kernel's parser takes descriptors, or null.
    pub(super) fn helper(&self) -> *mut bindings::socket {
        self.helper
    }

    /// Counts descriptors among those of the user that sends them. `family` is the number of the
    /// family that they are sent through. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if one is a socket that could hold the one that it is sent through,
    /// `ETOOMANYREFS` beyond `RLIMIT_NOFILE` without `CAP_SYS_RESOURCE` or `CAP_SYS_ADMIN`,
    /// `ENOMEM`.
    pub(super) fn admit(&self, list: DescriptorList, family: i32) -> Result<KBox<Descriptors>> {
        let raw = list.0;
        // SAFETY: The list is valid.
        let (may_cycle, uid, count, most) = unsafe {
            (
                bindings::shim_descriptors_may_cycle(raw.as_ptr(), family),
                bindings::shim_descriptors_uid(raw.as_ptr()),
                bindings::shim_descriptors_count(raw.as_ptr()),
                bindings::shim_descriptors_limit(),
            )
        };
        if may_cycle {
            return Err(EINVAL);
        }
        let count = usize::try_from(count).unwrap_or(0);
        let of_user = self.charge(uid, count, most).or_else(|error| {
            // Asked only if it matters, as security modules log who lacks a capability.
            //
            // SAFETY: Process context.
            if unsafe { bindings::shim_descriptors_unlimited() } {
                self.charge(uid, count, usize::MAX)
            } else {
                Err(error)
            }
        })?;
        core::mem::forget(list);
        // INVARIANT: The list was ours.
        let descriptors = Descriptors {
            list: raw,
            _of_user: of_user,
            _of_namespace: None,
        };
        Ok(KBox::new(descriptors, GFP_KERNEL_ACCOUNT)?)
    }

    /// Counts descriptors among those of a user.
    fn charge(&self, uid: u32, count: usize, most: usize) -> Result<Share> {
        let mut users = self.users.lock();
        if let Some(user) = users.get(&uid) {
            return user.add(count, most);
        }
        // Counts only grow under the lock, so nobody needs one that is 0.
        let mut cursor = users.cursor_front_mut();
        while let Some(user) = cursor {
            let (_, of_user) = user.current();
            cursor = if of_user.0.load(Relaxed) == 0 {
                user.remove_current().0
            } else {
                user.move_next()
            };
        }
        let user = DescriptorCount::new()?;
        let share = user.add(count, most)?;
        users.try_create_and_insert(uid, user, GFP_KERNEL_ACCOUNT)?;
        Ok(share)
    }
}

#[pinned_drop]
impl PinnedDrop for Sending {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant the socket is ours, or there is none.
        unsafe { bindings::shim_scm_helper_free(self.helper) };
    }
}

/// A [`Sending`], from the registration of a family to its end.
///
/// # Invariants
///
/// The pointer is null, or one of `Arc::into_raw()` whose reference is ours.
pub(super) struct SendingCell(Atomic<*mut Sending>);

impl SendingCell {
    pub(super) const fn new() -> Self {
        // INVARIANT: There is none.
        Self(Atomic::new(core::ptr::null_mut()))
    }

    /// Only called while no socket of the family can be made.
    pub(super) fn set_up(&self) -> Result {
        let sending = Arc::pin_init(Sending::new(), GFP_KERNEL)?;
        // INVARIANT: The reference is handed over.
        self.0.store(Arc::into_raw(sending).cast_mut(), Release);
        Ok(())
    }

    /// Only called while no socket of the family is left.
    pub(super) fn tear_down(&self) {
        let raw = self.0.load(Acquire);
        self.0.store(core::ptr::null_mut(), Release);
        if !raw.is_null() {
            // SAFETY: By the type invariant the reference is ours to give up.
            drop(unsafe { Arc::from_raw(raw) });
        }
    }

    /// For the length of a call on a socket of the family.
    pub(super) fn get(&self) -> Option<&Sending> {
        // SAFETY: By the type invariant it is valid until `tear_down()`, which is not called while
        // there is a socket.
        unsafe { self.0.load(Acquire).as_ref() }
    }
}

impl<T: SocketOps> RecvMessage<'_, T> {
    /// Gives the caller the descriptors, all or, with `MSG_CTRUNC`, none. May sleep.
    pub(crate) fn put_descriptors(&mut self, descriptors: &Descriptors) {
        // SAFETY: By the type invariant the list is valid, and so is the message.
        unsafe { bindings::shim_msg_put_descriptors(self.as_raw(), descriptors.list.as_ptr()) };
    }
}
