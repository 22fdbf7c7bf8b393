use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::Real;
use crate::math::double;

/// A dual number `value + tangent e`, with `e^2 = 0`: a number together with its derivative along
/// one direction.
///
/// `f(a + b e) = f(a) + f'(a) b e` for every function of [`Real`], so that any computation that is
/// generic in `T: Real` gives its directional derivative when it runs on dual numbers: forward-mode
/// differentiation. Run on the way back of a graph, it gives a Hessian-vector product.
///
/// - Derivatives are exact up to rounding. At a kink the derivative is the mean of those on both
///   sides, as in PyTorch. It is 0 for `|x|` at zero, half of each for the maximum or minimum of
///   two equal numbers. So smooth sums of kinks, such as `max(x, 0) + ln(1 + e^-|x|)`, have their
///   derivative there as well.
/// - Two dual numbers compare by their values; [`to_f64`](Real::to_f64), [`is_nan`](Real::is_nan)
///   and [`is_finite`](Real::is_finite) are those of the value.
/// - [`from_f64`](Real::from_f64) gives a constant, of tangent 0. The tangent of a function of a
///   constant is 0 even where the derivative is infinite.
///
/// Source: Clifford, "Preliminary Sketch of Biquaternions", 1873; Griewank and Walther, "Evaluating
/// Derivatives", 2008, chapter 3.
///
/// ```
/// use chainrule_tensor::{Dual, Real};
///
/// // d/dx (x^3 + e^x) = 3 x^2 + e^x
/// let x = Dual::variable(2.0);
/// let y = x * x * x + x.exp();
/// assert_eq!((y.value, y.tangent), (8.0 + 2.0_f64.exp(), 12.0 + 2.0_f64.exp()));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Dual {
    /// The number.
    pub value: f64,
    /// Its derivative along the direction.
    pub tangent: f64,
}

impl Dual {
    /// `value + tangent e`.
    #[must_use]
    pub const fn new(value: f64, tangent: f64) -> Self {
        Dual { value, tangent }
    }

    /// A number whose tangent is 0.
    #[must_use]
    pub const fn constant(value: f64) -> Self {
        Dual { value, tangent: 0.0 }
    }

    /// The number along which is differentiated: its tangent is 1.
    #[must_use]
    pub const fn variable(value: f64) -> Self {
        Dual { value, tangent: 1.0 }
    }

    /// `f(x)` from its value and its derivative at `x`.
    #[inline(always)]
    fn chain(self, value: f64, slope: f64) -> Self {
        Dual { value, tangent: scaled(slope, self.tangent) }
    }

    #[inline(always)]
    fn with_mean_tangent(self, a: Self, b: Self) -> Self {
        Dual { tangent: 0.5 * (a.tangent + b.tangent), ..self }
    }
}

/// `slope * tangent`; nothing at all where the tangent is zero, even if the slope is not finite.
#[inline(always)]
fn scaled(slope: f64, tangent: f64) -> f64 {
    if tangent == 0.0 { 0.0 } else { slope * tangent }
}

impl Add for Dual {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        Dual { value: self.value + b.value, tangent: self.tangent + b.tangent }
    }
}

impl Sub for Dual {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        Dual { value: self.value - b.value, tangent: self.tangent - b.tangent }
    }
}

/// `(a b)' = a' b + a b'`
impl Mul for Dual {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        Dual {
            value: self.value * b.value,
            tangent: scaled(b.value, self.tangent) + scaled(self.value, b.tangent),
        }
    }
}

/// `(a / b)' = (a' - (a / b) b') / b`
impl Div for Dual {
    type Output = Self;
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        let value = self.value / b.value;
        let change = self.tangent - scaled(value, b.tangent);
        Dual { value, tangent: if change == 0.0 { 0.0 } else { change / b.value } }
    }
}

impl Neg for Dual {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Dual { value: -self.value, tangent: -self.tangent }
    }
}

macro_rules! assign {
    ($($trait:ident $method:ident $op:tt),*) => {$(
        impl $trait for Dual {
            #[inline(always)]
            fn $method(&mut self, b: Self) {
                *self = *self $op b;
            }
        }
    )*};
}

assign!(
    AddAssign add_assign +,
    SubAssign sub_assign -,
    MulAssign mul_assign *,
    DivAssign div_assign /
);

impl Sum for Dual {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Dual::ZERO, Add::add)
    }
}

impl PartialEq for Dual {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Dual {
    #[inline(always)]
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl fmt::Display for Dual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)?;
        f.write_str(" + ")?;
        fmt::Display::fmt(&self.tangent, f)?;
        f.write_str(" e")
    }
}

impl fmt::LowerExp for Dual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.value, f)?;
        f.write_str(" + ")?;
        fmt::LowerExp::fmt(&self.tangent, f)?;
        f.write_str(" e")
    }
}

