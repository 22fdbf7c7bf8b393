//! The `f32` functions against the standard library's `f64` ones, rounded: over a sample of all bit
//! patterns, and over all of them with
//! `cargo test --release -p chainrule-tensor --test suite math_accuracy -- --ignored --nocapture`.

use chainrule_tensor::{Real, simd};

/// One function, its reference, and the largest error allowed.
struct Function {
    name: &'static str,
    /// Over a slice, so that the calls are compiled as the library's loops compile them.
    vectorised: fn(&[f32], &mut [f32]),
    plain: fn(f32) -> f32,
    reference: fn(f64) -> f64,
    /// In units in the last place of the reference's `f32`, before the reference is rounded.
    max_ulp: f64,
}

macro_rules! function {
    ($name:ident, $reference:expr, $max_ulp:expr) => {
        Function {
            name: stringify!($name),
            vectorised: |x, y| {
                simd::dispatch(|| y.iter_mut().zip(x).for_each(|(y, &x)| *y = Real::$name(x)))
            },
            plain: |x| Real::$name(x),
            reference: $reference,
            max_ulp: $max_ulp,
        }
    };
}

const FUNCTIONS: [Function; 8] = [
    function!(exp, f64::exp, 1.04),
    function!(exp_m1, f64::exp_m1, 1.20),
    function!(ln, f64::ln, 0.97),
    function!(ln_1p, f64::ln_1p, 0.97),
    function!(tanh, f64::tanh, 1.20),
    function!(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 1.75),
    // Against the one in f64, which is tested below.
    function!(erf, Real::erf, 0.78),
    function!(erfc, Real::erfc, 1.62),
];

/// The worst argument seen so far.
#[derive(Clone, Copy, Default)]
struct Worst {
    ulp: f64,
    at: f32,
    /// In steps of `f32` from the correctly rounded result.
    steps: u32,
}

impl Worst {
    fn and(self, other: Worst) -> Worst {
        let steps = self.steps.max(other.steps);
        Worst { steps, ..if other.ulp > self.ulp { other } else { self } }
    }
}

/// The position of `x` in the order of all `f32`; both zeros are 0.
fn position(x: f32) -> i64 {
    let magnitude = i64::from(x.to_bits() & 0x7fff_ffff);
    if x.is_sign_negative() { -magnitude } else { magnitude }
}

/// The distance from `x` to the next number away from zero; subnormals share the smallest.
fn ulp(x: f32) -> f64 {
    let exponent = ((x.to_bits() >> 23) & 0xff).max(1);
    2.0_f64.powi(exponent.cast_signed() - 150)
}

/// Compares one result; what is not a number of the right kind and sign panics.
fn error(function: &Function, x: f32, y: f32) -> Worst {
    let exact = (function.reference)(f64::from(x));
    let rounded = exact as f32;
    let name = function.name;
    if rounded.is_nan() || y.is_nan() {
        assert!(rounded.is_nan() && y.is_nan(), "{name}({x:e}) = {y:e}, but {rounded:e} is right");
        return Worst::default();
    }
    assert_eq!(
        y.is_sign_negative(),
        rounded.is_sign_negative(),
        "{name}({x:e}) = {y:e}, but {rounded:e} is right"
    );
    if rounded.is_infinite() || y.is_infinite() {
        assert_eq!(y, rounded, "{name}({x:e})");
        return Worst::default();
    }
    let steps = (position(y) - position(rounded)).unsigned_abs();
    Worst {
        ulp: (f64::from(y) - exact).abs() / ulp(rounded),
        at: x,
        steps: u32::try_from(steps).unwrap_or(u32::MAX),
    }
}

/// The worst of all arguments, which are evaluated in vectors.
fn worst(function: &Function, arguments: impl Iterator<Item = f32>) -> Worst {
    let mut worst = Worst::default();
    let mut arguments = arguments.peekable();
    let mut values = vec![0.0; 4096];
    while arguments.peek().is_some() {
        let block: Vec<f32> = arguments.by_ref().take(values.len()).collect();
        let values = &mut values[..block.len()];
        (function.vectorised)(&block, values);
        for (&x, &y) in block.iter().zip(&*values) {
            worst = worst.and(error(function, x, y));
        }
    }
    worst
}

