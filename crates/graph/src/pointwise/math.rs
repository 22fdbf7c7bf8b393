//! The elementary functions, one method of [`Var`] each.

use chainrule_tensor::{Dual, Real};

use super::{DerivativeReads, Pointwise, Properties};
use crate::Var;

/// Defines a function without parameters: its name, `f`, `f'` with what it reads, its kinks, and
/// the method of [`Var`].
macro_rules! function {
    (
        $(#[$doc:meta])*
        $method:ident, $op:ident,
        |$x:ident| $value:expr,
        $reads:ident |$at:ident| $derivative:expr,
        kinks $kinks:expr
    ) => {
        #[derive(Debug)]
        struct $op;

        impl<T: Real> Pointwise<T> for $op {
            fn name(&self) -> &'static str {
                stringify!($method)
            }
            #[inline(always)]
            fn value(&self, $x: T) -> T {
                $value
            }
            #[inline(always)]
            fn derivative(&self, $at: T) -> T {
                $derivative
            }
            fn derivative_reads(&self) -> DerivativeReads {
                DerivativeReads::$reads
            }
            fn properties(&self) -> Properties {
                Properties { kinks: $kinks, ..Properties::default() }
            }
        }

        impl<'g, T: Real> Var<'g, T> {
            $(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $method(self) -> Var<'g, T> {
                self.map($op)
            }
        }
    };
}

function!(
    /// `e^x` for each element; derivative `e^x`.
    exp, Exp, |x| x.exp(), Output |y| y, kinks vec![]
);
function!(
    /// `ln x` for each element, `-inf` at zero and NaN below; derivative `1 / x`.
    ln, Ln, |x| x.ln(), Input |x| T::ONE / x, kinks vec![]
);
function!(
    /// `sqrt x` for each element, NaN below zero; derivative `1 / (2 sqrt x)`, infinite at zero.
    sqrt, Sqrt, |x| x.sqrt(), Output |y| T::HALF / y, kinks vec![]
);
function!(
    /// `x^2` for each element; derivative `2 x`.
    square, Square, |x| x * x, Input |x| x + x, kinks vec![]
);
function!(
    /// `1 / x` for each element; derivative `-1 / x^2`.
    recip, Recip, |x| T::ONE / x, Output |y| -(y * y), kinks vec![]
);
function!(
    /// `|x|` for each element; derivative the sign of `x`, and 0 at 0 as in PyTorch.
    abs, Abs, |x| x.abs(), Input |x| sign(x), kinks vec![0.0]
);
function!(
    /// `sin x` for each element; derivative `cos x`.
    sin, Sin, |x| x.sin(), Input |x| x.cos(), kinks vec![]
);
function!(
    /// `cos x` for each element; derivative `-sin x`.
    cos, Cos, |x| x.cos(), Input |x| -x.sin(), kinks vec![]
);
function!(
    /// `atan x` for each element, from `-pi/2` to `pi/2`; derivative `1 / (1 + x^2)`.
    atan, Atan, |x| x.atan(), Input |x| T::ONE / (T::ONE + x * x), kinks vec![]
);

/// -1, 0 or 1; NaN for NaN.
#[inline(always)]
fn sign<T: Real>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x < T::ZERO {
        -T::ONE
    } else {
        x * T::ZERO
    }
}

/// `scale x + offset`.
#[derive(Debug)]
struct Line<T> {
    name: &'static str,
    scale: T,
    offset: T,
}

impl<T: Real> Pointwise<T> for Line<T> {
    fn name(&self) -> &'static str {
        self.name
    }
    #[inline(always)]
    fn value(&self, x: T) -> T {
        x * self.scale + self.offset
    }
    #[inline(always)]
    fn derivative(&self, _: T) -> T {
        self.scale
    }
    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Nothing
    }
}

/// `x / c`; derivative `1 / c`.
#[derive(Debug)]
struct Over<T>(T);

impl<T: Real> Pointwise<T> for Over<T> {
    fn name(&self) -> &'static str {
        "div"
    }
    #[inline(always)]
    fn value(&self, x: T) -> T {
        x / self.0
    }
    #[inline(always)]
    fn derivative(&self, _: T) -> T {
        T::ONE / self.0
    }
    #[inline(always)]
    fn pull_back(&self, upstream: T, _: T) -> T {
        upstream / self.0
    }
    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Nothing
    }
}

