use std::fmt::{Debug, Display, LowerExp};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::gemm::Kernel;
use crate::math;

/// The scalar of a tensor: `f32` (the default everywhere), `f64`, or [`Dual`](crate::Dual) for
/// second derivatives.
///
/// One bound for the whole workspace. The trait is sealed, so that each scalar comes with its
/// vectorised functions and its matrix product.
///
/// `f32` functions are polynomials without branches that the compiler vectorises
/// (see [`simd::dispatch`](crate::simd::dispatch)); `f64` uses the standard library's.
///
/// A computation that is to keep the tangents of dual numbers must not go by way of
/// [`to_f64`](Real::to_f64), which drops them. Sums that are to be more accurate than the scalar
/// are gathered in [`Wide`](Real::Wide).
pub trait Real:
    sealed::Sealed
    + Kernel
    + bytemuck::Pod
    + Copy
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Display
    + LowerExp
    + Send
    + Sync
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + 'static
{
    /// The type that sums over many elements are gathered in: `f64` for `f32` and `f64`, a dual
    /// number for dual numbers.
    type Wide: Real<Wide = Self::Wide>;

    /// The name of the type as NumPy and safetensors write it, `"f32"` or `"f64"`; `"dual"` for
    /// dual numbers.
    const DTYPE: &'static str;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// 2.
    const TWO: Self;
    /// 1/2.
    const HALF: Self;
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// The smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// The largest finite number.
    const MAX: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// Not a number.
    const NAN: Self;

    /// The nearest value to `x`.
    fn from_f64(x: f64) -> Self;
    /// The value as `f64`, exactly; of a dual number without its tangent.
    fn to_f64(self) -> f64;
    /// The value in the type that sums are gathered in, exactly.
    fn widen(self) -> Self::Wide;
    /// The nearest value to a sum.
    fn narrow(wide: Self::Wide) -> Self;
    /// The nearest value to `n`.
    fn from_usize(n: usize) -> Self {
        Self::from_f64(n as f64)
    }

    /// The same number as a constant: a dual number loses its tangent, any other stays as it is.
    #[inline(always)]
    fn without_tangent(self) -> Self {
        self
    }

    /// `|x|`.
    fn abs(self) -> Self;
    /// The square root; NaN below zero.
    fn sqrt(self) -> Self;
    /// `e^x`.
    fn exp(self) -> Self;
    /// `e^x - 1`, accurate near zero.
    fn exp_m1(self) -> Self;
    /// The natural logarithm; `-inf` at zero, NaN below.
    fn ln(self) -> Self;
    /// `ln(1 + x)`, accurate near zero.
    fn ln_1p(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The logistic function `1 / (1 + e^-x)`, without overflow.
    fn sigmoid(self) -> Self;
    /// The error function: `2 / sqrt(pi)` times the integral of `e^(-t^2)` from 0 to `x`.
    fn erf(self) -> Self;
    /// `1 - erf x`, accurate where that is small. The standard normal distribution has
    /// `erfc(-x / sqrt 2) / 2` of its mass below `x`.
    fn erfc(self) -> Self;
    /// `x^p`.
    fn powf(self, p: Self) -> Self;
    /// The sine.
    fn sin(self) -> Self;
    /// The cosine.
    fn cos(self) -> Self;
    /// Sine and cosine together. In `f32` the function vectorises, unlike
    /// [`sin`](Real::sin) and [`cos`](Real::cos), and is off by at most 9.5e-8 for `|x| <= 2^17`.
    /// Beyond that the error grows, and both stay at most 1.
    fn sin_cos(self) -> (Self, Self);
    /// The inverse of the tangent, from `-pi/2` to `pi/2`.
    fn atan(self) -> Self;
    /// `self * a + b` with one rounding.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// The value, or a zero of its sign where it is denormal: nearer to zero than
    /// [`MIN_POSITIVE`](Real::MIN_POSITIVE). Multiplying with a denormal number takes 30 to 200
    /// times as long on common processors.
    fn flushed(self) -> Self;
    /// The value, or 0 where it is denormal or a zero of either sign; found by its bits or by its
    /// size.
    #[doc(hidden)]
    fn flushed_to_zero(self, by_bits: bool) -> Self;
    /// Returns true if the value is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Returns true if the value is NaN.
    fn is_nan(self) -> bool;

    /// The larger of the two; NaN if either is (unlike [`f32::max`]).
    #[inline(always)]
    fn maximum(self, other: Self) -> Self {
        if self > other || self.is_nan() { self } else { other }
    }

    /// The smaller of the two; NaN if either is (unlike [`f32::min`]).
    #[inline(always)]
    fn minimum(self, other: Self) -> Self {
        if self < other || self.is_nan() { self } else { other }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for crate::Dual {}
}

macro_rules! real {
    ($t:ident, $dtype:literal, $functions:path) => {
        impl Real for $t {
            type Wide = f64;
            const DTYPE: &'static str = $dtype;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const TWO: Self = 2.0;
            const HALF: Self = 0.5;
            const EPSILON: Self = $t::EPSILON;
            const MIN_POSITIVE: Self = $t::MIN_POSITIVE;
            const MAX: Self = $t::MAX;
            const INFINITY: Self = $t::INFINITY;
            const NAN: Self = $t::NAN;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn widen(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn narrow(wide: f64) -> Self {
                wide as $t
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                use $functions as f;
                f::exp(self)
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                use $functions as f;
                f::exp_m1(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                use $functions as f;
                f::ln(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                use $functions as f;
                f::ln_1p(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                use $functions as f;
                f::tanh(self)
            }
            #[inline(always)]
            fn sigmoid(self) -> Self {
                use $functions as f;
                f::sigmoid(self)
            }
            #[inline(always)]
            fn erf(self) -> Self {
                use $functions as f;
                f::erf(self)
            }
            #[inline(always)]
            fn erfc(self) -> Self {
                use $functions as f;
                f::erfc(self)
            }
            #[inline(always)]
            fn powf(self, p: Self) -> Self {
                $t::powf(self, p)
            }
            #[inline(always)]
            fn sin(self) -> Self {
                $t::sin(self)
            }
            #[inline(always)]
            fn cos(self) -> Self {
                $t::cos(self)
            }
            #[inline(always)]
            fn sin_cos(self) -> (Self, Self) {
                use $functions as f;
                f::sin_cos(self)
            }
            #[inline(always)]
            fn atan(self) -> Self {
                $t::atan(self)
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $t::mul_add(self, a, b)
            }
            #[inline(always)]
            fn flushed(self) -> Self {
                // Two instructions of AVX-512, where a comparison of the absolute value takes
                // three.
                let (bits, exponent, sign) =
                    (self.to_bits(), $t::INFINITY.to_bits(), $t::to_bits(-0.0));
                if bits & exponent == 0 { $t::from_bits(bits & sign) } else { self }
            }
            #[inline(always)]
            fn flushed_to_zero(self, by_bits: bool) -> Self {
                let vanishes = if by_bits {
                    self.to_bits() & $t::INFINITY.to_bits() == 0
                } else {
                    self.abs() < $t::MIN_POSITIVE
                };
                if vanishes { 0.0 } else { self }
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $t::is_nan(self)
            }
        }
    };
}

real!(f32, "f32", math::single);
real!(f64, "f64", math::double);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maximum_and_minimum_let_nan_through() {
        for (a, b) in [(f32::NAN, 1.0), (1.0, f32::NAN), (f32::NAN, f32::NAN)] {
            assert!(Real::maximum(a, b).is_nan(), "maximum({a}, {b})");
            assert!(Real::minimum(a, b).is_nan(), "minimum({a}, {b})");
        }
        assert_eq!(Real::maximum(-1.0_f64, 2.0), 2.0);
        assert_eq!(Real::minimum(-1.0_f64, 2.0), -1.0);
    }
}
