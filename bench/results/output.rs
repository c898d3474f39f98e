// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Results as text: CSV and JSON with the same fields, and the samples of each row in binary.
//!
//! Times are in ticks of the clock for one operation: the ticks of a batch, less those of an empty
//! one, divided by its rounds.
//!
//! `samples`, all numbers little endian: `IOMRSMP1`, then for each row that has samples, in the order
//! of the rows: its index (`u32`, from 0), rounds (`u32`), n (`u32`), 0 (`u32`), and `n` times the
//! ticks of a batch (`u64`).

use super::{batch::Side, machine::Machine, row::Row};
use crate::harness::{arch::CLOCK, division::divide};
use io_mapping_rs::debugfs::files::{Decimal, Text};
use kernel::{fmt::Write, prelude::*};

/// Writes `value` with a point before its last `digits` digits.
fn decimal(out: &mut Text, value: u64, digits: u32) -> Result {
    let unit = 10u64.pow(digits);
    let ((whole, rest), digits) = (divide(value, unit), digits as usize);
    // CAST: It is less than 2^32, as no more than six digits are asked for.
    Ok(write!(out, "{}.{:0digits$}", Decimal(whole), rest as u32)?)
}

/// A format of rows: takes the fields one by one.
trait Fields {
    fn text(&mut self, name: &str, value: &str) -> Result;
    fn number(&mut self, name: &str, value: u64) -> Result;
    /// A number with a point before its last `digits` digits; `None` where the row has no such value.
    fn decimal(&mut self, name: &str, value: Option<u64>, digits: u32) -> Result;
}

/// Writes the fields of a row, in order.
fn describe(index: usize, row: &Row, machine: &Machine, out: &mut impl Fields) -> Result {
    let (subject, observed) = (&row.subject, &row.observed);
    out.number("row", index as u64)?;
    out.text("workload", subject.workload.name)?;
    out.text("strategy", subject.workload.strategy_name())?;
    out.number("size", subject.size)?;
    out.number("cpus", subject.cpus.into())?;
    out.text("phase", row.phase.name())?;
    out.text("side", row.side.name())?;
    out.text("call", call(row))?;
    out.text("verdict", row.verdict.name())?;
    out.text("reason", row.verdict.reason())?;
    out.number("n", row.summary.n as u64)?;
    out.number("rounds", row.rounds as u64)?;
    let summary = &row.summary;
    for (name, value) in [
        ("min", summary.min),
        ("p50", summary.p50),
        ("p90", summary.p90),
        ("p99", summary.p99),
        ("max", summary.max),
        ("mad", summary.mad),
        ("empty", row.empty),
    ] {
        out.decimal(name, row.per_operation(value), 3)?;
    }
    for (name, value) in [
        ("ratio", row.ratio.map(|ratio| ratio.median)),
        ("ratio_low", row.ratio.map(|ratio| ratio.low)),
        ("ratio_high", row.ratio.map(|ratio| ratio.high)),
    ] {
        out.decimal(name, value, 6)?;
    }
    out.number("pairs", row.pairs as u64)?;
    out.number("cpu", observed.cpu.into())?;
    out.text("migrated", if observed.migrated { "yes" } else { "no" })?;
    out.number("interrupts", observed.interrupts)?;
    out.number("switches", observed.switches)?;
    out.number("steal_ns", observed.steal_ns)?;
    out.text("clock", CLOCK)?;
    out.number("khz", machine.khz.into())?;
    out.text("hypervisor", machine.hypervisor())?;
    out.text("kernel", machine.kernel())?;
    out.text("backend", machine.backend())?;
    out.text("window", machine.window())
}

/// Returns what a side calls.
fn call(row: &Row) -> &'static str {
    match row.side {
        Side::Ours => "io_mapping_rs",
        Side::KernelCrate => "kernel",
        Side::C | Side::CRepeat => row.subject.workload.c_calls,
    }
}

/// The first line of CSV: the names of the fields. The second field is what stands before the next
/// name.
struct Names<'a>(&'a mut Text, &'static str);

impl Names<'_> {
    fn name(&mut self, name: &str) -> Result {
        write!(self.0, "{}{name}", self.1)?;
        self.1 = ",";
        Ok(())
    }
}

impl Fields for Names<'_> {
    fn text(&mut self, name: &str, _: &str) -> Result {
        self.name(name)
    }

    fn number(&mut self, name: &str, _: u64) -> Result {
        self.name(name)
    }

    fn decimal(&mut self, name: &str, _: Option<u64>, _: u32) -> Result {
        self.name(name)
    }
}

/// A line of CSV. No text has a comma or a quote in it.
struct Csv<'a>(&'a mut Text, &'static str);

impl Csv<'_> {
    fn separator(&mut self) -> Result {
        write!(self.0, "{}", self.1)?;
        self.1 = ",";
        Ok(())
    }
}

impl Fields for Csv<'_> {
    fn text(&mut self, _: &str, value: &str) -> Result {
        self.separator()?;
        Ok(write!(self.0, "{value}")?)
    }

    fn number(&mut self, _: &str, value: u64) -> Result {
        self.separator()?;
        Ok(write!(self.0, "{}", Decimal(value))?)
    }

    fn decimal(&mut self, _: &str, value: Option<u64>, digits: u32) -> Result {
        self.separator()?;
        value.map_or(Ok(()), |value| decimal(self.0, value, digits))
    }
}

/// An object of JSON. No text has a quote or a backslash in it.
struct Json<'a>(&'a mut Text, &'static str);

impl Json<'_> {
    fn name(&mut self, name: &str) -> Result {
        write!(self.0, "{}\"{name}\": ", self.1)?;
        self.1 = ", ";
        Ok(())
    }
}

impl Fields for Json<'_> {
    fn text(&mut self, name: &str, value: &str) -> Result {
        self.name(name)?;
        Ok(write!(self.0, "\"{value}\"")?)
    }

    fn number(&mut self, name: &str, value: u64) -> Result {
        self.name(name)?;
        Ok(write!(self.0, "{}", Decimal(value))?)
    }

    fn decimal(&mut self, name: &str, value: Option<u64>, digits: u32) -> Result {
        self.name(name)?;
        match value {
            Some(value) => decimal(self.0, value, digits),
            None => Ok(write!(self.0, "null")?),
        }
    }
}

pub(crate) fn csv(rows: &[Row], machine: &Machine, out: &mut Text) -> Result {
    if let Some(first) = rows.first() {
        describe(0, first, machine, &mut Names(out, ""))?;
        writeln!(out)?;
    }
    for (index, row) in rows.iter().enumerate() {
        describe(index, row, machine, &mut Csv(out, ""))?;
        writeln!(out)?;
    }
    Ok(())
}

pub(crate) fn json(rows: &[Row], machine: &Machine, out: &mut Text) -> Result {
    write!(out, "[")?;
    for (index, row) in rows.iter().enumerate() {
        write!(out, "{}\n  {{", if index == 0 { "" } else { "," })?;
        describe(index, row, machine, &mut Json(out, ""))?;
        write!(out, "}}")?;
    }
    Ok(writeln!(out, "\n]")?)
}

pub(crate) fn samples(rows: &[Row], out: &mut Text) -> Result {
    out.push(b"IOMRSMP1")?;
    for (index, row) in rows.iter().enumerate() {
        if row.samples.is_empty() {
            continue;
        }
        for number in [index, row.rounds, row.samples.len(), 0] {
            // CAST: None is as large as 2^32.
            out.push(&(number as u32).to_le_bytes())?;
        }
        for ticks in row.samples.iter() {
            out.push(&ticks.to_le_bytes())?;
        }
    }
    Ok(())
}
