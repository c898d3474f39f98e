// SPDX-License-Identifier: GPL-2.0

//! The files `mappings` and `mappings.json`: each mapping that there is.

use super::snapshot::{self, MappingSnapshot, PAGE_SIZES};
use crate::debugfs::files::{Text, TextFile};
use kernel::{
    fmt::{self, Write},
    prelude::*,
};

/// Where the columns of the table begin.
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

/// The columns after `physical range`, by number in [`COLUMNS`].
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
        snapshot::all()?.iter().try_for_each(|seen| line(out, seen))
    }
}

fn line(out: &mut Text, seen: &MappingSnapshot) -> Result {
    let last = seen.phys + (seen.size - 1);
    write!(out, "{:#015x}-{last:#015x}", seen.phys)?;
    column(out, 1)?;
    virt(out, seen, "-")?;
    column(out, 2)?;
    write!(out, "{}", seen.size)?;
    column(out, 3)?;
    write!(out, "{}", seen.requested.name())?;
    column(out, 4)?;
    write!(out, "{}", seen.achieved.name())?;
    column(out, 5)?;
    write!(out, "{}", seen.strategy())?;
    column(out, 6)?;
    write!(out, "{}", seen.age)?;
    column(out, 7)?;
    match seen.maps() {
        Some((Some(slots), areas)) => write!(out, "slot:{slots},area:{areas}")?,
        Some((None, areas)) => write!(out, "slot:?,area:{areas}")?,
        None => write!(out, "-")?,
    }
    column(out, 8)?;
    if pages(out, seen, ("", "", ","))? == 0 {
        write!(out, "-")?;
    }
    column(out, 9)?;
    match &seen.caller {
        Some(caller) => {
            let (file, all) = caller.file();
            let cut = if all { "" } else { "..." };
            writeln!(out, "{cut}{file}:{}", caller.line)?;
        }
        None => writeln!(out, "(unloaded)")?,
    }
    Ok(())
}

/// The virtual address as `%p` has it, or `none`.
fn virt(out: &mut Text, seen: &MappingSnapshot, none: &str) -> Result {
    /// `%p` in Rust puts this before what it is in C.
    struct WithoutPrefix<'a>(&'a mut Text);

    impl Write for WithoutPrefix<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write_str(text.strip_prefix("0x").unwrap_or(text))
        }
    }

    let addr = seen.addr;
    if addr == 0 {
        return Ok(write!(out, "{none}")?);
    }
    let addr = core::ptr::without_provenance::<u8>(addr);
    Ok(WithoutPrefix(out).write_fmt(fmt!("{addr:p}"))?)
}

/// How many pages of each size there are, where there are any, and how many sizes: `4K:3,2M:127`,
/// with what stands before and behind a size, and between two.
fn pages(out: &mut Text, seen: &MappingSnapshot, marks: (&str, &str, &str)) -> Result<usize> {
    let (before, behind, between) = marks;
    let mut sizes = 0;
    for ((name, _), count) in PAGE_SIZES.iter().zip(seen.pages) {
        if count != 0 {
            let between = if sizes == 0 { "" } else { between };
            write!(out, "{between}{before}{name}{behind}:{count}")?;
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
        for seen in snapshot::all()?.iter() {
            write!(out, "{separator}\n  ")?;
            object(out, seen)?;
            separator = ",";
        }
        Ok(writeln!(out, "\n]}}")?)
    }
}

/// One mapping. Numbers are less than two to the 53rd, so that a double holds them: a physical
/// address has 52 bits.
fn object(out: &mut Text, seen: &MappingSnapshot) -> Result {
    write!(out, "{{\"phys\": {}, \"virt\": ", seen.phys)?;
    if seen.addr == 0 {
        write!(out, "null")?;
    } else {
        write!(out, "\"")?;
        virt(out, seen, "")?;
        write!(out, "\"")?;
    }
    write!(out, ", \"size\": {}", seen.size)?;
    write!(out, ", \"requested\": \"{}\"", seen.requested.name())?;
    write!(out, ", \"achieved\": \"{}\"", seen.achieved.name())?;
    write!(out, ", \"strategy\": \"{}\"", seen.strategy())?;
    write!(out, ", \"age\": {}, \"pages\": {{", seen.age)?;
    pages(out, seen, ("\"", "\"", ", "))?;
    write!(out, "}}, \"maps\": ")?;
    match seen.maps() {
        Some((Some(slots), areas)) => write!(out, "{{\"slots\": {slots}, \"areas\": {areas}}}")?,
        Some((None, areas)) => write!(out, "{{\"slots\": null, \"areas\": {areas}}}")?,
        None => write!(out, "null")?,
    }
    write!(out, ", \"file\": ")?;
    let Some(caller) = &seen.caller else {
        return Ok(write!(out, "null, \"line\": null}}")?);
    };
    string(out, caller.file().0)?;
    Ok(write!(out, ", \"line\": {}}}", caller.line)?)
}

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
