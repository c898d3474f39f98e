/* SPDX-License-Identifier: GPL-2.0 */
/* Part of each module that uses the crate: it needs the symbol of the library that it was built with, see Kbuild. */
	.section .rodata
	.balign 8
	.dc.a	IOMRS_SYMBOL
	.section .note.GNU-stack, "", %progbits
