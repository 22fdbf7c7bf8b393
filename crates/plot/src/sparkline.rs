/// A curve in one line of text, such as `█▅▃▂▁▁`, for terminals and logs.
///
/// `width` is the most characters it takes: more values than that are averaged in groups of equal
/// size. The lowest value is `▁`, the highest `█`; values that are all the same give `▄`. What is
/// not finite is a space.
///
/// ```
/// use chainrule_plot::sparkline;
///
/// assert_eq!(sparkline(&[8.0, 4.0, 2.0, 1.0], 40), "█▄▂▁");
/// ```
#[must_use]
pub fn sparkline(values: &[f64], width: usize) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let groups = values.len().min(width);
    let mean = |group: usize| {
        let part = &values[group * values.len() / groups..(group + 1) * values.len() / groups];
        let known = part.iter().copied().filter(|value| value.is_finite());
        let count = part.iter().filter(|value| value.is_finite()).count() as f64;
        // Divided before summing, so that large values do not overflow.
        if count == 0.0 { f64::NAN } else { known.map(|value| value / count).sum() }
    };
    let means: Vec<f64> = (0..groups).map(mean).collect();
    let known = means.iter().copied().filter(|mean| !mean.is_nan());
    let (low, high) = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean| {
        (low.min(mean), high.max(mean))
    });
    let step = |mean: f64| {
        let share = (mean / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        if high > low { STEPS[(share * 7.0).round() as usize] } else { STEPS[3] }
    };
    means.into_iter().map(|mean| if mean.is_nan() { ' ' } else { step(mean) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_and_highest_gaps_and_flat_lines() {
        assert_eq!(sparkline(&[0.0, 7.0, 3.0, f64::NAN, f64::INFINITY], 9), "▁█▄  ");
        assert_eq!(sparkline(&[2.0, 2.0], 9), "▄▄");
        assert_eq!(sparkline(&[], 9), "");
        assert_eq!(sparkline(&[1.0, 2.0], 0), "");
        assert_eq!(sparkline(&[f64::MIN, f64::MAX, 0.0], 9), "▁█▅");
    }

    #[test]
    fn more_values_than_characters_are_averaged() {
        assert_eq!(sparkline(&[1.0, 3.0, 9.0, 9.0], 2), "▁█");
        assert_eq!(sparkline(&[1.0; 1000], 60).chars().count(), 60);
    }
}
