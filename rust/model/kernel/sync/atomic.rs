// SPDX-License-Identifier: GPL-2.0

//! Atomics of the kernel's memory model, in terms of C11's.
//!
//! A full operation is one between two full fences, as include/linux/atomic/atomic-arch-fallback.h
//! makes it for machines that have relaxed ones. One that fails has no ordering.

use super::raw;

pub use ordering::{
    Acquire,
    Full,
    Relaxed,
    Release, //
};

pub mod ordering {
    //! The orderings.

    use super::raw::Ordering as Raw;

    pub struct Relaxed;
    pub struct Acquire;
    pub struct Release;
    pub struct Full;

    pub trait Ordering {
        /// That of a load.
        const LOAD: Raw;
        /// That of a store.
        const STORE: Raw;
        /// That of an exchange.
        const EXCHANGE: Raw;
        /// Whether it is between two full fences.
        const IS_FULL: bool = false;
    }

    impl Ordering for Relaxed {
        const LOAD: Raw = Raw::Relaxed;
        const STORE: Raw = Raw::Relaxed;
        const EXCHANGE: Raw = Raw::Relaxed;
    }

    impl Ordering for Acquire {
        const LOAD: Raw = Raw::Acquire;
        const STORE: Raw = Raw::Relaxed;
        const EXCHANGE: Raw = Raw::Acquire;
    }

    impl Ordering for Release {
        const LOAD: Raw = Raw::Relaxed;
        const STORE: Raw = Raw::Release;
        const EXCHANGE: Raw = Raw::Release;
    }

    impl Ordering for Full {
        const LOAD: Raw = Raw::Acquire;
        const STORE: Raw = Raw::Release;
        const EXCHANGE: Raw = Raw::AcqRel;
        const IS_FULL: bool = true;
    }

    /// What a load may have.
    pub trait AcquireOrRelaxed: Ordering {}
    impl AcquireOrRelaxed for Acquire {}
    impl AcquireOrRelaxed for Relaxed {}

    /// What a store may have.
    pub trait ReleaseOrRelaxed: Ordering {}
    impl ReleaseOrRelaxed for Release {}
    impl ReleaseOrRelaxed for Relaxed {}
}

use ordering::{
    AcquireOrRelaxed,
    Ordering,
    ReleaseOrRelaxed, //
};

/// What can be atomic.
pub trait AtomicType: Copy {
    type Raw;

    fn raw(value: Self) -> Self::Raw;
    fn load(raw: &Self::Raw, ordering: raw::Ordering) -> Self;
    fn store(raw: &Self::Raw, value: Self, ordering: raw::Ordering);
    fn swap(raw: &Self::Raw, value: Self, ordering: raw::Ordering) -> Self;
    fn exchange(
        raw: &Self::Raw,
        old: Self,
        new: Self,
        ordering: raw::Ordering,
    ) -> Result<Self, Self>;
}

/// What can be added to.
pub trait AtomicAdd: AtomicType {
    fn add(raw: &Self::Raw, value: Self, ordering: raw::Ordering) -> Self;
    fn sub(raw: &Self::Raw, value: Self, ordering: raw::Ordering) -> Self;
}

/// An atomic.
pub struct Atomic<T: AtomicType>(T::Raw);

fn full<O: Ordering, R>(exchange: impl FnOnce() -> R) -> R {
    if O::IS_FULL {
        super::smp_mb();
    }
    let result = exchange();
    if O::IS_FULL {
        super::smp_mb();
    }
    result
}

impl<T: AtomicType> Atomic<T> {
    pub fn new(value: T) -> Self {
        Self(T::raw(value))
    }

    pub fn load<O: AcquireOrRelaxed>(&self, _: O) -> T {
        T::load(&self.0, O::LOAD)
    }

    pub fn store<O: ReleaseOrRelaxed>(&self, value: T, _: O) {
        T::store(&self.0, value, O::STORE);
    }

    pub fn xchg<O: Ordering>(&self, value: T, _: O) -> T {
        full::<O, _>(|| T::swap(&self.0, value, O::EXCHANGE))
    }

    pub fn cmpxchg<O: Ordering>(&self, old: T, new: T, _: O) -> Result<T, T> {
        full::<O, _>(|| T::exchange(&self.0, old, new, O::EXCHANGE))
    }
}

impl<T: AtomicAdd> Atomic<T> {
    pub fn add(&self, value: T, _: Relaxed) {
        T::add(&self.0, value, raw::Ordering::Relaxed);
    }

    pub fn fetch_add<O: Ordering>(&self, value: T, _: O) -> T {
        full::<O, _>(|| T::add(&self.0, value, O::EXCHANGE))
    }

    pub fn fetch_sub<O: Ordering>(&self, value: T, _: O) -> T {
        full::<O, _>(|| T::sub(&self.0, value, O::EXCHANGE))
    }
}

macro_rules! atomic {
    ($type:ty, $raw:ident) => {
        impl AtomicType for $type {
            type Raw = raw::$raw;

            fn raw(value: Self) -> Self::Raw {
                raw::$raw::new(value)
            }

            fn load(raw: &Self::Raw, ordering: raw::Ordering) -> Self {
                raw.load(ordering)
            }

            fn store(raw: &Self::Raw, value: Self, ordering: raw::Ordering) {
                raw.store(value, ordering);
            }

            fn swap(raw: &Self::Raw, value: Self, ordering: raw::Ordering) -> Self {
                raw.swap(value, ordering)
            }

            fn exchange(
                raw: &Self::Raw,
                old: Self,
                new: Self,
                ordering: raw::Ordering,
            ) -> Result<Self, Self> {
                raw.compare_exchange(old, new, ordering, raw::Ordering::Relaxed)
            }
        }
    };
}

macro_rules! arithmetic {
    ($type:ty, $raw:ident) => {
        atomic!($type, $raw);

        impl AtomicAdd for $type {
            fn add(raw: &Self::Raw, value: Self, ordering: raw::Ordering) -> Self {
                raw.fetch_add(value, ordering)
            }

            fn sub(raw: &Self::Raw, value: Self, ordering: raw::Ordering) -> Self {
                raw.fetch_sub(value, ordering)
            }
        }
    };
}

atomic!(bool, AtomicBool);
arithmetic!(i32, AtomicI32);
arithmetic!(u32, AtomicU32);
arithmetic!(u64, AtomicU64);
arithmetic!(usize, AtomicUsize);
arithmetic!(isize, AtomicIsize);
