use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::{Dual, Real, memory};

/// A fixed-length buffer of scalars that starts at a multiple of 64 bytes: one cache line, one
/// AVX-512 register.
///
/// Parameters, gradients and workspaces live in such buffers. It dereferences to a slice.
///
/// ```
/// use chainrule_tensor::Aligned;
///
/// let mut values = Aligned::<f32>::zeros(10);
/// values[3] = 1.0;
/// assert_eq!(values.as_ptr() as usize % 64, 0);
/// assert_eq!(values.iter().sum::<f32>(), 1.0);
/// ```
#[derive(Clone, Default)]
pub struct Aligned<T> {
    lines: Vec<Line>,
    len: usize,
    scalar: std::marker::PhantomData<T>,
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

// SAFETY: 64 bytes of alignment 64, so without padding; any bit pattern is valid, all zeros
// included.
unsafe impl bytemuck::Zeroable for Line {}
// SAFETY: as above; the type is `Copy`, `'static` and `repr(C)`.
unsafe impl bytemuck::Pod for Line {}

// SAFETY: two `f64` one after the other, so without padding; any bit pattern is valid, all zeros
// included.
unsafe impl bytemuck::Zeroable for Dual {}
// SAFETY: as above; the type is `Copy`, `'static` and `repr(C)`.
unsafe impl bytemuck::Pod for Dual {}

impl<T: Real> Aligned<T> {
    /// A buffer of `len` zeros.
    ///
    /// # Panics
    /// If [memory] cannot hold it.
    #[track_caller]
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        if let Err(why) = memory::check::<T>(len) {
            panic!("a buffer of {len} values is too large: {why}");
        }
        let count = (len * size_of::<T>()).div_ceil(size_of::<Line>());
        let mut lines = Vec::with_capacity(count);
        prefer_large_pages(&mut lines);
        lines.resize(count, Line([0; 64]));
        Aligned { lines, len, scalar: std::marker::PhantomData }
    }

    /// A buffer with a copy of `values`.
    #[must_use]
    pub fn from_slice(values: &[T]) -> Self {
        let mut out = Aligned::zeros(values.len());
        out.copy_from_slice(values);
        out
    }
}

/// Asks Linux for pages of 2 MiB before the memory is touched, where it takes several. A product
/// reads a few values of each of many rows, and with pages of 4 KiB spends a tenth of its time on
/// finding them. A step of 1024-2048-2048-2048-1000 took 0.92 of the time.
#[cfg(all(target_os = "linux", not(miri)))]
fn prefer_large_pages(lines: &mut Vec<Line>) {
    const MADV_HUGEPAGE: i32 = 14;
    const PAGE: usize = 4096;
    const LARGE: usize = 2 << 20;

    unsafe extern "C" {
        fn madvise(start: *mut u8, bytes: usize, advice: i32) -> i32;
    }

    let memory = lines.spare_capacity_mut();
    let bytes = size_of_val(memory);
    if bytes < 2 * LARGE {
        return;
    }
    let start = memory.as_mut_ptr().cast::<u8>();
    let skipped = start.align_offset(PAGE);
    // SAFETY: whole pages within memory of our own, of which only the size of its pages changes.
    // With other pages the rest is left out or refused, and a refusal changes nothing.
    unsafe { madvise(start.wrapping_add(skipped), (bytes - skipped) / PAGE * PAGE, MADV_HUGEPAGE) };
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn prefer_large_pages(_: &mut Vec<Line>) {}

impl<T: Real> Deref for Aligned<T> {
    type Target = [T];
    #[inline(always)]
    fn deref(&self) -> &[T] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl<T: Real> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

impl<T: Real> fmt::Debug for Aligned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: Real> PartialEq for Aligned<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_a_cache_line_at_every_length() {
        for len in [0, 1, 15, 16, 17, 1000] {
            let single = Aligned::<f32>::from_slice(&vec![1.5; len]);
            let double = Aligned::<f64>::zeros(len);
            assert_eq!((single.len(), double.len()), (len, len));
            let dual = Aligned::from_slice(&vec![Dual::new(1.0, -2.0); len]);
            assert_eq!((dual.as_ptr() as usize % 64, dual.len()), (0, len));
            assert!(dual.iter().all(|x| (x.value, x.tangent) == (1.0, -2.0)));
            assert_eq!(single.as_ptr() as usize % 64, 0);
            assert_eq!(double.as_ptr() as usize % 64, 0);
            assert!(single.iter().all(|&x| x == 1.5) && double.iter().all(|&x| x == 0.0));
        }
    }

    /// Of a size for which large pages are asked for.
    #[test]
    fn large_buffers_are_zeros_of_the_length_that_was_asked_for() {
        for len in [(1 << 20) - 1, 1 << 20, 1_500_001] {
            let mut values = Aligned::<f32>::zeros(len);
            assert_eq!((values.len(), values.as_ptr() as usize % 64), (len, 0));
            assert!(values.iter().all(|&x| x == 0.0));
            values.fill(2.5);
            assert!(values.clone().iter().all(|&x| x == 2.5));
        }
    }

    #[test]
    fn a_clone_is_independent_and_aligned() {
        let mut a = Aligned::<f32>::zeros(5);
        let b = a.clone();
        a[0] = 1.0;
        assert_eq!(b[0], 0.0);
        assert_eq!(b.as_ptr() as usize % 64, 0);
        assert_ne!(a, b);
    }
}
