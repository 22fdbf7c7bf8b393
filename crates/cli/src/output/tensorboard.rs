//! Event files for TensorBoard.

use std::path::Path;

use chainrule::insight::Instruments;
use chainrule::prelude::*;
use chainrule::report::figure;
use chainrule::train::callback::EpochEnd;
use chainrule_plot::{Figure, PlotError, Theme, WeightImages};
use chainrule_tensorboard::{EventError, TensorBoard};

/// More pictures than these in one would be too small to tell apart.
const MOST_UNITS: usize = 64;

/// A callback that writes the training to this folder, with what the instruments see and pictures
/// of the first layer.
///
/// # Errors
/// A folder that holds another training, or cannot be written.
pub fn open<'a>(
    folder: &Path,
    instruments: &'a mut Instruments,
) -> Result<TensorBoard<'a>, EventError> {
    Ok(TensorBoard::create(folder)?.instruments(instruments).image("first_layer", first_layer))
}

/// The patterns that the first units of the first layer look for.
fn first_layer(end: &EpochEnd<'_, f32>) -> Result<Vec<u8>, PlotError> {
    let mut units =
        figure::first_layer(end.params, Digits::PIXELS).map_or(Vec::new(), |(_, units)| units);
    units.truncate(MOST_UNITS);
    let title = format!("The first layer after epoch {}", end.record.epoch);
    WeightImages::new(title, Digits::SIDE, Digits::SIDE, units).png(Theme::Light)
}
