use chainrule_plot::WeightImages;
use chainrule_tensor::Real;

use crate::Run;

/// What each unit of the first layer looks for, where samples are images: the first matrix of weights with a row for
/// each pixel.
#[must_use]
pub fn weights<T: Real>(run: &Run<'_, T>) -> Option<WeightImages> {
    let ((width, height), params) = (run.image?, run.params?);
    let fits = |shape: &[usize]| shape.len() == 2 && Some(shape[0]) == width.checked_mul(height);
    let (name, matrix) = params.iter().find(|(_, parameter)| fits(&parameter.shape()))?;
    let (pixels, units) = (matrix.shape()[0], matrix.shape()[1]);
    let unit = |unit: usize| (0..pixels).map(|pixel| matrix.values()[pixel * units + unit].to_f64()).collect();
    let title = format!("First-layer weights, {name}");
    Some(WeightImages::new(title, width, height, (0..units).map(unit).collect()))
}
