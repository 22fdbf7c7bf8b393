/// How often values fall into the parts of a range.
///
/// Given by its fields, or counted from values by [`Histogram::of`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// The edges of the parts, rising, the outer ones included: one more than there are parts.
    pub edges: Vec<f64>,
    /// The number of values in each part.
    pub counts: Vec<u64>,
    /// The sum of the values.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_of_squares: f64,
}

impl Histogram {
    /// These values in `parts` equal parts, at least one, of the range that they span. Values that
    /// are not finite are left out.
    ///
    /// ```
    /// use chainrule_tensorboard::Histogram;
    ///
    /// let histogram = Histogram::of(&[0.0, 0.5, 1.0, 4.0], 2);
    /// assert_eq!((histogram.edges, histogram.counts), (vec![0.0, 2.0, 4.0], vec![3, 1]));
    /// ```
    #[must_use]
    pub fn of(values: &[f64], parts: usize) -> Self {
        let finite = || values.iter().copied().filter(|x| x.is_finite());
        let (Some(low), Some(high)) = (finite().reduce(f64::min), finite().reduce(f64::max)) else {
            return Histogram::default();
        };
        let parts = parts.max(1);
        // Halves, so that the distance between the largest numbers does not overflow.
        let width = high / 2.0 - low / 2.0;
        let mut counts = vec![0; parts];
        for x in finite() {
            let place =
                if width > 0.0 { (x / 2.0 - low / 2.0) / width * parts as f64 } else { 0.0 };
            counts[(place as usize).min(parts - 1)] += 1;
        }
        let edge = |i: usize| {
            if i == parts { high } else { low + width * (2.0 * i as f64 / parts as f64) }
        };
        Histogram {
            edges: (0..=parts).map(edge).collect(),
            counts,
            sum: finite().sum(),
            sum_of_squares: finite().map(|x| x * x).sum(),
        }
    }

    /// The number of values.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Checks that all fits together.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (edges, counts) = (self.edges.len(), self.counts.len());
        // One without parts and without edges is that of no values.
        if edges != counts + 1 && (edges, counts) != (0, 0) {
            return Err(format!(
                "{counts} parts of a histogram have {} edges, not {edges}",
                counts + 1
            ));
        }
        if self.edges.iter().any(|edge| !edge.is_finite()) || !self.edges.is_sorted() {
            return Err("the edges of a histogram must be finite and rise".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_in_equal_parts() {
        let histogram = Histogram::of(&[-1.0, 3.0, f64::NAN, 0.0, 1.0, f64::INFINITY], 4);
        assert_eq!(histogram.edges, [-1.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(histogram.counts, [1, 1, 1, 1]);
        assert_eq!((histogram.sum, histogram.sum_of_squares, histogram.total()), (3.0, 11.0, 4));
    }

    #[test]
    fn extremes() {
        assert_eq!(Histogram::of(&[f64::NAN], 3), Histogram::default());
        assert_eq!(Histogram::of(&[2.0; 3], 2).counts, [3, 0]);
        assert_eq!(Histogram::of(&[1.0], 0).counts, [1]);
        let wide = Histogram::of(&[f64::MIN, 0.0, f64::MAX], 2);
        assert_eq!(
            (wide.edges.clone(), wide.counts.clone()),
            (vec![f64::MIN, 0.0, f64::MAX], vec![1, 2])
        );
        wide.check().unwrap();
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        let told = |edges: &[f64], counts: &[u64]| {
            let histogram =
                Histogram { edges: edges.into(), counts: counts.into(), ..Histogram::default() };
            histogram.check().unwrap_err()
        };
        assert_eq!(told(&[0.0, 1.0], &[1, 2]), "2 parts of a histogram have 3 edges, not 2");
        for edges in [[1.0, 0.0], [0.0, f64::NAN]] {
            assert_eq!(told(&edges, &[1]), "the edges of a histogram must be finite and rise");
        }
    }
}
