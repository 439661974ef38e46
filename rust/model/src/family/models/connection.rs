// SPDX-License-Identifier: GPL-2.0

//! The end of a connection, and its beginning.

use kernel::{
    prelude::*,
    sync::raw::thread, //
};

use super::{
    super::{
        backlog::Backlog,
        connection::Phase,
        endpoint::Endpoint, //
    },
    calls::{
        ends,
        Socket, //
    },
    check, //
};
use crate::net::{
    errno::{
        ECONNREFUSED,
        ECONNRESET, //
    },
    Shutdown,
    Sock, //
};

/// Who closes without reading tells the writer: either its call fails, or it is reset.
#[test]
fn no_byte_is_lost_unnoticed() {
    check(3, || {
        let (mut writer, reader) = Socket::pair(8);
        let closer = thread::spawn(move || reader.close());
        let sent = writer.try_send(&[1]);
        closer.join().unwrap();
        match sent {
            Ok(Some(1)) => assert_eq!(writer.sk.take_error(), Err(ECONNRESET.into())),
            Err(error) => assert!(error == EPIPE || error == ECONNRESET, "{error:?}"),
            other => panic!("{other:?}"),
        }
    });
}

/// A reader that closes after it has read some. What it has not, is told as above.
#[test]
fn each_byte_is_read_or_told_of() {
    check(2, || {
        let (mut writer, mut reader) = Socket::pair(8);
        let closer = thread::spawn(move || {
            let got = reader.try_receive(8).unwrap_or_default();
            reader.close();
            got
        });
        let first = writer.try_send(&[1]);
        let second = writer.try_send(&[2]);
        let got = closer.join().unwrap();
        let told = first.is_err() || second.is_err() || writer.sk.has_error();
        assert!(told || got == [1, 2], "{first:?} {second:?} {got:?}");
        assert!([1, 2].starts_with(&got));
    });
}

/// What was written before a shutdown comes before the end.
#[test]
fn shutdown_comes_after_the_data() {
    check(3, || {
        let (mut writer, mut reader) = Socket::pair(8);
        let sender = thread::spawn(move || {
            assert_eq!(writer.try_send(&[1]), Ok(Some(1)));
            writer.end.shutdown(Shutdown::Write);
            writer
        });
        assert_eq!(reader.receive(8), Ok(vec![1]));
        assert_eq!(reader.receive(8), Ok(vec![]));
        let _writer = sender.join().unwrap();
    });
}

/// A socket that comes by accept(2) learns of an error that came before it, or at the same time.
#[test]
fn error_meets_the_accepted_socket() {
    check(3, || {
        let (client, server) = ends(8);
        let client = Socket::new(client, 8);
        let closer = thread::spawn(move || Endpoint::new(client.end).close(true));
        let accepted = Socket::new(server, 8);
        closer.join().unwrap();
        assert_eq!(accepted.sk.take_error(), Err(ECONNRESET.into()));
    });
}

/// What was sent before, during and after accept(2) is counted and read.
#[test]
fn data_meets_the_accepted_socket() {
    check(3, || {
        let (client, server) = ends(32);
        let mut client = Socket::new(client, 32);
        let sender = thread::spawn(move || {
            assert_eq!(client.try_send(&[1, 2, 3]), Ok(Some(3)));
            client
        });
        let mut accepted = Socket::new(server, 32);
        assert_eq!(accepted.receive(8), Ok(vec![1, 2, 3]));
        let _client = sender.join().unwrap();
        // The page is counted as long as a byte of it may come.
        assert_eq!(accepted.sk.received(), 0);
    });
}

/// One who waits for the backlog is established, or refused with an error.
#[test]
fn backlog_decides_once() {
    check(2, || {
        let backlog = Backlog::new(Sock::new(8), 0).unwrap();
        let (_first, served) = ends(8);
        assert!(backlog.push(served).is_ok());
        let closing = backlog.clone();
        let closer = thread::spawn(move || {
            let accepted = closing.pop();
            closing.shutdown(Shutdown::Read);
            accepted.is_some()
        });
        let (client, server) = ends(8);
        let pushed = backlog.push(server);
        let client = Socket::new(client, 8);
        let phase = match &pushed {
            Ok(_) => client.sk.wait(|| {
                let phase = client.end.phase();
                (phase != Phase::Waiting).then_some(phase)
            }),
            Err(_) => Phase::Refused,
        };
        if pushed.is_ok() && phase == Phase::Refused {
            assert_eq!(client.sk.take_error(), Err(ECONNREFUSED.into()));
        }
        assert!(closer.join().unwrap());
        assert_eq!(backlog.has_established(), phase == Phase::Established);
        backlog.close();
    });
}
