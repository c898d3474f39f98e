// SPDX-License-Identifier: GPL-2.0

//! Reads and writes of a program by what is mapped.

use super::{
    calls::{show, wrong, Run},
    memory::{Memory, Way},
    program::Words,
};
use crate::support::outcome::*;
use kernel::prelude::*;

/// Bytes of the longest copy.
const COPY: usize = 256;

impl Run<'_> {
    /// Reads or writes by a map that begins at `start`.
    pub(super) fn access(&mut self, map: &impl Memory, start: u64, words: &mut Words) -> Outcome {
        let len = map.len();
        let edges = [0, len as u64, (len as u64).saturating_sub(8)];
        match words.below(8) {
            0..3 => self.read(map, start, words, &edges),
            3..6 => self.write(map, start, words, &edges),
            _ => self.copy(map, start, words, &edges),
        }
    }

    fn read(&mut self, map: &impl Memory, start: u64, words: &mut Words, edges: &[u64]) -> Outcome {
        let way = way(words);
        let at = words.near(edges, map.len() as u64, 8);
        let found = map.read(way, at as usize);
        show!(
            self,
            "map at {start:#x}: read {way:?} at {at:#x}: {found:?}"
        );
        let expected = if map.has(way, at) {
            Ok(self.model.value(start + at, way.width))
        } else {
            Err(EINVAL)
        };
        if found != expected {
            wrong!(self, "not {expected:?}");
        }
        Ok(())
    }

    fn write(
        &mut self,
        map: &impl Memory,
        start: u64,
        words: &mut Words,
        edges: &[u64],
    ) -> Outcome {
        let way = way(words);
        let (at, value) = (words.near(edges, map.len() as u64, 8), words.next());
        let written = map.write(way, value, at as usize);
        show!(
            self,
            "map at {start:#x}: write {value} {way:?} at {at:#x}: {written:?}"
        );
        let expected = if map.has(way, at) {
            let bytes = self.model.bytes_mut(start + at, way.width);
            bytes.copy_from_slice(&value.to_le_bytes()[..way.width]);
            Ok(())
        } else {
            Err(EINVAL)
        };
        if written != expected {
            wrong!(self, "not {expected:?}");
        }
        Ok(())
    }

    /// Copies bytes out or in, or fills them.
    fn copy(&mut self, map: &impl Memory, start: u64, words: &mut Words, edges: &[u64]) -> Outcome {
        let (at, len) = (
            words.near(edges, map.len() as u64, 8),
            words.below(COPY as u64) as usize,
        );
        let (how, byte, fits) = (words.below(3), words.next() as u8, map.has_bytes(at, len));
        let mut data = [0; COPY];
        let data = &mut data[..len];
        let result = match how {
            0 => map.copy_out(at as usize, data),
            1 => {
                data.fill_with(|| words.next() as u8);
                map.copy_in(at as usize, data)
            }
            _ => {
                data.fill(byte);
                map.fill(at as usize, len, byte)
            }
        };
        let call = ["copy out", "copy in", "fill"][how as usize];
        show!(
            self,
            "map at {start:#x}: {call} {len} bytes at {at:#x}: {result:?}"
        );
        let expected = if fits { Ok(()) } else { Err(EINVAL) };
        if result != expected {
            wrong!(self, "not {expected:?}");
        }
        if fits && how == 0 && *data != *self.model.bytes(start + at, len) {
            wrong!(self, "other bytes are read");
        }
        if fits && how != 0 {
            self.model.bytes_mut(start + at, len).copy_from_slice(data);
        }
        Ok(())
    }
}

fn way(words: &mut Words) -> Way {
    Way {
        width: words.choose(&[1, 2, 4, 8]),
        bytes: words.below(2) == 0,
    }
}
