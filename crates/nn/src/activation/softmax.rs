use chainrule_graph::op::{Backward, Cotangent, Forward, Op, Reads};
use chainrule_graph::{Properties, Var};
use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, simd};

use super::Activation;
use crate::Layer;
use crate::config::formula;

/// Probabilities over the last axis: `y_i = e^(x_i) / sum_j e^(x_j)`, computed from `x - max x`;
/// gradient `y (g - sum g y)`.
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
        // The Jacobian is a covariance matrix of a one-hot vector: its largest eigenvalue is at
        // most 1/2.
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
        let (x, output) = (pass.inputs.get(0), pass.output);
        simd::dispatch(
            #[inline(always)]
            || {
                let least = T::MIN_POSITIVE * T::from_usize(2 * classes);
                for (p, x) in output.chunks_mut(ROWS * classes).zip(x.chunks(ROWS * classes)) {
                    softmax_rows(x, p, classes, least);
                }
            },
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (_, classes) = pass.shape.as_rows();
        let Some(dx) = pass.cotangents.get(0) else { return };
        let Cotangent { values: dx, put } = dx;
        simd::dispatch_with(
            #[inline(always)]
            |by| {
                let rows = dx.chunks_exact_mut(classes).zip(pass.output.chunks_exact(classes));
                for ((dx, y), g) in rows.zip(pass.upstream.chunks_exact(classes)) {
                    let mean: T = g.iter().zip(y).map(|(&g, &y)| g * y).sum();
                    let both = dx.iter_mut().zip(g).zip(y);
                    match put {
                        Put::Set => {
                            for ((dx, &g), &y) in both {
                                *dx = by.flushed(y * (g - mean));
                            }
                        }
                        Put::Add => {
                            for ((dx, &g), &y) in both {
                                *dx = by.flushed(*dx + y * (g - mean));
                            }
                        }
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

/// How many rows are taken together: enough that short rows fill whole vectors between them, few
/// enough that long ones stay in the cache.
pub(crate) const ROWS: usize = 8;

/// The softmax of up to [`ROWS`] rows of `x` into `p`; gives each row's maximum and its sum of
/// `e^(x - max)`, of which those below `least` are 0. By the sum, at most the number of classes,
/// such a `least` divided is still a normal number.
#[inline(always)]
pub(crate) fn softmax_rows<T: Real>(
    x: &[T],
    p: &mut [T],
    classes: usize,
    least: T,
) -> [[T; ROWS]; 2] {
    let (mut maxima, mut sums) = ([T::ZERO; ROWS], [T::ONE; ROWS]);
    for ((p, x), out) in p.chunks_exact_mut(classes).zip(x.chunks_exact(classes)).zip(&mut maxima) {
        let max = row_max(x);
        for (p, &x) in p.iter_mut().zip(x) {
            *p = x - max;
        }
        if max == T::INFINITY {
            at_infinity(x, p);
        }
        *out = max;
    }
    for p in p.iter_mut() {
        let e = p.exp();
        *p = if e < least { T::ZERO } else { e };
    }
    for (p, out) in p.chunks_exact_mut(classes).zip(&mut sums) {
        let sum = row_sum(p, |p| p);
        let scale = T::ONE / sum;
        for p in p {
            *p *= scale;
        }
        *out = sum;
    }
    [maxima, sums]
}

/// The maximum of a row, and its sum of `e^(x - max)`.
#[inline(always)]
pub(crate) fn max_and_sum_exp<T: Real>(row: &[T]) -> (T, T) {
    let max = row_max(row);
    let sum =
        if max == T::INFINITY { sum_at_infinity(row) } else { row_sum(row, |x| (x - max).exp()) };
    (max, sum)
}

/// `x - max` of a row whose maximum is infinite. One infinite logit has probability 1, the limit;
/// of several the limit depends on the way there, and the row is NaN.
#[cold]
fn at_infinity<T: Real>(x: &[T], shifted: &mut [T]) {
    let alone = x.iter().filter(|&&x| x == T::INFINITY).count() == 1;
    for (shifted, &x) in shifted.iter_mut().zip(x) {
        *shifted = if !alone { T::NAN } else { less(x, T::INFINITY) };
    }
}

/// The sum of `e^(x - max)` of such a row: 1, or NaN.
#[cold]
fn sum_at_infinity<T: Real>(row: &[T]) -> T {
    let sum = row_sum(row, |x| less(x, T::INFINITY).exp());
    if sum == T::ONE { sum } else { T::NAN }
}

/// `x - max`, 0 for the maximum itself though it be infinite.
#[inline(always)]
pub(crate) fn less<T: Real>(x: T, max: T) -> T {
    if x == T::INFINITY { T::ZERO } else { x - max }
}

/// Sums and maxima of long rows run side by side, since each addition waits for the one before it.
const LANES: usize = 16;

/// The sum of `f` over a row.
#[inline(always)]
fn row_sum<T: Real>(row: &[T], f: impl Fn(T) -> T) -> T {
    let (blocks, rest) = row.as_chunks::<LANES>();
    let mut sum = T::ZERO;
    if !blocks.is_empty() {
        let mut lanes = [T::ZERO; LANES];
        for block in blocks {
            for (lane, &x) in lanes.iter_mut().zip(block) {
                *lane += f(x);
            }
        }
        sum = lanes.into_iter().sum();
    }
    for &x in rest {
        sum += f(x);
    }
    sum
}

/// The largest value, NaN left out: whatever is computed from all of the row is NaN in any case.
#[inline(always)]
fn row_max<T: Real>(row: &[T]) -> T {
    let larger = |a: T, b: T| if b > a { b } else { a };
    let (blocks, rest) = row.as_chunks::<LANES>();
    let mut max = -T::INFINITY;
    if !blocks.is_empty() {
        let mut lanes = [max; LANES];
        for block in blocks {
            for (lane, &x) in lanes.iter_mut().zip(block) {
                *lane = larger(*lane, x);
            }
        }
        max = lanes.into_iter().fold(max, larger);
    }
    rest.iter().copied().fold(max, larger)
}

formula!(Softmax: "e^x_i / sum_j e^x_j");

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
        let shifted =
            Tensor::from_rows([[1001.0, 1002.0, 1003.0], [0.0, 1e4, 2e4], [0.0, 10.0, 20.0]]);
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
        for at in 0..40 {
            let y = softmax(Tensor::from_fn([2, 40], |i| if i == at { f64::NAN } else { 1.0 }));
            assert!(y.row(0).iter().all(|y| y.is_nan()), "{at}");
            assert_eq!(y.row(1), [0.025; 40]);
        }
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        for shape in [Shape::new(&[1, 2]), Shape::new(&[3, 4]), Shape::new(&[2, 2, 5])] {
            let x = Tensor::from_fn(shape, |i| (i as f64 * 1.7).cos() * 3.0);
            gradcheck(&[x], |_, x| Softmax.forward(x[0])).unwrap();
        }
    }
}