impl Real for Dual {
    type Wide = Dual;
    const DTYPE: &'static str = "dual";
    const ZERO: Self = Dual::constant(0.0);
    const ONE: Self = Dual::constant(1.0);
    const TWO: Self = Dual::constant(2.0);
    const HALF: Self = Dual::constant(0.5);
    const EPSILON: Self = Dual::constant(f64::EPSILON);
    const MIN_POSITIVE: Self = Dual::constant(f64::MIN_POSITIVE);
    const MAX: Self = Dual::constant(f64::MAX);
    const INFINITY: Self = Dual::constant(f64::INFINITY);
    const NAN: Self = Dual::constant(f64::NAN);

    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        Dual::constant(x)
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.value
    }
    #[inline(always)]
    fn widen(self) -> Dual {
        self
    }
    #[inline(always)]
    fn narrow(wide: Dual) -> Self {
        wide
    }
    #[inline(always)]
    fn without_tangent(self) -> Self {
        Dual::constant(self.value)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        let sign = if self.value > 0.0 {
            1.0
        } else if self.value < 0.0 {
            -1.0
        } else {
            self.value * 0.0
        };
        self.chain(self.value.abs(), sign)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let y = self.value.sqrt();
        self.chain(y, 0.5 / y)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let y = double::exp(self.value);
        self.chain(y, y)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        self.chain(double::exp_m1(self.value), double::exp(self.value))
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.chain(double::ln(self.value), 1.0 / self.value)
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.chain(double::ln_1p(self.value), 1.0 / (1.0 + self.value))
    }
    /// The derivative is `4 e^-2|x| / (1 + e^-2|x|)^2`, which `1 - tanh^2` loses to rounding far
    /// from zero.
    #[inline(always)]
    fn tanh(self) -> Self {
        let e = double::exp(-2.0 * self.value.abs());
        self.chain(double::tanh(self.value), 4.0 * e / ((1.0 + e) * (1.0 + e)))
    }
    /// The derivative is `sigmoid(x) sigmoid(-x)`, which `y (1 - y)` loses to rounding far above
    /// zero.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let y = double::sigmoid(self.value);
        self.chain(y, y * double::sigmoid(-self.value))
    }
    #[inline(always)]
    fn erf(self) -> Self {
        self.chain(Real::erf(self.value), bell(self.value))
    }
    #[inline(always)]
    fn erfc(self) -> Self {
        self.chain(Real::erfc(self.value), -bell(self.value))
    }
    #[inline(always)]
    fn powf(self, p: Self) -> Self {
        let y = self.value.powf(p.value);
        // x^0 is 1 everywhere, though 0 * x^-1 is NaN at 0.
        let by_x = if p.value == 0.0 { 0.0 } else { p.value * self.value.powf(p.value - 1.0) };
        // 0^p is 0 for every positive p, though 0 * ln 0 is NaN.
        let base_is_zero = self.value == 0.0 && p.value >= 0.0;
        let by_p = if base_is_zero { 0.0 } else { y * self.value.ln() };
        Dual { value: y, tangent: scaled(by_x, self.tangent) + scaled(by_p, p.tangent) }
    }
    #[inline(always)]
    fn sin(self) -> Self {
        self.chain(self.value.sin(), self.value.cos())
    }
    #[inline(always)]
    fn cos(self) -> Self {
        self.chain(self.value.cos(), -self.value.sin())
    }
    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        (self.sin(), self.cos())
    }
    #[inline(always)]
    fn atan(self) -> Self {
        self.chain(self.value.atan(), 1.0 / (1.0 + self.value * self.value))
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Dual {
            value: self.value.mul_add(a.value, b.value),
            tangent: (self * a).tangent + b.tangent,
        }
    }
    #[inline(always)]
    fn flushed(self) -> Self {
        Dual { value: self.value.flushed(), tangent: self.tangent.flushed() }
    }
    #[inline(always)]
    fn flushed_to_zero(self, by_bits: bool) -> Self {
        Dual {
            value: self.value.flushed_to_zero(by_bits),
            tangent: self.tangent.flushed_to_zero(by_bits),
        }
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.value.is_finite()
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        self.value.is_nan()
    }
    #[inline(always)]
    fn maximum(self, other: Self) -> Self {
        let larger = if self > other || self.is_nan() { self } else { other };
        if self == other { larger.with_mean_tangent(self, other) } else { larger }
    }
    #[inline(always)]
    fn minimum(self, other: Self) -> Self {
        let smaller = if self < other || self.is_nan() { self } else { other };
        if self == other { smaller.with_mean_tangent(self, other) } else { smaller }
    }
}

