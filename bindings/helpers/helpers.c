// SPDX-License-Identifier: GPL-2.0
/*
 * The helpers, in a file per kernel header and in one object, as rust/helpers/ of the kernel has them.
 */
#include <linux/export.h>

#include "helpers.h"

#include "bug.c"
#include "cpumask.c"
#include "device.c"
#ifdef CONFIG_EFI
#include "efi.c"
#endif
#ifdef IOMRS_WINDOW_KMAP
#include "highmem.c"
#endif
#include "io.c"
#include "irqflags.c"
#include "jump_label.c"
#include "kallsyms.c"
#include "kernel.c"
#include "mm.c"
#include "mmzone.c"
#include "module.c"
#include "percpu.c"
#include "preempt.c"
#include "sched.c"
#ifdef CONFIG_PROVE_LOCKING
#include "sched_mm.c"
#endif
#include "smp.c"
#include "spinlock.c"
#include "stacktrace.c"
#include "vmalloc.c"
#include "workqueue.c"
