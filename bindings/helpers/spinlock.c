// SPDX-License-Identifier: GPL-2.0
#include <linux/spinlock.h>

/* Those of Rust: see spin_lock.rs. Each is a class of its own for lockdep. */
DEFINE_SPINLOCK(iomrs_space_lock);
DEFINE_SPINLOCK(iomrs_cache_modes_lock);
DEFINE_SPINLOCK(iomrs_clean_lock);
DEFINE_SPINLOCK(iomrs_owners_lock);

void iomrs_spin_lock(spinlock_t *lock)
{
	spin_lock(lock);
}

void iomrs_spin_unlock(spinlock_t *lock)
{
	spin_unlock(lock);
}

bool iomrs_spin_trylock(spinlock_t *lock)
{
	return spin_trylock(lock);
}
