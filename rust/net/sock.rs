// SPDX-License-Identifier: GPL-2.0

//! `struct sock` with the Rust state of a socket behind it.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use core::{
    cell::UnsafeCell,
    ops::Deref,
    ptr::NonNull, //
};

use kernel::{
    prelude::*,
    sync::{
        atomic::Atomic,
        rcu, //
    },
    types::Opaque, //
};

use super::{
    capability::ns_capable,
    sharers::Link,
    Capability,
    Family,
    FamilyCell,
    Shutdown,
    SockGuard,
    SockRef,
    SocketArgs,
    SocketOps,
    WaitQueue, //
};
use crate::bindings;

/// The type of a socket, the second argument of `socket(2)`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SocketType {
    /// `SOCK_STREAM`
    Stream,
    /// `SOCK_DGRAM`
    Datagram,
    /// `SOCK_RAW`
    Raw,
    /// `SOCK_RDM`
    ReliableMessage,
    /// `SOCK_SEQPACKET`
    SeqPacket,
}

impl SocketType {
    /// The number that `socket(2)` and `SO_TYPE` have for it.
    pub(crate) fn into_raw(self) -> i32 {
        match self {
            Self::Stream => bindings::SHIM_SOCK_STREAM,
            Self::Datagram => bindings::SHIM_SOCK_DGRAM,
            Self::Raw => bindings::SHIM_SOCK_RAW,
            Self::ReliableMessage => bindings::SHIM_SOCK_RDM,
            Self::SeqPacket => bindings::SHIM_SOCK_SEQPACKET,
        }
    }

    /// The one of `types` that has the number `raw`.
    pub(super) fn from_raw(raw: i32, types: &[Self]) -> Option<Self> {
        types
            .iter()
            .copied()
            .find(|socket_type| socket_type.into_raw() == raw)
    }
}

/// What `sk_state` tells the rest of the kernel; only this much of it is common to all families.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SocketState {
    /// Neither connected nor listening.
    Unconnected,
    /// A connection was asked for.
    Connecting,
    /// Connected.
    Established,
    /// Listening; makes `SO_ACCEPTCONN` read 1.
    Listening,
}

impl SocketState {
    fn into_raw(self) -> u8 {
        match self {
            Self::Unconnected => bindings::SHIM_TCP_CLOSE,
            Self::Connecting => bindings::SHIM_TCP_SYN_SENT,
            Self::Established => bindings::SHIM_TCP_ESTABLISHED,
            Self::Listening => bindings::SHIM_TCP_LISTEN,
        }
    }
}

/// Which sock it is, for comparison with others. One that has gone may have had the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SockId(core::num::NonZeroUsize);

impl SockId {
    /// Out of a place that has 0 for none.
    pub(crate) fn from_raw(raw: usize) -> Option<Self> {
        core::num::NonZeroUsize::new(raw).map(Self)
    }

    /// For such a place.
    pub(crate) fn into_raw(self) -> usize {
        self.0.get()
    }
}

/// What `SIGIO` says about a change of state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WakeBand {
    /// There is something to read.
    In,
    /// There is room to write.
    Out,
    /// The peer hung up.
    HangUp,
    /// Nothing, and there is none: a call on the socket itself has changed the state.
    Silent,
}

impl WakeBand {
    fn into_raw(self) -> i32 {
        match self {
            Self::In => bindings::SHIM_POLL_IN,
            Self::Out => bindings::SHIM_POLL_OUT,
            Self::HangUp => bindings::SHIM_POLL_HUP,
            Self::Silent => 0,
        }
    }
}

/// The bytes of a `struct sock`.
#[repr(C, align(8))]
struct RawSock([u8; bindings::SHIM_SIZEOF_SOCK]);

/// What follows the `struct sock`.
#[pin_data]
pub(super) struct SockData<T: SocketOps> {
    cell: &'static FamilyCell<T::Family>,
    /// The family's state of the sock's network namespace.
    pub(super) namespace: NonNull<<T::Family as Family>::Namespace>,
    /// `SO_INQ`, which `struct sock` has no place for.
    inq: Atomic<bool>,
    /// Bytes of the namespace's memory account that are held for messages in the queue.
    pub(super) queue_charge: Atomic<usize>,
    link: Link<T>,
    locked: UnsafeCell<T::Locked>,
    #[pin]
    ops: T,
}

