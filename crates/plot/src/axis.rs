//! Which range an axis shows, and where its numbers stand.

/// Numbers as large as this, or not finite, are left out: differences of two of them would
/// overflow.
const LARGEST: f64 = 1e300;

/// Returns true if a number can be shown at all.
pub(crate) fn shown(value: f64) -> bool {
    value.abs() <= LARGEST
}

/// One axis. Its positions are the values themselves, or their decimal logarithms.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Positions with their numbers.
    pub(crate) ticks: Vec<(f64, String)>,
    log: bool,
    /// True if its places have names, which may be shortened.
    pub(crate) names: bool,
}

impl Axis {
    /// Around all values that can be shown, with a margin if asked for; logarithmic if asked for,
    /// with what is not above zero at the lower end.
    pub(crate) fn around(
        label: &str,
        values: impl IntoIterator<Item = f64>,
        log: bool,
        margin: bool,
    ) -> Axis {
        let values: Vec<f64> = values.into_iter().filter(|&value| shown(value)).collect();
        if log { Axis::log(label, &values) } else { Axis::linear(label, &values, margin) }
    }

    fn linear(label: &str, values: &[f64], margin: bool) -> Axis {
        let (low, high) = widened(extent(values).unwrap_or((0.0, 1.0)));
        let margin = if margin { (high - low) * 0.04 } else { 0.0 };
        let (low, high) = (low - margin, high + margin);
        Axis {
            label: label.to_owned(),
            low,
            high,
            ticks: ticks(low, high, 6),
            log: false,
            names: false,
        }
    }

    fn log(label: &str, values: &[f64]) -> Axis {
        let positive: Vec<f64> =
            values.iter().filter(|&&value| value > 0.0).map(|value| value.log10()).collect();
        let (low, high) = extent(&positive).unwrap_or((-1.0, 0.0));
        // At least a third of a decade, so that the numbers can be told apart.
        let short = (0.3 - (high - low)).max(0.0) / 2.0;
        let (low, high) = (low - short, high + short);
        let margin = (high - low) * 0.04;
        let mut axis = Axis {
            label: label.to_owned(),
            low: low - margin,
            high: high + margin,
            ticks: Vec::new(),
            log: true,
            names: false,
        };
        axis.ticks = log_ticks(axis.low, axis.high);
        if values.len() > positive.len() {
            axis.low -= (0.15 * (axis.high - axis.low)).max(0.1);
            axis.ticks.insert(0, (axis.low, "\u{2264} 0".to_owned()));
        }
        axis
    }

    /// From one value to another, as they are; they must grow.
    pub(crate) fn exactly(label: &str, (low, high): (f64, f64)) -> Axis {
        Axis {
            label: label.to_owned(),
            low,
            high,
            ticks: ticks(low, high, 6),
            log: false,
            names: false,
        }
    }

    /// The same axis with its lower end here.
    pub(crate) fn starting_at(self, low: f64) -> Axis {
        Axis { ticks: ticks(low, self.high, 6), low, ..self }
    }

    /// Places 0, 1, ... with names instead of numbers.
    pub(crate) fn named(names: &[String]) -> Axis {
        let ticks =
            names.iter().enumerate().map(|(index, name)| (index as f64, name.clone())).collect();
        Axis {
            label: String::new(),
            low: -0.5,
            high: names.len().max(1) as f64 - 0.5,
            ticks,
            log: false,
            names: true,
        }
    }

    /// Where a value is on the axis; none for what cannot be shown.
    pub(crate) fn position(&self, value: f64) -> Option<f64> {
        match (shown(value), self.log) {
            (false, _) => None,
            (true, false) => Some(value),
            (true, true) if value > 0.0 => Some(value.log10()),
            (true, true) => Some(self.low),
        }
    }
}

/// The smallest and the largest.
pub(crate) fn extent(values: &[f64]) -> Option<(f64, f64)> {
    let known = values.iter().copied().filter(|&value| shown(value));
    known.fold(None, |extent, value| {
        let (low, high): (f64, f64) = extent.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// A range that is too small for its numbers, made larger around its middle.
fn widened((low, high): (f64, f64)) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low > size * 1e-9 && high - low > 1e-290 {
        return (low, high);
    }
    let half = if size > 1e-290 { size * 0.1 } else { 1.0 };
    (low - half, high + half)
}

/// Round numbers in a range, about as many as asked for.
pub(crate) fn ticks(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    let range = high - low;
    if !(range > 0.0 && range.is_finite()) {
        return Vec::new();
    }
    let rough = range / count.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|&step| step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step - 1e-9).ceil();
    let places = (0..=2 * count).map(|index| (first + index as f64) * step);
    places
        .take_while(|&place| place <= high + step * 1e-9)
        .map(|place| (place, number(place, step)))
        .collect()
}

/// Powers of ten, or the 1, 2 and 5 among them where there are few, of positions that are decimal
/// logarithms.
fn log_ticks(low: f64, high: f64) -> Vec<(f64, String)> {
    let decades: Vec<i32> = (low.ceil() as i32..=high.floor() as i32).collect();
    if decades.len() >= 3 {
        let every = decades.len().div_ceil(7) as i32;
        let some = decades.into_iter().filter(|decade| decade % every == 0);
        return some.map(|decade| (f64::from(decade), power_of_ten(decade))).collect();
    }
    let factors =
        if high - low < 1.1 { &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0][..] } else { &[1.0, 2.0, 5.0] };
    let values = (low.floor() as i32..=high.ceil() as i32)
        .flat_map(|decade| factors.iter().map(move |factor| factor * 10f64.powi(decade)));
    let inside = values.filter(|value| (low..=high).contains(&value.log10()));
    inside.map(|value| (value.log10(), number(value, value / 10.0))).collect()
}

