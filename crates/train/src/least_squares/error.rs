use chainrule_graph::BuildError;

/// Why a sum of squares cannot be minimised, or its parameters have no standard errors.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeastSquaresError {
    /// The model or the residuals could not be recorded.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A setting makes no sense.
    #[error("least squares: {0}")]
    Setting(String),
    /// Data that do not fit together.
    #[error("least squares: {0}")]
    Data(String),
    /// Fewer residuals than parameters.
    #[error(
        "least squares: {residuals} residuals do not determine {parameters} parameters: give more \
         data, \
         fix parameters, or accept it with `allow_under_determined`"
    )]
    UnderDetermined {
        /// The number of residuals, without those of weight 0.
        residuals: usize,
        /// The number of parameters, counted in scalars.
        parameters: usize,
    },
    /// A first value that is not finite or outside of its bounds.
    #[error(
        "least squares: `{name}` starts at {value}, which is not a number from {low} to {high}"
    )]
    Start {
        /// The parameter's name.
        name: String,
        /// The value.
        value: f64,
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// A residual that is NaN or infinite at the first parameters.
    #[error(
        "least squares: residual {residual} is {value} at the first parameters: start elsewhere"
    )]
    NonFinite {
        /// Which one, from 0.
        residual: usize,
        /// The value itself.
        value: f64,
    },
    /// A derivative that is NaN or infinite at the first parameters.
    #[error(
        "least squares: a derivative by `{parameter}` is not finite at the first parameters: start \
         elsewhere"
    )]
    NonFiniteDerivative {
        /// The parameter's name.
        parameter: String,
    },
    /// Standard errors of as many parameters as there are residuals.
    #[error(
        "least squares: {residuals} residuals of {parameters} free parameters leave no degree of \
         freedom to \
         estimate standard errors from"
    )]
    NoFreedom {
        /// The number of residuals, without those of weight 0.
        residuals: usize,
        /// The number of parameters that no bound holds.
        parameters: usize,
    },
    /// Standard errors where some parameters can be replaced by others.
    #[error(
        "least squares: the covariance is singular: the residuals do not tell {} from the other \
         parameters",
        .parameters.join(", ")
    )]
    Singular {
        /// The parameters that the residuals do not depend on, or only as on the others.
        parameters: Vec<String>,
    },
}
