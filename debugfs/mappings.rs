// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! The files `mappings` and `mappings.json`: all mappings, as a table and as JSON.

use super::decimal::Decimal;
use super::snapshot::{self, MappingSnapshot, PAGE_SIZES};
use crate::debugfs::files::{Text, TextFile};
use crate::mm::vm_area::{arena, arena_usage::UnitUsage};
use kernel::{
    fmt::{self, Write},
    prelude::*,
};

/// The columns of the table: the byte of the line where each begins, and its name.
const COLUMNS: [(usize, &str); 10] = [
    (0, "# physical range"),
    (32, "virtual"),
    (49, "size"),
    (65, "requested"),
    (81, "achieved"),
    (97, "strategy"),
    (106, "age"),
    (113, "live maps"),
    (128, "pages"),
    (142, "caller"),
];

/// Moves to column `number` of [`COLUMNS`], which is not the first.
fn column(out: &mut Text, number: usize) -> Result {
    out.pad_to(COLUMNS.get(number).map_or(0, |&(at, _)| at))
}

pub(super) struct Table;

#[vtable]
impl<T> TextFile<T> for Table {
    const NAME: &'static CStr = c"mappings";

    fn show(_: &T, out: &mut Text) -> Result {
        for (number, (_, name)) in COLUMNS.iter().enumerate() {
            if number != 0 {
                column(out, number)?;
            }
            write!(out, "{name}")?;
        }
        writeln!(out)?;
        snapshot::all()?
            .iter()
            .try_for_each(|mapping| line(out, mapping))?;
        arena::units().try_for_each(|unit| unit_line(out, &unit))
    }
}

/// Writes the line of a unit of the arena, of which mappings are parts.
fn unit_line(out: &mut Text, unit: &UnitUsage) -> Result {
    write!(out, "# unit of the arena")?;
    column(out, 1)?;
    hashed(out, unit.addr)?;
    column(out, 2)?;
    let (size, free) = (Decimal(unit.size), Decimal(unit.free));
    let piece = Decimal(unit.largest_free);
    Ok(writeln!(
        out,
        "{size} bytes, {free} free, {piece} of them in one piece"
    )?)
}

/// Writes the line of one mapping.
fn line(out: &mut Text, mapping: &MappingSnapshot) -> Result {
    let last = mapping.phys + (mapping.size - 1);
    write!(out, "{:#015x}-{last:#015x}", mapping.phys)?;
    column(out, 1)?;
    virt(out, mapping, "-")?;
    column(out, 2)?;
    write!(out, "{}", Decimal(mapping.size))?;
    column(out, 3)?;
    write!(out, "{}", mapping.requested.name())?;
    column(out, 4)?;
    write!(out, "{}", mapping.achieved.name())?;
    column(out, 5)?;
    write!(out, "{}", mapping.strategy())?;
    column(out, 6)?;
    write!(out, "{}", mapping.age)?;
    column(out, 7)?;
    match mapping.maps() {
        Some((Some(slots), areas)) => write!(out, "slot:{slots},area:{areas}")?,
        Some((None, areas)) => write!(out, "slot:?,area:{areas}")?,
        None => write!(out, "-")?,
    }
    column(out, 8)?;
    if pages(out, mapping, "", ",")? == 0 {
        write!(out, "-")?;
    }
    column(out, 9)?;
    match &mapping.caller {
        Some(caller) => {
            let (file, complete) = caller.file();
            let ellipsis = if complete { "" } else { "..." };
            writeln!(out, "{ellipsis}{file}:{}", caller.line)?;
        }
        None => writeln!(out, "(unloaded)")?,
    }
    Ok(())
}

/// Writes the virtual address, or `none` if there is none.
fn virt(out: &mut Text, mapping: &MappingSnapshot, none: &str) -> Result {
    match mapping.addr {
        0 => Ok(write!(out, "{none}")?),
        addr => hashed(out, addr),
    }
}

