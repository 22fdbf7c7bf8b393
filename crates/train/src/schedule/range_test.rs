use super::at_least_one;

/// Finds a learning rate to begin with: trains for some batches at rates that rise exponentially,
/// and looks at the loss.
///
/// Batch `i` of `n`, from 0, has the rate `start (end / start)^(i / (n - 1))`. The losses are
/// smoothed as `s = smoothing s + (1 - smoothing) loss`, corrected by `1 - smoothing^(i + 1)`; the
/// test ends early when that leaves `divergence` times its best value behind, or is not finite.
/// Where the best is not above zero, it ends when `s` has risen from it by more than
/// `divergence - 1` times its size. If that part of the fall to it from the first is more, it
/// counts. The defaults are those of Lightning's `lr_find`.
///
/// [`Trainer::range_test`](crate::Trainer::range_test) runs it.
///
/// Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangeTest {
    /// The lowest rate; 1e-8 by default.
    pub start: f64,
    /// The highest rate; 1 by default.
    pub end: f64,
    /// The number of batches; 100 by default.
    pub batches: usize,
    /// How long losses are remembered, in `[0, 1)`; 0.98 by default.
    pub smoothing: f64,
    /// How many times the best smoothed loss counts as diverged; 4 by default, `inf` for never.
    pub divergence: f64,
}

impl Default for RangeTest {
    fn default() -> Self {
        RangeTest { start: 1e-8, end: 1.0, batches: 100, smoothing: 0.98, divergence: 4.0 }
    }
}

/// The record of a [`RangeTest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RangeReport {
    /// The learning rate of each batch.
    pub rates: Vec<f64>,
    /// Its loss, before the step.
    pub losses: Vec<f64>,
    /// The losses, smoothed.
    pub smoothed: Vec<f64>,
    /// True if it ended early.
    pub diverged: bool,
}

/// The first losses have hardly been smoothed, and the last one may have diverged.
const SKIP_FIRST: usize = 10;
const SKIP_LAST: usize = 1;

impl RangeTest {
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(self.start > 0.0 && self.end > self.start && self.end.is_finite()) {
            return Err(format!(
                "range test: the rates must rise from above 0 to a finite end, but they go from {} \
                 to {}",
                self.start, self.end
            ));
        }
        at_least_one("range test", "batches", self.batches)?;
        if !(0.0..1.0).contains(&self.smoothing) {
            return Err(format!(
                "range test: smoothing must lie in [0, 1), but it is {}",
                self.smoothing
            ));
        }
        if self.divergence.is_nan() || self.divergence <= 1.0 {
            return Err(format!(
                "range test: divergence must be above 1, but it is {}",
                self.divergence
            ));
        }
        Ok(())
    }

    /// The rate of a batch, from 0; none after the last.
    pub(crate) fn rate(&self, batch: usize) -> Option<f64> {
        let share = batch as f64 / (self.batches - 1).max(1) as f64;
        (batch < self.batches).then(|| self.start * (self.end / self.start).powf(share))
    }
}

impl RangeReport {
    pub(crate) fn add(&mut self, test: &RangeTest, rate: f64, loss: f64) {
        let correction = |batches: usize| 1.0 - test.smoothing.powf(batches as f64);
        let before =
            self.smoothed.last().map_or(0.0, |smoothed| smoothed * correction(self.losses.len()));
        self.rates.push(rate);
        self.losses.push(loss);
        let smoothed = (test.smoothing * before + (1.0 - test.smoothing) * loss)
            / correction(self.losses.len());
        let best = self.smoothed.iter().copied().fold(f64::INFINITY, f64::min);
        self.smoothed.push(smoothed);
        self.diverged = if best > 0.0 {
            smoothed > test.divergence * best
        } else {
            smoothed - best > (test.divergence - 1.0) * best.abs().max(self.smoothed[0] - best)
        };
    }

    /// The rate at which the smoothed loss fell fastest, for each factor of the rate; `None` if it
    /// never fell, or there are too few batches. The first ten and the last one are left out.
    #[must_use]
    pub fn suggestion(&self) -> Option<f64> {
        let end = self.smoothed.len().saturating_sub(SKIP_LAST);
        let seen = self.smoothed.get(SKIP_FIRST..end)?;
        // Central differences, one-sided at both ends.
        let slope = |i: usize| {
            let (from, to) = (i.saturating_sub(1), (i + 1).min(seen.len() - 1));
            (seen[to] - seen[from]) / (to - from).max(1) as f64
        };
        let steepest = (0..seen.len()).min_by(|&a, &b| slope(a).total_cmp(&slope(b)))?;
        (slope(steepest) < 0.0).then(|| self.rates[SKIP_FIRST + steepest])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(test: &RangeTest, loss: impl Fn(f64) -> f64) -> RangeReport {
        let mut report = RangeReport::default();
        while let Some(rate) = test.rate(report.rates.len()).filter(|_| !report.diverged) {
            report.add(test, rate, loss(rate));
        }
        report
    }

    #[test]
    fn rates_rise_by_a_factor_and_the_steepest_place_is_found() {
        let test = RangeTest { start: 1e-4, batches: 81, smoothing: 0.0, ..RangeTest::default() };
        // Falls fastest at 1e-2, and explodes past 0.3.
        let loss = |rate: f64| 2.0 - (5.0 * (rate / 1e-2).ln()).tanh() + (rate / 0.3).powi(8);
        let report = report(&test, loss);
        assert!((report.rates[0] - 1e-4).abs() < 1e-18 && (report.rates[20] - 1e-3).abs() < 1e-15);
        assert!(report.diverged && report.rates.len() < 81, "{}", report.rates.len());
        let suggestion = report.suggestion().unwrap();
        assert!((suggestion / 1e-2 - 1.0).abs() < 1e-9, "{suggestion}");
    }

    #[test]
    fn smoothing_is_corrected_for_its_beginning() {
        let test = RangeTest { batches: 20, ..RangeTest::default() };
        assert!(
            report(&test, |_| 3.0).smoothed.iter().all(|smoothed| (smoothed - 3.0).abs() < 1e-12)
        );
    }

    /// Comparisons with numbers that may be negative or zero (fastai#962).
    #[test]
    fn a_loss_that_is_not_above_zero_diverges_when_it_rises() {
        let test = RangeTest { start: 1e-4, batches: 60, smoothing: 0.0, ..RangeTest::default() };
        // At -2 all along, at 0, falling through zero, and falling to it.
        let courses: [fn(f64) -> f64; 4] =
            [|_| -2.0, |_| 0.0, |rate| -0.5 - rate.log10(), |rate| (-1.0 - rate.log10()).max(0.0)];
        for (i, course) in courses.into_iter().enumerate() {
            let calm = report(&test, course);
            assert!(!calm.diverged && calm.rates.len() == 60, "course {i}: {:?}", calm.smoothed);
            let wild = report(&test, |rate| course(rate) + (rate / 0.1).powi(9));
            assert!(wild.diverged && wild.rates.len() < 60, "course {i}: {:?}", wild.smoothed);
        }
        let never = RangeTest { divergence: f64::INFINITY, ..test };
        assert_eq!(report(&never, |rate| (rate / 0.1).powi(9) - 2.0).rates.len(), 60);
    }

    #[test]
    fn without_a_fall_there_is_nothing_to_suggest() {
        let test = RangeTest { batches: 30, ..RangeTest::default() };
        assert_eq!(report(&test, |rate| rate).suggestion(), None);
        assert_eq!(report(&RangeTest { batches: 10, ..test }, |rate| -rate).suggestion(), None);
    }
}
