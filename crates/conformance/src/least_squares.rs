//! Least squares, non-linear with certified values: default settings from both starts, to 6 digits
//! of the residual sum of squares and 4 of every parameter and every standard error.

use std::f64::consts::PI;

use chainrule::prelude::*;
use chainrule::tensor::Dual;

use crate::{Case, Tolerance, close};

const SIX_DIGITS: Tolerance = Tolerance { absolute: 0.0, relative: 1e-6 };
const FOUR_DIGITS: Tolerance = Tolerance { absolute: 0.0, relative: 1e-4 };
/// For residuals of 1e-13 beside values of 1, of which `f64` holds no more than two or three
/// digits.
const ROUNDING: Tolerance = Tolerance { absolute: 0.0, relative: 1e-2 };

pub(crate) fn check(case: &Case) -> Result<(), String> {
    let model = case.text("model")?;
    let (columns, y) = data(case, model)?;
    let x: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let start = case.numbers("start")?;
    let names: Vec<String> = (1..=start.len()).map(|i| format!("b{i}")).collect();
    let start: Vec<(&str, f64)> = names.iter().map(String::as_str).zip(start).collect();
    let fit = LeastSquares::default()
        .fit_curve(&start, &x, &y, None, |b, x| curve(model, b, x))
        .map_err(|error| error.to_string())?;

    let certified = case.number("sum_of_squares")?;
    let rounded = fit.residual_deviation() < 1e-12 * y.iter().fold(0.0, |y: f64, x| y.max(x.abs()));
    let (squares, errors) = if rounded { (ROUNDING, ROUNDING) } else { (SIX_DIGITS, FOUR_DIGITS) };
    close("the sum of squares", &[fit.sum_of_squares], &[certified], squares)?;
    close("the parameters", &fit.parameters, &case.numbers("parameters")?, FOUR_DIGITS)?;
    let found = fit.standard_errors().map_err(|error| error.to_string())?;
    close("the standard errors", &found, &case.numbers("errors")?, errors)?;
    let deviation = [fit.residual_deviation()];
    close("the residual deviation", &deviation, &[case.number("deviation")?], errors)?;
    if fit.is_converged() { Ok(()) } else { Err(fit.to_string()) }
}

/// The columns of `x`, and `y`.
fn data(case: &Case, model: &str) -> Result<(Vec<Vec<f64>>, Vec<f64>), String> {
    let columns = case.get("x").and_then(|x| x.as_array()).ok_or("the case has no columns `x`")?;
    let columns: Option<Vec<Vec<f64>>> = columns.iter().map(crate::case::numbers).collect();
    let columns = columns.ok_or("a column of `x` is not a list of numbers")?;
    let mut y = case.numbers("y")?;
    if model == "Nelson" {
        // The model is that of the logarithm.
        y.iter_mut().for_each(|y| *y = y.ln());
    }
    Ok((columns, y))
}

/// The models as NIST writes them.
fn curve<'g>(model: &str, b: &[Var<'g, Dual>], columns: &[Var<'g, Dual>]) -> Var<'g, Dual> {
    let x = columns[0];
    let polynomial = |c: &[Var<'g, Dual>]| {
        let (last, rest) = c.split_last().expect("a polynomial has coefficients");
        rest.iter().rev().fold(*last, |sum, &c| sum * x + c)
    };
    // A bell of this height, around this place, of this width.
    let bell = |height: Var<'g, Dual>, place: Var<'g, Dual>, width: Var<'g, Dual>| {
        height * (-(x - place).square() / (width * width)).exp()
    };
    match model {
        "Bennett5" => b[0] * (x + b[1]).pow(-1.0 / b[2]),
        "BoxBOD" | "Misra1a" => b[0] * (1.0 - (-b[1] * x).exp()),
        "Chwirut1" | "Chwirut2" => (-b[0] * x).exp() / polynomial(&b[1..]),
        "DanWood" => b[0] * x.pow(b[1]),
        "ENSO" => {
            let turns = |period| 2.0 * PI * x / period;
            let year = 2.0 * PI / 12.0 * x;
            b[0] + b[1] * year.cos()
                + b[2] * year.sin()
                + b[4] * turns(b[3]).cos()
                + b[5] * turns(b[3]).sin()
                + b[7] * turns(b[6]).cos()
                + b[8] * turns(b[6]).sin()
        }
        "Eckerle4" => b[0] / b[1] * (-0.5 * ((x - b[2]) / b[1]).square()).exp(),
        "Gauss1" | "Gauss2" | "Gauss3" => {
            b[0] * (-b[1] * x).exp() + bell(b[2], b[3], b[4]) + bell(b[5], b[6], b[7])
        }
        "Hahn1" | "Thurber" => polynomial(&b[..4]) / (1.0 + polynomial(&b[4..]) * x),
        "Kirby2" => polynomial(&b[..3]) / (1.0 + polynomial(&b[3..]) * x),
        "Lanczos1" | "Lanczos2" | "Lanczos3" => {
            b[0] * (-b[1] * x).exp() + b[2] * (-b[3] * x).exp() + b[4] * (-b[5] * x).exp()
        }
        "MGH09" => b[0] * (x.square() + x * b[1]) / (x.square() + x * b[2] + b[3]),
        "MGH10" => b[0] * (b[1] / (x + b[2])).exp(),
        "MGH17" => b[0] + b[1] * (-x * b[3]).exp() + b[2] * (-x * b[4]).exp(),
        "Misra1b" => b[0] * (1.0 - (1.0 + 0.5 * b[1] * x).powf(Dual::constant(-2.0))),
        "Misra1c" => b[0] * (1.0 - (1.0 + 2.0 * b[1] * x).powf(Dual::constant(-0.5))),
        "Misra1d" => b[0] * b[1] * x / (1.0 + b[1] * x),
        "Nelson" => b[0] - b[1] * x * (-b[2] * columns[1]).exp(),
        "Rat42" => b[0] / (1.0 + (b[1] - b[2] * x).exp()),
        "Rat43" => b[0] / (1.0 + (b[1] - b[2] * x).exp()).pow(1.0 / b[3]),
        "Roszman1" => b[0] - b[1] * x - 1.0 / PI * (b[2] / (x - b[3])).atan(),
        other => {
            x.graph().fail(format!("there is no model `{other}`"));
            x
        }
    }
}

