// SPDX-License-Identifier: GPL-2.0

//! What an aperture tells of itself.

use super::{Backing, IoMapping, Strategy};
use crate::{cache_mode::CacheMode, ioremap::Mapping};
use kernel::io::ResourceSize;

impl IoMapping {
    /// Bytes of the aperture.
    #[inline]
    pub fn size(&self) -> ResourceSize {
        self.size as ResourceSize
    }

    /// The strategy that it follows: not [`Strategy::Auto`].
    pub fn strategy(&self) -> Strategy {
        match &self.backing {
            Backing::Whole(_) => Strategy::Whole,
            Backing::Sparse(_) => Strategy::Sparse,
        }
    }

    /// The cache mode asked for.
    pub fn requested(&self) -> CacheMode {
        match &self.backing {
            Backing::Whole(whole) => whole.requested(),
            Backing::Sparse(sparse) => sparse.reserved.requested(),
        }
    }

    /// The cache mode that maps of it have, see [`Mapping::achieved`].
    pub fn achieved(&self) -> CacheMode {
        match &self.backing {
            Backing::Whole(whole) => whole.achieved(),
            Backing::Sparse(sparse) => sparse.achieved(),
        }
    }

    /// The mapping of the whole aperture, where there is one.
    pub fn whole(&self) -> Option<&Mapping> {
        match &self.backing {
            Backing::Whole(whole) => Some(whole),
            Backing::Sparse(_) => None,
        }
    }

    /// Unmaps the chunks that [`map`](Self::map) has left mapped, if any. The next map makes its
    /// chunk again.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn trim(&mut self) {
        if let Backing::Sparse(sparse) = &mut self.backing {
            sparse.trim(&mut self.directory);
        }
    }
}
