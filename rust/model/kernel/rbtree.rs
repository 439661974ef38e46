// SPDX-License-Identifier: GPL-2.0

//! A sorted map whose nodes are allocated beforehand.

use std::{
    collections::BTreeMap,
    marker::PhantomData, //
};

use crate::{
    alloc::Flags,
    error::Result, //
};

pub struct RBTree<K, V>(BTreeMap<K, V>);

pub struct RBTreeNode<K, V>(K, V);

pub struct RBTreeNodeReservation<K, V>(PhantomData<(K, V)>);

/// At an entry.
pub struct Cursor<'a, K, V>(&'a K, &'a V);

impl<'a, K, V> Cursor<'a, K, V> {
    pub fn current(&self) -> (&K, &V) {
        (self.0, self.1)
    }
}

/// At the first of what is there, which is never nothing.
pub struct CursorMut<'a, K, V>(&'a mut BTreeMap<K, V>);

impl<K: Ord, V> RBTree<K, V> {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Returns what had the key before.
    pub fn insert(&mut self, node: RBTreeNode<K, V>) -> Option<RBTreeNode<K, V>>
    where
        K: Copy,
    {
        let old = self.0.insert(node.0, node.1)?;
        Some(RBTreeNode(node.0, old))
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    pub fn cursor_lower_bound(&self, key: &K) -> Option<Cursor<'_, K, V>> {
        let (key, value) = self.0.range(key..).next()?;
        Some(Cursor(key, value))
    }

    pub fn remove_node(&mut self, key: &K) -> Option<RBTreeNode<K, V>> {
        let (key, value) = self.0.remove_entry(key)?;
        Some(RBTreeNode(key, value))
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.values()
    }

    pub fn cursor_front_mut(&mut self) -> Option<CursorMut<'_, K, V>> {
        (!self.0.is_empty()).then_some(CursorMut(&mut self.0))
    }
}

impl<K, V> RBTreeNode<K, V> {
    pub fn to_key_value(self) -> (K, V) {
        (self.0, self.1)
    }
}

impl<K, V> RBTreeNodeReservation<K, V> {
    pub fn new(_flags: Flags) -> Result<Self> {
        Ok(Self(PhantomData))
    }

    pub fn into_node(self, key: K, value: V) -> RBTreeNode<K, V> {
        RBTreeNode(key, value)
    }
}

impl<K: Ord, V> CursorMut<'_, K, V> {
    pub fn current(&self) -> (&K, &V) {
        self.0.first_key_value().expect("it is at the front")
    }

    pub fn remove_current(self) -> (Option<Self>, RBTreeNode<K, V>) {
        let (key, value) = self.0.pop_first().expect("it is at the front");
        let rest = (!self.0.is_empty()).then_some(Self(self.0));
        (rest, RBTreeNode(key, value))
    }
}
