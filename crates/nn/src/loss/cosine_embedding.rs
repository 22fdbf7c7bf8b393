use chainrule_graph::Var;
use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape};

use super::checks::{positive_part, require};
use super::{Domain, Loss, Predictions, TargetForm};
use crate::Configure;
use crate::config::settings;

settings! {
    "cosine_embedding":
        "1 - cos(a, b) where t = 1, max(0, cos(a, b) - margin) where t = -1, p = [a, b]";

    /// How far the angle between two vectors `a` and `b` is from what it should be, one value for
    /// each sample. It is `1 - cos` where the target is 1, `max(0, cos - margin)` where it is -1,
    /// with `cos = a b / sqrt((a a + 1e-12) (b b + 1e-12))`.
    ///
    /// The prediction `[.., 2 d]` holds along its last axis the `d` numbers of `a`, then those of
    /// `b`; the target is `[..]` or `[.., 1]`. The derivative of `cos` by `a` is
    /// `b / sqrt((a a) (b b)) - cos a / (a a)`, zero for vectors of zeros. Lengths are measured
    /// without overflow, so that `[3e9, 4e9]` is as long as it is in `f32`; one infinite number is
    /// the direction of its vector, the limit. At the margin itself the derivative is zero, as in
    /// PyTorch's `CosineEmbeddingLoss`. A target other than 1 and -1 gives NaN.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct CosineEmbedding {
        /// The largest cosine that costs nothing where the target is -1, from -1 to 1.
        pub margin: f64 = 0.0, within(-1.0..=1.0);
    }
}

impl<T: Real> Loss<T> for CosineEmbedding {
    fn name(&self) -> &str {
        "cosine_embedding"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Pairs, targets: &[TargetForm::SampleSigns] }
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        require(prediction, self.check());
        prediction.graph().apply(CosineEmbeddingOp(*self), &[prediction, target])
    }
}

const PAIR: usize = 0;
const TARGET: usize = 1;

#[derive(Debug)]
struct CosineEmbeddingOp(CosineEmbedding);

