//! Dense row-major tensors for [chainrule](https://docs.rs/chainrule): shapes, matrix products,
//! element-wise kernels, reductions and random fills.

mod aligned;
mod arithmetic;
pub mod broadcast;
mod display;
mod dual;
pub mod elementwise;
mod error;
pub mod gemm;
mod linalg;
mod loops;
mod math;
mod matrix;
pub mod memory;
pub mod parallel;
pub mod random;
mod real;
pub mod reduce;
mod shape;
pub mod simd;
mod tensor;
mod transpose;
mod view;

pub use aligned::Aligned;
pub use dual::Dual;
pub use error::TensorError;
pub use nalgebra;
pub use real::Real;
pub use shape::Shape;
pub use tensor::Tensor;
pub use transpose::transpose;
pub use view::TensorView;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
