//! Run-time dispatch to the best vector instructions.
//!
//! A plain loop over slices is compiled three times, for AVX-512, for AVX2 with FMA and for the
//! target's baseline, and the best one that this processor has is called. A portable binary runs as
//! fast as one built for the machine it runs on.

/// Runs `kernel` compiled for the best vector instructions that this processor has.
///
/// The kernel is an ordinary closure over slices. What is compiled for the better instructions is
/// what the compiler inlines. A closure of any size needs `#[inline(always)]` before it, and so
/// does what it calls. Inner loops should be plain `for` loops, since an iterator adaptor around a
/// heavy function becomes a call. A kernel that is not inlined still gives the right result, at the
/// speed of the baseline. The result does not depend on which version runs: no version may reorder
/// floating-point operations, and a [`Real::mul_add`](crate::Real::mul_add) rounds once everywhere.
///
/// ```
/// let mut values = vec![1.0_f32; 100];
/// chainrule_tensor::simd::dispatch(
///     #[inline(always)]
///     || {
///         for x in &mut values {
///             *x *= 3.0;
///         }
///     },
/// );
/// assert_eq!(values, vec![3.0; 100]);
/// ```
#[inline(always)]
pub fn dispatch<R>(kernel: impl FnOnce() -> R) -> R {
    dispatch_with(
        #[inline(always)]
        |_| kernel(),
    )
}

/// [`dispatch`] for a kernel that asks what its instructions do well.
///
/// ```
/// use chainrule_tensor::simd;
///
/// let (mut mean, gradient) = (vec![0.5_f32; 100], vec![1e-38; 100]);
/// simd::dispatch_with(
///     #[inline(always)]
///     |instructions| {
///         for (m, &g) in mean.iter_mut().zip(&gradient) {
///             *m = instructions.flushed(instructions.add_product(0.1, g, 0.0 * *m));
///         }
///     },
/// );
/// assert_eq!(mean, vec![0.0; 100]);
/// ```
#[inline(always)]
pub fn dispatch_with<R>(kernel: impl FnOnce(Instructions) -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if has_avx512() {
        // SAFETY: the processor was asked for exactly the features that this copy is compiled with.
        return unsafe {
            avx512(
                #[inline(always)]
                || kernel(Instructions { fused: true, tests_bits: true }),
            )
        };
    }
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: as above.
        return unsafe {
            avx2(
                #[inline(always)]
                || kernel(Instructions { fused: true, tests_bits: false }),
            )
        };
    }
    kernel(Instructions { fused: FUSES, tests_bits: false })
}

/// The strengths of the instructions that a kernel is compiled for; see [`dispatch_with`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instructions {
    /// They multiply and add in one.
    fused: bool,
    /// They test bits into a mask.
    tests_bits: bool,
}

impl Instructions {
    /// `a b + sum`, rounded once where the instructions multiply and add in one. So it is rounded
    /// otherwise on a processor without. There a prediction of 784-512-256-10 took 34 times as long
    /// with a call for each product (SSE2 alone, on AMD Zen 3).
    #[inline(always)]
    #[must_use]
    pub fn add_product<T: crate::Real>(self, a: T, b: T, sum: T) -> T {
        add_product(self.fused, a, b, sum)
    }

    /// The value, or 0 where it is denormal or a zero of either sign. It takes fewer instructions
    /// than [`Real::flushed`](crate::Real::flushed), which keeps the sign of a zero.
    #[inline(always)]
    #[must_use]
    pub fn flushed<T: crate::Real>(self, x: T) -> T {
        x.flushed_to_zero(self.tests_bits)
    }
}

/// [`dispatch_with`] for [`add_product`].
#[inline(always)]
pub(crate) fn dispatch_sums<R>(kernel: impl FnOnce(bool) -> R) -> R {
    dispatch_with(
        #[inline(always)]
        |instructions| kernel(instructions.fused),
    )
}

/// True if every processor of the target multiplies and adds in one instruction. Without it
/// [`Real::mul_add`](crate::Real::mul_add) is a call for each value.
pub(crate) const FUSES: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

/// `a b + sum`, rounded once where it is `fused`.
#[inline(always)]
pub(crate) fn add_product<T: crate::Real>(fused: bool, a: T, b: T, sum: T) -> T {
    if fused { a.mul_add(b, sum) } else { a * b + sum }
}

/// Bytes that come into the cache together.
pub(crate) const LINE: usize = 64;

