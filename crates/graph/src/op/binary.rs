//! Element-wise operations on two variables, with NumPy broadcasting.

use std::fmt::Debug;
use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, broadcast, elementwise};

use super::{Backward, Forward, Op, Reads};
use crate::Var;

/// A differentiable function of two numbers.
trait Binary: Debug + Send + Sync + 'static {
    const NAME: &'static str;
    /// True if the partial derivatives read the operands; if not they are constants, the first of
    /// them 1, and nothing is kept for them.
    const READS_OPERANDS: bool;
    fn value<T: Real>(a: T, b: T) -> T;
    /// `upstream * df/da`
    fn pull_a<T: Real>(upstream: T, a: T, b: T) -> T;
    /// `upstream * df/db`
    fn pull_b<T: Real>(upstream: T, a: T, b: T) -> T;
}

/// A [`Binary`] function as an operation.
#[derive(Debug)]
struct Zip<B>(B);

impl<T: Real, B: Binary> Op<T> for Zip<B> {
    fn name(&self) -> &str {
        B::NAME
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        broadcast_shape(inputs[0], inputs[1])
    }

    fn reads(&self) -> Reads {
        if B::READS_OPERANDS { Reads::INPUTS } else { Reads::NOTHING }
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (a, b) = (pass.inputs.get(0), pass.inputs.get(1));
        let (a_shape, b_shape) = (pass.inputs.shape(0), pass.inputs.shape(1));
        broadcast::zip(Put::Set, pass.output, pass.shape, a, a_shape, b, b_shape, B::value);
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (a_shape, b_shape) = (pass.inputs.shape(0), pass.inputs.shape(1));
        let g = &*pass.upstream;
        // Derivatives that read no operand may be given any values.
        let operand = |i| if B::READS_OPERANDS { pass.inputs.get(i) } else { g };
        let (a, b) = (operand(0), operand(1));
        if a_shape == b_shape && !B::READS_OPERANDS {
            if let Some(da) = pass.cotangents.get(0) {
                da.map(g, |g| B::pull_a(g, T::ONE, T::ONE));
            }
            if let Some(db) = pass.cotangents.get(1) {
                db.map(g, |g| B::pull_b(g, T::ONE, T::ONE));
            }
            return;
        }
        if a_shape == b_shape {
            if let Some(da) = pass.cotangents.get(0) {
                elementwise::zip3(da.put, da.values, g, a, b, B::pull_a);
            }
            if let Some(db) = pass.cotangents.get(1) {
                elementwise::zip3(db.put, db.values, g, a, b, B::pull_b);
            }
            return;
        }
        // The gradient of a repeated operand is summed over the repetitions.
        if !B::READS_OPERANDS {
            if let Some(da) = pass.cotangents.get(0) {
                broadcast::fold(da.put, da.values, a_shape, pass.upstream, pass.shape);
            }
            if let Some(db) = pass.cotangents.get(1) {
                pass.upstream.iter_mut().for_each(|g| *g = B::pull_b(*g, T::ONE, T::ONE));
                broadcast::fold(db.put, db.values, b_shape, pass.upstream, pass.shape);
            }
            return;
        }
        if let Some(da) = pass.cotangents.get(0) {
            let da = da.accumulate();
            broadcast::for_each(pass.shape, a_shape, b_shape, |i, ia, ib| {
                da[ia] += B::pull_a(g[i], a[ia], b[ib])
            });
        }
        if let Some(db) = pass.cotangents.get(1) {
            let db = db.accumulate();
            broadcast::for_each(pass.shape, a_shape, b_shape, |i, ia, ib| {
                db[ib] += B::pull_b(g[i], a[ia], b[ib])
            });
        }
    }
}

/// The shape to which both broadcast, or why there is none.
pub(super) fn broadcast_shape(a: Shape, b: Shape) -> Result<Shape, String> {
    a.broadcast(b).ok_or_else(|| {
        format!(
            "shapes {a} and {b} do not broadcast: aligned at the last axis, lengths must be \
                 equal or one of them 1"
        )
    })
}

