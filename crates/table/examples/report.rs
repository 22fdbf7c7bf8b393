//! The report of a table: `cargo run --release -p chainrule-table --example report -- FILE`.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use chainrule_table::{Options, Source, read};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name a table, or - for standard input")?;
    let begin = Instant::now();
    let table = read(&Source::open(Path::new(&path))?, &Options::default())?;
    let seconds = begin.elapsed().as_secs_f64();
    print!("{}", table.report);
    println!("{:.0} samples a second", table.samples() as f64 / seconds);
    Ok(())
}