fn check(function: &Function, worst: Worst) {
    let (name, Worst { ulp, at, steps }) = (function.name, worst);
    println!(
        "{name:8} {ulp:.3} ulp at {at:e} ({:#010x}), at most {steps} from the rounded result",
        at.to_bits()
    );
    assert!(
        ulp <= function.max_ulp && steps <= 2,
        "{name} errs by {ulp:.3} ulp ({steps} steps) at {at:e}"
    );
}

/// Every 4099th bit pattern, and the neighbourhoods of every edge that the functions have.
fn sample() -> impl Iterator<Item = f32> {
    let edges = [
        0.0,
        f32::MIN_POSITIVE,
        2.0,
        3.92,
        10.06,
        10.2,
        1e-10,
        f32::EPSILON,
        0.25,
        std::f32::consts::LN_2 / 2.0,
        0.5,
        0.625,
        0.8135,
        0.875,
        0.75,
        1.0,
        1.5,
        9.01,
        10.0,
        17.328_68,
        18.0,
        20.0,
        16.0,
        16.64,
        16_777_216.0,
        87.336_55,
        88.722_84,
        89.0,
        103.972_08,
        105.0,
        f32::MAX,
    ];
    let near = edges.into_iter().flat_map(|edge: f32| {
        let bits = edge.to_bits();
        (bits.saturating_sub(300)..bits.saturating_add(300)).flat_map(|bits| [bits, bits | 1 << 31])
    });
    (0..=u32::MAX).step_by(4099).chain(near).map(f32::from_bits)
}

#[test]
fn a_sample_stays_within_the_stated_errors() {
    for function in &FUNCTIONS {
        check(function, worst(function, sample()));
    }
}

#[test]
#[ignore = "all 2^32 arguments: minutes in release"]
fn every_argument_stays_within_the_stated_errors() {
    for function in &FUNCTIONS {
        let half =
            |range: std::ops::RangeInclusive<u32>| worst(function, range.map(f32::from_bits));
        let found = std::thread::scope(|scope| {
            let negative = scope.spawn(|| half(1 << 31..=u32::MAX));
            half(0..=u32::MAX >> 1).and(negative.join().unwrap())
        });
        check(function, found);
    }
}

#[test]
fn vectors_give_the_bits_of_the_plain_call() {
    let arguments: Vec<f32> = sample().collect();
    let mut values = vec![0.0; arguments.len()];
    for function in &FUNCTIONS {
        (function.vectorised)(&arguments, &mut values);
        for (&x, &y) in arguments.iter().zip(&values) {
            let plain = (function.plain)(x);
            // The payload of a NaN is not promised.
            let same = y.to_bits() == plain.to_bits() || y.is_nan() && plain.is_nan();
            assert!(same, "{}({x:e}): {y:e} in a vector, {plain:e} alone", function.name);
        }
    }
}

#[test]
fn special_values_are_exact() {
    const INFINITY: f32 = f32::INFINITY;
    type Cases<'a> = [(fn(f32) -> f32, &'a str, &'a [(f32, f32)]); 8];
    let cases: Cases = [
        (
            Real::exp,
            "exp",
            &[
                (0.0, 1.0),
                (-0.0, 1.0),
                (INFINITY, INFINITY),
                (-INFINITY, 0.0),
                (88.722_84, INFINITY),
            ],
        ),
        (
            Real::exp_m1,
            "exp_m1",
            &[(0.0, 0.0), (-0.0, -0.0), (INFINITY, INFINITY), (-INFINITY, -1.0)],
        ),
        (
            Real::ln,
            "ln",
            &[
                (0.0, -INFINITY),
                (-0.0, -INFINITY),
                (1.0, 0.0),
                (INFINITY, INFINITY),
                (-1e-45, f32::NAN),
            ],
        ),
        (
            Real::ln_1p,
            "ln_1p",
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (-1.0, -INFINITY),
                (INFINITY, INFINITY),
                (-1.000_000_1, f32::NAN),
                (-INFINITY, f32::NAN),
            ],
        ),
        (
            Real::tanh,
            "tanh",
            &[(0.0, 0.0), (-0.0, -0.0), (INFINITY, 1.0), (-INFINITY, -1.0), (1e-45, 1e-45)],
        ),
        (
            Real::erf,
            "erf",
            &[(0.0, 0.0), (-0.0, -0.0), (INFINITY, 1.0), (-INFINITY, -1.0), (1e-45, 1e-45)],
        ),
        (
            Real::erfc,
            "erfc",
            &[(0.0, 1.0), (-0.0, 1.0), (INFINITY, 0.0), (-INFINITY, 2.0), (10.06, 0.0)],
        ),
        (
            Real::sigmoid,
            "sigmoid",
            &[(0.0, 0.5), (-0.0, 0.5), (INFINITY, 1.0), (-INFINITY, 0.0), (-104.0, 0.0)],
        ),
    ];
    for (f, name, values) in cases {
        assert!(f(f32::NAN).is_nan() && f(-f32::NAN).is_nan(), "{name}(NaN)");
        for &(x, y) in values {
            let found = f(x);
            assert!(
                found.to_bits() == y.to_bits() || found.is_nan() && y.is_nan(),
                "{name}({x:e}) = {found:e}, not {y:e}"
            );
        }
    }
}