/// `c / x`; derivative `-c / x^2`.
#[derive(Debug)]
struct Under<T>(T);

impl<T: Real> Pointwise<T> for Under<T> {
    fn name(&self) -> &'static str {
        "div"
    }
    #[inline(always)]
    fn value(&self, x: T) -> T {
        self.0 / x
    }
    #[inline(always)]
    fn derivative(&self, x: T) -> T {
        // Not by way of x^2, which may overflow or vanish.
        -self.0 / x / x
    }
    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Input
    }
}

/// `x^p`.
#[derive(Debug)]
struct Power<T>(T);

impl<T: Real> Pointwise<T> for Power<T> {
    fn name(&self) -> &'static str {
        "pow"
    }
    #[inline(always)]
    fn value(&self, x: T) -> T {
        x.powf(self.0)
    }
    #[inline(always)]
    fn derivative(&self, x: T) -> T {
        // x^0 is 1 everywhere, though 0 * x^-1 is NaN at 0.
        if self.0 == T::ZERO { T::ZERO } else { self.0 * x.powf(self.0 - T::ONE) }
    }
    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Input
    }
}

/// `x` limited to `[low, high]`.
#[derive(Debug)]
struct Clamp<T> {
    low: T,
    high: T,
}

impl<T: Real> Pointwise<T> for Clamp<T> {
    fn name(&self) -> &'static str {
        "clamp"
    }
    #[inline(always)]
    fn value(&self, x: T) -> T {
        if x < self.low {
            self.low
        } else if x > self.high {
            self.high
        } else {
            x
        }
    }
    #[inline(always)]
    fn derivative(&self, x: T) -> T {
        if x < self.low || x > self.high { T::ZERO } else { T::ONE }
    }
    #[inline(always)]
    fn pull_back(&self, upstream: T, x: T) -> T {
        if x < self.low || x > self.high { T::ZERO } else { upstream }
    }
    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Input
    }
    fn properties(&self) -> Properties {
        Properties {
            range: (self.low.to_f64(), self.high.to_f64()),
            kinks: vec![self.low.to_f64(), self.high.to_f64()],
            lipschitz: 1.0,
            responsive: (self.low.to_f64(), self.high.to_f64()),
            ..Properties::default()
        }
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// `x^p` for each element; derivative `p x^(p-1)`. NaN for a negative element and a `p` that is
    /// not whole. For an exponent that is a variable itself, see [`pow`](Var::pow).
    #[track_caller]
    #[must_use]
    pub fn powf(self, p: T) -> Var<'g, T> {
        self.map(Power(p))
    }

    /// Each element limited to `[low, high]`; derivative 1 within, bounds included as in PyTorch,
    /// and 0 outside. NaN stays NaN.
    ///
    /// A `low` above `high`, or a bound that is NaN, is a mistake that planning reports.
    #[track_caller]
    #[must_use]
    pub fn clamp(self, low: T, high: T) -> Var<'g, T> {
        let ordered = low <= high;
        if !ordered {
            self.graph().fail(format!(
                "clamp: the lower bound {low} must be at most the upper bound {high}"
            ));
        }
        self.map(Clamp { low, high })
    }

    /// `scale x + offset` for each element.
    #[track_caller]
    #[must_use]
    pub fn scale_shift(self, scale: T, offset: T) -> Var<'g, T> {
        self.map(Line { name: "scale_shift", scale, offset })
    }
}

/// Operators between a variable and a number: one line each, in both orders.
macro_rules! with_number {
    ($trait:ident, $method:ident, |$x:ident, $c:ident| $right:expr) => {
        impl<'g, T: Real> std::ops::$trait<T> for Var<'g, T> {
            type Output = Var<'g, T>;
            #[track_caller]
            fn $method(self, $c: T) -> Var<'g, T> {
                let $x = self;
                $right
            }
        }
    };
    ($number:ident: $trait:ident, $method:ident, |$c:ident, $x:ident| $left:expr) => {
        impl<'g> std::ops::$trait<Var<'g, $number>> for $number {
            type Output = Var<'g, $number>;
            #[track_caller]
            fn $method(self, $x: Var<'g, $number>) -> Var<'g, $number> {
                let $c = self;
                $left
            }
        }
    };
}

