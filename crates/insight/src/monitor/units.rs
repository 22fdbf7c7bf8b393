use chainrule_tensor::{Real, simd};

/// The units of one layer over a window of rows: samples, times the positions of a sample where
/// there are several. Which window: that of [`Log::windows`](super::Log::windows), or all of a data
/// set for [`survey`](super::survey()).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units {
    /// The number of rows seen.
    pub rows: usize,
    /// For each unit, the rows on which it saturates: its pre-activation is outside of the interval
    /// in which the activation [responds](chainrule_graph::Properties::responsive). 0 throughout
    /// for one that does not saturate.
    pub saturated: Vec<u32>,
    /// For each unit, the rows on which the activation's derivative is not exactly zero.
    pub active: Vec<u32>,
    /// For each unit, the rows on which the gradient with respect to its pre-activation was not
    /// exactly zero; empty where gradients were not looked at.
    pub gradient: Vec<u32>,
}

impl Units {
    pub(super) fn new(units: usize) -> Self {
        Units { rows: 0, saturated: vec![0; units], active: vec![0; units], gradient: Vec::new() }
    }

    /// The units that are inactive: on no row did the derivative differ from zero.
    pub fn inactive(&self) -> impl Iterator<Item = usize> {
        let rows = self.rows;
        self.active
            .iter()
            .enumerate()
            .filter(move |(_, active)| rows > 0 && **active == 0)
            .map(|(unit, _)| unit)
    }

    /// The units whose gradient was zero on every row, whatever the reason.
    pub fn without_gradient(&self) -> impl Iterator<Item = usize> {
        self.gradient
            .iter()
            .enumerate()
            .filter(|(_, gradient)| **gradient == 0)
            .map(|(unit, _)| unit)
    }

    /// The part of all rows and units that is saturated.
    #[must_use]
    pub fn saturated_share(&self) -> f64 {
        let all = self.rows as f64 * self.saturated.len() as f64;
        self.saturated_rows() as f64 / all.max(1.0)
    }

    /// The rows on which they saturate, of all units together.
    pub(super) fn saturated_rows(&self) -> u64 {
        self.saturated.iter().map(|&rows| u64::from(rows)).sum()
    }

    /// The units that were inactive in this window and are not in a later one.
    #[must_use]
    pub fn revived_in(&self, later: &Units) -> Vec<usize> {
        self.inactive()
            .filter(|&unit| later.active.get(unit).is_some_and(|active| *active > 0))
            .collect()
    }

    /// Counts the rows of a batch of pre-activations.
    pub(super) fn add_rows<T: Real>(&mut self, z: &[T], (low, high): (f64, f64)) {
        let width = self.saturated.len();
        self.rows += z.len() / width.max(1);
        if (low, high) == (f64::NEG_INFINITY, f64::INFINITY) {
            return;
        }
        let (low, high) = (T::from_f64(low), T::from_f64(high));
        count(
            &mut self.saturated,
            z,
            #[inline(always)]
            |z| z < low || z > high,
        );
    }

    /// Counts where a batch of derivatives is not zero.
    pub(super) fn add_derivatives<T: Real>(&mut self, derivatives: &[T]) {
        count(
            &mut self.active,
            derivatives,
            #[inline(always)]
            |derivative| derivative != T::ZERO,
        );
    }

    /// Every unit of an activation that is nowhere flat is active.
    pub(super) fn all_active(&mut self) {
        self.active.fill(u32::try_from(self.rows).unwrap_or(u32::MAX));
    }

    /// Notes where a batch of gradients is not zero.
    pub(super) fn add_gradients<T: Real>(&mut self, gradients: &[T]) {
        self.gradient.resize(self.active.len(), 0);
        count(
            &mut self.gradient,
            gradients,
            #[inline(always)]
            |gradient| gradient != T::ZERO,
        );
    }
}

/// Counts for each unit the rows on which something holds.
fn count<T: Real>(counts: &mut [u32], values: &[T], holds: impl Fn(T) -> bool) {
    simd::dispatch(
        #[inline(always)]
        || {
            for row in values.chunks_exact(counts.len().max(1)) {
                for (count, &value) in counts.iter_mut().zip(row) {
                    *count += u32::from(holds(value));
                }
            }
        },
    );
}

/// How many units do the same as another one: their pre-activations agree on every row, to
/// rounding.
pub(super) fn twins<T: Real>(z: &[T], width: usize) -> usize {
    if width < 2 || z.len() < width {
        return 0;
    }
    let close = |a: T, b: T| {
        let (a, b) = (a.to_f64(), b.to_f64());
        (a - b).abs() <= 1e-6 * (a.abs() + b.abs())
    };
    // Twins are neighbours once the units are in the order of their first row.
    let mut order: Vec<(f64, usize)> = z[..width].iter().map(|z| z.to_f64()).zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let same = |pair: &[(f64, usize)]| {
        z.chunks_exact(width).all(|row| close(row[pair[0].1], row[pair[1].1]))
    };
    let pairs: Vec<bool> = order.windows(2).map(same).collect();
    (0..width).filter(|&i| (i > 0 && pairs[i - 1]) || (i + 1 < width && pairs[i])).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inactive_units_and_those_that_came_back() {
        let mut first = Units::new(3);
        first.add_rows(&[-1.0, 5.0, 0.5, -2.0, -7.0, 0.5], (-3.0, 3.0));
        first.add_derivatives(&[0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!((first.rows, &first.saturated[..]), (2, &[0, 2, 0][..]));
        assert_eq!(first.saturated_share(), 1.0 / 3.0);
        assert_eq!(first.inactive().collect::<Vec<_>>(), [0, 2]);
        let mut second = Units::new(3);
        second.add_rows(&[1.0, -1.0, -1.0], (f64::NEG_INFINITY, f64::INFINITY));
        second.add_derivatives(&[1.0, 0.0, 0.0]);
        assert_eq!(first.revived_in(&second), [0]);
        second.add_gradients(&[0.5, 0.0, 0.0]);
        assert_eq!(second.without_gradient().collect::<Vec<_>>(), [1, 2]);
        second.all_active();
        assert_eq!(second.inactive().count(), 0);
    }

    #[test]
    fn units_that_do_the_same_are_found() {
        assert_eq!(twins(&[1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 5.0], 4), 2);
        assert_eq!(twins(&[0.0; 6], 3), 3);
        assert_eq!(twins(&[1.0, 2.0, 3.0], 3), 0);
        assert_eq!(twins(&[1.0], 1), 0);
    }
}
