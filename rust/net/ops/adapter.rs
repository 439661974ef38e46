// SPDX-License-Identifier: GPL-2.0

//! From the kernel's calls to [`SocketOps`]: one function an operation.
//!
//! All of them are called by net/socket.c, with a `struct socket` that is open for the length of
//! the call, whose `ops` is the table made here.

use kernel::{
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

use super::{
    Address,
    Shutdown,
    SocketOps, //
};
use crate::{
    bindings,
    net::{
        address,
        errno::{
            ENOPROTOOPT,
            ENOTCONN,
            EOPNOTSUPP, //
        },
        error_queue::ZerocopyNotice,
        family_number,
        option::is_own_level,
        AcceptRequest,
        NameOf,
        OptionOutcome,
        OptionReply,
        OptionValue,
        RecvMessage,
        SendMessage,
        Sock,
        SockRef,
        Socket,
        SocketAddress,
        SocketOption, //
    }, //
};

/// The operations of `T`. What the core calls without asking whether it is there, but `T` does not
/// have, answers as the core's own stub does.
pub(in crate::net) fn table<T: SocketOps>(
    family: i32,
    owner: *mut bindings::module,
) -> bindings::proto_ops {
    bindings::proto_ops {
        family,
        owner,
        release: Some(release::<T>),
        bind: Some(bind::<T>),
        connect: Some(connect::<T>),
        socketpair: Some(if T::HAS_SOCKETPAIR {
            socketpair::<T>
        } else {
            bindings::sock_no_socketpair
        }),
        accept: Some(if T::HAS_ACCEPT {
            accept::<T>
        } else {
            bindings::sock_no_accept
        }),
        getname: Some(getname::<T>),
        poll: Some(poll::<T>),
        ioctl: Some(ioctl::<T>),
        listen: Some(if T::HAS_LISTEN {
            listen::<T>
        } else {
            bindings::sock_no_listen
        }),
        shutdown: Some(shutdown::<T>),
        setsockopt: Some(setsockopt::<T>),
        getsockopt_iter: Some(getsockopt::<T>),
        sendmsg: Some(sendmsg::<T>),
        recvmsg: Some(recvmsg::<T>),
        mmap: Some(bindings::sock_no_mmap),
        gettstamp: Some(bindings::sock_gettstamp),
        set_peek_off: if T::PEEKS_AT_OFFSET {
            Some(bindings::sk_set_peek_off)
        } else {
            None
        },
        set_rcvlowat: Some(set_rcvlowat::<T>),
        set_rcvbuf: if T::HAS_RECEIVE_BUFFER_CHANGED {
            Some(set_rcvbuf::<T>)
        } else {
            None
        },
        ..pin_init::zeroed()
    }
}

/// What the kernel expects: 0, or a negative errno.
fn status(result: Result) -> i32 {
    match result {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

/// What the kernel expects: a count, or a negative errno.
fn count(result: Result<usize>) -> i32 {
    match result {
        // The core caps the length of a transfer at MAX_RW_COUNT.
        Ok(count) => i32::try_from(count).unwrap_or(i32::MAX),
        Err(error) => error.to_errno(),
    }
}

/// # Safety
///
/// `sock` must be a valid socket of type `T`, in an operation of which the caller is, for `'a`.
unsafe fn socket<'a, T: SocketOps>(sock: *mut bindings::socket) -> Result<Socket<'a, T>> {
    // SAFETY: As the caller promises.
    unsafe { Socket::from_raw(sock) }.ok_or_else(|| ENOTCONN.into())
}

/// # Safety
///
/// As in the module's documentation; called by `__sock_release()`, for the last time on `sock`.
unsafe extern "C" fn release<T: SocketOps>(sock: *mut bindings::socket) -> i32 {
    // SAFETY: The caller is in an operation of the socket.
    let Ok(socket) = (unsafe { socket::<T>(sock) }) else {
        // `accept()` failed, and the socket that it was for never got a sock.
        return 0;
    };
    let sk = core::ptr::NonNull::from(socket.sock());
    socket.trace_call("close", &Ok(()), None);
    T::release(socket);
    // SAFETY: `socket` is not used any more. The socket's reference to its sock is taken over,
    // and dropped, as it is detached from it.
    unsafe {
        bindings::shim_sk_close_queue(sk.as_ptr().cast());
        bindings::shim_sk_orphan(sock);
        drop(SockRef::from_raw(sk));
    }
    0
}

/// # Safety
///
/// As in the module's documentation; `len` bytes at `addr` are initialised.
unsafe extern "C" fn bind<T: SocketOps>(
    sock: *mut bindings::socket,
    addr: *mut bindings::sockaddr_unsized,
    len: i32,
) -> i32 {
    let bind = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        // SAFETY: The caller passes `len` bytes, which are its own.
        let bytes = unsafe { address::bytes(addr.cast(), len) }?;
        let result = Address::<T>::decode(bytes, family_number::<T::Family>())
            .and_then(|address| T::bind(socket, address));
        socket.trace_call("bind", &result, Some(NameOf::Local));
        result
    };
    status(bind())
}

/// # Safety
///
/// As in the module's documentation; `len` bytes at `addr` are initialised.
unsafe extern "C" fn connect<T: SocketOps>(
    sock: *mut bindings::socket,
    addr: *mut bindings::sockaddr_unsized,
    len: i32,
    flags: i32,
) -> i32 {
    let connect = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        // SAFETY: The caller passes `len` bytes, which are its own.
        let bytes = unsafe { address::bytes(addr.cast(), len) }?;
        if address::family_of(bytes).map(u32::from) == Some(bindings::AF_UNSPEC) {
            let result = T::disconnect(socket);
            socket.trace_call("disconnect", &result, None);
            return result;
        }
        let nonblocking = flags & bindings::SHIM_O_NONBLOCK != 0;
        let result = Address::<T>::decode(bytes, family_number::<T::Family>())
            .and_then(|address| T::connect(socket, address, nonblocking));
        socket.trace_call("connect", &result, Some(NameOf::Peer));
        result
    };
    status(connect())
}

/// # Safety
///
/// As in the module's documentation, for both sockets.
unsafe extern "C" fn socketpair<T: SocketOps>(
    first: *mut bindings::socket,
    second: *mut bindings::socket,
) -> i32 {
    let pair = || {
        // SAFETY: The caller is in an operation of both sockets.
        let (first, second) = unsafe { (socket::<T>(first)?, socket::<T>(second)?) };
        T::socketpair(first, second)
    };
    status(pair())
}

/// # Safety
///
/// As in the module's documentation; `newsock` is a new socket that has no sock, and `arg` is
/// valid for the length of the call.
unsafe extern "C" fn accept<T: SocketOps>(
    sock: *mut bindings::socket,
    newsock: *mut bindings::socket,
    arg: *mut bindings::proto_accept_arg,
) -> i32 {
    let accept = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        // SAFETY: As the caller promises.
        let request = unsafe { AcceptRequest::new(socket, newsock, arg) };
        let result = T::accept(socket, request).map(|_accepted| ());
        socket.trace_call("accept", &result, None);
        if result.is_ok() {
            // SAFETY: The new socket was made one of the same type. Nobody else knows it before
            // the caller returns.
            let child = unsafe { Socket::<T>::from_raw(newsock) };
            if let Some(child) = child {
                child.trace_call("accepted", &result, Some(NameOf::AcceptedPeer));
            }
        }
        result
    };
    status(accept())
}

