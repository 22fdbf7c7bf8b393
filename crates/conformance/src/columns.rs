//! Columns of numbers: median, scale and the features that they become.

use chainrule::data::{Column, ColumnScaling, EncodedKind, Frame, TableEncoder};
use chainrule::prelude::*;

use crate::{Case, Tolerance, close};

/// Sums of a few rounded numbers.
const TOLERANCE: Tolerance = Tolerance { absolute: 1e-12, relative: 1e-12 };

pub(crate) fn check(case: &Case) -> Result<(), String> {
    let column = case.tensor("column")?;
    let name = case.name().to_owned();
    let frame = Frame::new(vec![(name, Column::Numbers(column.values().to_vec()))]);
    let frame = frame.map_err(|error| error.to_string())?;
    let encoder = TableEncoder::fit(&frame, ColumnScaling::Robust);
    let encoder = encoder.map_err(|error| error.to_string())?;
    let [only] = encoder.columns() else { return Err("there is one column".to_owned()) };
    let EncodedKind::Numbers { line, missing } = &only.kind else {
        return Err("the column is one of numbers".to_owned());
    };
    let expected = [case.number("median")?, case.number("scale")?];
    close("median and scale", &[line.centre, line.scale], &expected, TOLERANCE)?;
    let rows: Tensor<f64> = encoder.transform(&frame).map_err(|error| error.to_string())?;
    let clipped = case.tensor("clipped")?;
    for (row, &expected) in clipped.values().iter().enumerate() {
        let got = rows.row(row);
        if expected.is_nan() {
            // Here an indicator says so.
            if !(*missing && got == [0.0, 1.0]) {
                return Err(format!("row {row} is missing, but became {got:?}"));
            }
        } else {
            close(&format!("row {row}"), &got[..1], &[expected], TOLERANCE)?;
        }
    }
    Ok(())
}
