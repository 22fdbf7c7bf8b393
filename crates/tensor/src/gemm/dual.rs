//! The matrix product of dual numbers, `(A B)' = A' B + A B'`, as plain loops: exact, without
//! allocation, in the same order for every number of rows at once.

use super::{Kernel, Mat, Put, Window, pack};
use crate::{Dual, Real};

impl Kernel for Dual {
    fn multiply(put: Put, mut c: Window<'_, Self>, a: Mat<'_, Self>, b: Mat<'_, Self>) {
        for i in 0..c.rows() {
            let row = c.row(i);
            if put == Put::Set {
                row.fill(Dual::ZERO);
            }
            for p in 0..a.columns {
                let left = a.values[i * a.row_stride + p * a.column_stride];
                for (j, out) in row.iter_mut().enumerate() {
                    *out = left.mul_add(b.values[p * b.row_stride + j * b.column_stride], *out);
                }
            }
        }
    }

    fn transpose(
        out: &mut [Self],
        width: usize,
        values: &[Self],
        stride: usize,
        lanes: usize,
        depth: usize,
    ) {
        pack::transpose(out, width, values, stride, lanes, 0..depth);
    }

    fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [Self]) -> R) -> R {
        work(&mut vec![Dual::ZERO; len])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::{MatMut, gemm};
    use crate::random::generator;
    use rand::RngExt;

    /// Three products of real numbers give the value and the tangent.
    #[test]
    fn agrees_with_three_products_of_real_numbers() {
        let mut rng = generator(3);
        for &(m, k, n) in
            &[(1, 1, 1), (1, 7, 9), (5, 3, 4), (17, 33, 9), (6, 1, 6), (7, 2, 19), (13, 16, 21)]
        {
            let mut random = |len: usize| -> Vec<Dual> {
                (0..len)
                    .map(|_| Dual::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0)))
                    .collect()
            };
            let (a, b, before) = (random(m * k), random(k * n), random(m * n));
            let part = |x: &[Dual], tangent: bool| -> Vec<f64> {
                x.iter().map(|x| if tangent { x.tangent } else { x.value }).collect()
            };
            for put in [Put::Set, Put::Add] {
                for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
                    fn left<T>(x: &[T], m: usize, k: usize, t: bool) -> Mat<'_, T> {
                        if t { Mat::new(x, k, m).t() } else { Mat::new(x, m, k) }
                    }
                    let mut c = before.clone();
                    gemm(put, MatMut::new(&mut c, m, n), left(&a, m, k, ta), left(&b, k, n, tb));
                    let (mut value, mut tangent) = (part(&before, false), part(&before, true));
                    let add = |out: &mut [f64], put, of_a: bool, of_b: bool| {
                        let (a, b) = (part(&a, of_a), part(&b, of_b));
                        gemm(put, MatMut::new(out, m, n), left(&a, m, k, ta), left(&b, k, n, tb));
                    };
                    add(&mut value, put, false, false);
                    add(&mut tangent, put, true, false);
                    add(&mut tangent, Put::Add, false, true);
                    for (c, (value, tangent)) in c.iter().zip(value.iter().zip(&tangent)) {
                        let error = (c.value - value).abs().max((c.tangent - tangent).abs());
                        assert!(
                            error < 1e-13,
                            "{m}x{k}x{n} {put:?} {ta} {tb}: {c} for {value} + {tangent} e"
                        );
                    }
                }
            }
        }
    }
}