/// Writes an address as C's `%p` prints it.
fn hashed(out: &mut Text, addr: usize) -> Result {
    /// In Rust `%p` prints a prefix that it does not print in C.
    struct WithoutPrefix<'a>(&'a mut Text);

    impl Write for WithoutPrefix<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write_str(text.strip_prefix("0x").unwrap_or(text))
        }
    }

    let addr = core::ptr::without_provenance::<u8>(addr);
    Ok(WithoutPrefix(out).write_fmt(fmt!("{addr:p}"))?)
}

/// Writes how many pages of each size are mapped, such as `4K:3,2M:127`. Returns the number of sizes.
///
/// `quote` encloses the name of each size, and `separator` stands between two.
fn pages(out: &mut Text, mapping: &MappingSnapshot, quote: &str, separator: &str) -> Result<usize> {
    let mut sizes = 0;
    for ((name, _), count) in PAGE_SIZES.iter().zip(mapping.pages) {
        if count != 0 {
            let separator = if sizes == 0 { "" } else { separator };
            let count = Decimal(count);
            write!(out, "{separator}{quote}{name}{quote}:{count}")?;
            sizes += 1;
        }
    }
    Ok(sizes)
}

pub(super) struct Json;

#[vtable]
impl<T> TextFile<T> for Json {
    const NAME: &'static CStr = c"mappings.json";

    fn show(_: &T, out: &mut Text) -> Result {
        let mut separator = "";
        write!(out, "{{\"mappings\": [")?;
        for mapping in snapshot::all()?.iter() {
            write!(out, "{separator}\n  ")?;
            object(out, mapping)?;
            separator = ",";
        }
        write!(out, "\n], \"units\": [")?;
        separator = "";
        for unit in arena::units() {
            write!(out, "{separator}\n  {{\"virt\": \"")?;
            hashed(out, unit.addr)?;
            let (size, free) = (Decimal(unit.size), Decimal(unit.free));
            write!(out, "\", \"size\": {size}, \"free\": {free}")?;
            let piece = Decimal(unit.largest_free);
            write!(out, ", \"free_in_one_piece\": {piece}}}")?;
            separator = ",";
        }
        Ok(writeln!(out, "\n]}}")?)
    }
}

/// Writes one mapping. A double holds each number exactly, as it has fewer than 53 bits: a physical
/// address has 52.
fn object(out: &mut Text, mapping: &MappingSnapshot) -> Result {
    write!(out, "{{\"phys\": {}, \"virt\": ", Decimal(mapping.phys))?;
    if mapping.addr == 0 {
        write!(out, "null")?;
    } else {
        write!(out, "\"")?;
        virt(out, mapping, "")?;
        write!(out, "\"")?;
    }
    write!(out, ", \"size\": {}", Decimal(mapping.size))?;
    write!(out, ", \"requested\": \"{}\"", mapping.requested.name())?;
    write!(out, ", \"achieved\": \"{}\"", mapping.achieved.name())?;
    write!(out, ", \"strategy\": \"{}\"", mapping.strategy())?;
    write!(out, ", \"age\": {}, \"pages\": {{", mapping.age)?;
    pages(out, mapping, "\"", ", ")?;
    write!(out, "}}, \"maps\": ")?;
    match mapping.maps() {
        Some((Some(slots), areas)) => write!(out, "{{\"slots\": {slots}, \"areas\": {areas}}}")?,
        Some((None, areas)) => write!(out, "{{\"slots\": null, \"areas\": {areas}}}")?,
        None => write!(out, "null")?,
    }
    write!(out, ", \"file\": ")?;
    let Some(caller) = &mapping.caller else {
        return Ok(write!(out, "null, \"line\": null}}")?);
    };
    string(out, caller.file().0)?;
    Ok(write!(out, ", \"line\": {}}}", caller.line)?)
}

/// Writes `text` as a string of JSON.
fn string(out: &mut Text, text: &str) -> Result {
    out.write_char('"')?;
    for char in text.chars() {
        match char {
            '"' | '\\' => write!(out, "\\{char}")?,
            '\0'..' ' => write!(out, "\\u{:04x}", u32::from(char))?,
            _ => out.write_char(char)?,
        }
    }
    Ok(out.write_char('"')?)
}
