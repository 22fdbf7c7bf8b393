//! Reductions along axes; the reduced axes go.

mod extremum;
mod log_sum_exp;
mod sum;

use chainrule_tensor::Shape;
use chainrule_tensor::reduce::Axes;

/// The shape without the axes, or what is wrong with them.
fn removed(axes: Axes, shape: Shape) -> Result<Shape, String> {
    axes.removed(shape, "axes").map_err(|error| {
        let message = error.to_string();
        // The operation's name is put in front by the recording.
        message.strip_prefix("axes: ").map_or_else(|| message.clone(), str::to_owned)
    })
}

/// The shape with length 1 along the axes.
fn reduced(axes: Axes, shape: Shape) -> Shape {
    axes.reduced(shape, "axes").expect("the axes were checked while recording")
}
