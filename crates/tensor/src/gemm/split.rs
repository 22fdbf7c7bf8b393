//! Large products of `f32` on matrix units, which multiply `bfloat16` and sum in `f32`: each factor
//! is split into parts (`split/parts.rs`), as [`Precision`] says.
//!
//! `split/units.rs` has the instructions, `split/blocks.rs` the loops around them, and
//! `split/model.rs` computes what the units compute, to the bit, for the tests.

mod blocks;
#[cfg(test)]
mod model;
mod parts;
#[cfg(all(target_arch = "x86_64", target_os = "linux", target_pointer_width = "64"))]
mod units;

use std::cell::RefCell;

use self::blocks::Buffers;
use super::{Loops, Mat, Precision, Put, Window};

/// Rows and columns that parts for threads are cut in multiples of.
pub(super) const SIDE: usize = parts::SIDE;

/// The loops for a product of these sides, if this processor has matrix units that are faster
/// there.
pub(super) fn loops(
    precision: Precision,
    rows: usize,
    inner: usize,
    columns: usize,
) -> Option<Loops<f32>> {
    if !pays(precision, rows, inner, columns) {
        return None;
    }
    #[cfg(all(target_arch = "x86_64", target_os = "linux", target_pointer_width = "64"))]
    if units::are_there() {
        return Some(match precision {
            Precision::F32 => multiply::<3>,
            Precision::Fast => multiply::<2>,
            Precision::Bf16 => multiply::<1>,
        });
    }
    None
}

