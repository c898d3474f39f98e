// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! A set of ranges, which may overlap, and whether one of them overlaps another range.
//!
//! Adding a range and removing it takes the same time however many there are, until somebody asks whether
//! one overlaps. Before that a tree is made of them, a balanced one (AVL), in which each node knows how far
//! the ranges below it reach. It is made in steps, between which ranges may be added and removed: a caller
//! with a lock need not hold it all the while. From then on all of it takes time that grows with the
//! logarithm of their number, until the set is empty again.
//!
//! Pure logic without kernel imports: `selftests/host` tests it against a naive model.

use core::ops::DerefMut;

/// No node.
const NONE: u32 = u32::MAX;
/// No tree with fewer than 2^32 nodes is higher.
const MAX_HEIGHT: usize = 48;

/// A place for a range, which the range keeps until it is removed.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    start: u64,
    /// 0 where the place is free.
    end: u64,
    /// Of the node's range, and of all below the node, the greatest `end`.
    max_end: u64,
    /// Of a free place: the next one.
    left: u32,
    right: u32,
    /// How many nodes are on the longest way down, this one included.
    height: u32,
}

impl Node {
    /// A place that is free.
    pub(crate) const FREE: Self = Self {
        start: 0,
        end: 0,
        max_end: 0,
        left: NONE,
        right: NONE,
        height: 0,
    };

    fn child(&self, is_left: bool) -> u32 {
        if is_left {
            self.left
        } else {
            self.right
        }
    }
}

/// A set of ranges.
///
/// `M` is the memory for it: a slice of nodes, or what dereferences to one, such as a vector.
///
/// # Invariants
///
/// - Nodes from `used` on have never been taken. Of the others, `count` have a range, and the rest are
///   reached from `first_free`.
/// - Of the nodes before `indexed`, which is no more than `used`, all that have a range are in the tree
///   below `root`, and no others. They are in the order of their starts and, where these are the same, of
///   their numbers. Heights of neighbours in it differ by 1 at the most. If `indexed` is 0, `root` does not
///   matter.
pub(crate) struct Ranges<M> {
    nodes: M,
    used: u32,
    first_free: u32,
    count: u32,
    root: u32,
    indexed: u32,
}

impl<M: DerefMut<Target = [Node]>> Ranges<M> {
    /// Returns an empty set with places in `nodes`.
    pub(crate) const fn new(nodes: M) -> Self {
        // INVARIANT: There are no ranges, and no tree.
        Self {
            nodes,
            used: 0,
            first_free: NONE,
            count: 0,
            root: NONE,
            indexed: 0,
        }
    }

