// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Instructions that the kernel replaces when it loads the module, on CPUs that need others.
//!
//! C: `ALTERNATIVE()` in
//! [`arch/arm64/include/asm/alternative-macros.h`](srctree/arch/arm64/include/asm/alternative-macros.h)

/// Text for `asm!`: the instruction `$old`, and `$new` where the CPU has the capability whose number is the
/// operand `$capability`. Both are one instruction.
macro_rules! alternative {
    ($old:expr, $new:expr, $capability:literal) => {
        concat!(
            "661:\n",
            $old,
            "\n662:\n",
            // C: struct alt_instr.
            ".pushsection .altinstructions,\"a\"\n",
            ".word 661b - .\n.word 663f - .\n.hword ",
            $capability,
            "\n.byte 662b - 661b\n.byte 664f - 663f\n",
            ".popsection\n.subsection 1\n663:\n",
            $new,
            "\n664:\n",
            // Fails to assemble where the two are not of one length.
            ".org . - (664b - 663b) + (662b - 661b)\n",
            ".org . - (662b - 661b) + (664b - 663b)\n",
            ".previous"
        )
    };
}
pub(super) use alternative;
