use crate::{Real, simd};

/// Whether no value is infinite or NaN; true for none at all.
///
/// ```
/// use chainrule_tensor::reduce::all_finite;
///
/// assert!(all_finite(&[1.0_f32, f32::MAX]));
/// assert!(!all_finite(&[1.0, f64::NAN]));
/// ```
#[must_use]
pub fn all_finite<T: Real>(values: &[T]) -> bool {
    simd::dispatch(
        #[inline(always)]
        || {
            // 0 x is 0 for a finite x and NaN for any other, which a sum keeps. Many sums at once, since each waits for
            // the one before.
            let mut sums = [T::ZERO; 64];
            let (blocks, rest) = values.as_chunks::<64>();
            for block in blocks {
                for (sum, &x) in sums.iter_mut().zip(block) {
                    *sum += x * T::ZERO;
                }
            }
            for (sum, &x) in sums.iter_mut().zip(rest) {
                *sum += x * T::ZERO;
            }
            let mut others = 0_u32;
            for sum in sums {
                others |= u32::from(sum != T::ZERO);
            }
            others == 0
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_value_anywhere_is_seen() {
        for len in [1, 15, 16, 17, 63, 64, 65, 200] {
            let mut values: Vec<f32> =
                (0..len).map(|i| if i % 2 == 0 { f32::MAX } else { -f32::MIN_POSITIVE }).collect();
            assert!(all_finite(&values));
            for position in 0..len {
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let good = std::mem::replace(&mut values[position], bad);
                    assert!(!all_finite(&values), "{bad} at {position} of {len}");
                    values[position] = good;
                }
            }
        }
        assert!(all_finite::<f64>(&[]));
    }
}
