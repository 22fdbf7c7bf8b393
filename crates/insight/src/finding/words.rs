use chainrule_config::number::significant;

/// The middle of these numbers, those that are not numbers left out; `None` without one.
pub(super) fn median(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut numbers: Vec<f64> = numbers.into_iter().filter(|x| !x.is_nan()).collect();
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => None,
        n if n % 2 == 1 => Some(numbers[middle]),
        _ => Some((numbers[middle - 1] + numbers[middle]) / 2.0),
    }
}

/// A loss so many times as high as `loss`: below zero, changed by the same part of its size.
pub(super) fn times(factor: f64, loss: f64) -> f64 {
    if loss < 0.0 { (2.0 - factor) * loss } else { factor * loss }
}

/// A number for a sentence.
pub(super) fn words(x: f64) -> String {
    significant(x, 3)
}

/// A part as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", words(100.0 * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_sentences_are_short() {
        assert_eq!(
            [0.0, 1.0, 0.25, 12.345, 1234.5, 0.001].map(words),
            ["0", "1", "0.25", "12.3", "1234", "0.001"]
        );
        assert_eq!([1e-5, -2.34e7].map(words), ["1.0e-5", "-2.3e7"]);
        assert_eq!(percent(0.125), "12.5 %");
        assert_eq!(
            (median([3.0, 1.0, 2.0]), median([1.0, 2.0]), median([])),
            (Some(2.0), Some(1.5), None)
        );
    }
}
