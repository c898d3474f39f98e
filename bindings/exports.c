// SPDX-License-Identifier: GPL-2.0
/*
 * What io-mapping-rs.ko says of itself to modpost and modinfo: the symbols of the Rust crate, which Kbuild lists, the
 * symbol whose name has the identity of this build, and the backend that it was built with.
 */
#include <linux/export.h>
#include <linux/module.h>

#define EXPORT_SYMBOL_RUST_GPL(sym) extern int sym; EXPORT_SYMBOL_GPL(sym)

#include "exports_generated.h"

extern const char IOMRS_SYMBOL;
const char IOMRS_SYMBOL = 1;
EXPORT_SYMBOL_GPL(IOMRS_SYMBOL);

MODULE_INFO(backend, IOMRS_BACKEND);
