// SPDX-License-Identifier: GPL-2.0

//! A ring against the plainest thing that does the same.

use std::collections::VecDeque;

use kernel::{
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    page::PAGE_SIZE,
    prelude::*,
    sync::Arc, //
};
use proptest::prelude::{
    Strategy, //
    *,
};

use super::super::ring::{
    Annotation,
    Consumer,
    Context,
    Producer,
    Reader,
    Ring,
    Writer,
    RECORD_HEADER, //
};
use crate::net::{
    Credentials,
    Interest,
    Marks,
    MemoryAccount,
    MemoryCharge, //
};

/// What is done to a ring.
#[derive(Clone, Debug)]
enum Step {
    /// Writes so many bytes, of which so many can be read from the caller, by user 0 to 2.
    Write(usize, usize, u32),
    /// Likewise, by whoever wrote last.
    WritePlain(usize, usize),
    /// Reads, where so many can be written to the caller's memory.
    Read(usize, usize),
    ReadPlain(usize, usize),
    /// Looks at so many bytes after so many.
    Peek(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let len = || 0..3 * PAGE_SIZE;
    prop_oneof![
        (1..3 * PAGE_SIZE, len(), 0..3_u32)
            .prop_map(|(len, fault, by)| Step::Write(len, fault, by)),
        (1..3 * PAGE_SIZE, len()).prop_map(|(len, fault)| Step::WritePlain(len, fault)),
        (len(), len()).prop_map(|(len, fault)| Step::Read(len, fault)),
        (len(), len()).prop_map(|(len, fault)| Step::ReadPlain(len, fault)),
        (len(), len()).prop_map(|(skip, len)| Step::Peek(skip, len)),
    ]
}

struct Both {
    ring: Arc<Ring>,
    producer: KBox<Producer>,
    consumer: KBox<Consumer>,
    account: Arc<MemoryAccount>,
    pages: isize,
}

impl Both {
    fn new() -> Self {
        let account = MemoryAccount::new(usize::MAX).unwrap();
        let charge = MemoryCharge::new(&account, 0).unwrap();
        let Writer { ring, producer } = Ring::open(charge).unwrap();
        let Some(Reader { consumer, .. }) = Ring::reader(&ring) else {
            panic!("nobody has it");
        };
        Self {
            ring,
            producer,
            consumer,
            account,
            pages: 0,
        }
    }