impl<'g, T: Real> Var<'g, T> {
    #[track_caller]
    fn zip<B: Binary>(self, op: B, other: Var<'g, T>) -> Var<'g, T> {
        self.graph().record(Arc::new(Zip(op)), &[self, other], Location::caller())
    }
}

/// Defines one function: its name, what its derivatives read, its value and the two products with
/// the upstream gradient.
macro_rules! binary {
    (
        $(#[$doc:meta])*
        $op:ident, $name:literal, $reads_operands:expr,
        |$a:ident, $b:ident| $value:expr,
        |$g:ident| $pull_a:expr, $pull_b:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        struct $op;

        impl Binary for $op {
            const NAME: &'static str = $name;
            const READS_OPERANDS: bool = $reads_operands;
            #[inline(always)]
            fn value<T: Real>($a: T, $b: T) -> T {
                $value
            }
            #[inline(always)]
            #[allow(unused_variables, reason = "a constant derivative reads no operand")]
            fn pull_a<T: Real>($g: T, $a: T, $b: T) -> T {
                $pull_a
            }
            #[inline(always)]
            #[allow(unused_variables, reason = "a constant derivative reads no operand")]
            fn pull_b<T: Real>($g: T, $a: T, $b: T) -> T {
                $pull_b
            }
        }
    };
}

binary!(
    /// `a + b`; derivatives 1 and 1.
    Add, "add", false, |a, b| a + b, |g| g, g
);
binary!(
    /// `a - b`; derivatives 1 and -1.
    Sub, "sub", false, |a, b| a - b, |g| g, -g
);
binary!(
    /// `a b`; derivatives `b` and `a`.
    Mul, "mul", true, |a, b| a * b, |g| g * b, g * a
);
binary!(
    /// `a / b`; derivatives `1 / b` and `-a / b^2`, not by way of `b^2`, which may overflow or
    /// vanish.
    Div, "div", true, |a, b| a / b, |g| g / b, -g * (a / b / b)
);
binary!(
    /// The larger; the gradient goes to it, half to each of two equal ones, as in PyTorch.
    Maximum, "maximum", true, |a, b| a.maximum(b), |g| g * share(a, b), g * share(b, a)
);
binary!(
    /// The smaller; the gradient goes to it, half to each of two equal ones, as in PyTorch.
    Minimum, "minimum", true, |a, b| a.minimum(b), |g| g * share(-a, -b), g * share(-b, -a)
);

binary!(
    /// `a^b`; derivatives `b a^(b-1)` and `a^b ln a`.
    Pow, "pow", true, |a, b| a.powf(b), |g| g * by_base(a, b), g * by_exponent(a, b)
);

/// `b a^(b-1)`; 0 at `b = 0`, where it is `0 * inf` for a base of 0.
#[inline(always)]
fn by_base<T: Real>(a: T, b: T) -> T {
    let power = a.powf(b - T::ONE);
    if b == T::ZERO && !power.is_finite() { T::ZERO } else { b * power }
}

/// `a^b ln a`; 0 at `a = 0`, where it is `0 * -inf`, unless the exponent is negative.
#[inline(always)]
fn by_exponent<T: Real>(a: T, b: T) -> T {
    if a == T::ZERO && b >= T::ZERO { T::ZERO } else { a.powf(b) * a.ln() }
}

/// The share of the gradient that goes to `winner`: all, half or none.
#[inline(always)]
fn share<T: Real>(winner: T, other: T) -> T {
    if winner > other {
        T::ONE
    } else if winner == other {
        T::HALF
    } else {
        T::ZERO
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<'g, T: Real> std::ops::$trait for Var<'g, T> {
            type Output = Var<'g, T>;
            #[track_caller]
            fn $method(self, other: Var<'g, T>) -> Var<'g, T> {
                self.zip($trait, other)
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<'g, T: Real> Var<'g, T> {
    /// `a^b` for each pair of elements of this and of `exponent`; derivatives `b a^(b-1)` by `a`
    /// and `a^b ln a` by `b`.
    ///
    /// - A negative base with a whole exponent has a value and a derivative by the base; its
    ///   derivative by the exponent is NaN. With any other exponent all are NaN.
    /// - A base of 0 gives 0 for a positive exponent, 1 for 0 and infinity for a negative one. The
    ///   derivative by the exponent is 0 there, as in PyTorch, and `-inf` for a negative one. That
    ///   by the base is 0 for an exponent of 0 and above 1, 1 for 1, and infinite below.
    /// - An exponent of 0 gives 1 for every base, even for NaN.
    ///
    /// ```
    /// use chainrule_graph::gradcheck;
    /// use chainrule_tensor::Tensor;
    ///
    /// let (a, b) = (Tensor::from(vec![0.5, 2.0]), Tensor::from(vec![-1.5, 3.0]));
    /// gradcheck(&[a, b], |_, x| x[0].pow(x[1]))?;
    /// # Ok::<(), chainrule_graph::GradcheckError>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn pow(self, exponent: Var<'g, T>) -> Var<'g, T> {
        self.zip(Pow, exponent)
    }

    /// The larger of each pair of elements, NaN if either is; equal ones share the gradient.
    #[track_caller]
    #[must_use]
    pub fn maximum(self, other: Var<'g, T>) -> Var<'g, T> {
        self.zip(Maximum, other)
    }

    /// The smaller of each pair of elements, NaN if either is; equal ones share the gradient.
    #[track_caller]
    #[must_use]
    pub fn minimum(self, other: Var<'g, T>) -> Var<'g, T> {
        self.zip(Minimum, other)
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{check, mistake, value, value_and_gradients};

    #[test]
    fn gradients_agree_with_differences_with_and_without_broadcasting() {
        let pairs: [[&[usize]; 2]; 8] = [
            [&[2, 3], &[2, 3]],
            [&[2, 3], &[3]],
            [&[3], &[2, 3]],
            [&[2, 1], &[1, 3]],
            [&[2, 3, 4], &[3, 1]],
            [&[], &[2, 2]],
            [&[], &[]],
            [&[0, 3], &[3]],
        ];
        for shapes in pairs {
            check(&shapes, |_, x| x[0] + x[1]);
            check(&shapes, |_, x| x[0] - x[1]);
            check(&shapes, |_, x| x[0] * x[1]);
            check(&shapes, |_, x| x[0] / (x[1] + 2.0));
            check(&shapes, |_, x| (x[0] + 1.5).pow(x[1]));
            check(&shapes, |_, x| x[0].maximum(x[1]));
            check(&shapes, |_, x| x[0].minimum(x[1]));
        }
    }

    #[test]
    fn both_operands_may_be_the_same() {
        check(&[&[2, 3]], |_, x| x[0] * x[0]);
        check(&[&[2, 3]], |_, x| x[0] / x[0] + (x[0] - x[0]) * x[0]);
    }

    #[test]
    fn equal_operands_share_the_gradient_of_the_larger() {
        let inputs = [Tensor::from(vec![1.0, 2.0, 3.0]), Tensor::from(vec![2.0, 2.0, 2.0])];
        let (y, gradients) = value_and_gradients(&inputs, None, |_, x| x[0].maximum(x[1]));
        assert_eq!(y.values(), [2.0, 2.0, 3.0]);
        assert_eq!(gradients[0].values(), [0.0, 0.5, 1.0]);
        assert_eq!(gradients[1].values(), [1.0, 0.5, 0.0]);
        let (y, gradients) = value_and_gradients(&inputs, None, |_, x| x[0].minimum(x[1]));
        assert_eq!(y.values(), [1.0, 2.0, 2.0]);
        assert_eq!(gradients[0].values(), [1.0, 0.5, 0.0]);
    }

    #[test]
    fn powers_at_the_edges_of_their_domain_are_as_documented() {
        let (nan, infinity) = (f64::NAN, f64::INFINITY);
        // Base, exponent, value, derivative by the base, derivative by the exponent.
        let cases = [
            [-2.0, 3.0, -8.0, 12.0, nan],
            [-2.0, 0.5, nan, nan, nan],
            [-2.0, 0.0, 1.0, 0.0, nan],
            [0.0, 2.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 1.0, 0.0],
            [0.0, 0.5, 0.0, infinity, 0.0],
            [0.0, 0.0, 1.0, 0.0, 0.0],
            [0.0, -1.0, infinity, -infinity, -infinity],
            [2.0, 0.0, 1.0, 0.0, std::f64::consts::LN_2],
            [5e-324, 0.0, 1.0, 0.0, 5e-324_f64.ln()],
            [nan, 0.0, 1.0, 0.0, nan],
        ];
        for [a, b, value, by_base, by_exponent] in cases {
            let inputs = [Tensor::from(vec![a]), Tensor::from(vec![b])];
            let (y, gradients) = value_and_gradients(&inputs, None, |_, x| x[0].pow(x[1]));
            let found = [y.values()[0], gradients[0].values()[0], gradients[1].values()[0]];
            for (found, expected) in found.into_iter().zip([value, by_base, by_exponent]) {
                let same = found == expected || (found.is_nan() && expected.is_nan());
                assert!(same, "{a}^{b}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn nan_passes_through() {
        let inputs = [Tensor::from(vec![f64::NAN, 1.0]), Tensor::from(vec![1.0, f64::NAN])];
        for y in [
            value(&inputs, |_, x| x[0].maximum(x[1])),
            value(&inputs, |_, x| x[0].minimum(x[1])),
            value(&inputs, |_, x| x[0] * x[1]),
        ] {
            assert!(y.values().iter().all(|y| y.is_nan()), "{y:?}");
        }
    }

    #[test]
    fn quotients_of_very_small_and_very_large_numbers_have_a_gradient() {
        let inputs = [Tensor::from(vec![1e-200, 1e200]), Tensor::from(vec![2e-200, 2e200])];
        let (_, gradients) = value_and_gradients(&inputs, None, |_, x| x[0] / x[1]);
        assert_eq!(gradients[1].values(), [-0.5 / 2e-200, -0.5 / 2e200]);
        let (_, gradients) =
            value_and_gradients(&inputs[1..], None, |_, x| 1e-200 / x[0].slice_rows(..1));
        assert_eq!(gradients[0].values(), [-0.5 / 2e-200, 0.0]);
    }

    #[test]
    fn shapes_that_do_not_broadcast_are_mistakes() {
        let why = "shapes [2, 3] and [2] do not broadcast: aligned at the last axis, lengths must \
                   be equal or one of them 1";
        assert_eq!(mistake(&[&[2, 3], &[2]], |_, x| x[0] + x[1]), format!("add: {why}"));
        assert_eq!(mistake(&[&[2, 3], &[2]], |_, x| x[0].maximum(x[1])), format!("maximum: {why}"));
    }
}