/// # Safety
///
/// As in the module's documentation; `addr` has room for a `struct sockaddr_storage`.
unsafe extern "C" fn getname<T: SocketOps>(
    sock: *mut bindings::socket,
    addr: *mut bindings::sockaddr,
    peer: i32,
) -> i32 {
    let name = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        let of = match peer {
            0 => NameOf::Local,
            1 => NameOf::Peer,
            _ => NameOf::AcceptedPeer,
        };
        let name = T::name(socket, of)?.encode(family_number::<T::Family>());
        let name = name.as_ref();
        let len = name
            .len()
            .min(core::mem::size_of::<bindings::__kernel_sockaddr_storage>());
        // SAFETY: There is room for `len` bytes, and the buffer is the caller's own.
        unsafe { core::ptr::copy_nonoverlapping(name.as_ptr(), addr.cast(), len) };
        Ok(len)
    };
    count(name())
}

/// # Safety
///
/// As in the module's documentation; `wait` is null or valid, for `file`, which is the socket's.
unsafe extern "C" fn poll<T: SocketOps>(
    file: *mut bindings::file,
    sock: *mut bindings::socket,
    wait: *mut bindings::poll_table_struct,
) -> u32 {
    // SAFETY: The caller passes all three, and the socket's wait queue lives as long as its file.
    // The barrier in it pairs with the one of whoever wakes.
    unsafe { bindings::shim_sk_poll_wait(file, sock, wait) };
    // SAFETY: The caller is in an operation of the socket.
    match unsafe { socket::<T>(sock) } {
        Ok(socket) => T::poll(socket).into_raw(),
        Err(_) => 0,
    }
}

