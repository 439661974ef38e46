// SPDX-License-Identifier: GPL-2.0

//! What is true of any input, tried on many.

mod encodings;
mod ring;
