// SPDX-License-Identifier: GPL-2.0

//! Initialisers. They return the object, which may be moved on the host.

use core::convert::Infallible;

/// Makes a `T`.
pub trait PinInit<T, E = Infallible> {
    fn init(self) -> Result<T, E>;
}

/// See [`pin_init!`](crate::pin_init).
pub struct Initialiser<F>(F);

impl<T, E, F: FnOnce() -> Result<T, E>> PinInit<T, E> for Initialiser<F> {
    fn init(self) -> Result<T, E> {
        (self.0)()
    }
}

/// Makes what `make` does.
pub fn from_fn<T, E>(make: impl FnOnce() -> Result<T, E>) -> impl PinInit<T, E> {
    Initialiser(make)
}

/// As the kernel's, of values, initialisers and names of fields.
#[macro_export]
macro_rules! pin_init {
    (@fields $type:ident [$($done:ident)*]) => {
        $type { $($done),* }
    };
    (@fields $type:ident [$($done:ident)*] $field:ident : $value:expr $(, $($rest:tt)*)?) => {{
        let $field = $value;
        $crate::pin_init!(@fields $type [$($done)* $field] $($($rest)*)?)
    }};
    (@fields $type:ident [$($done:ident)*] $field:ident <- $init:expr $(, $($rest:tt)*)?) => {{
        let $field = $crate::init::PinInit::init($init)?;
        $crate::pin_init!(@fields $type [$($done)* $field] $($($rest)*)?)
    }};
    (@fields $type:ident [$($done:ident)*] $field:ident $(, $($rest:tt)*)?) => {
        $crate::pin_init!(@fields $type [$($done)* $field] $($($rest)*)?)
    };
    ($type:ident { $($fields:tt)* }) => {
        $crate::init::from_fn(move || {
            ::core::result::Result::<_, ::core::convert::Infallible>::Ok(
                $crate::pin_init!(@fields $type [] $($fields)*)
            )
        })
    };
}
