use crate::{Real, simd};

/// Returns true if no value is infinite or NaN; true for none at all.
///
/// ```
/// use chainrule_tensor::reduce::all_finite;
///
/// assert!(all_finite(&[1.0_f32, f32::MAX]));
/// assert!(!all_finite(&[1.0, f64::NAN]));
/// ```
#[must_use]
pub fn all_finite<T: Real>(values: &[T]) -> bool {
    let sums_are_finite = simd::dispatch(
        #[inline(always)]
        || {
            // Many sums at once, since each waits for the one before.
            let mut sums = [T::ZERO; 64];
            let (blocks, rest) = values.as_chunks::<64>();
            for block in blocks {
                for (sum, &x) in sums.iter_mut().zip(block) {
                    *sum += x;
                }
            }
            for (sum, &x) in sums.iter_mut().zip(rest) {
                *sum += x;
            }
            sums.iter().fold(true, |all, sum| all & sum.is_finite())
        },
    );
    // A sum keeps NaN and infinity. That finite values alone add up to infinity is rare.
    sums_are_finite || values.iter().all(|x| x.is_finite())
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
