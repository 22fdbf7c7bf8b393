//! A straight line through times that span orders of magnitude.

/// `time = constant + slope * work`.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub constant: f64,
    pub slope: f64,
}

impl Line {
    pub fn at(&self, work: f64) -> f64 {
        self.constant + self.slope * work
    }

    /// The line with the least sum of absolute relative errors, `|at(work) / time - 1|`, and
    /// `constant >= 0`: a step that takes less than no time on top of its work would hide growth.
    ///
    /// Relative, because a line through microseconds and milliseconds would otherwise only heed the
    /// milliseconds; absolute and not squared, so that one step upwards does not lift the line
    /// towards it. Found by least squares, weighted anew with the errors of the round before.
    pub fn fit(points: &[(f64, f64)]) -> Line {
        let mut line = Line { constant: 0.0, slope: 0.0 };
        let mut weights = vec![1.0; points.len()];
        for _ in 0..200 {
            line = Line::least_squares(points, &weights);
            for (weight, (work, time)) in weights.iter_mut().zip(points) {
                *weight = 1.0 / (line.at(*work) / time - 1.0).abs().max(1e-6);
            }
        }
        line
    }

    /// Minimises `sum weight (constant / time + slope work / time - 1)^2`.
    fn least_squares(points: &[(f64, f64)], weights: &[f64]) -> Line {
        // The normal equations, for p = 1 / time and q = work / time.
        let sum = |term: fn(f64, f64) -> f64| -> f64 {
            points
                .iter()
                .zip(weights)
                .map(|((work, time), weight)| weight * term(1.0 / time, work / time))
                .sum()
        };
        let (pp, pq, qq) = (sum(|p, _| p * p), sum(|p, q| p * q), sum(|_, q| q * q));
        let (p, q) = (sum(|p, _| p), sum(|_, q| q));
        let determinant = pp * qq - pq * pq;
        let constant = (p * qq - q * pq) / determinant;
        if constant > 0.0 {
            Line { constant, slope: (q * pp - p * pq) / determinant }
        } else {
            Line { constant: 0.0, slope: q / qq }
        }
    }
}