/// Asks for values ahead of their use, so that they are in the cache by then. Where there is no
/// such instruction this does nothing.
///
/// ```
/// let table = vec![0.5_f32; 100 * 16];
/// chainrule_tensor::simd::prefetch(&table[70 * 16..][..16]);
/// // Other work, in the meantime.
/// assert_eq!(table[70 * 16], 0.5);
/// ```
#[inline(always)]
pub fn prefetch<T>(values: &[T]) {
    let (start, bytes) = (values.as_ptr(), size_of_val(values));
    for line in 0..lines(bytes, bytes) {
        prefetch_line(start.wrapping_byte_add(line * LINE));
    }
}

/// In how many lines so many bytes lie, at most, where such runs begin `step` bytes apart.
#[inline(always)]
pub(crate) fn lines(bytes: usize, step: usize) -> usize {
    // One more where they do not all begin with a line.
    bytes.div_ceil(LINE) + usize::from(!step.is_multiple_of(LINE))
}

/// Asks for the cache line of a value; the address may be any.
#[inline(always)]
pub(crate) fn prefetch_line<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing and faults at no address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// [`prefetch_line`], into the second cache.
#[inline(always)]
pub(crate) fn prefetch_line_far<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing and faults at no address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn has_avx512() -> bool {
    level() == AVX512
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn has_avx2() -> bool {
    level() >= AVX2
}

#[cfg(target_arch = "x86_64")]
const BASELINE: u8 = 1;
#[cfg(target_arch = "x86_64")]
const AVX2: u8 = 2;
#[cfg(target_arch = "x86_64")]
const AVX512: u8 = 3;

/// The features of this processor, asked once: seven features, each with a test of its own, cost 10
/// ns at every dispatch.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn level() -> u8 {
    use std::sync::atomic::{AtomicU8, Ordering};

    static LEVEL: AtomicU8 = AtomicU8::new(0);

    #[cold]
    fn detect() -> u8 {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = is_x86_feature_detected!("f16c")
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw");
        let level = match (avx2, avx512) {
            (true, true) => AVX512,
            (true, false) => AVX2,
            (false, _) => BASELINE,
        };
        LEVEL.store(level, Ordering::Relaxed);
        level
    }

    match LEVEL.load(Ordering::Relaxed) {
        0 => detect(),
        level => level,
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
fn avx512<R>(kernel: impl FnOnce() -> R) -> R {
    kernel()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<R>(kernel: impl FnOnce() -> R) -> R {
    kernel()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_told_whether_their_instructions_fuse() {
        let fused = dispatch_sums(|fused| fused);
        #[cfg(target_arch = "x86_64")]
        assert_eq!(
            fused,
            FUSES || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
        );
        #[cfg(not(target_arch = "x86_64"))]
        assert_eq!(fused, FUSES);
        assert_eq!(add_product(true, 3.0, 4.0, 5.0), 17.0);
        assert_eq!(add_product(false, 3.0, 4.0, 5.0), 17.0);
    }

    #[test]
    fn every_way_of_flushing_gives_the_same() {
        let powers = (-149..128).map(|power| 2.0_f32.powi(power));
        let values = powers.flat_map(|x| [x, -x, 1.5 * x]).chain([0.0, -0.0, f32::INFINITY]);
        for x in values {
            let expected = if x.is_normal() || x.is_infinite() { x } else { 0.0 };
            for tests_bits in [false, true] {
                let flushed = Instructions { fused: true, tests_bits }.flushed(x);
                assert_eq!(flushed.to_bits(), expected.to_bits(), "{x:e}, {tests_bits}");
            }
        }
        for tests_bits in [false, true] {
            let instructions = Instructions { fused: true, tests_bits };
            assert!(instructions.flushed(f32::NAN).is_nan());
            assert_eq!(instructions.flushed(-f64::MIN_POSITIVE), -f64::MIN_POSITIVE);
            assert_eq!(instructions.flushed(f64::MIN_POSITIVE / 2.0), 0.0);
        }
    }

    fn polynomial(values: &[f32]) -> Vec<f32> {
        values.iter().map(|&x| x.mul_add(0.5, 1.0).mul_add(x, -2.0).abs().sqrt()).collect()
    }

    #[test]
    fn every_version_gives_the_bits_of_the_plain_call() {
        let values: Vec<f32> = (0..1003).map(|i| (i as f32) * 0.37 - 150.0).collect();
        let plain = polynomial(&values);
        assert_eq!(dispatch(|| polynomial(&values)), plain);
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx2() {
                // SAFETY: the features were just detected.
                assert_eq!(unsafe { avx2(|| polynomial(&values)) }, plain);
            }
            if has_avx512() {
                // SAFETY: the features were just detected.
                assert_eq!(unsafe { avx512(|| polynomial(&values)) }, plain);
            }
        }
    }
}
