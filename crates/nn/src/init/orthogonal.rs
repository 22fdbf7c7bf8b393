use chainrule_graph::Initialiser;
use chainrule_tensor::random::Generator;
use chainrule_tensor::{Shape, Tensor, memory};

use super::{Gain, Listed};
use crate::config::settings;

settings! {
    "orthogonal": "orthonormal rows or columns, times gain";

    /// A random matrix with orthonormal columns, or rows where it has more columns, times a gain:
    /// it neither stretches nor shrinks any direction. Gain 1 by default.
    ///
    /// More than two axes count as `[first, all others]`. Uniformly distributed over such matrices:
    /// the signs of the factorisation are made unique.
    ///
    /// Source: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning
    /// in deep linear neural networks", 2014.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Orthogonal {
        /// The factor on the orthonormal matrix.
        gain: Gain = Gain(1.0);
    }
}

impl Orthogonal {
    /// With this gain.
    #[must_use]
    pub fn new(gain: f64) -> Self {
        Orthogonal { gain: Gain(gain) }
    }
}

impl Initialiser for Orthogonal {
    fn fill(
        &self,
        shape: Shape,
        values: &mut [f64],
        generator: &mut Generator,
    ) -> Result<(), String> {
        if shape.rank() < 2 {
            return Err("orthogonal needs weights of at least two axes".to_owned());
        }
        let (rows, columns) = (shape[0], memory::product(&shape[1..]));
        let (long, short) = (rows.max(columns), rows.min(columns));
        let (q, r) = Tensor::<f64>::normal([long, short], 0.0, 1.0, generator)
            .and_then(|normal| normal.qr())
            .map_err(|error| error.to_string())?;
        // Without the signs of R's diagonal the distribution would depend on how the factorisation
        // chooses them.
        let signed = |i: usize, j: usize| q.at(&[i, j]) * r.at(&[j, j]).signum() * self.gain.0;
        for (position, value) in values.iter_mut().enumerate() {
            let (row, column) = (position / columns, position % columns);
            *value = if rows >= columns { signed(row, column) } else { signed(column, row) };
        }
        Ok(())
    }
}

impl Listed for Orthogonal {
    fn name(&self) -> &'static str {
        "orthogonal"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::random::generator;

    #[test]
    fn the_shorter_side_is_orthonormal_times_the_gain() {
        for (shape, gain) in [([7, 4], 1.0), ([4, 7], 2.0), ([5, 5], 0.5)] {
            let mut values = vec![0.0; shape[0] * shape[1]];
            Orthogonal::new(gain).fill(shape.into(), &mut values, &mut generator(3)).unwrap();
            let w = Tensor::new(shape, values).unwrap();
            let t = w.transposed().unwrap();
            let product = if shape[0] >= shape[1] { t.matmul(&w) } else { w.matmul(&t) }.unwrap();
            let n = shape[0].min(shape[1]);
            for (i, x) in product.values().iter().enumerate() {
                let expected = if i % (n + 1) == 0 { gain * gain } else { 0.0 };
                assert!((x - expected).abs() < 1e-14, "{shape:?}: {x} at {i}");
            }
        }
    }

    #[test]
    fn a_vector_is_refused() {
        let error =
            Orthogonal::default().fill([3].into(), &mut [0.0; 3], &mut generator(0)).unwrap_err();
        assert_eq!(error, "orthogonal needs weights of at least two axes");
    }
}
