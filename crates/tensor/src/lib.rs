//! Dense row-major tensors for [chainrule](https://docs.rs/chainrule): shapes, matrix products, element-wise kernels,
//! reductions and random fills.

mod aligned;
pub mod broadcast;
mod display;
pub mod elementwise;
mod error;
pub mod gemm;
mod loops;
mod math;
pub mod random;
mod real;
pub mod reduce;
mod shape;
pub mod simd;
mod tensor;
mod view;

pub use aligned::Aligned;
pub use error::TensorError;
pub use real::Real;
pub use shape::Shape;
pub use tensor::Tensor;
pub use view::TensorView;
