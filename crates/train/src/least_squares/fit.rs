use std::fmt;

use chainrule_tensor::Tensor;

use super::LeastSquaresError;
use super::qr::{Qr, dot, norm};
use super::solve::Solved;

/// The result of [`LeastSquares`](super::LeastSquares). As text it is a table of the parameters
/// with their standard errors.
#[derive(Clone, Debug)]
pub struct LeastSquaresFit {
    /// The name of each parameter; of a tensor with several elements with the place, as in
    /// `weight[2]`.
    pub names: Vec<String>,
    /// The parameters.
    pub parameters: Vec<f64>,
    /// True for each parameter that is held by one of its bounds.
    pub held: Vec<bool>,
    /// The residuals, each times the root of its weight.
    pub residuals: Vec<f64>,
    /// The sum of their squares.
    pub sum_of_squares: f64,
    /// The number of residuals, without those of weight 0, less that of parameters not held; 0
    /// where there are fewer.
    pub degrees_of_freedom: usize,
    /// The number of steps made.
    pub iterations: usize,
    /// How often the residuals were evaluated.
    pub evaluations: usize,
    /// How often the Jacobian was evaluated.
    pub jacobians: usize,
    /// Why it ended.
    pub stop: LeastSquaresStop,
    counted: usize,
    /// The columns of the Jacobian at the parameters.
    jacobian: Vec<Vec<f64>>,
}

/// Why [`LeastSquares`](super::LeastSquares) ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeastSquaresStop {
    /// The residuals are at right angles to every column of the Jacobian, or all 0.
    Gradient,
    /// The sum of squares changes by no more than its tolerance.
    Cost,
    /// No step longer than its tolerance makes the sum of squares smaller.
    Step,
    /// All evaluations were made.
    Evaluations,
    /// No step however short makes the sum of squares smaller, although the Jacobian promises it:
    /// the Jacobian is wrong, the residuals jump, or they are not finite all around.
    Stuck,
}

impl LeastSquaresFit {
    pub(super) fn new(names: Vec<String>, parameters: &[f64], counted: usize, at: Solved) -> Self {
        let free = at.held.iter().filter(|held| !**held).count();
        LeastSquaresFit {
            names,
            parameters: parameters.to_vec(),
            sum_of_squares: dot(&at.residuals, &at.residuals),
            degrees_of_freedom: counted.saturating_sub(free),
            held: at.held,
            residuals: at.residuals,
            iterations: at.iterations,
            evaluations: at.evaluations,
            jacobians: at.jacobians,
            stop: at.stop,
            counted,
            jacobian: at.jacobian,
        }
    }

    /// Returns true if it ended at a minimum, as far as can be told.
    #[must_use]
    pub fn is_converged(&self) -> bool {
        use LeastSquaresStop::{Cost, Gradient, Step};
        matches!(self.stop, Gradient | Cost | Step)
    }

    /// The residual standard deviation `s = sqrt(S / degrees of freedom)`; NaN without any.
    #[must_use]
    pub fn residual_deviation(&self) -> f64 {
        (self.sum_of_squares / self.degrees_of_freedom as f64).sqrt()
    }

    /// The covariance of the parameters, `s^2 (J^T J)^-1`, `[n, n]`; with weights, `J` and `s` are
    /// of the weighted residuals, so that only the ratios of the weights matter. The rows and
    /// columns of parameters that a bound holds are 0.
    ///
    /// # Errors
    /// [`LeastSquaresError::NoFreedom`] where there are no more residuals than parameters, and
    /// [`LeastSquaresError::Singular`] where the residuals do not tell some parameters apart.
    pub fn covariance(&self) -> Result<Tensor<f64>, LeastSquaresError> {
        let n = self.parameters.len();
        let free: Vec<usize> = (0..n).filter(|&j| !self.held[j]).collect();
        if self.degrees_of_freedom == 0 {
            let (residuals, parameters) = (self.counted, free.len());
            return Err(LeastSquaresError::NoFreedom { residuals, parameters });
        }
        // Columns of length 1, so that units do not decide what is singular.
        let lengths: Vec<f64> = free.iter().map(|&j| norm(&self.jacobian[j])).collect();
        let unit = |(&j, &length): (&usize, &f64)| {
            self.jacobian[j].iter().map(|v| if length == 0.0 { 0.0 } else { v / length }).collect()
        };
        let columns: Vec<Vec<f64>> = free.iter().zip(&lengths).map(unit).collect();
        let qr = Qr::new(columns, self.residuals.clone());
        let rank = qr.rank(f64::EPSILON * self.residuals.len() as f64);
        if rank < free.len() {
            let name = |&k: &usize| format!("`{}`", self.names[free[k]]);
            let parameters = qr.order[rank..].iter().map(name).collect();
            return Err(LeastSquaresError::Singular { parameters });
        }
        let inverse = qr.inverse_of_product();
        let deviation = self.residual_deviation();
        let mut covariance = Tensor::zeros([n, n]);
        for (a, &i) in free.iter().enumerate() {
            for (b, &j) in free.iter().enumerate() {
                let share = inverse[a * free.len() + b];
                let value = share * (deviation / lengths[a]) * (deviation / lengths[b]);
                covariance.values_mut()[i * n + j] = value;
            }
        }
        Ok(covariance)
    }

    /// The standard error of each parameter, the root of its variance; 0 where a bound holds it.
    ///
    /// # Errors
    /// As [`covariance`](LeastSquaresFit::covariance).
    pub fn standard_errors(&self) -> Result<Vec<f64>, LeastSquaresError> {
        let (n, covariance) = (self.parameters.len(), self.covariance()?);
        Ok(covariance.values().iter().step_by(n + 1).map(|variance| variance.sqrt()).collect())
    }
}

impl fmt::Display for LeastSquaresFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.standard_errors();
        let width = self.names.iter().map(String::len).max().unwrap_or(0).max("parameter".len());
        writeln!(f, "{:width$}  {:>17}  {:>14}", "parameter", "value", "standard error")?;
        for (j, (name, value)) in self.names.iter().zip(&self.parameters).enumerate() {
            let error = match &errors {
                _ if self.held[j] => "at a bound".to_owned(),
                Ok(errors) => format!("{:.6e}", errors[j]),
                Err(_) => "unknown".to_owned(),
            };
            writeln!(f, "{name:width$}  {value:>17.10e}  {error:>14}")?;
        }
        if let Err(why) = &errors {
            writeln!(f, "{why}")?;
        }
        let how = match self.stop {
            LeastSquaresStop::Evaluations => "not converged: all evaluations were made",
            LeastSquaresStop::Stuck => "not converged: no step makes the sum of squares smaller",
            _ => "converged",
        };
        let (s, freedom) = (self.sum_of_squares, self.degrees_of_freedom);
        let (steps, evaluations) = (self.iterations, self.evaluations);
        write!(
            f,
            "sum of squares {s:.10e}, {freedom} degrees of freedom; {how}, {steps} steps, \
             {evaluations} \
             evaluations"
        )
    }
}