impl<T: Real> Op<T> for CosineEmbeddingOp {
    fn name(&self) -> &str {
        "cosine_embedding"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (pair, target) = (inputs[PAIR], inputs[TARGET]);
        match pair.last() {
            Some(&width) if width > 0 && width % 2 == 0 => {}
            _ => {
                return Err(format!(
                    "prediction {pair} must hold two vectors along its last axis, one after the \
                     other"
                ));
            }
        }
        let last = pair.rank() - 1;
        let samples = pair.without_axis(last);
        if target != samples && target != pair.with_length(last, 1) {
            return Err(format!(
                "for predictions {pair} the target must be -1 or 1 for each sample, {samples}, but \
                 it is {target}"
            ));
        }
        Ok(samples)
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn differentiable(&self, input: usize) -> bool {
        input == PAIR
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let width = pass.inputs.shape(PAIR).as_rows().1;
        let rows = pass.inputs[PAIR].chunks_exact(width).zip(&pass.inputs[TARGET]);
        for (out, (pair, &t)) in pass.output.iter_mut().zip(rows) {
            let mut cosine = Cosine::of(pair, [T::ONE; 2]);
            if cosine.overflows() {
                let (pair, scales) = scaled(pair);
                cosine = Cosine::of(&pair, scales);
            }
            let cosine = cosine.value;
            *out = if t == T::ONE {
                T::ONE - cosine
            } else if t == -T::ONE {
                positive_part(cosine - T::from_f64(self.0.margin))
            } else {
                T::NAN
            };
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let width = pass.inputs.shape(PAIR).as_rows().1;
        let (pairs, target) = (pass.inputs.get(PAIR), pass.inputs.get(TARGET));
        let Some(dp) = pass.cotangents.get(PAIR) else { return };
        let rows = dp.accumulate().chunks_exact_mut(width).zip(pairs.chunks_exact(width));
        for (((dp, pair), &t), &g) in rows.zip(target).zip(&*pass.upstream) {
            let mut cosine = Cosine::of(pair, [T::ONE; 2]);
            let scaled = cosine.overflows().then(|| scaled(pair));
            let (pair, scales) =
                scaled.as_ref().map_or((pair, [T::ONE; 2]), |(pair, scales)| (pair, *scales));
            if scaled.is_some() {
                cosine = Cosine::of(pair, scales);
            }
            let g = if t == T::ONE {
                -g
            } else if t != -T::ONE {
                T::NAN
            } else if cosine.value <= T::from_f64(self.0.margin) {
                T::ZERO
            } else {
                g
            };
            let ((a, b), (da, db)) = (pair.split_at(width / 2), dp.split_at_mut(width / 2));
            let [ga, gb] = scales.map(|scale| g / scale);
            for (((da, db), &a), &b) in da.iter_mut().zip(db).zip(a).zip(b) {
                *da += ga * (b / cosine.norms - cosine.value * a / cosine.squares[0]);
                *db += gb * (a / cosine.norms - cosine.value * b / cosine.squares[1]);
            }
        }
    }
}

/// The cosine of the angle between the two halves of a row.
struct Cosine<T> {
    value: T,
    /// The product of the lengths.
    norms: T,
    /// The squares of the lengths.
    squares: [T; 2],
}

impl<T: Real> Cosine<T> {
    /// That of the halves of a row that were divided by these scales.
    fn of(pair: &[T], scales: [T; 2]) -> Self {
        let (a, b) = pair.split_at(pair.len() / 2);
        let product = |a: &[T], b: &[T]| -> T { a.iter().zip(b).map(|(&a, &b)| a * b).sum() };
        // PyTorch's constant, an f32 in both precisions.
        let tiny = T::from_f64(f64::from(1e-12_f32));
        let squares = [
            product(a, a) + tiny / scales[0] / scales[0],
            product(b, b) + tiny / scales[1] / scales[1],
        ];
        let norms = squares[0].sqrt() * squares[1].sqrt();
        Cosine { value: product(a, b) / norms, norms, squares }
    }

    fn overflows(&self) -> bool {
        !(self.squares[0].is_finite() && self.squares[1].is_finite() && self.value.is_finite())
    }
}

/// A row whose squares overflow, each half divided by its largest magnitude, and these. Of a half
/// with one infinite number the limit stays: the direction of that number. With several there is
/// none, and they become NaN.
#[cold]
fn scaled<T: Real>(pair: &[T]) -> (Vec<T>, [T; 2]) {
    let halves = pair.chunks_exact(pair.len() / 2);
    let mut scaled = Vec::with_capacity(pair.len());
    let mut scales = [T::ONE; 2];
    for (half, scale) in halves.zip(&mut scales) {
        let largest = half
            .iter()
            .fold(T::ZERO, |largest, x| if x.abs() > largest { x.abs() } else { largest });
        if largest > T::ZERO {
            *scale = largest;
        }
        let alone = half.iter().filter(|x| x.abs() == T::INFINITY).count() == 1;
        scaled.extend(half.iter().map(|&x| match () {
            () if largest < T::INFINITY => x / *scale,
            () if x.abs() < T::INFINITY || x.is_nan() => x * T::ZERO,
            () if !alone => T::NAN,
            () if x > T::ZERO => T::ONE,
            () => -T::ONE,
        }));
    }
    (scaled, scales)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::Reduction;
    use crate::loss::check::{self, assert_close, run};
    use chainrule_graph::Graph;
    use chainrule_tensor::Tensor;

    fn of(loss: CosineEmbedding, pair: [f64; 4], target: f64) -> [Vec<f64>; 3] {
        run(&loss, &Tensor::from_rows([pair]), &Tensor::from(vec![target]), Reduction::None)
    }

    #[test]
    fn golden_values() {
        let plain = CosineEmbedding::default();
        let [y, dp, _] = of(plain, [3.0, 4.0, 4.0, 3.0], 1.0);
        assert_close(&y, &[1.0 - 24.0 / 25.0], 1e-12);
        assert_close(&dp, &[-0.0448, 0.0336, 0.0336, -0.0448], 1e-12);
        let [y, dp, _] = of(plain, [3.0, 4.0, 4.0, 3.0], -1.0);
        assert_close(&y, &[0.96], 1e-12);
        assert_close(&dp, &[0.0448, -0.0336, -0.0336, 0.0448], 1e-12);
        let [y, dp, _] = of(CosineEmbedding { margin: 0.97 }, [3.0, 4.0, 4.0, 3.0], -1.0);
        assert_eq!((y, dp), (vec![0.0], vec![0.0; 4]));
    }

    #[test]
    fn zeros_have_no_angle_and_no_endless_gradient() {
        let [y, dp, _] = of(CosineEmbedding::default(), [0.0, 0.0, 0.0, 0.0], 1.0);
        assert_eq!((y, dp), (vec![1.0], vec![0.0; 4]));
        let [y, dp, _] = of(CosineEmbedding::default(), [0.0, 0.0, 1.0, 2.0], 1.0);
        assert!(y == [1.0] && dp.iter().all(|dp| dp.is_finite()), "{dp:?}");
    }

    // Squares that overflow (kind 5 of RELIABILITY.md): pytorch#51912.
    #[test]
    fn lengths_whose_squares_overflow_have_the_angle_and_gradient_of_shorter_ones() {
        fn check<T: Real>(sizes: &[f64], tolerance: f64) {
            let loss = CosineEmbedding::default();
            let at = |target: f64, [a, b]: [f64; 2]| {
                let pair = [3.0 * a, 4.0 * a, 4.0 * b, 3.0 * b].map(T::from_f64);
                let target = Tensor::from(vec![T::from_f64(target)]);
                run::<T>(&loss, &Tensor::from_rows([pair]), &target, Reduction::None)
            };
            for target in [1.0, -1.0] {
                let [y, dp, _] = at(target, [1.0, 1.0]);
                for (&a, &b) in sizes.iter().flat_map(|a| sizes.iter().map(move |b| (a, b))) {
                    let [large_y, large_dp, _] = at(target, [a, b]);
                    assert!(
                        (large_y[0].to_f64() - y[0].to_f64()).abs() < tolerance,
                        "{a:e}, {b:e}: {large_y:?}"
                    );
                    for (i, (large, usual)) in large_dp.iter().zip(&dp).enumerate() {
                        let relative = large.to_f64() * if i < 2 { a } else { b } / usual.to_f64();
                        assert!(
                            (relative - 1.0).abs() < 20.0 * tolerance,
                            "{a:e}, {b:e}: {large_dp:?}"
                        );
                    }
                }
            }
        }
        check::<f32>(&[1.0, 1e9, 1e15, 1e19, 1e25, 1e30], 1e-6);
        check::<f64>(&[1.0, 1e9, 1e77, 1e155, 1e200, 1e300], 1e-12);
        let long = Tensor::from_rows([[3e9_f32, 4e9, 3e9, 4e9]]);
        let [y, ..] =
            run(&CosineEmbedding::default(), &long, &Tensor::from(vec![1.0]), Reduction::None);
        assert!(y[0].abs() < 1e-6, "{y:?}");
    }

    #[test]
    fn derivatives_agree_with_differences_and_nan_passes() {
        check::derivatives(&CosineEmbedding::default());
        check::derivatives(&CosineEmbedding { margin: -0.5 });
        for t in [1.0, -1.0] {
            assert!(of(CosineEmbedding::default(), [f64::NAN, 1.0, 2.0, 3.0], t)[0][0].is_nan());
        }
        assert!(of(CosineEmbedding::default(), [1.0, 1.0, 2.0, 3.0], 0.0)[0][0].is_nan());
    }

    #[test]
    fn mistakes_are_named() {
        let expected = "cosine_embedding: margin must lie in [-1, 1], but it is 2";
        assert_eq!(check::mistake(&CosineEmbedding { margin: 2.0 }), expected);
        let refused = |pair: [usize; 2], target: [usize; 2]| {
            let graph = Graph::<f32>::new();
            let (p, t) = (graph.input("p", pair), graph.input("t", target));
            let loss = CosineEmbedding::default().forward(p, t, Reduction::Mean);
            graph.plan(loss).unwrap_err().kind.to_string()
        };
        assert_eq!(
            refused([5, 3], [5, 1]),
            "cosine_embedding: prediction [5, 3] must hold two vectors along its last axis, one \
             after the other"
        );
        assert_eq!(
            refused([5, 4], [5, 2]),
            "cosine_embedding: for predictions [5, 4] the target must be -1 or 1 for each sample, \
             [5], but it is [5, 2]"
        );
    }
}
