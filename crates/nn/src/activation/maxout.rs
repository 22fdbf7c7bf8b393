use chainrule_graph::op::{Backward, Forward, Op};
use chainrule_graph::{Properties, Var};
use chainrule_tensor::{Real, Shape, simd};

use super::Activation;
use crate::config::settings;
use crate::{Configure, Layer};

settings! {
    "maxout": "the largest of each `pieces` adjacent features";

    /// The largest of each group of `pieces` adjacent features:
    /// `y_j = max(x_(j k), .., x_(j k + k - 1))` with `k = pieces`; derivative 1 for the largest,
    /// the first of equals as with PyTorch's `max`, and 0 for the others.
    ///
    /// Behind a linear layer a unit is a convex function of `k` linear pieces, which is learned.
    /// The two pieces of the first unit are the features 0 and 1, those of the second 2 and 3: as
    /// of a view as `[.., features / k, k]`.
    ///
    /// Shapes: `[.., k n]` becomes `[.., n]`; another length of the last axis is a mistake that
    /// planning reports. Default `pieces = 2`. NaN in a group makes its value NaN.
    ///
    /// Source: Goodfellow, Warde-Farley, Mirza, Courville and Bengio, "Maxout Networks", 2013.
    ///
    /// ```
    /// use chainrule_nn::activation::Maxout;
    /// use chainrule_nn::{Model, Sequential};
    ///
    /// // 16 units of 3 pieces.
    /// let model = Sequential::new().linear(4, 48).layer(Maxout { pieces: 3 }).linear(16, 3);
    /// model.init([4], 0)?;
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Maxout {
        /// The number of features of which the largest is taken; at least 1.
        pub pieces: usize = 2, at_least(1);
    }
}

impl<T: Real> Layer<T> for Maxout {
    fn kind(&self) -> &str {
        "maxout"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        if let Err(mistake) = self.check() {
            x.graph().fail(mistake);
            return x;
        }
        x.graph().apply(MaxoutOp { pieces: self.pieces }, &[x])
    }
}

impl<T: Real> Activation<T> for Maxout {
    /// Its kinks are where two pieces are equal, at no particular input. The gain 1 is
    /// `1 / sqrt(E[y^2])` for two pieces.
    fn properties(&self) -> Properties {
        Properties { lipschitz: 1.0, ..Properties::default() }
    }

    fn divisor(&self) -> usize {
        self.pieces
    }
}

#[derive(Debug)]
struct MaxoutOp {
    pieces: usize,
}

impl<T: Real> Op<T> for MaxoutOp {
    fn name(&self) -> &str {
        "maxout"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (shape, pieces) = (inputs[0], self.pieces);
        match shape.last() {
            Some(&length) if length > 0 && length.is_multiple_of(pieces) => {
                Ok(shape.with_length(shape.rank() - 1, length / pieces))
            }
            _ => Err(format!(
                "shape {shape} has no last axis whose length is a multiple of {pieces}, the pieces \
                 of a unit"
            )),
        }
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (x, output, pieces) = (pass.inputs.get(0), pass.output, self.pieces);
        simd::dispatch(
            #[inline(always)]
            || {
                for (y, group) in output.iter_mut().zip(x.chunks_exact(pieces)) {
                    let mut max = group[0];
                    for &x in &group[1..] {
                        // The first of equal values, which gets the gradient.
                        max = if max >= x || max.is_nan() { max } else { x };
                    }
                    *y = max;
                }
            },
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (x, pieces) = (pass.inputs.get(0), self.pieces);
        let Some(dx) = pass.cotangents.get(0) else { return };
        let groups = dx.accumulate().chunks_exact_mut(pieces).zip(x.chunks_exact(pieces));
        for (((dx, group), &y), &g) in groups.zip(pass.output).zip(&*pass.upstream) {
            let first = group.iter().position(|&x| x == y || x.is_nan()).unwrap_or(0);
            dx[first] += g;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_graph::{Graph, gradcheck};
    use chainrule_tensor::Tensor;

    use crate::Model;
    use crate::activation::check;

    #[test]
    fn the_first_of_the_largest_gets_the_gradient() {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", [2, 6]).keep_gradient();
        let y = Maxout { pieces: 3 }.forward(x).keep();
        let plan = graph.plan(y.sum(..)).unwrap();
        let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        ws.set(x, &[1.0, 3.0, 2.0, -5.0, -5.0, -6.0, 0.0, -0.0, 0.0, 1.0, f64::NAN, 2.0]).unwrap();
        plan.forward(&params, &mut ws);
        plan.backward(&params, &mut ws, &mut grads);
        assert_eq!(ws.value(y).values()[..3], [3.0, -5.0, 0.0]);
        assert!(ws.value(y).values()[3].is_nan());
        assert_eq!(
            ws.gradient(x).values(),
            [0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
        );
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        for (pieces, shape) in
            [(1, Shape::new(&[3, 5])), (2, Shape::new(&[4])), (4, Shape::new(&[2, 3, 8]))]
        {
            let x = Tensor::from_fn(shape, |i| (i as f64 * 1.7).cos() * 3.0);
            gradcheck(&[x], |_, x| Maxout { pieces }.forward(x[0])).unwrap();
        }
    }

    #[test]
    fn features_that_make_no_groups_are_a_mistake() {
        let error = Model::<f32>::init(&Maxout { pieces: 3 }, [4], 0).unwrap_err();
        assert_eq!(
            error.kind.to_string(),
            "maxout: shape [1, 4] has no last axis whose length is a multiple of 3, the pieces of \
             a unit"
        );
        check::refuses(&Maxout { pieces: 0 }, "maxout: pieces must be at least 1, but it is 0");
    }
}
