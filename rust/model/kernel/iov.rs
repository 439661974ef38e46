// SPDX-License-Identifier: GPL-2.0

//! Memory of a caller, which may be cut short by a fault.

/// Where bytes are taken from.
pub struct IovIterSource<'a> {
    bytes: &'a [u8],
    faults_after: usize,
}

impl<'a> IovIterSource<'a> {
    /// `bytes`, of which those after the first `faults_after` can't be read.
    pub fn new(bytes: &'a [u8], faults_after: usize) -> Self {
        Self {
            bytes,
            faults_after,
        }
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes at most `len` bytes.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let len = len.min(self.faults_after).min(self.bytes.len());
        let (taken, rest) = self.bytes.split_at(len);
        self.bytes = rest;
        self.faults_after -= len;
        taken
    }
}

/// Where bytes are put.
pub struct IovIterDest<'a> {
    bytes: &'a mut Vec<u8>,
    faults_after: usize,
}

impl<'a> IovIterDest<'a> {
    /// Appends to `bytes`, until `faults_after` have been.
    pub fn new(bytes: &'a mut Vec<u8>, faults_after: usize) -> Self {
        Self {
            bytes,
            faults_after,
        }
    }

    /// Puts as many of `bytes` as can be. Returns how many.
    pub fn put(&mut self, bytes: impl ExactSizeIterator<Item = u8>) -> usize {
        let len = bytes.len().min(self.faults_after);
        self.bytes.extend(bytes.take(len));
        self.faults_after -= len;
        len
    }
}
