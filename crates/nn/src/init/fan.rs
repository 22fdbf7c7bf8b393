use chainrule_tensor::random::Generator;
use chainrule_tensor::{Shape, Tensor, memory};

/// Which distribution of a given variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distribution {
    Uniform,
    Normal,
}

impl Distribution {
    /// Fills `values` with mean zero and this standard deviation.
    pub(super) fn fill(
        self,
        deviation: f64,
        values: &mut [f64],
        generator: &mut Generator,
    ) -> Result<(), String> {
        // A uniform distribution on +-b has variance b^2 / 3.
        let bound = deviation * 3.0_f64.sqrt();
        match self {
            Distribution::Uniform => uniform(-bound, bound, values, generator),
            Distribution::Normal => normal(0.0, deviation, values, generator),
        }
    }
}

pub(super) fn uniform(
    low: f64,
    high: f64,
    values: &mut [f64],
    generator: &mut Generator,
) -> Result<(), String> {
    if low == high {
        values.fill(low);
        return Ok(());
    }
    let drawn =
        Tensor::uniform(values.len(), low..high, generator).map_err(|error| error.to_string())?;
    values.copy_from_slice(drawn.values());
    Ok(())
}

pub(super) fn normal(
    mean: f64,
    deviation: f64,
    values: &mut [f64],
    generator: &mut Generator,
) -> Result<(), String> {
    let drawn = Tensor::normal(values.len(), mean, deviation, generator)
        .map_err(|error| error.to_string())?;
    values.copy_from_slice(drawn.values());
    Ok(())
}

/// The number of inputs and of outputs of a unit whose weights have this shape,
/// `[inputs, .., outputs]`.
pub(super) fn fans(rule: &str, shape: Shape) -> Result<(f64, f64), String> {
    let [first, between @ .., last] = &*shape else {
        return Err(format!("{rule} needs weights of at least two axes, [inputs, outputs]"));
    };
    let between = memory::product(between);
    let (inputs, outputs) = (first.saturating_mul(between), last.saturating_mul(between));
    if inputs == 0 || outputs == 0 {
        return Err(format!("{rule} needs at least one input and one output"));
    }
    Ok((inputs as f64, outputs as f64))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use chainrule_graph::Initialiser;
    use chainrule_tensor::random::generator;

    #[test]
    fn fans_are_the_outer_axes_times_those_in_between() {
        assert_eq!(fans("rule", [64, 10].into()), Ok((64.0, 10.0)));
        assert_eq!(fans("rule", [3, 5, 5, 8].into()), Ok((75.0, 200.0)));
        assert_eq!(
            fans("glorot", [7].into()).unwrap_err(),
            "glorot needs weights of at least two axes, [inputs, outputs]"
        );
        assert!(fans("rule", [0, 7].into()).is_err());
    }

    /// Draws `[200, 300]` values and compares mean, standard deviation and largest magnitude with
    /// what the rule says.
    pub(crate) fn check_moments(rule: &dyn Initialiser, deviation: f64, bound: Option<f64>) {
        let shape = Shape::new(&[200, 300]);
        let mut values = vec![0.0; shape.elements()];
        rule.fill(shape, &mut values, &mut generator(5)).unwrap();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        // Five standard errors: of the mean, and of the deviation (kurtosis at most 3).
        assert!(mean.abs() < 5.0 * deviation / n.sqrt(), "{rule:?}: mean {mean}");
        assert!(
            (variance.sqrt() / deviation - 1.0).abs() < 5.0 / (2.0 * n).sqrt(),
            "{rule:?}: deviation {}",
            variance.sqrt()
        );
        let largest = values.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        match bound {
            Some(bound) => assert!(
                largest <= bound && largest > 0.999 * bound,
                "{rule:?}: {largest} against {bound}"
            ),
            None => {
                assert!(largest > 3.5 * deviation, "{rule:?}: no tails, the largest is {largest}")
            }
        }
    }
}
