use chainrule_tensor::{Real, Shape, Tensor};

/// The smallest and the largest singular value of a layer's Jacobian at one sample:
/// `dy/dx = diag(f'(z)) W^T` for `y = f(x W + b)`. Values far above 1 in every layer let gradients
/// explode, values far below 1 let them vanish; a wide range does both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SingularRange {
    /// The smallest; 0 where the layer loses a direction, as wherever a unit is inactive and there
    /// are no more outputs than inputs.
    pub smallest: f64,
    /// The largest: the most by which the layer stretches a small change of its input, or a signal
    /// on its way back.
    pub largest: f64,
}

/// The range for weights `[inputs, outputs]` and the derivatives of the outputs' activation at one
/// sample, `None` for a layer without one. `None` where a value is not finite.
pub(super) fn singular_range<T: Real>(
    weights: &[T],
    shape: Shape,
    derivatives: Option<&[T]>,
) -> Option<SingularRange> {
    let outputs = shape[1];
    let scaled =
        weights.iter().enumerate().map(|(i, &w)| derivatives.map_or(w, |d| w * d[i % outputs]));
    let matrix = Tensor::new(shape, scaled.collect()).ok()?;
    let values = matrix.singular_values().ok()?;
    Some(SingularRange { smallest: values.last()?.to_f64(), largest: values.first()?.to_f64() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_scale_the_outputs() {
        let weights = [3.0, 0.0, 0.0, 4.0];
        let range = |d: Option<&[f64]>| singular_range(&weights, [2, 2].into(), d).unwrap();
        assert_eq!(range(None), SingularRange { smallest: 3.0, largest: 4.0 });
        assert_eq!(range(Some(&[1.0, 0.25])), SingularRange { smallest: 1.0, largest: 3.0 });
        assert_eq!(range(Some(&[1.0, 0.0])).smallest, 0.0);
    }
}