/// Returns true if the units are faster than the product of `f32`. On a processor with both, with
/// the product's tiles in AVX-512, they are 1.2 to 1.6 times as fast with six terms from
/// 128x128x128 on. It is the same at 64x784x512, and less with fewer rows. With three terms 1.1 to
/// 1.4 times at 128x64x64 and 32x128x128, 0.9 to 1.05 at 64x64x64, less with 16 rows. With one term
/// 1.3 times at 64x64x64 and at 16x512x512, 0.8 at 32x64x64.
fn pays(precision: Precision, rows: usize, inner: usize, columns: usize) -> bool {
    let least = |side: usize| rows.min(columns) >= side && inner >= side.min(64);
    let work = rows.saturating_mul(inner).saturating_mul(columns);
    match precision {
        Precision::F32 => least(128),
        Precision::Fast => least(32) && work >= 500_000,
        Precision::Bf16 => least(16) && work >= 250_000,
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux", target_pointer_width = "64"))]
fn multiply<const PARTS: usize>(put: Put, c: Window<'_, f32>, a: Mat<'_, f32>, b: Mat<'_, f32>) {
    thread_local! {
        static BUFFERS: RefCell<Buffers> = RefCell::default();
    }
    super::with_own(&BUFFERS, |buffers| {
        // SAFETY: `loops` gives this only where the units are there.
        unsafe { blocks::multiply::<units::Amx>(PARTS, buffers, put, c, a, b) }
    });
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::model::Model;
    use super::parts::{Side, panel_len};
    use super::*;
    use crate::gemm::tests::reference;
    use crate::gemm::{Kernel, MatMut};
    use crate::random::generator;

    type Product = fn(Put, Window<'_, f32>, Mat<'_, f32>, Mat<'_, f32>);

    /// The product with the model of the units, in 1, 2 and 3 parts.
    const MODEL: [Product; 3] = [model::<1>, model::<2>, model::<3>];

    fn model<const PARTS: usize>(put: Put, c: Window<'_, f32>, a: Mat<'_, f32>, b: Mat<'_, f32>) {
        // SAFETY: the model needs no units.
        unsafe { blocks::multiply::<Model>(PARTS, &mut Buffers::default(), put, c, a, b) };
    }

    /// The same with the units, where this machine has them.
    fn units() -> Option<[Product; 3]> {
        #[cfg(all(target_arch = "x86_64", target_os = "linux", target_pointer_width = "64"))]
        if units::are_there() {
            return Some([multiply::<1>, multiply::<2>, multiply::<3>]);
        }
        println!("skipped: this machine has no matrix units");
        None
    }

    /// Factors, and what is in the product before.
    struct Case {
        sides: [usize; 3],
        a: Vec<f32>,
        b: Vec<f32>,
        before: Vec<f32>,
        turned: [bool; 2],
        put: Put,
    }

    impl Case {
        fn new([rows, inner, columns]: [usize; 3], turned: [bool; 2], put: Put) -> Self {
            let mut rng = generator((rows * inner + columns) as u64);
            let mut random = |len: usize| -> Vec<f32> {
                // All magnitudes down to 2^-20.
                (0..len)
                    .map(|_| {
                        rng.random_range(-1.0_f32..1.0) * (-rng.random_range(0.0_f32..20.0)).exp2()
                    })
                    .collect()
            };
            let (a, b, before) =
                (random(rows * inner), random(inner * columns), random(rows * columns));
            Case { sides: [rows, inner, columns], a, b, before, turned, put }
        }

        fn all(sides: [usize; 3]) -> impl Iterator<Item = Case> {
            let turned = [[false, false], [false, true], [true, false], [true, true]];
            [Put::Set, Put::Add]
                .into_iter()
                .flat_map(move |put| turned.map(|turned| Case::new(sides, turned, put)))
        }

        fn factors(&self) -> (Mat<'_, f32>, Mat<'_, f32>) {
            let [rows, inner, columns] = self.sides;
            let a = if self.turned[0] {
                Mat::new(&self.a, inner, rows).t()
            } else {
                Mat::new(&self.a, rows, inner)
            };
            let b = if self.turned[1] {
                Mat::new(&self.b, columns, inner).t()
            } else {
                Mat::new(&self.b, inner, columns)
            };
            (a, b)
        }

        /// The product, in parts of so many rows.
        fn product_by(&self, product: Product, height: usize) -> Vec<f32> {
            let [rows, _, columns] = self.sides;
            let (a, b) = self.factors();
            // What is set is not read.
            let mut c = if self.put == Put::Set {
                vec![f32::NAN; rows * columns]
            } else {
                self.before.clone()
            };
            let mut whole = Window::new(MatMut::new(&mut c, rows, columns));
            for first in (0..rows).step_by(height) {
                let part = first..rows.min(first + height);
                product(self.put, whole.part(part.clone(), 0..columns), a.rows(part), b);
            }
            c
        }

        fn product(&self, product: Product) -> Vec<f32> {
            self.product_by(product, self.sides[0])
        }

        /// With values of about the same size.
        fn even(mut self) -> Self {
            let sign = |x: f32| 1.0_f32.copysign(x);
            self.a
                .iter_mut()
                .chain(&mut self.b)
                .for_each(|x| *x = sign(*x) * (1.0 + (1e4 * *x).fract().abs()));
            self
        }

        /// The largest error, and the root of the mean square, as a part of `sum |a b|` and of what
        /// was there before.
        fn errors(&self, product: Product) -> [f64; 2] {
            let (a, b) = self.factors();
            let exact = reference(self.put, &self.before, a, b);
            let magnitudes = |values: &[f32]| values.iter().map(|x| x.abs()).collect::<Vec<_>>();
            let Case { sides, turned, put, .. } = *self;
            let (a, b, before) =
                (magnitudes(&self.a), magnitudes(&self.b), magnitudes(&self.before));
            let sizes = Case { sides, a, b, before, turned, put };
            let (a, b) = sizes.factors();
            let sums = reference(put, &sizes.before, a, b);
            let got = self.product(product);
            let errors = got
                .iter()
                .zip(&exact)
                .zip(&sums)
                .map(|((&x, exact), sum)| (f64::from(x) - exact).abs() / sum);
            let (largest, squares) = errors.fold((0.0, 0.0), |(largest, squares), error| {
                (if error <= largest { largest } else { error }, squares + error * error)
            });
            [largest, (squares / got.len() as f64).sqrt()]
        }
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|x| x.to_bits()).collect()
    }

    /// Whole and part blocks, steps and pieces.
    const SIDES: [[usize; 3]; 8] = [
        [1, 1, 1],
        [32, 32, 32],
        [33, 31, 47],
        [35, 70, 40],
        [7, 290, 12],
        [2, 33, 530],
        [290, 70, 1],
        [165, 4100, 1],
    ];

    #[test]
    fn the_units_give_the_bits_of_the_model() {
        let Some(units) = units() else { return };
        for case in SIDES.into_iter().flat_map(Case::all) {
            for (parts, (units, model)) in units.into_iter().zip(MODEL).enumerate() {
                let (units, model) = (case.product(units), case.product(model));
                assert!(
                    bits(&units) == bits(&model),
                    "{:?} {:?} {:?} in {} parts",
                    case.sides,
                    case.turned,
                    case.put,
                    parts + 1
                );
            }
        }
    }

    /// Each product of parts by the factors' bits, down to denormal ones: what is beyond the range
    /// that is asked for is the same as well.
    #[test]
    fn the_instruction_gives_the_bits_of_the_model() {
        #[cfg(all(target_arch = "x86_64", target_os = "linux", target_pointer_width = "64"))]
        if units::are_there() {
            let mut rng = generator(3);
            for spread in [1, 8, 30, 60, 120] {
                for _ in 0..20 {
                    let mut random = |len: usize| -> Vec<u16> {
                        let mut exponent =
                            || (127_u32 + rng.random_range(0..=spread) - spread.min(126)) as u16;
                        let exponents: Vec<u16> = (0..len).map(|_| exponent()).collect();
                        let signs = exponents
                            .iter()
                            .map(|&exponent| exponent << 7 | rng.random_range(0..128));
                        signs
                            .map(|bits| bits | if bits.count_ones() % 2 == 0 { 0x8000 } else { 0 })
                            .collect()
                    };
                    let (a, b) = (random(panel_len(1, 3)), random(panel_len(1, 3)));
                    let (mut fast, mut plain) = (vec![0.0; SIDE * SIDE], vec![0.0; SIDE * SIDE]);
                    // SAFETY: the units are there; a block has so many values.
                    unsafe {
                        let units = <units::Amx as blocks::Units>::configured();
                        let out = |sums: &mut Vec<f32>| blocks::Out {
                            adds: false,
                            start: sums.as_mut_ptr(),
                            stride: SIDE,
                        };
                        blocks::Units::block(&units, 1, out(&mut fast), &a, &b, 3);
                        blocks::Units::block(&Model, 1, out(&mut plain), &a, &b, 3);
                    }
                    assert_eq!(bits(&fast), bits(&plain), "{spread}");
                }
            }
            return;
        }
        println!("skipped: this machine has no matrix units");
    }

    #[test]
    fn vector_instructions_pack_as_the_model_does() {
        #[cfg(all(target_arch = "x86_64", target_os = "linux", target_pointer_width = "64"))]
        if units::are_there() {
            // SAFETY: the units are there.
            let units = unsafe { <units::Amx as blocks::Units>::configured() };
            for (lanes, inner) in
                [(1, 1), (15, 31), (16, 32), (17, 33), (32, 64), (31, 70), (32, 1), (3, 96)]
            {
                for turned in [[false, false], [true, true]] {
                    let case = Case::new([lanes, inner, lanes], turned, Put::Set);
                    for side in [Side::A, Side::B] {
                        let mut panels = [vec![7; panel_len(3, 3)], vec![7; panel_len(3, 3)]];
                        let [fast, plain] = &mut panels;
                        let fast = blocks::Units::pack(&units, 3, side, fast, case.factors().0);
                        let plain = blocks::Units::pack(&Model, 3, side, plain, case.factors().0);
                        assert_eq!(fast, plain, "{lanes} lanes of {inner}, {turned:?}, {side:?}");
                        assert!(
                            panels[0] == panels[1],
                            "{lanes} lanes of {inner}, {turned:?}, {side:?}"
                        );
                    }
                }
            }
            return;
        }
        println!("skipped: this machine has no matrix units");
    }

    /// As documented, beside the roundings of a sum in `f32`.
    #[test]
    fn errors_are_within_the_bound_of_each_precision() {
        for case in SIDES.into_iter().flat_map(Case::all) {
            for products in [Some(MODEL), units()].into_iter().flatten() {
                let errors = products.map(|product| case.errors(product)[0]);
                let what = format!("{:?} {:?} {:?}: {errors:?}", case.sides, case.turned, case.put);
                for (count, (error, of_parts)) in errors.into_iter().zip([-7, -15, -24]).enumerate()
                {
                    // Of each sum of 32 products and of each addition to the sum before it.
                    let steps = case.sides[1].div_ceil(parts::STEP);
                    let roundings = 24 + [1, 3, 2][count] * steps;
                    let bound =
                        1.001 * f64::from(of_parts).exp2() + roundings as f64 * (-24.0_f64).exp2();
                    assert!(error <= bound, "{what} in {} parts, {bound}", count + 1);
                }
            }
        }
    }

    /// With three parts, where the sums are long enough for the units to be taken.
    #[test]
    fn six_terms_are_as_exact_as_the_product_of_f32() {
        for sides in [[40, 64, 40], [35, 150, 33], [20, 600, 34], [3, 2100, 40]] {
            for case in Case::all(sides)
                .flat_map(|case| [Case::new(sides, case.turned, case.put).even(), case])
            {
                let plain = case.errors(f32::multiply);
                for products in [Some(MODEL), units()].into_iter().flatten() {
                    let split = case.errors(products[2]);
                    let what = format!(
                        "{sides:?} {:?} {:?}: {split:?} for {plain:?}",
                        case.turned, case.put
                    );
                    println!("{what}");
                    assert!(split[1] <= plain[1], "{what}");
                }
            }
        }
    }

    #[test]
    fn parts_for_threads_have_the_bits_of_the_whole() {
        for mut case in [[100, 300, 40], [33, 64, 65]].into_iter().flat_map(Case::all) {
            // One piece takes the product of `f32`.
            case.a[10] = 1e-33;
            for product in [Some(MODEL), units()].into_iter().flatten().flatten() {
                let whole = case.product(product);
                for height in [SIDE, 2 * SIDE] {
                    assert!(
                        bits(&case.product_by(product, height)) == bits(&whole),
                        "{:?}",
                        case.sides
                    );
                }
            }
        }
    }

    /// Values that a split would lose or turn to NaN: the result is that of `f32`, beside them as
    /// well.
    #[test]
    fn special_values_count_as_in_f32() {
        let special =
            [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -1.3e38, f32::MAX, 1e-31, 1e-39, 1e-45];
        let cases = [[false, false], [true, true]]
            .into_iter()
            .flat_map(|turned| [(turned, Put::Set), (turned, Put::Add)]);
        for ((turned, put), x) in cases.flat_map(|case| special.map(|x| (case, x))) {
            let case = || Case::new([34, 40, 36], turned, put);
            for (of_a, whole) in [(true, false), (false, false), (true, true), (false, true)] {
                let mut case = case();
                let factor = if of_a { &mut case.a } else { &mut case.b };
                if whole {
                    factor.fill(x)
                } else {
                    factor[1234] = x
                }
                let expected = case.product(f32::multiply);
                for product in [Some(MODEL), units()].into_iter().flatten().flatten() {
                    for (x, expected) in case.product(product).into_iter().zip(&expected) {
                        let close = (x - expected).abs() <= 1e-2 * expected.abs().max(1.0);
                        let same =
                            x.to_bits() == expected.to_bits() || x.is_nan() && expected.is_nan();
                        assert!(
                            same || !whole && expected.is_finite() && close,
                            "{x} for {expected}"
                        );
                    }
                }
            }
        }
    }

    /// Factors that are in range, but with products that are not.
    #[test]
    fn small_and_large_products_are_those_of_f32() {
        for (a, b) in
            [(-80, -40), (-40, -80), (-60, -60), (60, 60), (100, 20), (-99, 0), (-99, -99)]
        {
            let mut case = Case::new([40, 64, 40], [false, true], Put::Set);
            case.a.iter_mut().for_each(|x| *x *= (a as f32).exp2());
            case.b.iter_mut().for_each(|x| *x *= (b as f32).exp2());
            let expected = case.product(f32::multiply);
            for product in [Some(MODEL), units()].into_iter().flatten().flatten() {
                assert_eq!(bits(&case.product(product)), bits(&expected), "2^{a} and 2^{b}");
            }
        }
    }
}
