//! The rows that all metrics of classes read from a batch.

use chainrule_config::Setting;
use chainrule_tensor::{Real, Shape, TensorView};

/// The right answer for one sample.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a, T> {
    /// The index of its class.
    Class(T),
    /// A number for each output.
    Row(&'a [T]),
}

/// Each sample's outputs and what is right. Targets of the shape of the outputs have a row for each
/// sample, others a class.
#[inline]
pub(super) fn rows<'a, T: Real>(
    prediction: TensorView<'a, T>,
    target: TensorView<'a, T>,
) -> impl Iterator<Item = (&'a [T], Target<'a, T>)> {
    check_classes(prediction, target);
    let (_, width) = prediction.shape().as_rows();
    let (by_index, targets) = (target.shape() != prediction.shape(), target.values());
    prediction.values().chunks_exact(width.max(1)).enumerate().map(move |(row, outputs)| {
        let target = if by_index {
            Target::Class(targets[row])
        } else {
            Target::Row(&targets[row * width..][..width])
        };
        (outputs, target)
    })
}

pub(super) fn check_classes<T: Real>(prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
    let (outputs, targets) = (prediction.shape(), target.shape());
    if outputs != targets && target.values().len() != outputs.as_rows().0 {
        does_not_fit(
            outputs,
            targets,
            "the targets are one class for each sample, or have the shape of the outputs",
        );
    }
}

/// For what is gathered by output, after some batches of so many.
///
/// # Panics
/// If a batch has another number of them.
pub(super) fn same_width(before: usize, now: usize, some: bool) {
    assert!(!some || before == now, "metric: {now} outputs after batches of {before}");
}

/// The values of outputs and targets side by side.
///
/// # Panics
/// If there are not as many of one as of the other.
pub(super) fn pairs<'a, T: Real>(
    prediction: TensorView<'a, T>,
    target: TensorView<'a, T>,
) -> impl Iterator<Item = (&'a T, &'a T)> {
    check_pairs(prediction, target);
    prediction.values().iter().zip(target.values())
}

/// The rows of outputs and targets side by side.
///
/// # Panics
/// As [`pairs`].
pub(super) fn row_pairs<'a, T: Real>(
    prediction: TensorView<'a, T>,
    target: TensorView<'a, T>,
) -> impl Iterator<Item = (&'a [T], &'a [T])> {
    check_pairs(prediction, target);
    let width = prediction.shape().as_rows().1.max(1);
    prediction.values().chunks_exact(width).zip(target.values().chunks_exact(width))
}

fn check_pairs<T: Real>(prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
    if prediction.values().len() != target.values().len() {
        does_not_fit(prediction.shape(), target.shape(), "the targets are as many as the outputs");
    }
}

#[cold]
fn does_not_fit(outputs: Shape, targets: Shape, rule: &str) -> ! {
    panic!("metric: outputs of shape {outputs} and targets of shape {targets} do not fit: {rule}");
}

impl<T: Real> Target<'_, T> {
    /// The right class: the index, or the most probable one; none if that is not a number or no
    /// class.
    #[inline]
    pub(super) fn class(self, classes: usize) -> Option<usize> {
        match self {
            Target::Class(index) => class_of(index).filter(|&class| class < classes),
            Target::Row(probabilities) => largest(probabilities),
        }
    }

    /// The probability of a class: 1 and 0 for an index.
    pub(super) fn probability(self, class: usize) -> f64 {
        match self {
            Target::Class(index) => f64::from(class_of(index) == Some(class)),
            Target::Row(probabilities) => probabilities[class].to_f64(),
        }
    }
}

fn class_of<T: Real>(index: T) -> Option<usize> {
    (index >= T::ZERO).then(|| index.to_f64() as usize)
}

/// Returns true if the value at this position is larger than all before it and at least as large as
/// all after it.
///
/// Looks at all of them without a branch, since what is right is hard to foresee. It looks at eight
/// at a time, the last of which may have been seen before.
#[inline(always)]
pub(super) fn is_first_largest<T: Real>(row: &[T], position: usize) -> bool {
    let Some(&value) = row.get(position) else { return false };
    let mut wrong = [0; LANES];
    if let Some(last) = row.len().checked_sub(LANES) {
        for start in (0..row.len()).step_by(LANES) {
            let start = start.min(last);
            if let Some(block) = row[start..].first_chunk() {
                add_wrong(&mut wrong, block, value, position as i32 - start as i32);
            }
        }
    } else {
        for (i, &x) in row.iter().enumerate() {
            wrong[0] |= i32::from(!((x < value) | ((x == value) & (i >= position))));
        }
    }
    wrong.iter().fold(0, |all, lane| all | lane) == 0
}

const LANES: usize = 8;

/// Notes which of these values forbid that the one after the first `before` of them is the first
/// largest.
#[inline(always)]
fn add_wrong<T: Real>(wrong: &mut [i32; LANES], block: &[T; LANES], value: T, before: i32) {
    for lane in 0..LANES {
        // Neither is true of a NaN.
        let smaller = block[lane] < value;
        let equal = block[lane] == value;
        wrong[lane] |= i32::from(!(smaller | (equal & (lane as i32 >= before))));
    }
}

/// The first position of the largest value; none if a value is NaN.
pub(super) fn largest<T: Real>(row: &[T]) -> Option<usize> {
    let (mut best, mut nan) = (0, row.is_empty());
    for (i, &x) in row.iter().enumerate() {
        nan |= x.is_nan();
        if x > row[best] {
            best = i;
        }
    }
    (!nan).then_some(best)
}

/// The predicted label: true from an output of the threshold on. Unlike a comparison alone, it
/// tells NaN from a label that is not.
#[inline]
pub(super) fn predicted<T: Real>(output: T, threshold: f64) -> Option<bool> {
    (!output.is_nan()).then_some(output >= T::from_f64(threshold))
}

/// The setting of that threshold.
pub(super) fn threshold(value: &mut f64) -> (&'static str, Setting<'_>) {
    ("threshold", Setting::Number(value))
}

/// That it is a number.
pub(super) fn check_threshold(metric: &str, threshold: f64) -> Result<(), String> {
    if threshold.is_nan() {
        Err(format!("{metric}: the threshold must be a number, it is NaN"))
    } else {
        Ok(())
    }
}

/// Returns true if a label is given: from 1/2 on.
#[inline]
pub(super) fn given<T: Real>(label: T) -> bool {
    label >= T::HALF
}
