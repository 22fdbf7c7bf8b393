use std::fmt;

use crate::{Real, Shape, Tensor, TensorView};

/// Axes longer than this are shown by their ends.
const LONG: usize = 8;
/// Entries shown at each end of a long axis.
const EDGE: usize = 3;
/// Digits after the point, unless the formatter asks for another number.
const PRECISION: usize = 4;

/// The shape, the scalar type and the values in aligned columns; of an axis longer than 8, the
/// first and last 3.
///
/// As many digits after the point as the values need, at most 4; `{:.2}` asks for 2. Where the
/// largest magnitude shown is below 0.001 or not below a million, with exponents.
///
/// ```
/// use chainrule_tensor::Tensor;
///
/// let x: Tensor = Tensor::from_rows([[1.0, -20.5], [0.25, 3.0]]);
/// assert_eq!(x.to_string(), "Tensor [2, 2] f32\n[[  1.00, -20.50],\n [  0.25,   3.00]]");
/// assert_eq!(format!("{x:.1}"), "Tensor [2, 2] f32\n[[  1.0, -20.5],\n [  0.2,   3.0]]");
/// ```
impl<T: Real> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)
    }
}

/// As that of [`Tensor`].
impl<T: Real> fmt::Display for TensorView<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Tensor {} {}", self.shape(), T::DTYPE)?;
        if self.values().is_empty() {
            return f.write_str("[]");
        }
        let mut shown = Vec::new();
        for_each_shown(self.shape(), 0, 0, &mut |offset| shown.push(self.values()[offset]));
        let style = Style::new(&shown, f.precision());
        let width = shown.iter().map(|&x| style.text(x).len()).max().unwrap_or(0);
        write_axis(f, self.shape(), 0, 0, &|offset| {
            format!("{:>width$}", style.text(self.values()[offset]))
        })
    }
}

impl<T: Real> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.view(), f)
    }
}

/// On one line, with every value.
impl<T: Real> fmt::Debug for TensorView<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({}, {:?})", self.shape(), self.values())
    }
}

/// How all numbers of one tensor are written.
struct Style {
    exponent: bool,
    precision: usize,
}

impl Style {
    fn new<T: Real>(shown: &[T], precision: Option<usize>) -> Self {
        let magnitudes = shown.iter().filter(|x| x.is_finite()).map(|x| x.to_f64().abs());
        let largest = magnitudes.fold(0.0, |max, x| if x > max { x } else { max });
        let mut style = Style {
            exponent: largest >= 1e6 || (largest > 0.0 && largest < 1e-3),
            precision: PRECISION,
        };
        let digits = |x: &T| {
            let text = style.text(*x);
            let mantissa = text.split('e').next().unwrap_or_default();
            mantissa.split_once('.').map_or(0, |(_, digits)| digits.trim_end_matches('0').len())
        };
        let needed = shown.iter().map(digits).max().unwrap_or(0);
        style.precision = precision.unwrap_or(needed.max(1));
        style
    }

    fn text<T: Real>(&self, x: T) -> String {
        let precision = self.precision;
        if self.exponent && x.is_finite() {
            format!("{x:.precision$e}")
        } else {
            format!("{x:.precision$}")
        }
    }
}

/// The indices of an axis that are shown; `None` stands for those left out.
fn shown(length: usize) -> impl Iterator<Item = Option<usize>> {
    let (head, gap, tail) =
        if length > LONG { (EDGE, 1, length - EDGE) } else { (length, 0, length) };
    (0..head).map(Some).chain((0..gap).map(|_| None)).chain((tail..length).map(Some))
}

fn for_each_shown(shape: Shape, axis: usize, offset: usize, f: &mut impl FnMut(usize)) {
    if axis == shape.rank() {
        return f(offset);
    }
    for i in shown(shape[axis]).flatten() {
        for_each_shown(shape, axis + 1, offset + i * shape.strides()[axis], f);
    }
}

