//! The elementary functions of each scalar.
//!
//! [`single`] holds polynomials for `f32` that contain no branch and no call, so that a loop over them is
//! vectorised by the compiler; [`double`] is the standard library's, which serves as their oracle.

pub(crate) mod double;
mod exponential;
mod logarithm;
mod sigmoidal;
pub(crate) mod single;