/// What `cmd` asks for.
///
/// # Errors
///
/// `ENOIOCTLCMD` if it is none of the socket's: the core goes on with the requests that are for
/// network interfaces, and then answers `ENOTTY`.
fn answer<T: SocketOps>(sk: &Sock<T>, cmd: u32) -> Result<i32> {
    let value = match cmd {
        bindings::SHIM_SIOCATMARK if T::HAS_IS_AT_MARK => usize::from(T::is_at_mark(sk)?),
        bindings::SHIM_SIOCATMARK => return Err(EOPNOTSUPP.into()),
        bindings::SHIM_SIOCINQ if T::HAS_BYTES_READABLE => T::bytes_readable(sk)?,
        bindings::SHIM_SIOCOUTQ if T::HAS_BYTES_UNREAD => T::bytes_unread(sk)?,
        _ => return Err(ENOIOCTLCMD),
    };
    Ok(i32::try_from(value).unwrap_or(i32::MAX))
}

/// # Safety
///
/// As in the module's documentation.
unsafe extern "C" fn ioctl<T: SocketOps>(sock: *mut bindings::socket, cmd: u32, arg: usize) -> i32 {
    let ioctl = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        let value = answer(socket.sock(), cmd)?;
        UserSlice::new(UserPtr::from_addr(arg), core::mem::size_of::<i32>())
            .writer()
            .write(&value)
    };
    status(ioctl())
}

/// `proto.ioctl`, by which io_uring asks.
///
/// # Safety
///
/// `sk` is a sock of type `T` that belongs to an open file, and `arg` is valid for writes.
pub(in crate::net) unsafe extern "C" fn sock_ioctl<T: SocketOps>(
    sk: *mut bindings::sock,
    cmd: i32,
    arg: *mut i32,
) -> i32 {
    // SAFETY: As the caller promises, and a sock of the type is a `Sock<T>`. CAST: The bits of a
    // command are the same in either type.
    match answer(unsafe { &*sk.cast::<Sock<T>>() }, cmd as u32) {
        Ok(value) => {
            // SAFETY: As the caller promises.
            unsafe { arg.write(value) };
            0
        }
        Err(error) => error.to_errno(),
    }
}

/// `proto.rehash`, of which the core tells that the device has changed.
///
/// # Safety
///
/// Called by `sock_bindtoindex_locked()` in net/core/sock.c with a locked sock of type `T`.
pub(in crate::net) unsafe extern "C" fn sock_rehash<T: SocketOps>(sk: *mut bindings::sock) {
    // SAFETY: A sock of the type is a `Sock<T>`.
    T::device_changed(unsafe { &*sk.cast::<Sock<T>>() });
}

/// # Safety
///
/// As in the module's documentation.
unsafe extern "C" fn listen<T: SocketOps>(sock: *mut bindings::socket, backlog: i32) -> i32 {
    let listen = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        // The core has capped it, as an unsigned number; callers in the kernel may not have.
        let result = T::listen(socket, u32::try_from(backlog).unwrap_or(0));
        socket.trace_call("listen", &result, Some(NameOf::Local));
        result
    };
    status(listen())
}

