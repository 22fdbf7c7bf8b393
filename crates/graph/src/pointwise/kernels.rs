//! The loops of a [`Pointwise`](super::Pointwise) function, over a closure.

use chainrule_tensor::{Real, elementwise, simd};

pub use chainrule_tensor::gemm::Put;

/// `y = f(x)`.
#[inline(always)]
pub fn map<T: Real>(y: &mut [T], x: &[T], f: impl Fn(T) -> T) {
    elementwise::map(Put::Set, y, x, f);
}

/// `z = f(z)`.
#[inline(always)]
pub fn map_in_place<T: Real>(z: &mut [T], f: impl Fn(T) -> T) {
    simd::dispatch_with(
        #[inline(always)]
        move |instructions| {
            for z in z {
                *z = instructions.flushed(f(*z));
            }
        },
    );
}

/// `dx = pull(upstream, at)`, or added to it.
#[inline(always)]
pub fn map_back<T: Real>(
    put: Put,
    dx: &mut [T],
    upstream: &[T],
    at: &[T],
    pull: impl Fn(T, T) -> T,
) {
    elementwise::zip(put, dx, upstream, at, pull);
}

/// `z = f(z + bias)` for each row.
#[inline(always)]
pub fn bias_map<T: Real>(z: &mut [T], bias: &[T], f: impl Fn(T) -> T) {
    simd::dispatch_with(
        #[inline(always)]
        move |instructions| {
            for row in z.chunks_exact_mut(bias.len()) {
                for (z, &b) in row.iter_mut().zip(bias) {
                    *z = instructions.flushed(f(*z + b));
                }
            }
        },
    );
}

/// `upstream = pull(upstream, at)`, and its sum over the rows added to `bias`.
#[inline(always)]
pub fn bias_map_back<T: Real>(
    upstream: &mut [T],
    at: &[T],
    bias: &mut [T],
    pull: impl Fn(T, T) -> T,
) {
    simd::dispatch_with(
        #[inline(always)]
        move |instructions| {
            for (row, at) in upstream.chunks_exact_mut(bias.len()).zip(at.chunks_exact(bias.len()))
            {
                for ((g, &at), bias) in row.iter_mut().zip(at).zip(bias.iter_mut()) {
                    let pulled = instructions.flushed(pull(*g, at));
                    *g = pulled;
                    *bias += pulled;
                }
            }
        },
    );
}

/// `upstream = pull(upstream, at)`.
#[inline(always)]
pub fn map_back_in_place<T: Real>(upstream: &mut [T], at: &[T], pull: impl Fn(T, T) -> T) {
    elementwise::update(upstream, at, pull);
}
