// SPDX-License-Identifier: GPL-2.0

//! One writes while another one reads: nothing is lost or mixed, and no byte of a page is touched
//! by both at once.

use kernel::{
    iov::IovIterDest,
    sync::{
        raw::thread,
        Arc, //
    }, //
};

use super::{
    super::ring::{
        Context,
        Reader,
        Stop,
        Writer, //
    },
    calls::Socket,
    check, //
};
use crate::net::Interest;

/// Over the edges of pages of 8 bytes, which come back to the writer.
#[test]
fn bytes_arrive_in_order() {
    check(2, || {
        let (mut writer, mut reader) = Socket::pair(64);
        let sender = thread::spawn(move || {
            for bytes in [
                &[1, 2, 3][..],
                &[4, 5, 6, 7, 8, 9, 10],
                &[11, 12, 13, 14, 15, 16, 17],
            ] {
                assert_eq!(writer.try_send(bytes), Ok(Some(bytes.len())));
            }
            writer
        });
        let mut got = Vec::new();
        for _ in 0..3 {
            got.extend(reader.try_receive(9).unwrap_or_default());
        }
        let mut writer = sender.join().unwrap();
        while let Some(more) = reader.try_receive(9) {
            got.extend(more);
        }
        assert_eq!(got, (1..=17).collect::<Vec<u8>>());
        // Pages that were read are filled again.
        assert_eq!(writer.try_send(&[18; 20]), Ok(Some(20)));
        assert_eq!(reader.try_receive(64), Some(vec![18; 20]));
        assert_eq!(reader.sk.received(), 0);
    });
}

/// A record is there as a whole or not at all, and counts of records and bytes go together.
#[test]
fn records_arrive_whole() {
    check(2, || {
        let (mut writer, mut reader) = Socket::pair(64);
        let sender = thread::spawn(move || {
            assert_eq!(writer.try_send_record(&[1, 2, 3, 4, 5, 6]), Ok(true));
            assert_eq!(writer.try_send_record(&[7]), Ok(true));
            writer
        });
        let mut lens = Vec::new();
        let mut read = |reader: &mut Socket| {
            let Some(Reader { ring, consumer }) = reader.reader() else {
                return;
            };
            let Some(record) = consumer.first_record(ring) else {
                return;
            };
            let mut bytes = Vec::new();
            let mut dest = IovIterDest::new(&mut bytes, usize::MAX);
            consumer
                .copy_record(ring, &record, &mut dest, record.rest())
                .unwrap();
            consumer.consume_record(ring, &record);
            let first = if lens.is_empty() { 1 } else { 7 };
            assert!(bytes.iter().copied().eq(first..first + record.rest() as u8));
            lens.push(record.rest());
        };
        read(&mut reader);
        assert!(reader.end.unread() <= 7);
        let _writer = sender.join().unwrap();
        read(&mut reader);
        read(&mut reader);
        assert_eq!(lens, [6, 1]);
        assert_eq!(reader.end.unread(), 0);
    });
}

fn has_bytes(reader: &&mut Reader) -> bool {
    reader.consumer.available(&reader.ring) > 0
}

/// Who sees a byte sees what goes along with it, and its mark.
#[test]
fn notes_and_marks_come_before_their_bytes() {
    check(2, || {
        let (mut writer, mut reader) = Socket::pair(1024);
        let sender = thread::spawn(move || {
            let Writer { ring, producer } = writer.writer();
            let context = Context::new(Interest::CREDENTIALS, None, crate::net::Marks::none());
            let note = producer.annotate(Some(context), None).unwrap();
            let wrote = producer.write(ring, 1, true, note, |page, at, _| page.put(at, &[1]));
            assert_eq!(wrote, Ok(1));
            writer
        });
        if let Some(Reader { ring, consumer }) = reader.reader().filter(has_bytes) {
            assert!(consumer.stop_at(ring, 0) == Some(Stop::Mark));
            assert!(consumer.has_notes(ring));
            assert_eq!(consumer.companions(ring, 0, 1).first.credentials.0, 1);
            assert_eq!(consumer.consume(ring, 1), 1);
            assert!(!consumer.has_notes(ring));
        }
        let _writer = sender.join().unwrap();
    });
}
