//! The product compiled for each set of vector instructions, and which one this processor takes.

use super::blocks::{self, Buffers, Sizes};
use super::tile::{Order, Tile};
use super::{Mat, Put, Window};
use crate::{Real, simd};

/// A set of vector instructions that tiles are computed with.
pub(super) trait Instructions {
    /// The sizes that suit the processors that have them.
    const SIZES: Sizes;

    /// Computes a tile of `H` rows and `W` columns.
    ///
    /// # Safety
    /// The processor must have the instructions.
    unsafe fn compute<T: Real, const H: usize, const W: usize, const COPY: bool>(tile: Tile<'_, T>);
}

macro_rules! instructions {
    (
        $name:ident,
        fused: $fused:expr,
        tall: $tall:literal,
        height: $height:literal,
        $sizes:expr
        $(, $features:literal)?
    ) => {
        struct $name;

        impl $name {
            $(#[target_feature(enable = $features)])?
            fn multiply<T: Real, const HALF: usize, const W: usize, const WIDE: usize>(
                buffers: &mut Buffers<T>,
                put: Put,
                c: Window<'_, T>,
                a: Mat<'_, T>,
                b: Mat<'_, T>,
            ) {
                // SAFETY: this function has the instructions.
                unsafe {
                    blocks::multiply::<Self, T, $tall, $height, HALF, W, WIDE>(
                        buffers, put, c, a, b,
                    )
                };
            }

            /// A function of its own for each form: in one long function the compiler does not keep
            /// the sums in registers.
            $(#[target_feature(enable = $features)])?
            #[inline(never)]
            fn form<T: Real, const H: usize, const W: usize, const ROWS: bool, const COPY: bool>(
                tile: Tile<'_, T>,
            ) {
                tile.compute::<{ $fused }, H, W, ROWS, COPY>(H > $height);
            }
        }

        impl Instructions for $name {
            const SIZES: Sizes = $sizes;

            #[inline(always)]
            unsafe fn compute<T: Real, const H: usize, const W: usize, const COPY: bool>(
                tile: Tile<'_, T>,
            ) {
                #[allow(unused_unsafe, reason = "what every processor has is safe")]
                // SAFETY: the caller says that the processor has the instructions.
                unsafe {
                    match tile.order {
                        // Tall tiles are always copied.
                        Order::Rows(_) if H <= $height => Self::form::<T, H, W, true, COPY>(tile),
                        _ => Self::form::<T, H, W, false, COPY>(tile),
                    }
                }
            }
        }
    };
}

// Twelve sums stay in the sixteen registers of AVX2, enough to hide how long an addition takes;
// AVX-512 has 32 registers. The caches are at least 48 KB and 1 to 2 MB where there is AVX-512,
// else 32 KB and 256 to 512 KB.
#[cfg(target_arch = "x86_64")]
instructions!(
    Avx512, fused: true, tall: 12, height: 8, Sizes { panel: 32 << 10, block: 768 << 10 },
    "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"
);
#[cfg(target_arch = "x86_64")]
instructions!(Avx2, fused: true, tall: 6, height: 6, SMALL_CACHES, "avx2,fma");
// What every processor of the target has.
instructions!(Baseline, fused: simd::FUSES, tall: 6, height: 6, SMALL_CACHES);

const SMALL_CACHES: Sizes = Sizes { panel: 16 << 10, block: 264 << 10 };

/// The product with the best instructions. The constants are half, one, two, four and eight times
/// the values of a register of AVX2. A panel has two registers of AVX-512 or AVX2, two of the
/// shorter ones of other x86-64 processors, and four where there are 32 of those.
pub(super) fn multiply<
    T: Real,
    const HALF: usize,
    const ONE: usize,
    const TWO: usize,
    const FOUR: usize,
    const EIGHT: usize,
>(
    buffers: &mut Buffers<T>,
    put: Put,
    c: Window<'_, T>,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) {
    #[cfg(target_arch = "x86_64")]
    {
        if simd::has_avx512() {
            // SAFETY: the processor was asked for the instructions.
            return unsafe { Avx512::multiply::<T, TWO, FOUR, EIGHT>(buffers, put, c, a, b) };
        }
        if simd::has_avx2() {
            // SAFETY: as above.
            return unsafe { Avx2::multiply::<T, ONE, TWO, FOUR>(buffers, put, c, a, b) };
        }
        Baseline::multiply::<T, HALF, ONE, TWO>(buffers, put, c, a, b);
    }
    #[cfg(not(target_arch = "x86_64"))]
    Baseline::multiply::<T, ONE, TWO, FOUR>(buffers, put, c, a, b);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::MatMut;
    use crate::gemm::tests::reference;
    use crate::random::generator;
    use rand::RngExt;

    type Product<T> = fn(&mut Buffers<T>, Put, Window<'_, T>, Mat<'_, T>, Mat<'_, T>);

    /// The product with each set of instructions that this processor has, in panels of each width.
    fn products<T: Real>() -> Vec<(&'static str, Product<T>)> {
        let mut all: Vec<(&'static str, Product<T>)> =
            vec![("baseline", Baseline::multiply::<T, 4, 8, 16>)];
        #[cfg(target_arch = "x86_64")]
        {
            // SAFETY: used only where the processor was found to have the instructions.
            let avx2: Product<T> = |buffers, put, c, a, b| unsafe {
                Avx2::multiply::<T, 8, 16, 32>(buffers, put, c, a, b)
            };
            // SAFETY: as above.
            let avx512: Product<T> = |buffers, put, c, a, b| unsafe {
                Avx512::multiply::<T, 16, 32, 64>(buffers, put, c, a, b)
            };
            // SAFETY: as above. Panels as wide as those of AVX-512.
            let wide: Product<T> = |buffers, put, c, a, b| unsafe {
                Avx2::multiply::<T, 16, 32, 64>(buffers, put, c, a, b)
            };
            all.extend(
                simd::has_avx2()
                    .then_some([("AVX2", avx2), ("AVX2, wide", wide)])
                    .into_iter()
                    .flatten(),
            );
            all.extend(simd::has_avx512().then_some(("AVX-512", avx512)));
        }
        all
    }

    fn check<T: Real>([rows, inner, columns]: [usize; 3]) {
        let mut rng = generator(inner as u64);
        let mut random = |len: usize| -> Vec<T> {
            (0..len).map(|_| T::from_f64(rng.random_range(-1.0..1.0))).collect()
        };
        let (a, b, before) =
            (random(rows * inner), random(inner * columns), random(rows * columns));
        for (of_a, of_b) in [(false, false), (false, true), (true, false), (true, true)] {
            let left = if of_a { Mat::new(&a, inner, rows).t() } else { Mat::new(&a, rows, inner) };
            let right =
                if of_b { Mat::new(&b, columns, inner).t() } else { Mat::new(&b, inner, columns) };
            let sums = reference(Put::Set, &before, left, right);
            for (name, product) in products::<T>() {
                // The second product finds in the buffers what the first one left there.
                let mut buffers = Buffers::default();
                for put in [Put::Set, Put::Add] {
                    let mut c = before.clone();
                    product(
                        &mut buffers,
                        put,
                        Window::new(MatMut::new(&mut c, rows, columns)),
                        left,
                        right,
                    );
                    for (at, ((x, sum), before)) in c.iter().zip(&sums).zip(&before).enumerate() {
                        let expected = if put == Put::Set { *sum } else { before.to_f64() + sum };
                        let error = (x.to_f64() - expected).abs();
                        assert!(
                            error <= T::EPSILON.to_f64() * (inner as f64 + 4.0),
                            "{name} {rows}x{inner}x{columns} {put:?} {of_a} {of_b} at {at}: {x} \
                             for {expected}"
                        );
                    }
                }
            }
        }
    }

    /// Factors that are read where they are and that are copied, whole and part tiles, panels,
    /// blocks and pieces of the inner length.
    #[test]
    fn each_set_of_instructions_agrees_with_the_definition() {
        for sides in [
            [1, 1, 1],
            [2, 3, 4],
            [5, 13, 7],
            [6, 8, 16],
            [7, 33, 31],
            [13, 64, 10],
            [64, 257, 40],
            [35, 300, 100],
            [300, 40, 33],
            [5, 700, 70],
            [600, 150, 36],
            [65, 300, 170],
            [130, 70, 200],
            [1700, 20, 161],
        ] {
            check::<f32>(sides);
            check::<f64>(sides);
        }
    }
}
