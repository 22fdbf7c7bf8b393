use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_graph::{Properties, Var};
use chainrule_tensor::{Real, Shape, simd};

use super::Activation;
use crate::{Configure, Layer};

/// Probabilities over the last axis: `y_i = e^(x_i) / sum_j e^(x_j)`, computed from `x - max x`; gradient
/// `y (g - sum g y)`.
///
/// For predictions. In front of a cross-entropy loss leave it out: the losses take logits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Softmax;

impl<T: Real> Layer<T> for Softmax {
    fn kind(&self) -> &str {
        "softmax"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        x.graph().apply(SoftmaxOp, &[x])
    }
}

impl<T: Real> Activation<T> for Softmax {
    fn properties(&self) -> Properties {
        // The Jacobian is a covariance matrix of a one-hot vector: its largest eigenvalue is at most 1/2.
        Properties { range: (0.0, 1.0), lipschitz: 0.5, ..Properties::default() }
    }

    fn for_outputs(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct SoftmaxOp;

impl<T: Real> Op<T> for SoftmaxOp {
    fn name(&self) -> &str {
        "softmax"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        last_axis(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::OUTPUT
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (_, classes) = pass.shape.as_rows();
        softmax_rows(pass.inputs.get(0), pass.output, &mut [], classes);
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (_, classes) = pass.shape.as_rows();
        let Some(dx) = pass.cotangents.get(0) else { return };
        let dx = dx.accumulate();
        simd::dispatch(
            #[inline(always)]
            || {
                let rows = dx.chunks_exact_mut(classes).zip(pass.output.chunks_exact(classes));
                for ((dx, y), g) in rows.zip(pass.upstream.chunks_exact(classes)) {
                    let mean: T = g.iter().zip(y).map(|(&g, &y)| g * y).sum();
                    for ((dx, &g), &y) in dx.iter_mut().zip(g).zip(y) {
                        *dx += y * (g - mean);
                    }
                }
            },
        );
    }
}

pub(super) fn last_axis(shape: Shape) -> Result<Shape, String> {
    match shape.last() {
        None | Some(0) => Err(format!("shape {shape} has no classes along its last axis")),
        Some(_) => Ok(shape),
    }
}

/// The softmax of each row of `x` into `p`, and each row's sum of `e^(x - max x)` into `sums`, as far as that reaches.
pub(crate) fn softmax_rows<T: Real>(x: &[T], p: &mut [T], sums: &mut [T], classes: usize) {
    simd::dispatch(
        #[inline(always)]
        || {
            for (p, x) in p.chunks_exact_mut(classes).zip(x.chunks_exact(classes)) {
                let max = row_max(x);
                for (p, &x) in p.iter_mut().zip(x) {
                    *p = x - max;
                }
            }
            // Over all rows at once: one row of few classes would not fill a vector.
            for p in p.iter_mut() {
                *p = p.exp();
            }
            let mut sums = sums.iter_mut();
            for p in p.chunks_exact_mut(classes) {
                let sum: T = p.iter().copied().sum();
                let scale = T::ONE / sum;
                for p in p {
                    *p *= scale;
                }
                if let Some(out) = sums.next() {
                    *out = sum;
                }
            }
        },
    );
}

/// `sum e^(x - max x)`
#[inline(always)]
pub(crate) fn sum_exp<T: Real>(row: &[T]) -> T {
    let (max, mut sum) = (row_max(row), T::ZERO);
    for &x in row {
        sum += (x - max).exp();
    }
    sum
}

#[inline(always)]
pub(crate) fn row_max<T: Real>(row: &[T]) -> T {
    let mut max = -T::INFINITY;
    for &x in row {
        max = max.maximum(x);
    }
    max
}

impl Configure for Softmax {
    fn formula(&self) -> &'static str {
        "e^x_i / sum_j e^x_j"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_graph::gradcheck;
    use chainrule_tensor::Tensor;

    use crate::Model;

    fn softmax(rows: Tensor<f64>) -> Tensor<f64> {
        let params = Softmax.init(rows.shape()[1], 0).unwrap();
        Softmax.predict(&params, &rows).unwrap()
    }

    #[test]
    fn rows_sum_to_one_and_do_not_change_with_a_constant() {
        let x = Tensor::from_rows([[1.0, 2.0, 3.0], [-1e4, 0.0, 1e4], [700.0, 710.0, 720.0]]);
        let shifted = Tensor::from_rows([[1001.0, 1002.0, 1003.0], [0.0, 1e4, 2e4], [0.0, 10.0, 20.0]]);
        let (y, z) = (softmax(x), softmax(shifted));
        for row in 0..3 {
            assert!((y.row(row).iter().sum::<f64>() - 1.0).abs() < 1e-15);
            y.row(row).iter().zip(z.row(row)).for_each(|(y, z)| assert!((y - z).abs() < 1e-13));
        }
        assert!((y.at(&[0, 2]) - 0.665_240_955_774_821_9).abs() < 1e-15);
    }

    #[test]
    fn nan_spreads_over_its_row_only() {
        let y = softmax(Tensor::from_rows([[f64::NAN, 1.0], [0.0, 0.0]]));
        assert!(y.row(0).iter().all(|y| y.is_nan()));
        assert_eq!(y.row(1), [0.5, 0.5]);
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        for shape in [Shape::new(&[1, 2]), Shape::new(&[3, 4]), Shape::new(&[2, 2, 5])] {
            let x = Tensor::from_fn(shape, |i| (i as f64 * 1.7).cos() * 3.0);
            gradcheck(&[x], |_, x| Softmax.forward(x[0])).unwrap();
        }
    }
}
