//! Tables of lines, whatever separates their cells: CSV, TSV and the like.

mod decode;
mod dialect;
mod header;
mod rows;
mod split;

use std::io::Read;

use chainrule_tensor::parallel::{Chunks, Pool};

use crate::kind::Kind;
use crate::raw::{Collector, Raw, RawColumn};
use crate::{Options, Source, TableError};

pub(crate) use decode::text as decoded;
pub(crate) use rows::Rows;

/// The form in which a column is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Its numbers, or its texts.
    Values,
    /// As values, but whole numbers too long for `f64` stay texts.
    Labels,
    /// Its texts.
    Words,
    Nothing,
}

/// More threads wait for the one that cuts lines.
const MOST_THREADS: usize = 4;
/// A block of fewer cells is not worth waking a thread.
const FEW_CELLS: usize = 20_000;

/// Reads a text; `wants` is asked once for the names of the columns.
///
/// A column is taken for numbers as long as all its cells are. Where a later one is not, the text
/// is gone through once more, for that column alone.
///
/// # Errors
/// Everything that is wrong with the text, with its place.
pub(crate) fn read(
    source: &Source,
    options: &Options,
    wants: impl FnOnce(&[String]) -> Result<Vec<Want>, TableError>,
) -> Result<Raw, TableError> {
    let mut rows = open(source, options)?;
    let names = rows.names()?;
    let wants = wants(&names)?;
    let comma_separates = rows.comma_separates();
    let first = wants.iter().map(|want| match want {
        Want::Values => Collector::new(false, false),
        Want::Labels => Collector::new(false, true),
        Want::Words => Collector::new(true, false),
        Want::Nothing => Collector::skipped(),
    });
    let mut collectors: Vec<Collector> = first.collect();
    collect(&mut rows, &mut collectors)?;
    let lost: Vec<bool> = collectors.iter().map(Collector::is_lost).collect();
    if lost.contains(&true) {
        let mut again = open(source, options)?;
        let second = lost.iter().zip(&wants).map(|(lost, want)| match lost {
            true => Collector::undecided_to_the_end(*want == Want::Labels),
            false => Collector::skipped(),
        });
        let mut second: Vec<Collector> = second.collect();
        collect(&mut again, &mut second)?;
        for ((collector, found), lost) in collectors.iter_mut().zip(second).zip(&lost) {
            if *lost {
                *collector = found;
            }
        }
    }
    let (count, places, mut notes) = (rows.count(), rows.places(), rows.notes());
    for (name, collector) in names.iter().zip(&collectors) {
        if let Some(bad) = &collector.bad {
            return Err(TableError::Place {
                file: source.name().to_owned(),
                place: places.place(bad.row),
                column: Some(name.clone()),
                what: bad.what.clone(),
            });
        }
    }
    let finished = collectors.into_iter().map(|collector| collector.finish(comma_separates));
    let columns: Vec<RawColumn> = finished.collect();
    let no_utf_8 = |text: &[u8]| std::str::from_utf8(text).is_err();
    let latin = rows.has_latin_names()
        || columns.iter().any(|column| match column {
            RawColumn::Words(words) => words.texts().any(no_utf_8),
            _ => false,
        });
    if latin {
        notes.push("it is not UTF-8, and was read as Latin-1 (Windows-1252)".to_owned());
    }
    Ok(Raw {
        declared: vec![false; names.len()],
        names,
        columns,
        rows: count,
        places,
        notes,
        comma_separates,
        latin,
        targets: Vec::new(),
    })
}

fn collect(rows: &mut Rows<'_>, columns: &mut [Collector]) -> Result<(), TableError> {
    let comma_separates = rows.comma_separates();
    let pool = Pool::shared();
    let threads = pool.threads().min(MOST_THREADS);
    let each = columns.len().div_ceil(threads).max(1);
    while let Some(block) = rows.block()? {
        let take = |first: usize, part: &mut [Collector]| {
            for (at, column) in (first..).zip(part) {
                column.push(block.first, block.column(at), comma_separates);
            }
        };
        // Columns do not know of each other, so that threads change nothing.
        if threads == 1 || block.rows().saturating_mul(columns.len()) < FEW_CELLS {
            take(0, columns);
        } else {
            let parts = Chunks::new(columns, each);
            pool.run(threads, |part| take(part * each, parts.take(part)));
        }
    }
    Ok(())
}

/// The lines of a source, its encoding undone.
pub(crate) fn open<'a>(source: &'a Source, options: &Options) -> Result<Rows<'a>, TableError> {
    let (reader, kind) = source.open_again()?;
    kind.check(source.name())?;
    let (reader, note): (Box<dyn Read + Send + 'a>, _) = match kind {
        Kind::Utf16 { big, marked } => {
            let how = if marked { "it is UTF-16" } else { "it is UTF-16, without a mark" };
            (Box::new(decode::Utf16::new(reader, big)), Some(how.to_owned()))
        }
        Kind::Gzip => return Err(source.wrong("is compressed twice; unpack it first")),
        _ => (reader, None),
    };
    Rows::new(source, reader, options.names, note)
}
