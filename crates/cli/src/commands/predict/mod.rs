//! `chainrule predict`: the answers of a saved network for the rows of a table.

pub mod args;
mod rows;

use std::collections::BTreeMap;
use std::process::ExitCode;

use chainrule_files as files;
use chainrule_table::{Source, Stream};

use crate::data::model;
use crate::failure::Failure;
use crate::flags::table::refused;
use crate::output::place::Place;
use crate::terminal::console::{Console, print};
use crate::text::shown::{place, shown};
use args::PredictArgs;

/// Predicts row by row. Gives what the program exits with.
///
/// # Errors
/// A network or a table that is wrong, a file that cannot be written.
pub fn run(args: &PredictArgs) -> Result<ExitCode, Failure> {
    let console = Console::new(args.quiet, false);
    let network = model::load(&args.model)?;
    let schema = model::schema(&network)?;
    let output = args.output.clone().map(|path| Place::asked_for("output", path));
    output.iter().try_for_each(Place::check)?;
    let source = Source::open(&args.data).map_err(refused)?;
    let mut stream = Stream::open(&source, &schema).map_err(refused)?;
    let (mut text, mut rows_done) = (rows::head(&network, args.format)?, 0);
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(samples) = stream.next_samples().map_err(refused)? {
        let answers = network.answers(&samples.inputs)?;
        rows_done += answers.rows();
        text += &rows::rows(&network, &answers, args.format)?;
        for (column, count) in samples.unknown {
            *unknown.entry(column).or_default() += count;
        }
        if output.is_none() {
            print(&text)?;
            text.clear();
        }
    }
    match &output {
        Some(output) => files::replace(output.path(), text.as_bytes()).map_err(|error| {
            let path = place(output.path());
            Failure::other(format!("cannot write {path}: {error}{}", files::advice(&error)))
        })?,
        None => print(&text)?,
    }
    for (column, count) in unknown {
        let column = shown(&column);
        console.note(&format!(
            "column {column}: {count} rows have a category that training has not seen; it counts \
             as missing"
        ));
    }
    if let Some(output) = &output {
        console.note(&format!("{rows_done} rows, in {}", output.path().display()));
    }
    Ok(ExitCode::SUCCESS)
}