#[cfg(test)]
mod tests {
    use chainrule::train::optimizer::Lbfgs;

    use super::*;

    /// The sum of squares at which L-BFGS ends, as a part of the certified one.
    fn lbfgs(settings: Lbfgs, case: &Case) -> Result<f64, String> {
        let model = case.text("model")?;
        let (columns, y) = data(case, model)?;
        let mut weights = case.numbers("start")?;
        let graph = Graph::<Dual>::new();
        let constant = |values: &[f64]| {
            let values = values.iter().map(|&x| Dual::constant(x)).collect();
            Tensor::new([y.len()], values).map(|values| graph.constant(&values))
        };
        let columns: Result<Vec<_>, _> = columns.iter().map(|column| constant(column)).collect();
        let (columns, y) =
            (columns.map_err(|e| e.to_string())?, constant(&y).map_err(|e| e.to_string())?);
        let names: Vec<String> = (1..=weights.len()).map(|i| format!("b{i}")).collect();
        let b: Vec<_> = names.iter().map(|name| graph.param(name, [], 0.0)).collect();
        let loss = (curve(model, &b, &columns) - y).square().sum(..).keep();
        let plan = graph.plan(loss).map_err(|e| e.to_string())?;
        let mut params = plan.init(0).map_err(|e| e.to_string())?;
        let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
        let minimum = settings.minimise(&mut weights, |weights, gradient| {
            for (name, &weight) in names.iter().zip(weights) {
                params.get_mut(name).expect("it is recorded")[0] = Dual::constant(weight);
            }
            plan.forward(&params, &mut workspace);
            plan.backward(&params, &mut workspace, &mut grads);
            for (name, gradient) in names.iter().zip(gradient) {
                *gradient = grads.get(name).expect("it is recorded").values()[0].to_f64();
            }
            workspace.value(loss).values()[0].to_f64()
        });
        Ok(minimum.map_err(|e| e.to_string())?.loss / case.number("sum_of_squares")?)
    }

    /// The starts, near and far ones, from which L-BFGS comes to the certified sum of squares, to 6
    /// digits, of 27 each.
    fn reached(settings: Lbfgs) -> [usize; 2] {
        let family =
            crate::families().into_iter().find(|family| family.name == "least_squares").unwrap();
        let cases = family.cases().cases;
        assert_eq!(cases.len(), 54);
        let mut reached = [0, 0];
        for case in &cases {
            let part = lbfgs(settings, case).unwrap_or_else(|why| panic!("{}: {why}", case.name()));
            let far = case.name().contains("far");
            reached[usize::from(far)] += usize::from((part - 1.0).abs() < 1e-6);
        }
        reached
    }

    /// Kind "once more": without tolerances, L-BFGS on the bare sum of squares comes to the
    /// certified one from 25 near starts and 23 far ones. Parameters of 1e-4 make curvatures below
    /// any fixed bound, with which it was 14 and 12 (sblauth/cashocs#35).
    #[test]
    fn certified_sums_of_squares_are_reached_without_residuals() {
        let exact = Lbfgs { tolerance_gradient: 0.0, tolerance_change: 0.0, ..Lbfgs::new(2000) };
        let [near, far] = reached(exact);
        assert!(near >= 25 && far >= 23, "{near} and {far}");
    }

    /// The default tolerances are absolute; with them it is 13 and 10, as the documentation says.
    #[test]
    fn default_tolerances_end_short_of_small_sums_of_squares() {
        let [near, far] = reached(Lbfgs::new(2000));
        assert!((12..=14).contains(&near) && (9..=11).contains(&far), "{near} and {far}");
    }
}
