//! How much the gradients of single samples differ.

use chainrule_tensor::{Real, simd};

use super::sums::wide_square;

/// Squared norms of gradients at one step, over the weights and biases of all affine layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientNoise {
    /// The number of samples in the batch.
    pub samples: usize,
    /// The mean of the squared norms of the samples' own gradients.
    pub of_samples: f64,
    /// The squared norm of the batch's gradient, which is the mean of them.
    pub of_batch: f64,
}

impl GradientNoise {
    /// The variance of a sample's gradient, summed over the weights, without bias:
    /// `b / (b - 1) (of_samples - of_batch)` for `b` samples.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let b = self.samples as f64;
        b / (b - 1.0) * (self.of_samples - self.of_batch)
    }

    /// The squared norm of the gradient over all data, without bias: `of_batch - variance / b`. Of
    /// one batch it may come out below zero.
    #[must_use]
    pub fn signal(&self) -> f64 {
        self.of_batch - self.variance() / self.samples as f64
    }
}

/// The simple noise scale over several steps: the mean variance of a sample's gradient by the mean
/// squared norm of the gradient itself. Batches much smaller than it are mostly noise; batches much
/// larger than it waste samples. `None` where the gradient cannot be told from zero.
///
/// Source: McCandlish, Kaplan, Amodei et al., "An Empirical Model of Large-Batch Training", 2018,
/// equation 2.8.
#[must_use]
pub fn noise_scale(steps: &[GradientNoise]) -> Option<f64> {
    let variance: f64 = steps.iter().map(GradientNoise::variance).sum();
    let signal: f64 = steps.iter().map(GradientNoise::signal).sum();
    (signal > 0.0).then(|| variance / signal)
}

/// Adds to `squares` what one affine layer contributes to the squared norm of each sample's
/// gradient. With the sample's input `x` and signal `d`, the gradient of the weights is `x d^T` and
/// that of the bias `d`: `norm(d)^2 (norm(x)^2 + 1)`. `scale` is what the signals are multiplied by
/// first.
///
/// Source: Goodfellow, "Efficient Per-Example Gradient Computations", 2015.
pub(super) fn add_sample_squares<T: Real>(
    x: &[T],
    d: &[T],
    bias: bool,
    scale: f64,
    squares: &mut [f64],
) {
    let samples = squares.len();
    // All rows together: with a sum for each row that chooses its instructions anew it takes twice
    // as long.
    simd::dispatch(
        #[inline(always)]
        || {
            for (i, sum) in squares.iter_mut().enumerate() {
                let row = |length: usize| i * length / samples..(i + 1) * length / samples;
                let (x, d) = (wide_square(&x[row(x.len())]), wide_square(&d[row(d.len())]));
                *sum += d * scale * scale * (x + f64::from(u8::from(bias)));
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_those_of_the_definition() {
        // Gradients 1 and 3 of two samples: mean 2, variance 2 with the divisor n - 1.
        let noise = GradientNoise { samples: 2, of_samples: 5.0, of_batch: 4.0 };
        assert_eq!((noise.variance(), noise.signal()), (2.0, 3.0));
        assert_eq!(noise_scale(&[noise, noise]), Some(2.0 / 3.0));
        assert_eq!(noise_scale(&[]), None);
        assert_eq!(
            noise_scale(&[GradientNoise { samples: 2, of_samples: 1.0, of_batch: 0.0 }]),
            None
        );
    }

    #[test]
    fn a_sample_counts_by_its_input_and_its_signal() {
        let mut squares = [0.0; 2];
        add_sample_squares(&[1.0, 2.0, 0.0, 1.0], &[3.0, -1.0], true, 2.0, &mut squares);
        assert_eq!(squares, [36.0 * 6.0, 4.0 * 2.0]);
        let x: Vec<f32> = (0..22).map(|i| (i % 11) as f32).collect();
        let mut squares = [0.0; 2];
        add_sample_squares(&x, &[1e-25_f32, 2.0], false, 1.0, &mut squares);
        assert!((squares[0] / 385e-50 - 1.0).abs() < 1e-6, "also where the square vanishes in f32");
        assert_eq!(squares[1], 385.0 * 4.0);
    }
}
