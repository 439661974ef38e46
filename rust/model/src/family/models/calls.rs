// SPDX-License-Identifier: GPL-2.0

//! What the system calls do with a connection, in short: the loops of `stream/send.rs`,
//! `stream/receive.rs` and `stream/close.rs`, without what is not looked at here.

use kernel::{
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*, //
};

use super::super::{
    address::Address,
    connection::{
        End,
        Origin,
        Phase, //
    },
    endpoint::Endpoint,
    ring::{
        Annotation,
        Reader,
        Writer,
        RECORD_HEADER, //
    },
    stream::Stream, //
};
use crate::net::{
    Interest,
    MemoryAccount,
    Party,
    Sock,
    SockRef, //
};

/// A socket that is connected.
pub(super) struct Socket {
    pub(super) sk: SockRef<Stream>,
    pub(super) end: End,
    writer: Option<Writer>,
    reader: Option<Reader>,
}

fn origin(buffer: usize) -> Origin {
    Origin {
        address: Address::ANY,
        before: Party {
            interest: Interest::NONE,
            buffer,
        },
        credentials: None,
        listener: None,
    }
}

/// The ends of a connection whose buffers have `buffer` bytes.
pub(super) fn ends(buffer: usize) -> (End, End) {
    let account = MemoryAccount::new(usize::MAX).unwrap();
    Endpoint::pair(origin(buffer), origin(buffer), &account).unwrap()
}

impl Socket {
    /// `Stream::install()`
    pub(super) fn new(end: End, buffer: usize) -> Self {
        let sk = Sock::new(buffer);
        end.attach(sk.clone());
        Self {
            sk,
            end,
            writer: None,
            reader: None,
        }
    }

    /// The right to write, which is made when it is asked for first.
    pub(super) fn writer(&mut self) -> &mut Writer {
        let end = &self.end;
        self.writer.get_or_insert_with(|| end.open().unwrap())
    }

    /// The right to read, once the other side has written.
    pub(super) fn reader(&mut self) -> Option<&mut Reader> {
        if self.reader.is_none() {
            self.reader = self.end.take_reader();
        }
        self.reader.as_mut()
    }

    /// `socketpair(2)`
    pub(super) fn pair(buffer: usize) -> (Self, Self) {
        let (one, other) = ends(buffer);
        (Self::new(one, buffer), Self::new(other, buffer))
    }

    /// `attempt()` of `stream/send.rs`. `None` if there is no room.
    pub(super) fn try_send(&mut self, bytes: &[u8]) -> Result<Option<usize>> {
        self.sk.take_error()?;
        let end = self.end.clone();
        if !end.can_write() {
            return match end.phase() {
                Phase::Waiting => Ok(None),
                _ => Err(EPIPE),
            };
        }
        let capacity = self.sk.send_buffer().min(end.reader().buffer);
        let Writer { ring, producer } = self.writer();
        let len = bytes
            .len()
            .min(capacity.saturating_sub(producer.charge(ring)));
        if len == 0 {
            return Ok(None);
        }
        let mut source = IovIterSource::new(&bytes[..len], usize::MAX);
        end.count_written(producer.take_pages(len));
        let written = producer.write(ring, len, false, Annotation::none(), |page, at, len| {
            page.fill(at, &mut source, len)
        })?;
        end.count_written(producer.take_pages(0));
        if !end.data_was_written() {
            ring.drop_notes();
            return Err(EPIPE);
        }
        Ok(Some(written))
    }

    /// As a record.
    pub(super) fn try_send_record(&mut self, bytes: &[u8]) -> Result<bool> {
        let end = self.end.clone();
        let Writer { ring, producer } = self.writer();
        if producer.charge(ring) + RECORD_HEADER + bytes.len() > end.outgoing_capacity() {
            return Ok(false);
        }
        let mut source = IovIterSource::new(bytes, usize::MAX);
        producer.write_record(ring, bytes.len(), Annotation::none(), |page, at, len| {
            page.fill(at, &mut source, len)
        })?;
        end.data_was_written();
        Ok(true)
    }

    /// `send(2)`, which waits for room. Returns how much was sent.
    pub(super) fn send(&mut self, mut bytes: &[u8]) -> Result<usize> {
        let mut sent = 0;
        while !bytes.is_empty() {
            match self.try_send(bytes) {
                Ok(Some(written)) => {
                    sent += written;
                    bytes = &bytes[written..];
                }
                Ok(None) => self.wait_for_room(),
                Err(_) if sent > 0 => return Ok(sent),
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    /// `wait_for_room()` of `stream/send.rs`
    fn wait_for_room(&self) {
        let end = &self.end;
        let ready = || {
            self.sk.has_error()
                || match end.phase() {
                    Phase::Waiting => false,
                    Phase::Established => end.is_outgoing_over() || end.room() > 0,
                    Phase::Refused => true,
                }
        };
        self.sk.wait(|| {
            if ready() {
                return Some(());
            }
            end.want_room();
            ready().then_some(())
        });
    }

    /// What is there, and is taken. `None` if there is nothing.
    pub(super) fn try_receive(&mut self, most: usize) -> Option<Vec<u8>> {
        let end = self.end.clone();
        let Reader { ring, consumer } = self.reader()?;
        let mut bytes = Vec::new();
        let mut dest = IovIterDest::new(&mut bytes, usize::MAX);
        let read = consumer
            .read_plain(ring, &mut dest, most, |_| true)
            .unwrap();
        if read.is_none() {
            let copied = consumer.copy(ring, 0, &mut dest, most).unwrap();
            if copied == 0 {
                return None;
            }
            consumer.consume(ring, copied);
        }
        end.bytes_were_consumed(consumer.take_pages());
        Some(bytes)
    }

    /// `recv(2)`, which waits: nothing at the end.
    pub(super) fn receive(&mut self, most: usize) -> Result<Vec<u8>> {
        loop {
            // `Ending::new()`, before the data is looked for.
            let (over, error) = (self.is_over(), self.sk.has_error());
            if let Some(bytes) = self.try_receive(most) {
                return Ok(bytes);
            }
            if error {
                self.sk.take_error()?;
            }
            if over && !self.sk.has_error() {
                return Ok(Vec::new());
            }
            self.wait_for_data();
        }
    }

    fn is_over(&self) -> bool {
        match self.end.phase() {
            Phase::Waiting => false,
            Phase::Established => self.end.is_incoming_over(),
            Phase::Refused => true,
        }
    }

    /// `wait_for_data()` of `stream/receive.rs`
    fn wait_for_data(&self) {
        let end = &self.end;
        self.sk.wait(|| {
            (end.incoming_len() > 0 || self.is_over() || self.sk.has_error()).then_some(())
        });
    }

    /// `close(2)`
    pub(super) fn close(self) {
        let (end, reader) = (self.end, self.reader);
        Endpoint { end, reader }.close(false);
    }
}