fn write_axis(
    f: &mut fmt::Formatter<'_>,
    shape: Shape,
    axis: usize,
    offset: usize,
    text: &impl Fn(usize) -> String,
) -> fmt::Result {
    let Some(inner) = shape.rank().checked_sub(axis + 1) else {
        return f.write_str(&text(offset));
    };
    f.write_str("[")?;
    for (place, index) in shown(shape[axis]).enumerate() {
        match (place, inner) {
            (0, _) => {}
            (_, 0) => f.write_str(", ")?,
            // As many line ends as brackets that close and open: blank lines part the matrices.
            _ => write!(f, ",{}{}", "\n".repeat(inner), " ".repeat(axis + 1))?,
        }
        match index {
            Some(i) => write_axis(f, shape, axis + 1, offset + i * shape.strides()[axis], text)?,
            None => f.write_str("...")?,
        }
    }
    f.write_str("]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tensor: &Tensor<f64>, lines: &[&str]) {
        assert_eq!(tensor.to_string(), lines.join("\n"));
    }

    #[test]
    fn digits_are_those_that_are_needed() {
        check(&Tensor::scalar(1.5), &["Tensor [] f64", "1.5"]);
        check(&Tensor::from(vec![1.0, 2.0, 30.0]), &["Tensor [3] f64", "[ 1.0,  2.0, 30.0]"]);
        check(&Tensor::from(vec![1.0 / 3.0, -1.0]), &["Tensor [2] f64", "[ 0.3333, -1.0000]"]);
        check(&Tensor::from(vec![0.00012, 0.0]), &["Tensor [2] f64", "[1.2e-4,  0.0e0]"]);
        check(&Tensor::from(vec![2.5e6, -1.0]), &["Tensor [2] f64", "[ 2.5e6, -1.0e0]"]);
        check(
            &Tensor::from(vec![999_999.0, 0.001]),
            &["Tensor [2] f64", "[999999.000,      0.001]"],
        );
    }

    #[test]
    fn a_precision_may_be_asked_for() {
        let x = Tensor::from(vec![1.0_f32 / 3.0, 1.0]);
        assert_eq!(format!("{x:.2}"), "Tensor [2] f32\n[0.33, 1.00]");
        assert_eq!(format!("{x:.0}"), "Tensor [2] f32\n[0, 1]");
        let small = Tensor::from(vec![1.0_f32 / 30_000.0]);
        assert_eq!(format!("{small:.2}"), "Tensor [1] f32\n[3.33e-5]");
    }

    #[test]
    fn nan_and_infinity_stand_in_the_columns() {
        let x = Tensor::from_rows([[f64::NAN, 1.25], [f64::INFINITY, f64::NEG_INFINITY]]);
        check(&x, &["Tensor [2, 2] f64", "[[ NaN, 1.25],", " [ inf, -inf]]"]);
        check(&Tensor::from(vec![f64::NAN]), &["Tensor [1] f64", "[NaN]"]);
        check(&Tensor::from(vec![1e-9, f64::NAN]), &["Tensor [2] f64", "[1.0e-9,    NaN]"]);
    }

    #[test]
    fn long_axes_are_shown_by_their_ends() {
        let eight = Tensor::from_fn([8], |i| i as f64);
        check(&eight, &["Tensor [8] f64", "[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]"]);
        let x = Tensor::from_fn([9, 10], |i| i as f64);
        check(
            &x,
            &[
                "Tensor [9, 10] f64",
                "[[ 0.0,  1.0,  2.0, ...,  7.0,  8.0,  9.0],",
                " [10.0, 11.0, 12.0, ..., 17.0, 18.0, 19.0],",
                " [20.0, 21.0, 22.0, ..., 27.0, 28.0, 29.0],",
                " ...,",
                " [60.0, 61.0, 62.0, ..., 67.0, 68.0, 69.0],",
                " [70.0, 71.0, 72.0, ..., 77.0, 78.0, 79.0],",
                " [80.0, 81.0, 82.0, ..., 87.0, 88.0, 89.0]]",
            ],
        );
    }

    #[test]
    fn what_is_left_out_does_not_widen_the_columns() {
        let x = Tensor::from_fn([9], |i| if i == 4 { 1e9 } else { 1.0 });
        check(&x, &["Tensor [9] f64", "[1.0, 1.0, 1.0, ..., 1.0, 1.0, 1.0]"]);
    }

    #[test]
    fn matrices_of_a_stack_are_parted_by_blank_lines() {
        let x = Tensor::from_fn([2, 2, 2], |i| i as f64);
        check(
            &x,
            &[
                "Tensor [2, 2, 2] f64",
                "[[[0.0, 1.0],",
                "  [2.0, 3.0]],",
                "",
                " [[4.0, 5.0],",
                "  [6.0, 7.0]]]",
            ],
        );
    }

    #[test]
    fn an_empty_tensor_shows_its_shape() {
        check(&Tensor::zeros([0, 3]), &["Tensor [0, 3] f64", "[]"]);
        assert_eq!(format!("{:?}", Tensor::from(vec![1.0_f32, 2.0])), "Tensor([2], [1.0, 2.0])");
    }
}