    /// Counts of pages cover what lies in the ring, and memory is charged for no more than was used.
    fn check(&mut self, len: usize) {
        assert_eq!(self.ring.len(), len);
        self.pages += self.producer.take_pages(0) - self.consumer.take_pages();
        let pages = self.pages as usize;
        assert!(
            pages * PAGE_SIZE + PAGE_SIZE > len && pages <= len / PAGE_SIZE + 2,
            "{pages} pages, {len} bytes"
        );
        assert!(self.account.held() >= len);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// Bytes and who wrote them come out as they went in, whatever faults come in between.
    #[test]
    fn bytes_and_writers(steps in prop::collection::vec(step(), 1..40)) {
        let mut both = Both::new();
        // Bytes, and who wrote each.
        let mut reference: VecDeque<(u8, u32)> = VecDeque::new();
        let mut fresh = 0_u8;
        let mut last_writer = 0;
        for step in steps {
            let Both { ring, producer, consumer, .. } = &mut both;
            let next = |len: usize| -> Vec<u8> { (0..len).map(|i| fresh.wrapping_add(i as u8)).collect() };
            match step {
                Step::Write(len, fault, by) => {
                    let bytes = next(len);
                    let mut source = IovIterSource::new(&bytes, fault);
                    let mut context = Context::unknown();
                    context.credentials = Credentials(by);
                    let note = producer.annotate(Some(context), None).unwrap();
                    let wrote = producer.write(ring, len, false, note, |page, at, len| page.fill(at, &mut source, len));
                    let expected = len.min(fault);
                    prop_assert_eq!(wrote, if expected == 0 { Err(EFAULT) } else { Ok(expected) });
                    if expected > 0 {
                        last_writer = by;
                    }
                    reference.extend(bytes[..expected].iter().map(|&byte| (byte, by)));
                    fresh = fresh.wrapping_add(expected as u8);
                }
                Step::WritePlain(len, fault) => {
                    let bytes = next(len);
                    let mut source = IovIterSource::new(&bytes, fault);
                    let wrote = producer.write_plain(ring, &mut source, len);
                    let expected = len.min(fault);
                    prop_assert_eq!(wrote, if expected == 0 { Err(EFAULT) } else { Ok(expected) });
                    // Callers use it where nothing is known, or nothing changed.
                    reference.extend(bytes[..expected].iter().map(|&byte| (byte, last_writer)));
                    fresh = fresh.wrapping_add(expected as u8);
                }
                Step::Read(len, fault) => {
                    let reach = consumer.reach(ring, 0, len.min(reference.len()), None, Interest::CREDENTIALS);
                    let of_one = match reference.front() {
                        Some(first) => reference.iter().take_while(|byte| byte.1 == first.1).count(),
                        None => 0,
                    };
                    prop_assert_eq!(reach, len.min(of_one));
                    if reach > 0 {
                        let found = consumer.companions(ring, 0, reach);
                        prop_assert_eq!(found.first.credentials.0, reference[0].1);
                        prop_assert_eq!(found.last.credentials.0, reference[0].1);
                    }
                    let mut got = Vec::new();
                    let copied = consumer.copy(ring, 0, &mut IovIterDest::new(&mut got, fault), reach);
                    let expected = reach.min(fault);
                    prop_assert_eq!(copied, if expected == 0 && reach > 0 { Err(EFAULT) } else { Ok(expected) });
                    prop_assert!(got.iter().eq(reference.iter().take(expected).map(|(byte, _)| byte)));
                    prop_assert_eq!(consumer.consume(ring, expected), expected);
                    reference.drain(..expected);
                }
                Step::ReadPlain(len, fault) => {
                    let mut got = Vec::new();
                    let read = consumer.read_plain(ring, &mut IovIterDest::new(&mut got, fault), len, |_| true);
                    if let Ok(Some(read)) = read {
                        prop_assert_eq!(read, len.min(fault).min(reference.len()));
                        prop_assert!(got.iter().eq(reference.drain(..read).collect::<Vec<_>>().iter().map(|(byte, _)| byte)));
                    }
                }
                Step::Peek(skip, len) => {
                    let mut got = Vec::new();
                    let copied = consumer.copy(ring, skip, &mut IovIterDest::new(&mut got, usize::MAX), len).unwrap();
                    prop_assert_eq!(copied, len.min(reference.len().saturating_sub(skip)));
                    prop_assert!(got.iter().eq(reference.iter().skip(skip).take(copied).map(|(byte, _)| byte)));
                }
            }
            both.check(reference.len());
        }
        // Nothing is left over when it goes.
        let account = both.account.clone();
        drop(both);
        prop_assert_eq!(account.held(), 0);
    }

    /// Records come out as they went in; one that could not be read from the caller leaves nothing.
    #[test]
    fn records(steps in prop::collection::vec((any::<bool>(), 0..2 * PAGE_SIZE, 0..3 * PAGE_SIZE), 1..60)) {
        let mut both = Both::new();
        let mut reference: VecDeque<Vec<u8>> = VecDeque::new();
        for (number, (writes, len, fault)) in steps.into_iter().enumerate() {
            let Both { ring, producer, consumer, .. } = &mut both;
            if writes {
                let bytes = vec![number as u8; len];
                let mut source = IovIterSource::new(&bytes, fault);
                let wrote = if number % 2 == 0 {
                    producer.write_plain_record(ring, &mut source, len)
                } else {
                    producer.write_record(ring, len, Annotation::none(), |page, at, len| page.fill(at, &mut source, len))
                };
                prop_assert_eq!(wrote, if fault < len { Err(EFAULT) } else { Ok(len) });
                if wrote.is_ok() {
                    reference.push_back(bytes);
                }
            } else {
                let mut got = Vec::new();
                let mut dest = IovIterDest::new(&mut got, usize::MAX);
                let plain = if number % 2 == 0 { consumer.read_plain_record(ring, &mut dest, len).unwrap() } else { None };
                match (plain, reference.front()) {
                    (Some(read), Some(expected)) => {
                        prop_assert_eq!(read, expected.len());
                        prop_assert_eq!(&got, expected);
                        reference.pop_front();
                    }
                    (Some(_), None) => prop_assert!(false, "a record out of nothing"),
                    (None, expected) => match (consumer.first_record(ring), expected) {
                        (None, None) => {}
                        (Some(record), Some(expected)) => {
                            prop_assert_eq!(record.rest(), expected.len());
                            consumer.copy_record(ring, &record, &mut dest, record.rest()).unwrap();
                            prop_assert_eq!(&got, expected);
                            consumer.consume_record(ring, &record);
                            reference.pop_front();
                        }
                        (found, _) => prop_assert!(false, "a record: {}", found.is_some()),
                    },
                }
            }
            let payload: usize = reference.iter().map(Vec::len).sum();
            prop_assert_eq!(both.ring.payload_len(), payload);
            both.check(payload + reference.len() * RECORD_HEADER);
        }
    }

    /// There is one urgent byte at the most, the last one; what was taken of it is read no more.
    #[test]
    fn urgent(steps in prop::collection::vec((0..3_u8, 1..PAGE_SIZE), 1..40)) {
        let mut both = Both::new();
        let mut len = 0;
        // How many bytes lie before the urgent one, and how many were taken and still lie there.
        let mut mark: Option<(usize, bool)> = None;
        let mut holes: Vec<usize> = Vec::new();
        for (what, count) in steps {
            let Both { ring, producer, consumer, .. } = &mut both;
            match what {
                0 => {
                    let urgent = count % 2 == 0;
                    producer.write(ring, count, urgent, Annotation::none(), |page, at, len| {
                        page.put(at, &vec![0; len])
                    }).unwrap();
                    len += count;
                    if urgent {
                        mark = Some((len - 1, false));
                    }
                }
                1 => {
                    let consumed = consumer.consume(ring, count);
                    prop_assert_eq!(consumed, count.min(len));
                    len -= consumed;
                    mark = mark.and_then(|(at, taken)| Some((at.checked_sub(consumed)?, taken)));
                    holes = holes.iter().filter_map(|at| at.checked_sub(consumed)).collect();
                }
                _ => {
                    let taken = consumer.copy_urgent(ring, &mut IovIterDest::new(&mut Vec::new(), 1), true);
                    match &mut mark {
                        Some((at, taken_before)) if !*taken_before => {
                            prop_assert_eq!(taken, Ok(()));
                            *taken_before = true;
                            holes.push(*at);
                        }
                        _ => prop_assert_eq!(taken, Err(EINVAL)),
                    }
                }
            }
            prop_assert_eq!(both.ring.has_urgent(), mark.is_some_and(|(_, taken)| !taken));
            prop_assert_eq!(both.ring.is_at_mark(), mark.is_some_and(|(at, _)| at == 0));
            prop_assert_eq!(both.ring.payload_len(), len - holes.len());
            let next = mark == Some((0, false));
            prop_assert_eq!(both.ring.left_out(false), holes.len() + usize::from(next));
            prop_assert_eq!(both.ring.left_out(true), holes.len());
            for at in 0..len {
                prop_assert_eq!(both.consumer.stop_at(&both.ring, at).is_some(), holes.contains(&at) || mark.is_some_and(|mark| mark.0 == at));
            }
        }
    }
}
