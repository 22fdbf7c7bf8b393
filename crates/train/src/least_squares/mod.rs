//! Non-linear least squares: parameters that make a sum of squared residuals small, with their
//! standard errors.

mod bounds;
mod error;
mod fit;
mod qr;
mod record;
mod solve;
mod trust_region;

pub use bounds::Bound;
pub use error::LeastSquaresError;
pub use fit::{LeastSquaresFit, LeastSquaresStop};

use chainrule_tensor::memory;
use solve::Residuals;

/// How many Jacobians there are at a time: where it stands and where it may go to, each of them
/// factorised, and what they are read from.
const JACOBIANS: usize = 5;

/// Least squares by the method of Levenberg and Marquardt: the parameters `b` that make
/// `S(b) = sum r_i(b)^2` small, in `f64`.
///
/// Each step minimises `|r + J p|^2 + damping |D p|^2`, where `J` is the Jacobian of the residuals
/// and the damping is such that `|D p|` stays within a radius. The radius grows where the linear
/// model predicts `S` well and shrinks where it does not, or where a residual is not finite. `D`
/// holds the largest length that each column of `J` has had, so that the units of the parameters
/// do not matter. The damped problem is solved by a QR factorisation with column pivoting, never by
/// way of `J^T J`.
///
/// It is the method of choice for curves with a few parameters and for small networks with a
/// squared error. Memory: up to five Jacobians, `residuals x parameters`, whose size is checked.
///
/// - [`fit_curve`](LeastSquares::fit_curve): a curve written as operations on variables.
/// - [`fit`](LeastSquares::fit): a layer or a network.
/// - [`solve`](LeastSquares::solve): residuals recorded in a graph in any way.
/// - [`minimise`](LeastSquares::minimise): residuals and Jacobian as a function of plain slices.
///
/// The first three take the Jacobian from the graph, on dual numbers: forward, a pass for each
/// parameter, or backward, a pass for each residual, whichever are fewer.
///
/// ```
/// use chainrule_train::LeastSquares;
///
/// // y = b1 (1 - e^(-b2 x))
/// let (x, y) = ([1.0, 2.0, 3.0, 5.0, 7.0, 10.0], [109.0, 149.0, 149.0, 191.0, 213.0, 224.0]);
/// let start = [("b1", 100.0), ("b2", 0.75)];
/// let fit = LeastSquares::default()
///     .fit_curve(&start, &[&x], &y, None, |b, x| b[0] * (1.0 - (-b[1] * x[0]).exp()))?;
/// assert!((fit.parameters[0] - 213.809).abs() < 1e-3, "{fit}");
/// assert!((fit.standard_errors()?[0] - 12.355).abs() < 1e-3);
/// # Ok::<(), chainrule_train::LeastSquaresError>(())
/// ```
///
/// Sources: Moré, "The Levenberg-Marquardt algorithm: implementation and theory", 1978; with bounds
/// as in Kanzow, Yamashita and Fukushima, "Levenberg-Marquardt methods with strong local
/// convergence properties for solving nonlinear equations with convex constraints", 2004. The data
/// of the example are those of Box, Hunter and Hunter, "Statistics for Experimenters", 1978.
#[derive(Clone, Debug, PartialEq)]
pub struct LeastSquares {
    /// The most evaluations of the residuals, those for Jacobians not counted; `None`, the default,
    /// means 1000 for each parameter and 1000 more.
    pub max_evaluations: Option<usize>,
    /// Ends when the cosine of the angle between the residuals and each column of the Jacobian is
    /// at most this; 1e-12 by default.
    pub tolerance_gradient: f64,
    /// Ends when a step changes the sum of squares, and is predicted to change it, by at most this
    /// share of it; 1e-15 by default.
    pub tolerance_cost: f64,
    /// Ends when the radius is at most this share of the length of the scaled parameters; 1e-15 by
    /// default.
    pub tolerance_step: f64,
    /// True if fewer residuals than parameters are solved for, which have many solutions and no
    /// standard errors. False by default: that is an error.
    pub allow_under_determined: bool,
    /// The bounds that parameters are kept within; none by default. Later ones replace earlier
    /// ones.
    pub bounds: Vec<Bound>,
}

impl Default for LeastSquares {
    fn default() -> Self {
        LeastSquares {
            max_evaluations: None,
            tolerance_gradient: 1e-12,
            tolerance_cost: 1e-15,
            tolerance_step: 1e-15,
            allow_under_determined: false,
            bounds: Vec::new(),
        }
    }
}

impl LeastSquares {
    /// Keeps each element of the parameters whose names match within `[low, high]`, bounds
    /// included, which may be infinite; in `pattern` a `*` stands for any text. A later bound
    /// replaces an earlier one. Parameters of plain slices are named `0`, `1` and so on.
    ///
    /// A parameter that ends at a bound, with a sum of squares that falls beyond it, is held there:
    /// [`covariance`](LeastSquaresFit::covariance) takes it as known.
    ///
    /// ```
    /// use chainrule_train::LeastSquares;
    ///
    /// let (x, y) = ([0.0, 1.0, 2.0, 3.0], [0.1, 0.9, 2.1, 2.9]);
    /// let fit = LeastSquares::default().bound("offset", 0.5, f64::INFINITY).fit_curve(
    ///     &[("offset", 1.0), ("slope", 1.0)], &[&x], &y, None, |b, x| b[0] + b[1] * x[0])?;
    /// assert_eq!((fit.parameters[0], fit.held[0]), (0.5, true));
    /// # Ok::<(), chainrule_train::LeastSquaresError>(())
    /// ```
    #[must_use]
    pub fn bound(mut self, pattern: &str, low: f64, high: f64) -> Self {
        self.bounds.push(Bound { pattern: pattern.to_owned(), low, high });
        self
    }

