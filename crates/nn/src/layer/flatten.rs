use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::{Layer, Listed, Sample};
use crate::config::formula;

/// Makes each sample one row of features: `[batch, a, b, ..]` becomes `[batch, a b ..]`, as between
/// images and a linear layer.
///
/// An input without axes is a mistake that planning reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flatten;

impl<T: Real> Layer<T> for Flatten {
    fn kind(&self) -> &str {
        "flatten"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        x.flatten()
    }
}

formula!(Flatten: "[batch, a, b, ..] as [batch, a b ..]");

impl<T: Real> Listed<T> for Flatten {
    fn samples(&self) -> Vec<Sample> {
        [&[3][..], &[2, 3], &[2, 1, 3]].map(|shape| Sample::Values(shape.into())).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{evaluated, mistake};
    use chainrule_tensor::Tensor;

    #[test]
    fn samples_become_rows() {
        let x = Tensor::from_fn([2, 3, 2], |i| i as f64);
        let y = evaluated(&Flatten, &x, |_| {});
        assert_eq!((y.shape(), y.values()), ([2, 6].into(), x.values()));
        assert!(mistake(&Flatten, []).contains("flatten"));
    }
}
