// SPDX-License-Identifier: GPL-2.0

//! Addresses and headers as bytes, and numbers of families.

use proptest::prelude::*;

use super::super::{
    address::{
        Address,
        Node, //
    },
    number::check_number,
    raw, //
};
use crate::net::SocketAddress;

proptest! {
    /// What is accepted comes back as it was, but that any port and any node have two numbers each.
    #[test]
    fn address_survives(port: u32, node: u32, longer in 0_usize..112) {
        let mut bytes = vec![0; 16 + longer];
        bytes[..2].copy_from_slice(&18_u16.to_ne_bytes());
        bytes[4..8].copy_from_slice(&port.to_ne_bytes());
        bytes[8..12].copy_from_slice(&node.to_ne_bytes());
        let address = Address::decode(&bytes, 18).unwrap();
        prop_assert_eq!(address.port(), (port != 0 && port != u32::MAX).then_some(port));
        let expected = match node {
            0 | u32::MAX => Node::Any,
            1 => Node::Local,
            0xffff_fffe => Node::All,
            other => Node::Other(other),
        };
        prop_assert!(address.node() == expected);
        prop_assert!(Address::decode(&address.encode(18), 18).unwrap() == address);
    }

    /// Any bytes are taken or refused, and what is taken has no byte that is not said to be used.
    #[test]
    fn address_is_checked(bytes in prop::collection::vec(prop_oneof![3 => Just(0_u8), 1 => any::<u8>()], 0..40)) {
        if let Ok(address) = Address::decode(&bytes, 18) {
            prop_assert!(bytes.len() >= 16);
            let encoded = address.encode(18);
            for at in [0, 1, 2, 3, 12, 13, 14, 15] {
                prop_assert_eq!(bytes[at], encoded[at]);
            }
        }
    }

    /// A header of a raw socket comes back as it was.
    #[test]
    fn raw_header_survives(bytes in prop::collection::vec(prop_oneof![6 => Just(0_u8), 1 => any::<u8>()], 40), socket_type in 0_u8..8, version in 0_u8..3) {
        let mut bytes: [u8; 40] = bytes.try_into().unwrap();
        bytes[0] = version;
        bytes[1] = socket_type;
        for at in [8, 24] {
            bytes[at..at + 2].copy_from_slice(&18_u16.to_ne_bytes());
        }
        if let Ok(header) = raw::decode(&bytes, 18) {
            prop_assert!(version == 1 && matches!(socket_type, 2 | 4 | 5));
            let again = raw::decode(&header.encode(18), 18).unwrap();
            prop_assert_eq!(again.encode(18), header.encode(18));
            prop_assert_eq!(&header.encode(18)[..8], &bytes[..8]);
        }
    }

    /// Families that other modules may have are never taken.
    #[test]
    fn family_number_is_checked(number: i32) {
        let dead = [12, 13, 14, 18, 19, 22, 23, 25];
        for number in [number, number & 63] {
            prop_assert_eq!(check_number(number).is_ok(), dead.contains(&number));
        }
    }
}