/// The derivative of the error function: `2 e^(-x^2) / sqrt(pi)`.
fn bell(x: f64) -> f64 {
    std::f64::consts::FRAC_2_SQRT_PI * double::exp(-x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function of one argument and its name.
    type Named<T> = (&'static str, fn(T) -> T);

    /// Every function of one argument, on either scalar.
    fn functions<T: Real>() -> Vec<Named<T>> {
        vec![
            ("abs", T::abs),
            ("sqrt", T::sqrt),
            ("exp", T::exp),
            ("exp_m1", T::exp_m1),
            ("ln", T::ln),
            ("ln_1p", T::ln_1p),
            ("tanh", T::tanh),
            ("sigmoid", T::sigmoid),
            ("erf", T::erf),
            ("erfc", T::erfc),
            ("sin", T::sin),
            ("cos", T::cos),
            ("atan", T::atan),
            ("neg", |x| -x),
            ("x^x", |x| x.powf(x)),
            ("x^-1.5", |x| x.powf(T::from_f64(-1.5))),
            ("2^x", |x| T::TWO.powf(x)),
            ("quotient", |x| (x * x + T::ONE) / (x - T::TWO)),
            ("mul_add", |x| x.mul_add(x + T::ONE, x * x)),
            ("maximum", |x| (x * x).maximum(x)),
            ("minimum", |x| (x * x).minimum(x)),
            ("sum", |x| [x, x * x, T::ONE].into_iter().sum()),
            ("assigned", |mut x| {
                x *= x;
                x += T::ONE;
                x /= x + T::TWO;
                x -= T::HALF;
                x
            }),
        ]
    }

    #[test]
    fn values_are_those_of_f64_and_tangents_agree_with_differences() {
        let step = 6e-6;
        for ((name, f), (_, plain)) in functions::<Dual>().into_iter().zip(functions::<f64>()) {
            for x in [0.3, 0.4, 1.3, 2.7, 5.0] {
                let y = f(Dual::new(x, 0.7));
                assert_eq!(y.value, plain(x), "{name} at {x}");
                let difference = 0.7 * (plain(x + step) - plain(x - step)) / (2.0 * step);
                let error = (y.tangent - difference).abs();
                assert!(
                    error < 2e-8 * difference.abs().max(1.0),
                    "{name}' at {x}: {} for {difference}",
                    y.tangent
                );
            }
        }
    }

    #[test]
    fn derivatives_stay_accurate_far_from_zero() {
        for x in [-40.0, 40.0] {
            let x = Dual::variable(x);
            let e = (-40.0_f64).exp();
            assert!((x.sigmoid().tangent / e - 1.0).abs() < 1e-15);
            assert!((x.tanh().tangent / (4.0 * e * e) - 1.0).abs() < 1e-15);
        }
        assert_eq!(Dual::variable(-1e4).sigmoid().tangent, 0.0);
        assert_eq!(Dual::variable(1e4).tanh().tangent, 0.0);
    }

    #[test]
    fn constants_have_no_tangent_even_where_the_slope_is_infinite() {
        let zero = Dual::ZERO;
        for y in
            [zero.sqrt(), zero.ln(), Dual::ONE / zero, zero.powf(Dual::HALF), Dual::INFINITY * zero]
        {
            assert_eq!(y.tangent, 0.0, "{y}");
        }
        // One factor is a variable, the other an infinite constant or the other way round.
        assert_eq!((Dual::INFINITY * Dual::variable(2.0)).tangent, f64::INFINITY);
        assert_eq!((Dual::new(f64::INFINITY, 0.0) + Dual::variable(1.0)).tangent, 1.0);
    }

    #[test]
    fn powers_of_zero_have_a_derivative_by_the_exponent() {
        for p in [0.0, 0.5, 2.0] {
            assert_eq!(Dual::ZERO.powf(Dual::variable(p)).tangent, 0.0, "0^{p}");
        }
        assert_eq!(Dual::ZERO.powf(Dual::variable(-1.0)).tangent, f64::NEG_INFINITY);
        assert!(Dual::constant(-2.0).powf(Dual::variable(2.0)).tangent.is_nan());
    }

    #[test]
    fn kinks_take_the_subgradient_and_nan_passes() {
        assert_eq!(Dual::variable(0.0).abs().tangent, 0.0);
        assert_eq!(Dual::variable(-3.0).abs().tangent, -1.0);
        let zero = Dual::variable(0.0);
        assert_eq!(
            (zero.maximum(Dual::ZERO).tangent, Dual::ZERO.minimum(zero).tangent),
            (0.5, 0.5)
        );
        assert_eq!(
            (zero.maximum(Dual::ZERO) + (-zero.abs()).exp().ln_1p()).tangent,
            0.5,
            "softplus is smooth"
        );
        for (name, f) in functions::<Dual>() {
            assert!(f(Dual::variable(f64::NAN)).value.is_nan(), "{name}");
        }
        assert!(Dual::NAN.maximum(Dual::ONE).is_nan() && Dual::ONE.minimum(Dual::NAN).is_nan());
    }

    #[test]
    fn comparisons_are_by_value() {
        assert_eq!(Dual::new(1.0, 5.0), Dual::ONE);
        assert!(Dual::new(1.0, 5.0) < Dual::new(2.0, -5.0));
        assert_eq!(
            (Dual::new(1.0, 5.0).to_f64(), Dual::new(1.0, 5.0).without_tangent().tangent),
            (1.0, 0.0)
        );
        assert_eq!(
            format!("{:.1} {:e}", Dual::new(1.0, -2.0), Dual::ONE),
            "1.0 + -2.0 e 1e0 + 0e0 e"
        );
    }
}
