//! The QR factorisation of a Jacobian with column pivoting, and least-squares problems solved with
//! it, damped or not.
//!
//! Sources: Golub and Van Loan, "Matrix Computations", 2013, section 5.4; Moré, "The
//! Levenberg-Marquardt algorithm: implementation and theory", 1978.

/// `J P = Q R` of a matrix with at least as many rows as columns, and `Q^T b`.
#[derive(Clone, Debug)]
pub(super) struct Qr {
    /// The number of columns.
    pub(super) n: usize,
    /// `R`, column by column; what is below the diagonal is not read.
    r: Vec<f64>,
    /// Which column of `J` each column of `R` is.
    pub(super) order: Vec<usize>,
    /// The first `n` elements of `Q^T b`.
    qtb: Vec<f64>,
}

/// The damped problem, solved.
pub(super) struct Damped {
    /// `p` with the least `|J p - b|^2 + damping |D p|^2`.
    pub(super) step: Vec<f64>,
    /// The triangular factor `S` of `P^T (J^T J + damping D^2) P = S^T S`, column by column.
    s: Vec<f64>,
}

impl Qr {
    /// Factorises `columns`, the columns of `J`, in place.
    pub(super) fn new(mut columns: Vec<Vec<f64>>, mut b: Vec<f64>) -> Self {
        let n = columns.len();
        let mut order: Vec<usize> = (0..n).collect();
        let mut r = vec![0.0; n * n];
        for k in 0..n {
            let largest = (k..n).map(|j| (j, norm(&columns[j][k..])));
            let (pivot, length) =
                largest.fold((k, -1.0), |best, next| if next.1 > best.1 { next } else { best });
            columns.swap(k, pivot);
            order.swap(k, pivot);
            for i in 0..k {
                r.swap(k * n + i, pivot * n + i);
            }
            let (head, tail) = columns.split_at_mut(k + 1);
            let reflector = &mut head[k][k..];
            if length > 0.0 {
                // Away from zero, so that nothing cancels.
                let length = if reflector[0] < 0.0 { -length } else { length };
                reflector.iter_mut().for_each(|v| *v /= length);
                reflector[0] += 1.0;
                for column in tail.iter_mut().chain([&mut b]) {
                    let share = dot(reflector, &column[k..]) / reflector[0];
                    column[k..].iter_mut().zip(&*reflector).for_each(|(x, v)| *x -= share * v);
                }
                r[k * n + k] = -length;
            }
            for (j, column) in tail.iter().enumerate() {
                r[(k + 1 + j) * n + k] = column[k];
            }
        }
        b.truncate(n);
        Qr { n, r, order, qtb: b }
    }

    pub(super) fn at(&self, row: usize, column: usize) -> f64 {
        self.r[column * self.n + row]
    }

    /// How many columns are independent up to rounding, or as far as `tolerance` tells.
    pub(super) fn rank(&self, tolerance: f64) -> usize {
        let least = tolerance * if self.n > 0 { self.at(0, 0).abs() } else { 0.0 };
        (0..self.n).take_while(|&k| self.at(k, k).abs() > least).count()
    }

    /// `p` with the least `|J p - b|`; what is beyond the rank is 0.
    pub(super) fn solve(&self) -> Vec<f64> {
        let rank = (0..self.n).take_while(|&k| self.at(k, k) != 0.0).count();
        let mut x = self.qtb.clone();
        x[rank..].fill(0.0);
        self.back(&mut x[..rank]);
        self.in_order(&x)
    }

    /// `p` with the least `|J p - b|^2 + damping |D p|^2`: the factor `R` on top of
    /// `sqrt(damping) D`, whose rows are turned into it one by one.
    pub(super) fn damped(&self, scale: &[f64], damping: f64) -> Damped {
        let n = self.n;
        let (mut s, mut x) = (self.r.clone(), self.qtb.clone());
        let root = damping.sqrt();
        let mut row = vec![0.0; n];
        for j in 0..n {
            row[j..].fill(0.0);
            row[j] = root * scale[self.order[j]];
            let mut end = 0.0;
            for k in j..n {
                if row[k] == 0.0 {
                    continue;
                }
                let length = s[k * n + k].hypot(row[k]);
                let (cos, sin) = (s[k * n + k] / length, row[k] / length);
                for i in k..n {
                    let (upper, lower) = (s[i * n + k], row[i]);
                    s[i * n + k] = cos * upper + sin * lower;
                    row[i] = cos * lower - sin * upper;
                }
                let upper = x[k];
                x[k] = cos * upper + sin * end;
                end = cos * end - sin * upper;
            }
        }
        back(&s, n, &mut x);
        Damped { step: self.in_order(&x), s }
    }

    /// `S^-T P^T v`, the length of which tells how fast `|D p|` changes with the damping.
    pub(super) fn forward(&self, damped: Option<&Damped>, v: &[f64]) -> Vec<f64> {
        let (n, s) = (self.n, damped.map_or(&self.r, |damped| &damped.s));
        let mut x: Vec<f64> = self.order.iter().map(|&j| v[j]).collect();
        for k in 0..n {
            let sum = dot(&s[k * n..k * n + k], &x[..k]);
            x[k] = (x[k] - sum) / s[k * n + k];
        }
        x
    }