fn power_of_ten(exponent: i32) -> String {
    let digits = exponent.to_string();
    let raised = digits.chars().map(|digit| match digit {
        '-' => '\u{207b}',
        '1' => '\u{b9}',
        '2' => '\u{b2}',
        '3' => '\u{b3}',
        digit => char::from_u32(0x2070 + u32::from(digit) - u32::from('0')).unwrap_or(digit),
    });
    format!("10{}", raised.collect::<String>())
}

/// A number as exact as steps of this size need; in powers of ten where it would be long.
pub(crate) fn number(value: f64, step: f64) -> String {
    if value.abs() < step.abs() * 1e-6 {
        return "0".to_owned();
    }
    let size = value.abs();
    let plain = |text: String| text.replace('-', "\u{2212}");
    if (1e-3..1e6).contains(&size) {
        let decimals = (-step.abs().log10()).ceil().clamp(0.0, 6.0) as usize;
        // Steps of 2.5 and the like need one more digit than their size says.
        return plain(trimmed(format!("{value:.decimals$}")));
    }
    let decimals = (size / step.abs()).log10().ceil().clamp(0.0, 4.0) as usize;
    let text = format!("{value:.decimals$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    plain(format!("{}e{exponent}", trimmed(mantissa.to_owned())))
}

/// A number to three digits, for labels and descriptions; names for what is not finite.
pub(crate) fn brief(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "\u{221e}".to_owned() } else { "\u{2212}\u{221e}".to_owned() }
    } else if value == 0.0 {
        "0".to_owned()
    } else {
        number(value, 10f64.powf(value.abs().log10().floor() - 2.0))
    }
}

fn trimmed(text: String) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.1.as_str()).collect()
    }

    #[test]
    fn round_numbers() {
        assert_eq!(texts(&Axis::exactly("", (0.0, 10.0))), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(texts(&Axis::exactly("", (-0.3, 0.31))), ["\u{2212}0.2", "0", "0.2"]);
        assert_eq!(
            texts(&Axis::exactly("", (0.0, 3e-5))),
            [
                "0",
                "5e\u{2212}6",
                "1e\u{2212}5",
                "1.5e\u{2212}5",
                "2e\u{2212}5",
                "2.5e\u{2212}5",
                "3e\u{2212}5"
            ]
        );
    }

    #[test]
    fn powers_of_ten_and_what_is_not_above_zero() {
        let axis = Axis::around("", [1e-4, 1.0], true, true);
        assert_eq!(texts(&axis), ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"]);
        let axis = Axis::around("", [0.0, 1.0, 10.0], true, true);
        assert_eq!(texts(&axis), ["\u{2264} 0", "1", "1.5", "2", "3", "4", "5", "7", "10"]);
        assert_eq!(axis.position(0.0), Some(axis.low));
        assert_eq!(axis.position(10.0), Some(1.0));
        assert_eq!(texts(&Axis::around("", [0.0], true, true))[0], "\u{2264} 0");
    }

    #[test]
    fn any_values_give_a_range() {
        let extremes = [
            f64::NAN,
            f64::INFINITY,
            -f64::INFINITY,
            f64::MAX,
            f64::MIN,
            1e300,
            -1e300,
            5e-324,
            0.0,
            -0.0,
            1.0,
        ];
        for a in extremes {
            for b in extremes {
                for log in [false, true] {
                    let axis = Axis::around("", [a, b], log, true);
                    assert!(
                        axis.low < axis.high && axis.high.is_finite() && axis.low.is_finite(),
                        "{a} {b} {axis:?}"
                    );
                    assert!(axis.ticks.len() < 20, "{a} {b} {axis:?}");
                }
            }
        }
        assert_eq!(Axis::around("", [], false, true).position(f64::NAN), None);
    }

    #[test]
    fn brief_numbers() {
        let texts = [0.0, 1.0, 0.98765, 1234.5, 1e-7, f64::NAN, f64::NEG_INFINITY].map(brief);
        assert_eq!(texts, ["0", "1", "0.988", "1234", "1e\u{2212}7", "NaN", "\u{2212}\u{221e}"]);
    }
}
