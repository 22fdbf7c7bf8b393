use chainrule_tensor::Tensor;
use chainrule_tensor::random::generator;
use chainrule_tensor::reduce::norm;

use super::{Curvature, HessianVector, SecondOrderError};

/// How the largest eigenvalue is looked for: `v <- (H + s I) v / |(H + s I) v|`, again and again.
///
/// First with `s = 0`, which finds the eigenvalue of largest magnitude. Where that is negative, or
/// does not settle because another is as large, the shift `s = |H v|` makes the largest the one of
/// largest magnitude.
///
/// Source: Golub and Van Loan, "Matrix Computations", 4th edition, section 8.2.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerIteration {
    /// The residual `|H v - value v|` at which to stop, relative to `|H v|`; 1e-6 by default. The
    /// error of the eigenvalue is about its square.
    pub tolerance: f64,
    /// The most products, for each shift; 1000 by default.
    pub iterations: usize,
    /// The seed of the first vector; 0 by default.
    pub seed: u64,
}

impl Default for PowerIteration {
    fn default() -> Self {
        PowerIteration { tolerance: 1e-6, iterations: 1000, seed: 0 }
    }
}

/// An eigenvalue of the Hessian and its eigenvector.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigenpair {
    /// The Rayleigh quotient `<v, H v>`.
    pub value: f64,
    /// The eigenvector `v`, of length 1.
    pub vector: Vec<f64>,
    /// `|H v - value v|`: some eigenvalue lies within this distance of `value`. Large if the
    /// iterations ran out.
    pub residual: f64,
    /// How many Hessian-vector products it took.
    pub products: usize,
}

impl Curvature {
    /// The largest eigenvalue of the Hessian, the sign counted.
    ///
    /// # Errors
    /// [`SecondOrderError::Eigenvalue`] if there are no parameters, or a product is not finite.
    pub fn largest_eigenvalue(
        &mut self,
        settings: PowerIteration,
    ) -> Result<Eigenpair, SecondOrderError> {
        let n = self.parameters();
        if n == 0 {
            return Err(SecondOrderError::Eigenvalue("there are no parameters"));
        }
        let first = Tensor::<f64>::normal([n], 0.0, 1.0, &mut generator(settings.seed))
            .expect("a proper deviation");
        let plain = self.iterate(first.values().to_vec(), 0.0, settings)?;
        let settled = plain.residual <= settings.tolerance * plain.value.abs();
        if settled && plain.value >= 0.0 {
            return Ok(plain);
        }
        // Its length bounds no eigenvalue from above exactly, hence the margin.
        let shift = 1.1 * plain.value.hypot(plain.residual);
        let shifted = self.iterate(first.into_values(), shift, settings)?;
        Ok(Eigenpair { products: plain.products + shifted.products, ..shifted })
    }

    fn iterate(
        &mut self,
        mut v: Vec<f64>,
        shift: f64,
        settings: PowerIteration,
    ) -> Result<Eigenpair, SecondOrderError> {
        let mut products = 0;
        loop {
            let length = norm(&v);
            v.iter_mut().for_each(|x| *x /= length);
            let HessianVector { loss, product, .. } = self.product(&v)?;
            products += 1;
            let value: f64 = v.iter().zip(&product).map(|(v, p)| v * p).sum();
            if !(loss.is_finite() && value.is_finite()) {
                return Err(SecondOrderError::Eigenvalue(
                    "the loss or a Hessian-vector product is not finite",
                ));
            }
            let residual =
                norm(&v.iter().zip(&product).map(|(v, p)| p - value * v).collect::<Vec<_>>());
            // Beside the shift for small eigenvalues, as otherwise a Hessian of zeros would never
            // do.
            if residual <= settings.tolerance * value.abs().max(shift)
                || products >= settings.iterations
            {
                return Ok(Eigenpair { value, vector: v, residual, products });
            }
            v = product.iter().zip(&v).map(|(p, v)| p + shift * v).collect();
        }
    }
}
