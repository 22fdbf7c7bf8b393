use chainrule_tensor::Real;

/// What the units of one layer did over a window of rows: samples, times the positions of a sample where there are
/// several. Which window: that of [`Log::windows`](super::Log::windows), or all of a data set for
/// [`survey`](super::survey()).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units {
    /// The number of rows seen.
    pub rows: usize,
    /// For each unit, the rows on which it saturates: its pre-activation is outside of the interval in which the
    /// activation [responds](chainrule_graph::Properties::responsive). 0 throughout for one that does not saturate.
    pub saturated: Vec<usize>,
    /// For each unit, the rows on which the activation's derivative is not exactly zero.
    pub active: Vec<usize>,
    /// For each unit, whether a gradient with respect to its pre-activation was not exactly zero on some row; empty
    /// where gradients were not looked at.
    pub gradient: Vec<bool>,
}

impl Units {
    pub(super) fn new(units: usize) -> Self {
        Units { rows: 0, saturated: vec![0; units], active: vec![0; units], gradient: Vec::new() }
    }

    /// The units that are inactive: on no row did the derivative differ from zero.
    pub fn inactive(&self) -> impl Iterator<Item = usize> {
        let rows = self.rows;
        self.active.iter().enumerate().filter(move |(_, active)| rows > 0 && **active == 0).map(|(unit, _)| unit)
    }

    /// The units whose gradient was zero on every row, whatever the reason.
    pub fn without_gradient(&self) -> impl Iterator<Item = usize> {
        self.gradient.iter().enumerate().filter(|(_, gradient)| !**gradient).map(|(unit, _)| unit)
    }

    /// The part of all rows and units that is saturated.
    #[must_use]
    pub fn saturated_share(&self) -> f64 {
        let all = self.rows * self.saturated.len();
        self.saturated.iter().sum::<usize>() as f64 / all.max(1) as f64
    }

    /// The units that were inactive in this window and are not in a later one.
    #[must_use]
    pub fn revived_in(&self, later: &Units) -> Vec<usize> {
        self.inactive().filter(|&unit| later.active.get(unit).is_some_and(|active| *active > 0)).collect()
    }

    /// Counts the rows of a batch of pre-activations.
    pub(super) fn add_rows<T: Real>(&mut self, z: &[T], (low, high): (f64, f64)) {
        let width = self.saturated.len();
        self.rows += z.len() / width.max(1);
        if (low, high) == (f64::NEG_INFINITY, f64::INFINITY) {
            return;
        }
        let (low, high) = (T::from_f64(low), T::from_f64(high));
        for row in z.chunks_exact(width.max(1)) {
            for (&z, saturated) in row.iter().zip(&mut self.saturated) {
                *saturated += usize::from(z < low || z > high);
            }
        }
    }

    /// Counts where a batch of derivatives is not zero.
    pub(super) fn add_derivatives<T: Real>(&mut self, derivatives: &[T]) {
        for row in derivatives.chunks_exact(self.active.len().max(1)) {
            for (&derivative, active) in row.iter().zip(&mut self.active) {
                *active += usize::from(derivative != T::ZERO);
            }
        }
    }

    /// Every unit of an activation that is nowhere flat is active.
    pub(super) fn all_active(&mut self) {
        let rows = self.rows;
        self.active.iter_mut().for_each(|active| *active = rows);
    }

    /// Notes where a batch of gradients is not zero.
    pub(super) fn add_gradients<T: Real>(&mut self, gradients: &[T]) {
        self.gradient.resize(self.active.len(), false);
        for row in gradients.chunks_exact(self.active.len().max(1)) {
            for (&gradient, some) in row.iter().zip(&mut self.gradient) {
                *some |= gradient != T::ZERO;
            }
        }
    }
}

/// How many units do the same as another one: their pre-activations agree on every row, to rounding.
pub(super) fn twins<T: Real>(z: &[T], width: usize) -> usize {
    if width < 2 || z.len() < width {
        return 0;
    }
    let close = |a: T, b: T| {
        let (a, b) = (a.to_f64(), b.to_f64());
        (a - b).abs() <= 1e-6 * (a.abs() + b.abs())
    };
    // Twins are neighbours once the units are in the order of their first row.
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&a, &b| z[a].to_f64().total_cmp(&z[b].to_f64()));
    let same = |pair: &[usize]| z.chunks_exact(width).all(|row| close(row[pair[0]], row[pair[1]]));
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
