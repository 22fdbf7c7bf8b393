//! The checks that activations share; those of all at once are in `tests.rs`.

use chainrule_graph::{DerivativeReads, Pointwise, gradcheck};
use chainrule_tensor::Tensor;

use crate::{Activation, Model};

/// Compares `f` and `f'` with reference values `(x, f(x), f'(x))` given to 12 digits. Compares the
/// gradient with central differences away from the kinks, and the stated properties with what is
/// seen on a grid.
pub(super) fn golden<P: Pointwise<f64> + Pointwise<f32> + Copy>(
    function: &P,
    cases: &[(f64, f64, f64)],
) {
    let reads = Pointwise::<f64>::derivative_reads(function);
    let derivative = |x: f64| {
        let at =
            if reads == DerivativeReads::Output { Pointwise::<f64>::value(function, x) } else { x };
        Pointwise::<f64>::derivative(function, at)
    };
    for &(x, value, slope) in cases {
        let close =
            |got: f64, expected: f64| (got - expected).abs() <= 1e-11 * expected.abs().max(1e-1);
        let got = Pointwise::<f64>::value(function, x);
        assert!(close(got, value), "f({x}) = {got}, not {value}");
        assert!(close(derivative(x), slope), "f'({x}) = {}, not {slope}", derivative(x));
        let single = Pointwise::<f32>::value(function, x as f32);
        assert!(
            (f64::from(single) - value).abs() <= 4e-7 * value.abs().max(0.1),
            "in f32: f({x}) = {single}, not {value}"
        );
    }

    let properties = Pointwise::<f64>::properties(function);
    let away = |x: &f64| properties.kinks.iter().all(|kink| (x - kink).abs() > 1e-3);
    let grid: Vec<f64> = (-40..=40).map(|i| f64::from(i) * 0.21 + 0.013).filter(away).collect();
    gradcheck(&[Tensor::from(grid.clone())], |_, x| x[0].map(*function))
        .unwrap_or_else(|error| panic!("{error}"));
    for &x in &grid {
        let value = Pointwise::<f64>::value(function, x);
        assert!(
            properties.range.0 <= value && value <= properties.range.1,
            "f({x}) = {value} is out of {:?}",
            properties.range
        );
        assert!(
            derivative(x).abs() <= properties.lipschitz * (1.0 + 1e-12),
            "|f'({x})| is above {}",
            properties.lipschitz
        );
    }
    for nan in [
        Pointwise::<f64>::value(function, f64::NAN),
        f64::from(Pointwise::<f32>::value(function, f32::NAN)),
    ] {
        assert!(nan.is_nan(), "NaN must stay NaN");
    }
}

/// That settings are refused with this message: by [`Configure::check`](crate::Configure::check),
/// which guards the text, and when a model is planned.
pub(super) fn refuses(activation: &impl Activation<f32>, message: &str) {
    assert_eq!(activation.check().unwrap_err(), message);
    assert_eq!(activation.init([2], 0).unwrap_err().kind.to_string(), message);
}
