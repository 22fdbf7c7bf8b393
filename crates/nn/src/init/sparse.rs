use chainrule_graph::Initialiser;
use chainrule_tensor::Shape;
use chainrule_tensor::random::{Generator, permutation};

use super::Listed;
use super::fan;
use crate::Configure;
use crate::config::settings;

settings! {
    "sparse": "N(0, deviation^2), a share of each column zero";

    /// Normally, with mean 0, and then a fixed share of each unit's inputs set to zero: in every
    /// column of `[inputs, outputs]`, `ceil(sparsity inputs)` of the weights, chosen at random.
    ///
    /// Sparsity 0.1 and deviation 0.01 by default, the latter as in PyTorch, whose `sparse_` has
    /// the zeros in the columns of `[outputs, inputs]`. There each input reaches equally many
    /// units; here, as in the paper, each unit has equally many inputs.
    ///
    /// Source: Martens, "Deep learning via Hessian-free optimization", 2010.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Sparse {
        /// The share of zeros in each column.
        pub sparsity: f64 = 0.1, within(0.0..=1.0);
        /// The standard deviation of the others.
        pub deviation: f64 = 0.01;
    }
}

impl Initialiser for Sparse {
    fn fill(
        &self,
        shape: Shape,
        values: &mut [f64],
        generator: &mut Generator,
    ) -> Result<(), String> {
        self.check()?;
        let [inputs, outputs] = shape[..] else {
            return Err("sparse needs weights of two axes, [inputs, outputs]".to_owned());
        };
        fan::normal(0.0, self.deviation, values, generator)?;
        let zeros = (self.sparsity * inputs as f64).ceil() as usize;
        for output in 0..outputs {
            for input in permutation(inputs, generator).into_iter().take(zeros) {
                values[input * outputs + output] = 0.0;
            }
        }
        Ok(())
    }
}

impl Listed for Sparse {
    fn name(&self) -> &'static str {
        "sparse"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::random::generator;

    #[test]
    fn each_column_has_its_share_of_zeros_and_the_others_the_deviation() {
        let (rule, mut values) = (Sparse { sparsity: 0.25, deviation: 0.5 }, vec![0.0; 201 * 300]);
        rule.fill([201, 300].into(), &mut values, &mut generator(1)).unwrap();
        let zero_rows = |column: usize| {
            (0..201).filter(|row| values[row * 300 + column] == 0.0).collect::<Vec<_>>()
        };
        // ceil(0.25 * 201)
        assert!((0..300).all(|column| zero_rows(column).len() == 51));
        assert_ne!(zero_rows(0), zero_rows(1));
        let n = 150.0 * 300.0;
        let variance = values.iter().map(|x| x * x).sum::<f64>() / n;
        // Five standard errors.
        assert!((variance.sqrt() / 0.5 - 1.0).abs() < 5.0 / (2.0_f64 * n).sqrt(), "{variance}");
    }

    #[test]
    fn other_shapes_and_shares_are_errors() {
        let fill = |rule: Sparse, shape: Shape| {
            rule.fill(shape, &mut vec![0.0; shape.elements()], &mut generator(0)).unwrap_err()
        };
        assert_eq!(
            fill(Sparse::default(), [3].into()),
            "sparse needs weights of two axes, [inputs, outputs]"
        );
        let dense = Sparse { sparsity: 1.5, ..Sparse::default() };
        assert_eq!(
            fill(dense, [3, 2].into()),
            "sparse: sparsity must lie in [0, 1], but it is 1.5"
        );
    }
}