/// # Safety
///
/// Called by `__sock_set_rcvbuf()` in net/core/sock.c with the locked sock of a socket whose `ops`
/// is the table made here, after the value was stored.
unsafe extern "C" fn set_rcvbuf<T: SocketOps>(sk: *mut bindings::sock, _value: i32) {
    // SAFETY: A socket with this table has a `Sock<T>`.
    T::receive_buffer_changed(unsafe { &*sk.cast::<Sock<T>>() });
}

/// # Safety
///
/// Called by `sk_setsockopt()` in net/core/sock.c, with the locked sock of a socket whose `ops` is
/// the table made here; `value` is not negative.
unsafe extern "C" fn set_rcvlowat<T: SocketOps>(sk: *mut bindings::sock, value: i32) -> i32 {
    // SAFETY: A socket with this table has a `Sock<T>`.
    unsafe { &*sk.cast::<Sock<T>>() }.set_receive_low_water(value);
    0
}

/// # Safety
///
/// As in the module's documentation.
unsafe extern "C" fn shutdown<T: SocketOps>(sock: *mut bindings::socket, how: i32) -> i32 {
    let shutdown = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        let how = Shutdown::from_raw(how)?;
        let result = T::shutdown(socket, how);
        socket.trace_call(how.name(), &result, None);
        result
    };
    status(shutdown())
}

/// # Safety
///
/// As in the module's documentation; `value` is an address of the user's, or `len` bytes there are
/// valid for the length of the call. Called for `SOL_SOCKET` too if the socket was made to ask
/// (`shim_sock_customize_options()`).
unsafe extern "C" fn setsockopt<T: SocketOps>(
    sock: *mut bindings::socket,
    level: i32,
    option: i32,
    value: bindings::sockptr_t,
    len: u32,
) -> i32 {
    let set = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        if level != bindings::SOL_SOCKET as i32 || !T::HAS_SET_OPTION {
            return Err(ENOPROTOOPT.into());
        }
        let option = SocketOption::from_raw(option);
        // SAFETY: As the caller promises.
        let value = unsafe { OptionValue::new(value, len) };
        match T::set_option(socket, option, &value)? {
            OptionOutcome::Set => Ok(()),
            // SAFETY: The socket is valid, and nobody holds its lock here.
            OptionOutcome::LeftToCore => unsafe { value.leave_to_core(sock, option) },
        }
    };
    status(set())
}

/// # Safety
///
/// As in the module's documentation; `reply` is valid and the caller's own. Not called for
/// `SOL_SOCKET`.
unsafe extern "C" fn getsockopt<T: SocketOps>(
    sock: *mut bindings::socket,
    level: i32,
    option: i32,
    reply: *mut bindings::sockopt_t,
) -> i32 {
    let get = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        if !is_own_level::<T::Family>(level) || !T::HAS_OWN_OPTION {
            return Err(ENOPROTOOPT.into());
        }
        // SAFETY: As the caller promises.
        let mut reply = OptionReply::new(unsafe { &mut *reply });
        T::own_option(socket, option, &mut reply)
    };
    status(get())
}

/// # Safety
///
/// As in the module's documentation; `msg` is valid and the caller's own.
unsafe extern "C" fn sendmsg<T: SocketOps>(
    sock: *mut bindings::socket,
    msg: *mut bindings::msghdr,
    _len: usize,
) -> i32 {
    let send = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        // SAFETY: `msg` is valid and used by nobody else.
        let mut message = unsafe { SendMessage::<T>::new(msg) }?;
        let notice = ZerocopyNotice::new(socket, &mut message)?;
        let sent = T::send(socket, &mut message)?;
        if let Some(notice) = notice {
            notice.complete();
        }
        Ok(sent)
    };
    count(send())
}

/// # Safety
///
/// As in the module's documentation; `msg` is valid and the caller's own.
unsafe extern "C" fn recvmsg<T: SocketOps>(
    sock: *mut bindings::socket,
    msg: *mut bindings::msghdr,
    _len: usize,
    flags: i32,
) -> i32 {
    let receive = || {
        // SAFETY: The caller is in an operation of the socket.
        let socket = unsafe { socket::<T>(sock) }?;
        // SAFETY: `msg` is valid and used by nobody else.
        let mut message = unsafe { RecvMessage::<T>::new(msg, flags) }?;
        T::receive(socket, &mut message)
    };
    count(receive())
}