with_number!(Add, add, |x, c| x.map(Line { name: "add", scale: T::ONE, offset: c }));
with_number!(Sub, sub, |x, c| x.map(Line { name: "sub", scale: T::ONE, offset: -c }));
with_number!(Mul, mul, |x, c| x.map(Line { name: "mul", scale: c, offset: T::ZERO }));
with_number!(Div, div, |x, c| x.map(Over(c)));
with_number!(f32: Add, add, |c, x| x + c);
with_number!(f64: Add, add, |c, x| x + c);
with_number!(f32: Sub, sub, |c, x| x.map(Line { name: "sub", scale: -1.0, offset: c }));
with_number!(f64: Sub, sub, |c, x| x.map(Line { name: "sub", scale: -1.0, offset: c }));
with_number!(f32: Mul, mul, |c, x| x * c);
with_number!(f64: Mul, mul, |c, x| x * c);
with_number!(f32: Div, div, |c, x| x.map(Under(c)));
with_number!(f64: Div, div, |c, x| x.map(Under(c)));

/// Operators between a plain number, which is a constant, and a variable of dual numbers. Not the
/// other way round: with a second `Var * number` the compiler no longer knows the scalar of a loss
/// such as `|prediction, target| (prediction - target) * 3.0`.
macro_rules! with_constant {
    ($trait:ident, $method:ident, |$c:ident, $x:ident| $left:expr) => {
        impl<'g> std::ops::$trait<Var<'g, Dual>> for f64 {
            type Output = Var<'g, Dual>;
            #[track_caller]
            fn $method(self, $x: Var<'g, Dual>) -> Var<'g, Dual> {
                let $c = Dual::constant(self);
                $left
            }
        }
    };
}

with_constant!(Add, add, |c, x| x + c);
with_constant!(Sub, sub, |c, x| x.map(Line { name: "sub", scale: -Dual::ONE, offset: c }));
with_constant!(Mul, mul, |c, x| x * c);
with_constant!(Div, div, |c, x| x.map(Under(c)));

impl<'g, T: Real> std::ops::Neg for Var<'g, T> {
    type Output = Var<'g, T>;
    #[track_caller]
    fn neg(self) -> Var<'g, T> {
        self.map(Line { name: "neg", scale: -T::ONE, offset: T::ZERO })
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::{Dual, Tensor};

    use crate::testing::{check, mistake, value, value_and_gradients};

    #[test]
    fn gradients_agree_with_differences() {
        for shape in [&[][..], &[5], &[3, 4], &[0, 2]] {
            check(&[shape], |_, x| x[0].exp());
            check(&[shape], |_, x| (x[0] + 2.0).ln());
            check(&[shape], |_, x| (x[0] + 2.0).sqrt());
            check(&[shape], |_, x| x[0].square());
            check(&[shape], |_, x| (x[0] + 2.0).recip());
            check(&[shape], |_, x| x[0].abs());
            check(&[shape], |_, x| x[0].sin());
            check(&[shape], |_, x| x[0].cos());
            check(&[shape], |_, x| (x[0] * 3.0).atan());
            check(&[shape], |_, x| x[0].tanh());
            check(&[shape], |_, x| x[0].sigmoid());
            check(&[shape], |_, x| x[0].relu());
            check(&[shape], |_, x| (x[0] + 2.0).powf(-1.7));
            check(&[shape], |_, x| x[0].powf(3.0));
            check(&[shape], |_, x| x[0].clamp(-0.5, 0.25));
            check(&[shape], |_, x| x[0].scale_shift(3.0, -1.0));
        }
    }

    #[test]
    fn operators_with_numbers_agree_with_differences() {
        check(&[&[2, 3]], |_, x| (x[0] + 0.5) * 3.0 - 1.0);
        check(&[&[2, 3]], |_, x| x[0] / 3.0);
        check(&[&[2, 3]], |_, x| 3.0 / (x[0] + 2.0));
        check(&[&[2, 3]], |_, x| 1.0 - -x[0]);
        check(&[&[2, 3]], |_, x| 2.0 + 3.0 * x[0]);
    }

    #[test]
    fn plain_numbers_before_dual_numbers_are_constants() {
        let graph = crate::Graph::<Dual>::new();
        let x = graph.constant(&Tensor::from(vec![Dual::variable(4.0)]));
        let results = [2.0 + x, 2.0 - x, 2.0 * x, 2.0 / x];
        let plan = graph.plan_forward(&results).unwrap();
        let (params, mut workspace) = (plan.init(0).unwrap(), plan.workspace());
        plan.forward(&params, &mut workspace);
        let found = results.map(|y| workspace.value(y).values()[0]).map(|y| (y.value, y.tangent));
        assert_eq!(found, [(6.0, 1.0), (-2.0, -1.0), (8.0, 2.0), (0.5, -0.125)]);
    }

    #[test]
    fn bounds_in_the_wrong_order_are_a_mistake() {
        let message = mistake(&[&[3]], |_, x| x[0].clamp(1.0, -1.0));
        assert_eq!(message, "clamp: the lower bound 1 must be at most the upper bound -1");
        assert!(
            mistake(&[&[3]], |_, x| x[0].clamp(f64::NAN, 1.0))
                .starts_with("clamp: the lower bound NaN")
        );
    }

    #[test]
    fn operators_with_numbers_round_once() {
        let x = || [Tensor::from(vec![5.0, 7.0, 0.1])];
        assert_eq!(value(&x(), |_, x| x[0] / 3.0).values(), [5.0 / 3.0, 7.0 / 3.0, 0.1 / 3.0]);
        assert_eq!(value(&x(), |_, x| 3.0 / x[0]).values(), [3.0 / 5.0, 3.0 / 7.0, 3.0 / 0.1]);
        assert_eq!(value(&x(), |_, x| 1.0 - x[0]).values(), [-4.0, -6.0, 0.9]);
    }

    #[test]
    fn derivatives_at_kinks_and_edges_are_those_of_pytorch() {
        let at = |x: &[f64]| [Tensor::from(x.to_vec())];
        let (_, gradients) = value_and_gradients(&at(&[-2.0, 0.0, 3.0]), None, |_, x| x[0].abs());
        assert_eq!(gradients[0].values(), [-1.0, 0.0, 1.0]);
        let (_, gradients) =
            value_and_gradients(&at(&[-2.0, -1.0, 0.0, 1.0, 2.0]), None, |_, x| {
                x[0].clamp(-1.0, 1.0)
            });
        assert_eq!(gradients[0].values(), [0.0, 1.0, 1.0, 1.0, 0.0]);
        let (y, gradients) = value_and_gradients(&at(&[0.0, 4.0, -1.0]), None, |_, x| x[0].sqrt());
        assert_eq!(
            (y.values()[1], gradients[0].values()[..2].to_vec()),
            (2.0, vec![f64::INFINITY, 0.25])
        );
        assert!(y.values()[2].is_nan());
        let (y, gradients) = value_and_gradients(&at(&[0.0, -3.0]), None, |_, x| x[0].powf(0.0));
        assert_eq!((y.values(), gradients[0].values()), (&[1.0; 2][..], &[0.0; 2][..]));
        assert_eq!(value(&at(&[0.0]), |_, x| x[0].ln()).values(), [f64::NEG_INFINITY]);
        let far = at(&[f64::NEG_INFINITY, -1e200, 0.0, 1e200, f64::INFINITY]);
        let (y, gradients) = value_and_gradients(&far, None, |_, x| x[0].atan());
        let right = std::f64::consts::FRAC_PI_2;
        assert_eq!(y.values(), [-right, -right, 0.0, right, right]);
        assert_eq!(gradients[0].values(), [0.0, 0.0, 1.0, 0.0, 0.0]);
        let (y, gradients) = value_and_gradients(&at(&[-2.0, 0.0, 3.0]), None, |_, x| x[0].relu());
        assert_eq!(
            (y.values(), gradients[0].values()),
            (&[0.0, 0.0, 3.0][..], &[0.0, 0.0, 1.0][..])
        );
    }

    #[test]
    fn nan_passes_through() {
        let nan = [Tensor::from(vec![f64::NAN])];
        let functions: [fn(crate::Var<'_, f64>) -> crate::Var<'_, f64>; 16] = [
            |x| x.exp(),
            |x| x.ln(),
            |x| x.sqrt(),
            |x| x.square(),
            |x| x.recip(),
            |x| x.abs(),
            |x| x.sin(),
            |x| x.cos(),
            |x| x.atan(),
            |x| x.tanh(),
            |x| x.sigmoid(),
            |x| x.relu(),
            |x| x.powf(2.0),
            |x| x.clamp(-1.0, 1.0),
            |x| x * 0.0,
            |x| x / 2.0,
        ];
        for (i, function) in functions.iter().enumerate() {
            assert!(value(&nan, |_, x| function(x[0])).values()[0].is_nan(), "function {i}");
        }
    }
}