#[test]
fn the_error_function_in_f64_is_within_four_units_in_the_last_place() {
    // x, erf x, erfc x and erfc(-x), correctly rounded from 40 digits.
    let cases = [
        (0.0, 0.0, 1.0, 1.0),
        (1e-300, 1.128_379_167_095_512_6e-300, 1.0, 1.0),
        (1e-10, 1.128_379_167_095_512_6e-10, 0.999_999_999_887_162, 1.000_000_000_112_838),
        (0.1, 0.112_462_916_018_284_9, 0.887_537_083_981_715, 1.112_462_916_018_284_8),
        (0.3, 0.328_626_759_459_127_4, 0.671_373_240_540_872_6, 1.328_626_759_459_127_4),
        (
            0.499_999_999_999_999_94,
            0.520_499_877_813_046_5,
            0.479_500_122_186_953_54,
            1.520_499_877_813_046_5,
        ),
        (0.5, 0.520_499_877_813_046_5, 0.479_500_122_186_953_5, 1.520_499_877_813_046_5),
        (0.7, 0.677_801_193_837_418_4, 0.322_198_806_162_581_56, 1.677_801_193_837_418_4),
        (0.9, 0.796_908_212_422_832_2, 0.203_091_787_577_167_86, 1.796_908_212_422_832_2),
        (1.25, 0.922_900_128_256_458_3, 0.077_099_871_743_541_77, 1.922_900_128_256_458_2),
        (1.7, 0.983_790_458_590_774_5, 0.016_209_541_409_225_44, 1.983_790_458_590_774_6),
        (2.5, 0.999_593_047_982_555, 0.000_406_952_017_444_958_9, 1.999_593_047_982_555),
        (3.3, 0.999_996_942_290_203_5, 3.057_709_796_438_165_4e-06, 1.999_996_942_290_203_5),
        (4.4, 0.999_999_999_510_829, 4.891_710_270_605_872e-10, 1.999_999_999_510_829),
        (5.9, 0.999_999_999_999_999_9, 7.190_409_783_550_478e-17, 2.0),
        (7.1, 1.0, 1.007_340_252_085_844e-23, 2.0),
        (9.3, 1.0, 1.653_244_184_030_135e-39, 2.0),
        (12.6, 1.0, 5.024_645_267_271_24e-71, 2.0),
        (18.2, 1.0, 4.315_154_869_899_364e-146, 2.0),
        (25.9, 1.0, 1.020_283_318_473_266_7e-293, 2.0),
        (26.5, 1.0, 2.210_907_664_263_734_3e-307, 2.0),
        (f64::INFINITY, 1.0, 0.0, 2.0),
    ];
    let assert_near = |what: &str, x: f64, got: f64, exact: f64| {
        assert!(
            (got - exact).abs() <= 4.0 * f64::EPSILON / 2.0 * exact,
            "{what}({x:e}) = {got:e}, not {exact:e}"
        );
    };
    for (x, erf, erfc, mirrored) in cases {
        assert_near("erf", x, Real::erf(x), erf);
        assert_near("-erf", x, -Real::erf(-x), erf);
        assert_near("erfc", x, Real::erfc(x), erfc);
        assert_near("erfc", -x, Real::erfc(-x), mirrored);
    }
    // Subnormal, and beyond.
    assert!(
        (Real::erfc(27.1_f64) / 2.333_190e-321 - 1.0).abs() < 0.01,
        "{:e}",
        Real::erfc(27.1_f64)
    );
    assert_eq!(Real::erfc(28.0_f64), 0.0);
    assert!(Real::erf(f64::NAN).is_nan() && Real::erfc(f64::NAN).is_nan());
    assert!(Real::erf(-0.0_f64).is_sign_negative());
}