    /// Moves the parameters to a minimum of the sum of squares of a function. `evaluate` is given
    /// parameters and writes the residuals and, where it is asked for, their Jacobian: row by row,
    /// `[residuals, parameters]`. Where one of them is not finite, a shorter step is tried.
    ///
    /// ```
    /// use chainrule_train::LeastSquares;
    ///
    /// // Rosenbrock's valley.
    /// let mut x = [-1.2, 1.0];
    /// let fit = LeastSquares::default().minimise(&mut x, 2, |x, residuals, jacobian| {
    ///     residuals.copy_from_slice(&[10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]]);
    ///     if let Some(jacobian) = jacobian {
    ///         jacobian.copy_from_slice(&[-20.0 * x[0], 10.0, -1.0, 0.0]);
    ///     }
    /// })?;
    /// assert!(fit.is_converged() && x == [1.0, 1.0]);
    /// # Ok::<(), chainrule_train::LeastSquaresError>(())
    /// ```
    ///
    /// # Errors
    /// Settings and bounds that make no sense, parameters outside of their bounds, fewer residuals
    /// than parameters, more derivatives than [memory] holds. Residuals or derivatives that are not
    /// finite at the first parameters.
    pub fn minimise(
        &self,
        parameters: &mut [f64],
        residuals: usize,
        evaluate: impl FnMut(&[f64], &mut [f64], Option<&mut [f64]>),
    ) -> Result<LeastSquaresFit, LeastSquaresError> {
        self.check_size(residuals, parameters.len())?;
        let names: Vec<String> = (0..parameters.len()).map(|i| i.to_string()).collect();
        let groups: Vec<&str> = names.iter().map(String::as_str).collect();
        let bounds = bounds::of(&self.bounds, &groups)?;
        let row_by_row = vec![0.0; residuals * parameters.len()];
        let mut problem = Plain { evaluate, residuals: vec![0.0; residuals], jacobian: row_by_row };
        self.run(names, parameters, residuals, &bounds, &mut problem)
    }

    /// The iteration from these parameters, of which `counted` residuals are not left out.
    fn run(
        &self,
        names: Vec<String>,
        parameters: &mut [f64],
        counted: usize,
        bounds: &[(f64, f64)],
        problem: &mut impl Residuals,
    ) -> Result<LeastSquaresFit, LeastSquaresError> {
        self.check()?;
        let n = parameters.len();
        if counted == 0 || n == 0 || (counted < n && !self.allow_under_determined) {
            return Err(LeastSquaresError::UnderDetermined { residuals: counted, parameters: n });
        }
        bounds::check_start(&names, parameters, bounds)?;
        let residuals = problem.residuals(parameters).to_vec();
        if let Some(residual) = residuals.iter().position(|r| !r.is_finite()) {
            let value = residuals[residual];
            return Err(LeastSquaresError::NonFinite { residual, value });
        }
        let most = self.max_evaluations.unwrap_or(n.saturating_add(1).saturating_mul(1000));
        match solve::solve(self, most, parameters, residuals, bounds, problem) {
            Ok(solved) => Ok(LeastSquaresFit::new(names, parameters, counted, solved)),
            Err(column) => {
                Err(LeastSquaresError::NonFiniteDerivative { parameter: names[column].clone() })
            }
        }
    }

    /// That memory holds the Jacobians. Where there are fewer residuals than parameters, they have
    /// as many rows as columns.
    fn check_size(&self, residuals: usize, parameters: usize) -> Result<(), LeastSquaresError> {
        let rows = if self.allow_under_determined { residuals.max(parameters) } else { residuals };
        let size = memory::product(&[rows, parameters.max(1), JACOBIANS]);
        memory::check::<f64>(size).map_err(|why| {
            LeastSquaresError::Data(format!(
                "{residuals} residuals of {parameters} parameters have too many derivatives: {why}"
            ))
        })
    }

    fn check(&self) -> Result<(), LeastSquaresError> {
        let tolerances = [
            ("tolerance_gradient", self.tolerance_gradient),
            ("tolerance_cost", self.tolerance_cost),
            ("tolerance_step", self.tolerance_step),
        ];
        // Written so that NaN does not pass.
        match tolerances.into_iter().find(|(_, tolerance)| !(0.0..=1.0).contains(tolerance)) {
            Some((name, value)) => Err(LeastSquaresError::Setting(format!(
                "{name} must be from 0 to 1, but it is {value}"
            ))),
            None => Ok(()),
        }
    }
}

/// A function of plain slices.
struct Plain<F> {
    evaluate: F,
    residuals: Vec<f64>,
    jacobian: Vec<f64>,
}

impl<F: FnMut(&[f64], &mut [f64], Option<&mut [f64]>)> Residuals for Plain<F> {
    fn residuals(&mut self, parameters: &[f64]) -> &[f64] {
        (self.evaluate)(parameters, &mut self.residuals, None);
        &self.residuals
    }

    fn jacobian(&mut self, parameters: &[f64]) -> Vec<Vec<f64>> {
        let n = parameters.len();
        (self.evaluate)(parameters, &mut self.residuals, Some(&mut self.jacobian));
        (0..n).map(|j| self.jacobian.iter().skip(j).step_by(n).copied().collect()).collect()
    }
}
