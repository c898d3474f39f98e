// SPDX-License-Identifier: GPL-2.0

//! The C API: what a C driver gets that is compiled with the library's header, beside what it gets from
//! C itself, and what is said of its mistakes. The driver is `c/driver.c`.

mod arguments;
mod contexts;
mod driver;
mod io_mapping;
mod ioremap;
mod misuse;
mod pci;
mod pcim;
mod random;
mod random_apertures;