/// A socket, `struct sock` in C, that belongs to the socket type `T`.
///
/// [`SockRef`] is a counted reference. The object is freed after an RCU grace period, so inside a
/// read-side critical section a plain reference found through an RCU-protected pointer may be used
/// although nothing counts it.
///
/// # Invariants
///
/// - `raw` is a `struct sock` of [`Proto<T>`](super::Proto) with `SOCK_RCU_FREE` set.
/// - `data` is initialised, and is dropped by the destructor of the `struct sock` only.
/// - The sock holds a reference on its network namespace, and `data.namespace` points to the
///   family's state of that.
#[repr(C)]
pub(crate) struct Sock<T: SocketOps> {
    raw: Opaque<RawSock>,
    data: SockData<T>,
}

// SAFETY: A `struct sock` may be used and freed from any thread; `T` and `T::Locked` are `Send`.
unsafe impl<T: SocketOps> Send for Sock<T> {}
// SAFETY: The C object is made for concurrent use through the functions called here, `T` is
// `Sync`, and `T::Locked`, which is `Send`, is only reached with the socket lock held.
unsafe impl<T: SocketOps> Sync for Sock<T> {}

impl<T: SocketOps> Sock<T> {
    /// Bytes that `struct proto` has to reserve for an object.
    pub(super) const OBJECT_SIZE: usize = {
        // The slab aligns to the cache line (`SLAB_HWCACHE_ALIGN` in net/core/sock.c).
        assert!(core::mem::align_of::<Self>() <= 64);
        core::mem::size_of::<Self>()
    };

    /// The `struct sock`.
    pub(super) fn as_raw(&self) -> *mut bindings::sock {
        self.raw.get().cast()
    }

    /// Where the Rust state of `sk` lies.
    ///
    /// # Safety
    ///
    /// `sk` must point to an object of `Proto<T>`.
    pub(super) unsafe fn data_of(sk: *mut bindings::sock) -> *mut SockData<T> {
        // SAFETY: As the caller promises, `OBJECT_SIZE` bytes are there.
        unsafe { &raw mut (*sk.cast::<Self>()).data }
    }

    /// `SO_INQ`.
    pub(super) fn inq(&self) -> &Atomic<bool> {
        &self.data.inq
    }

