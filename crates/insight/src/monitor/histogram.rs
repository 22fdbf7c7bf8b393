use chainrule_tensor::Real;

/// How often values fall into equal parts of the range that they span. Values that are not finite are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// The smallest value.
    pub low: f64,
    /// The largest value, which the last part includes.
    pub high: f64,
    /// The number of values in each part, from low to high.
    pub counts: Vec<u32>,
}

impl Histogram {
    /// The histogram of these values in `bins` parts of `low ..= high`; values outside count for the part next to them.
    #[must_use]
    pub fn of<T: Real>(values: &[T], (low, high): (f64, f64), bins: usize) -> Self {
        let mut counts = vec![0; bins];
        let scale = if high > low { bins as f64 / (high - low) } else { 0.0 };
        if let Some(last) = bins.checked_sub(1) {
            for value in values {
                let value = value.to_f64();
                if value.is_finite() {
                    // A negative number becomes 0.
                    counts[(((value - low) * scale) as usize).min(last)] += 1;
                }
            }
        }
        Histogram { low, high, counts }
    }

    /// The edges between the parts, the outer ones included: one more than there are parts.
    pub fn edges(&self) -> impl Iterator<Item = f64> {
        let (low, parts) = (self.low, self.counts.len());
        let width = (self.high - self.low) / parts.max(1) as f64;
        (0..=parts).map(move |part| low + part as f64 * width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_in_equal_parts() {
        let histogram = Histogram::of(&[0.0, 0.9, 1.0, 3.9, 4.0, f64::NAN], (0.0, 4.0), 4);
        assert_eq!(histogram.counts, [2, 1, 0, 2]);
        assert_eq!(histogram.edges().collect::<Vec<_>>(), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(Histogram::of(&[2.0_f32; 3], (2.0, 2.0), 2).counts, [3, 0]);
        assert!(Histogram::of(&[2.0_f32; 3], (2.0, 2.0), 0).counts.is_empty());
    }
}