    /// `J^T b`.
    pub(super) fn gradient(&self) -> Vec<f64> {
        let n = self.n;
        let product: Vec<f64> =
            (0..n).map(|j| dot(&self.r[j * n..=j * n + j], &self.qtb[..=j])).collect();
        self.in_order(&product)
    }

    /// `(J^T J)^-1`, row by row; only of full rank.
    pub(super) fn inverse_of_product(&self) -> Vec<f64> {
        let n = self.n;
        // R^-1, column by column.
        let mut inverse = vec![0.0; n * n];
        for j in 0..n {
            let column = &mut inverse[j * n..=j * n + j];
            column[j] = 1.0;
            self.back(column);
        }
        let mut product = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                let common = i.max(j)..n;
                let sum: f64 = common.map(|k| inverse[k * n + i] * inverse[k * n + j]).sum();
                product[self.order[i] * n + self.order[j]] = sum;
            }
        }
        product
    }

    /// Solves with the leading part of `R`.
    fn back(&self, x: &mut [f64]) {
        back(&self.r, self.n, x);
    }

    /// From the order of the pivots to that of the columns.
    fn in_order(&self, x: &[f64]) -> Vec<f64> {
        let mut ordered = vec![0.0; self.n];
        self.order.iter().zip(x).for_each(|(&j, &x)| ordered[j] = x);
        ordered
    }
}

/// Solves with the leading part of a triangular matrix whose columns are `n` long.
fn back(r: &[f64], n: usize, x: &mut [f64]) {
    for k in (0..x.len()).rev() {
        // A column without a diagonal takes no part.
        x[k] = if r[k * n + k] == 0.0 { 0.0 } else { x[k] / r[k * n + k] };
        let (head, tail) = x.split_at_mut(k);
        head.iter_mut().zip(&r[k * n..]).for_each(|(x, r)| *x -= tail[0] * r);
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The length of a vector, whose squares may overflow or vanish.
pub(super) fn norm(v: &[f64]) -> f64 {
    let square = dot(v, v);
    if square > 1e-250 && square < 1e250 {
        return square.sqrt();
    }
    let largest = v.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    if largest == 0.0 || !largest.is_finite() || square.is_nan() {
        return if square.is_nan() { f64::NAN } else { largest };
    }
    largest * v.iter().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five rows, of which the third column is the longest.
    fn columns() -> Vec<Vec<f64>> {
        let column =
            |j: usize| (0..5).map(move |i| ((i * i + 7 * j * i + j) as f64).sin() * (j + 1) as f64);
        (0..3).map(|j| column(j).collect()).collect()
    }

    const B: [f64; 5] = [1.0, -2.0, 0.5, 3.0, 0.25];

    #[test]
    fn steps_satisfy_the_normal_equations_damped_or_not() {
        let (columns, scale) = (columns(), [1.0, 2.0, 0.5]);
        let qr = Qr::new(columns.clone(), B.to_vec());
        assert_eq!((qr.rank(1e-12), qr.order[0]), (3, 2));
        let gradient = qr.gradient();
        for damping in [0.0, 0.3, 1e6] {
            let step = if damping == 0.0 { qr.solve() } else { qr.damped(&scale, damping).step };
            for i in 0..3 {
                let row: f64 = (0..3).map(|j| dot(&columns[i], &columns[j]) * step[j]).sum();
                let left = row + damping * scale[i] * scale[i] * step[i];
                let right = dot(&columns[i], &B);
                assert!((left - right).abs() < 1e-12, "{damping}: {left} for {right}");
                assert!((gradient[i] - right).abs() < 1e-13);
            }
        }
        let inverse = qr.inverse_of_product();
        for i in 0..3 {
            for k in 0..3 {
                let sum: f64 =
                    (0..3).map(|j| dot(&columns[i], &columns[j]) * inverse[j * 3 + k]).sum();
                assert!((sum - f64::from(u8::from(i == k))).abs() < 1e-12, "{i}, {k}: {sum}");
            }
        }
    }

    #[test]
    fn dependent_columns_lower_the_rank_and_lengths_do_not_overflow() {
        let mut twins = columns();
        twins[1] = twins[0].iter().map(|x| 2.0 * x).collect();
        assert_eq!(Qr::new(twins, B.to_vec()).rank(1e-14), 2);
        assert_eq!(Qr::new(vec![vec![0.0; 5]; 2], B.to_vec()).rank(1e-14), 0);
        assert!((norm(&[3e200, 4e200]) / 5e200 - 1.0).abs() < 1e-15);
        assert!((norm(&[3e-200, 4e-200]) / 5e-200 - 1.0).abs() < 1e-15);
        assert!(norm(&[1.0, f64::NAN]).is_nan() && norm(&[1.0, f64::INFINITY]) == f64::INFINITY);
    }
}