    pub(super) fn cell(&self) -> &'static FamilyCell<T::Family> {
        self.data.cell
    }

    pub(super) fn queue_charge(&self) -> &Atomic<usize> {
        &self.data.queue_charge
    }

    pub(super) fn link(&self) -> &Link<T> {
        &self.data.link
    }

    pub(super) fn locked_ptr(&self) -> *mut T::Locked {
        self.data.locked.get()
    }

    /// Takes the socket lock. May sleep; process context.
    pub(crate) fn lock(&self) -> SockGuard<'_, T> {
        SockGuard::new(self)
    }

    /// The family's state of the network namespace that the socket was made in.
    pub(crate) fn namespace(&self) -> &<T::Family as Family>::Namespace {
        // SAFETY: By the type invariants the pointer is valid as long as the network namespace,
        // on which the sock holds a reference.
        unsafe { self.data.namespace.as_ref() }
    }

    /// Whether the caller has `capability` in the user namespace that owns the socket's network
    /// namespace.
    pub(crate) fn ns_capable(&self, capability: Capability) -> bool {
        // SAFETY: The sock holds its network namespace.
        unsafe { ns_capable(bindings::shim_sk_net(self.as_raw()), capability) }
    }

    /// What a socket like this one is asked to be.
    pub(super) fn args(&self) -> Option<SocketArgs<'_>> {
        // SAFETY: The sock is valid, and its type, protocol and namespace do not change. It holds
        // the namespace.
        unsafe {
            let net = NonNull::new(bindings::shim_sk_net(self.as_raw()))?;
            let raw_type = bindings::shim_sk_type(self.as_raw());
            let socket_type = SocketType::from_raw(raw_type, T::TYPES)?;
            let protocol = bindings::shim_sk_protocol(self.as_raw());
            Some(SocketArgs::new(socket_type, protocol, net))
        }
    }

    /// Sets what the rest of the kernel sees as the state.
    pub(crate) fn set_state(&self, state: SocketState) {
        // SAFETY: A plain store to a field of a valid sock.
        unsafe { bindings::shim_sk_set_state(self.as_raw(), state.into_raw()) };
    }

    /// Reports `error` once, by the next call or `SO_ERROR`, and wakes pollers. Does not sleep.
    pub(crate) fn set_error(&self, error: Error) {
        self.trace(fmt!("error: {:?}", error));
        // An `Error` is between -4095 and -1, so this does not overflow.
        let errno = error.to_errno().wrapping_neg();
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_set_error(self.as_raw(), errno) };
    }

    /// Takes the pending error, if there is one: `sock_error()`.
    pub(crate) fn take_error(&self) -> Result {
        // SAFETY: The sock is valid.
        kernel::error::to_result(unsafe { bindings::shim_sk_take_error(self.as_raw()) })
    }

    /// Whether an error is pending.
    pub(crate) fn has_error(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_peek_error(self.as_raw()) != 0 }
    }

    /// Whether the error queue holds anything.
    pub(crate) fn has_queued_error(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_error_queued(self.as_raw()) }
    }

    /// Bytes that may wait to be received: `SO_RCVBUF`.
    pub(crate) fn receive_buffer(&self) -> usize {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_rcvbuf(self.as_raw()) }
            .try_into()
            .unwrap_or(0)
    }

    /// Bytes that may wait to be sent: `SO_SNDBUF`.
    pub(crate) fn send_buffer(&self) -> usize {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_sndbuf(self.as_raw()) }
            .try_into()
            .unwrap_or(0)
    }

    /// Bytes that make a socket readable: `SO_RCVLOWAT`, at least 1.
    pub(crate) fn receive_low_water(&self) -> usize {
        // SAFETY: The sock is valid.
        let low_water: usize = unsafe { bindings::shim_sk_rcvlowat(self.as_raw()) }
            .try_into()
            .unwrap_or(1);
        low_water.max(1)
    }

    /// `SO_BROADCAST`.
    pub(crate) fn may_broadcast(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_broadcast(self.as_raw()) }
    }

    /// Tells the rest of the kernel how many connections may wait.
    pub(crate) fn set_max_backlog(&self, backlog: u32) {
        // SAFETY: A plain store to a field of a valid sock.
        unsafe { bindings::shim_sk_set_max_ack_backlog(self.as_raw(), backlog) };
    }

    /// Notes in `sk_shutdown` what `shutdown(2)` has closed.
    pub(crate) fn add_shutdown(&self, _locked: &SockGuard<'_, T>, how: Shutdown) {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_add_shutdown(self.as_raw(), how.bits()) };
    }

    /// Whether `shutdown(2)` has closed the receiving side.
    pub(crate) fn is_receive_shut(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_shutdown(self.as_raw()) & bindings::SHIM_RCV_SHUTDOWN != 0 }
    }

    /// Whether `shutdown(2)` has closed the sending side.
    pub(crate) fn is_send_shut(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_shutdown(self.as_raw()) & bindings::SHIM_SEND_SHUTDOWN != 0 }
    }

    /// Which sock it is.
    pub(crate) fn id(&self) -> SockId {
        SockId(NonNull::from(self).addr())
    }

    /// A counted reference, unless the last one is gone and only an RCU read-side critical section
    /// keeps the object.
    pub(crate) fn try_ref(&self) -> Option<SockRef<T>> {
        SockRef::try_hold(self)
    }

    /// Wakes readers: `sk_data_ready()`. What is to be read must have been published before.
    /// Does not sleep.
    pub(crate) fn wake_readers(&self) {
        // SAFETY: The sock is valid, and its callbacks are set by `sock_init_data()`.
        unsafe { bindings::shim_sk_data_ready(self.as_raw()) };
    }

    /// As [`wake_readers`](Self::wake_readers), in few instructions if nobody waits. To be called
    /// in an RCU read-side critical section, after a full barrier ([`smp_mb`](super::smp_mb)) that
    /// came after what is to be read was published: without one, who begins to wait may miss it.
    pub(crate) fn wake_readers_after_mb(&self, _rcu: &rcu::Guard) {
        // SAFETY: The sock is valid, its callbacks are set by `sock_init_data()`, and `_rcu` keeps
        // its wait queue.
        unsafe { bindings::shim_sk_data_ready_after_mb(self.as_raw()) };
    }

    /// Wakes writers: `sk_write_space()`. The room must have been published before. Does not
    /// sleep.
    pub(crate) fn wake_writers(&self) {
        // SAFETY: The sock is valid, and its callbacks are set by `sock_init_data()`.
        unsafe { bindings::shim_sk_write_space(self.as_raw()) };
    }

    /// Wakes everybody, whatever they wait for: `sk_state_change()`. Does not sleep.
    pub(crate) fn wake_all(&self, band: WakeBand) {
        // SAFETY: The sock is valid, and its callbacks are set by `sock_init_data()`.
        unsafe {
            bindings::shim_sk_state_change(self.as_raw(), band != WakeBand::Out, band.into_raw())
        };
    }

    /// Raises `SIGURG` for whoever owns the socket (`F_SETOWN`). Does not sleep.
    pub(crate) fn signal_urgent(&self) {
        // SAFETY: The sock is valid, and the caller in an RCU read-side critical section or in an
        // operation of it, so that its file stays.
        unsafe { bindings::shim_sk_send_sigurg(self.as_raw()) };
    }

    /// Whether urgent data is to be read in line: `SO_OOBINLINE`.
    pub(crate) fn is_urgent_inline(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_urginline(self.as_raw()) }
    }
}

