// SPDX-License-Identifier: GPL-2.0

//! Numbers of include/uapi/asm-generic/errno.h.

macro_rules! declare {
    ($($name:ident = $number:literal;)+) => {
        $(pub(crate) const $name: u32 = $number;)+
    };
}

declare! {
    ENOPROTOOPT = 92;
    EPROTONOSUPPORT = 93;
    ESOCKTNOSUPPORT = 94;
    EOPNOTSUPP = 95;
    EAFNOSUPPORT = 97;
    EADDRINUSE = 98;
    EADDRNOTAVAIL = 99;
    ENETUNREACH = 101;
    ECONNABORTED = 103;
    ECONNRESET = 104;
    ENOBUFS = 105;
    EISCONN = 106;
    ENOTCONN = 107;
    ETOOMANYREFS = 109;
    ECONNREFUSED = 111;
    EALREADY = 114;
    EINPROGRESS = 115;
    EDESTADDRREQ = 89;
}