    /// Whether there are no ranges.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many ranges there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.nodes.len()
    }

    /// Adds the range from `start` to before `end`, which is greater. Returns its place, `None` where there
    /// is no room.
    #[inline(always)]
    pub(crate) fn add(&mut self, start: u64, end: u64) -> Option<u32> {
        let at = match self.first_free {
            NONE => self.used,
            free => free,
        };
        // CAST: A number of a place.
        let node = self.nodes.get_mut(at as usize)?;
        let next = node.left;
        // INVARIANT: One more is taken: the first free one, or the next that never was.
        (node.start, node.end) = (start, end);
        if self.first_free == NONE {
            self.used += 1;
        } else {
            self.first_free = next;
        }
        self.count += 1;
        if self.indexed != 0 {
            self.index_new(at);
        }
        Some(at)
    }

    /// Removes the range that has place `at`, and returns its start and its end.
    #[inline(always)]
    pub(crate) fn remove(&mut self, at: u32) -> (u64, u64) {
        if at < self.indexed {
            self.take_out(at);
        }
        let next = self.first_free;
        // CAST: A number of a place.
        let Some(node) = self.nodes.get_mut(at as usize) else {
            return (0, 0);
        };
        let range = (node.start, node.end);
        // INVARIANT: The place is free, and reached from `first_free`. It is in no tree.
        (node.end, node.left) = (0, next);
        self.first_free = at;
        self.count = self.count.saturating_sub(1);
        if self.count == 0 {
            // INVARIANT: Without ranges there need be no tree.
            self.indexed = 0;
        }
        range
    }

    /// Whether one of the ranges overlaps that from `start` to before `end`.
    ///
    /// `None`: not all of them are in the tree yet. Those of `places` more places have been put there, so
    /// that it may be asked again. What is added and removed later stays in step with the tree, as long as
    /// the set is not empty.
    pub(crate) fn overlap(&mut self, start: u64, end: u64, places: u32) -> Option<bool> {
        if self.count == 0 {
            return Some(false);
        }
        self.index(places).then(|| self.overlap_in_tree(start, end))
    }

    /// Puts ranges into the tree, of at most `places` places. Returns whether it has all of them now.
    fn index(&mut self, places: u32) -> bool {
        if self.indexed == 0 {
            self.root = NONE;
        }
        let end = self.used.min(self.indexed.saturating_add(places));
        while self.indexed < end {
            let at = self.indexed;
            if self.node(at).end != 0 {
                self.insert(at);
            }
            // INVARIANT: It is in the tree if it has a range.
            self.indexed = at + 1;
        }
        self.indexed == self.used
    }

    /// Whether a range in the tree overlaps that from `start` to before `end`.
    fn overlap_in_tree(&self, start: u64, end: u64) -> bool {
        let mut at = self.root;
        while at != NONE {
            let node = self.node(at);
            if node.start < end && start < node.end {
                return true;
            }
            // Where one on the left reaches as far, and does not overlap, none on the right does: they
            // start later.
            let left_reaches = self.node(node.left).max_end > start;
            at = node.child(left_reaches);
        }
        false
    }

    /// Moves the set to `nodes` if there is more room, and returns what is not needed.
    pub(crate) fn grow(&mut self, mut nodes: M) -> M {
        if nodes.len() > self.nodes.len() {
            for (to, &from) in nodes.iter_mut().zip(self.nodes.iter()) {
                *to = from;
            }
            core::mem::swap(&mut self.nodes, &mut nodes);
        }
        nodes
    }

    /// Puts a range that has just been added into the tree, if that has those of the places before.
    #[inline(never)]
    fn index_new(&mut self, at: u32) {
        if at > self.indexed {
            return;
        }
        self.insert(at);
        // INVARIANT: The place after the last one, or one of them: it is in the tree.
        self.indexed = self.indexed.max(at + 1);
    }

    /// Returns a node; a free one where there is none of that number.
    fn node(&self, at: u32) -> Node {
        *self.nodes.get(at as usize).unwrap_or(&Node::FREE)
    }

    fn set_child(&mut self, at: u32, is_left: bool, child: u32) {
        if let Some(node) = self.nodes.get_mut(at as usize) {
            let place = if is_left {
                &mut node.left
            } else {
                &mut node.right
            };
            *place = child;
        }
    }

    /// Returns the way from the root to `at`, or to where it belongs.
    fn path_to(&self, at: u32) -> Path {
        let (mut path, start) = (Path::new(), self.node(at).start);
        let mut next = self.root;
        while next != NONE && next != at {
            let node = self.node(next);
            let is_left = (start, at) < (node.start, next);
            path.push(next, is_left);
            next = node.child(is_left);
        }
        path
    }

    /// Puts a node that has a range into the tree.
    #[inline(never)]
    fn insert(&mut self, at: u32) {
        let path = self.path_to(at);
        self.set_child(at, true, NONE);
        self.set_child(at, false, NONE);
        self.update(at);
        self.put_below(&path, at);
    }

    /// Takes a node out of the tree.
    #[inline(never)]
    fn take_out(&mut self, at: u32) {
        let (mut path, Node { left, right, .. }) = (self.path_to(at), self.node(at));
        if left == NONE || right == NONE {
            return self.put_below(&path, if left == NONE { right } else { left });
        }
        // The first on its right takes its place.
        let mut first = right;
        let place = path.len;
        path.push(at, false);
        while self.node(first).left != NONE {
            path.push(first, true);
            first = self.node(first).left;
        }
        let rest = self.node(first).right;
        path.replace(place, first);
        self.set_child(first, true, left);
        self.set_child(first, false, right);
        self.put_below(&path, rest);
    }

    /// Makes `tree` the last of `path`, and balances what is above it.
    fn put_below(&mut self, path: &Path, mut tree: u32) {
        for &(parent, is_left) in path.steps().rev() {
            self.set_child(parent, is_left, tree);
            tree = self.balance(parent);
        }
        self.root = tree;
    }

    /// Computes what a node knows of those below it.
    fn update(&mut self, at: u32) {
        let node = self.node(at);
        let (left, right) = (self.node(node.left), self.node(node.right));
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.height = 1 + left.height.max(right.height);
            node.max_end = node.end.max(left.max_end).max(right.max_end);
        }
    }

    fn height(&self, at: u32) -> u32 {
        self.node(at).height
    }

    /// Balances the tree below `at`, both sides of which are balanced, and differ in height by 2 at the
    /// most. Returns the node that is in its place.
    fn balance(&mut self, at: u32) -> u32 {
        self.update(at);
        for is_left in [true, false] {
            let node = self.node(at);
            let high = node.child(is_left);
            if self.height(high) > self.height(node.child(!is_left)) + 1 {
                let side = self.node(high);
                if self.height(side.child(!is_left)) > self.height(side.child(is_left)) {
                    let inner = self.rotate(high, !is_left);
                    self.set_child(at, is_left, inner);
                }
                return self.rotate(at, is_left);
            }
        }
        at
    }

    /// Puts the left child of `at`, or the right one, into its place, and `at` below it. Returns that child.
    fn rotate(&mut self, at: u32, is_left: bool) -> u32 {
        let up = self.node(at).child(is_left);
        self.set_child(at, is_left, self.node(up).child(!is_left));
        self.update(at);
        self.set_child(up, !is_left, at);
        self.update(up);
        up
    }
}

/// A way down the tree: each node, and whether it goes on to the left.
struct Path {
    nodes: [(u32, bool); MAX_HEIGHT],
    len: usize,
}

impl Path {
    fn new() -> Self {
        Self {
            nodes: [(NONE, false); MAX_HEIGHT],
            len: 0,
        }
    }

    fn push(&mut self, at: u32, is_left: bool) {
        if let Some(step) = self.nodes.get_mut(self.len) {
            *step = (at, is_left);
            self.len += 1;
        }
    }

    fn replace(&mut self, step: usize, at: u32) {
        if let Some(step) = self.nodes.get_mut(step) {
            step.0 = at;
        }
    }

    fn steps(&self) -> impl DoubleEndedIterator<Item = &(u32, bool)> {
        self.nodes.get(..self.len).unwrap_or(&[]).iter()
    }
}