impl<T: SocketOps> Deref for Sock<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data.ops
    }
}

impl<T: SocketOps> SockData<T> {
    /// An initialiser for the Rust state of a new sock.
    pub(super) fn new(
        cell: &'static FamilyCell<T::Family>,
        namespace: NonNull<<T::Family as Family>::Namespace>,
        ops: impl PinInit<T, Error>,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            cell,
            namespace,
            inq: Atomic::new(false),
            queue_charge: Atomic::new(0),
            link: Link::new(),
            locked: UnsafeCell::new(T::Locked::default()),
            ops <- ops,
        }? Error)
    }
}

/// The destructor of the C object.
///
/// # Safety
///
/// Called by `__sk_destruct()` in net/core/sock.c when nobody refers to the object any more, with
/// an object whose Rust state is initialised.
pub(super) unsafe extern "C" fn destruct<T: SocketOps>(sk: *mut bindings::sock) {
    // SAFETY: As promised, the state is initialised and nobody else refers to it. The C object
    // is still whole.
    let cell = unsafe {
        let data = Sock::<T>::data_of(sk);
        let cell = (*data).cell;
        (*data).release_queue_charge();
        core::ptr::drop_in_place(data);
        bindings::shim_sk_destruct(sk);
        cell
    };
    cell.forget();
}

/// A [`Sock`] that is attached to an open file, `struct socket` in C.
///
/// The operations of [`SocketOps`] get one. As long as it lives, the file is open, so the wait
/// queue is there and `release` has not been called.
///
/// # Invariants
///
/// `raw` points to a `struct socket` that is open for `'a` and whose `sk` is `sk`.
pub(crate) struct Socket<'a, T: SocketOps> {
    raw: NonNull<bindings::socket>,
    sk: &'a Sock<T>,
}

impl<T: SocketOps> Clone for Socket<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: SocketOps> Copy for Socket<'_, T> {}

impl<'a, T: SocketOps> Socket<'a, T> {
    /// # Safety
    ///
    /// `raw` must be a socket whose `ops` is the table of `Proto<T>`, in an operation of which the
    /// caller is, for the whole of `'a`.
    pub(super) unsafe fn from_raw(raw: *mut bindings::socket) -> Option<Self> {
        let raw = NonNull::new(raw)?;
        // SAFETY: `sk` of a socket changes in `create` and `release` only, and neither runs at the
        // same time as another operation.
        let sk = unsafe { NonNull::new(raw.as_ref().sk)? };
        // SAFETY: `create` sets `ops` after the Rust state was initialised, so `sk` satisfies the
        // invariants of `Sock<T>`; the socket owns a reference for `'a`.
        let sk = unsafe { sk.cast::<Sock<T>>().as_ref() };
        // INVARIANT: By the contract of this function.
        Some(Self { raw, sk })
    }

    pub(super) fn as_raw(&self) -> *mut bindings::socket {
        self.raw.as_ptr()
    }

    /// The sock, for longer than this value.
    pub(crate) fn sock(&self) -> &'a Sock<T> {
        self.sk
    }

    /// A counted reference to the sock.
    pub(crate) fn sock_ref(&self) -> SockRef<T> {
        // SAFETY: An open socket owns a reference on its sock, so the count is not zero.
        unsafe { SockRef::hold(self.sk) }
    }

    /// What blocking operations sleep on, and the wake methods of [`Sock`] wake.
    pub(crate) fn wait_queue(&self) -> WaitQueue<'a> {
        // SAFETY: By the type invariant the socket is open for `'a`.
        unsafe { WaitQueue::new(self.raw) }
    }

    /// Notes that a writer found no room, without which no `SIGIO` tells when there is some.
    pub(crate) fn note_no_space(&self) {
        // SAFETY: By the type invariant the socket is open, with a sock and a wait queue.
        unsafe { bindings::shim_sk_note_no_space(self.as_raw()) };
    }

    /// What the task would see if it slept in `recv(2)` or `accept(2)` now: `SO_RCVTIMEO`.
    pub(super) fn raw_receive_timeout(&self) -> isize {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_rcvtimeo(self.sk.as_raw()) }
    }

    /// Likewise for `send(2)` and `connect(2)`: `SO_SNDTIMEO`.
    pub(super) fn raw_send_timeout(&self) -> isize {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_sndtimeo(self.sk.as_raw()) }
    }
}

impl<T: SocketOps> Deref for Socket<'_, T> {
    type Target = Sock<T>;

    fn deref(&self) -> &Sock<T> {
        self.sk
    }
}
