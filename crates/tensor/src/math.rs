//! The elementary functions of each scalar.
//!
//! [`single`] holds polynomials for `f32` without branches or calls, so that a loop over them
//! inside [`simd::dispatch`](crate::simd::dispatch) is vectorised by the compiler. [`double`] is
//! the standard library's, which serves as their oracle, with an error function of its own (within
//! 6e-16, relative).
//!
//! | `f32` function | method | largest error, ulp | at |
//! |---|---|---|---|
//! | `exp` | `2^n (1 + p)`, `n = round(x / ln 2)`, `p = e^r - 1` of degree 6 | 1.04 | 37.777 |
//! | `exp_m1` | `(2^n - 1) + 2^n p`, the rounding of `r` carried along | 1.20 | -0.38688 |
//! | `ln` | `k ln 2 + ln(1 + f)`, `1 + f` in [3/4, 3/2), degree 10 | 0.96 | 0.74956 |
//! | `ln_1p` | as `ln`, with `f` from `x` instead of `1 + x` | 0.97 | -0.25020 |
//! | `tanh` | below 0.625 odd of degree 11, above `1 - 2 / (1 + e^2x)` | 1.20 | 0.62611 |
//! | `sigmoid` | `1 / (1 + e^-x)`, scaled so that nothing overflows | 1.75 | -1.0995 |
//! | `erf` | below 0.8135 odd of degree 13, above `1 - erfc x` | 0.78 | 0.80597 |
//! | `erfc` | above 0.8135 `e^(-x^2) / (2 x + 1)` times degree 8, their roundings carried along | 1.62 | 0.49156 |
//! | `sin_cos` | `r = x - n pi / 2` in three steps, degrees 7 and 8 | 9.5e-8, absolute | 922.823 |
//!
//! The errors are against the exact value, in units in the last place of the result, over all 2^32
//! arguments. For `erf` and `erfc` it is all from 0.3 to 10.1 in size, and a sample of the others.
//! Subnormal results are right to the same bounds; infinities, zeros with their signs, and NaN come
//! out as in the standard library. A test (`tests/suite/math_accuracy.rs`) measures a sample each
//! time and all arguments on demand.
//!
//! The results are the same bits whichever instructions they are compiled for. Where these include
//! no fused multiply-add, as on x86-64 outside `dispatch`, each `mul_add` is a call and a function
//! takes some 20 ns instead of 0.4: call them inside.

mod circular;
pub(crate) mod double;
mod error_function;
mod error_function_double;
mod exponential;
mod logarithm;
mod sigmoidal;
pub(crate) mod single;
