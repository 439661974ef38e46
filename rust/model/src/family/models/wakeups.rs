// SPDX-License-Identifier: GPL-2.0

//! Nobody sleeps who could go on: loom finds a program in which all tasks do.

use kernel::sync::raw::thread;

use super::{
    calls::Socket,
    check, //
};

/// A writer that finds the ring full, and a reader that finds it empty.
#[test]
fn writer_and_reader_wake_each_other() {
    check(2, || {
        let (mut writer, mut reader) = Socket::pair(2);
        let sender = thread::spawn(move || {
            assert_eq!(writer.send(&[1, 2, 3]), Ok(3));
            writer
        });
        let mut got = Vec::new();
        while got.len() < 3 {
            got.extend(reader.receive(3).unwrap());
        }
        assert_eq!(got, [1, 2, 3]);
        let _writer = sender.join().unwrap();
    });
}

/// A reader that sleeps hears that no more will come.
#[test]
fn close_wakes_the_reader() {
    check(3, || {
        let (mut writer, mut reader) = Socket::pair(8);
        let sender = thread::spawn(move || {
            assert_eq!(writer.send(&[1]), Ok(1));
            writer.close();
        });
        assert_eq!(reader.receive(8), Ok(vec![1]));
        assert_eq!(reader.receive(8), Ok(vec![]));
        sender.join().unwrap();
    });
}

/// A writer that sleeps hears that nobody will read.
#[test]
fn close_wakes_the_writer() {
    check(2, || {
        let (mut writer, reader) = Socket::pair(1);
        let closer = thread::spawn(move || reader.close());
        let result = writer.send(&[1, 2]);
        assert!(result != Ok(2), "{result:?}");
        closer.join().unwrap();
    });
}
