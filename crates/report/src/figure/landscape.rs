use chainrule_plot::Landscape;
use chainrule_tensor::Real;
use chainrule_tensor::random::generator;
use chainrule_train::Trainer;
use chainrule_train::optimizer::Sgd;

use crate::{Material, ReportError};

/// Places along a side, odd so that the middle is one of them, and samples that the loss is taken
/// over.
const SIDE: usize = 25;
const MOST: usize = 256;

/// The loss over the first 256 samples of the run's data around the trained weights, along two
/// random directions.
///
/// A direction is drawn from a normal distribution. Each of its filters, the weights into one unit,
/// is then given the norm of the weights that it changes. Biases and other vectors stay. So a step
/// of 1 changes each unit by as much as it is, and networks can be compared. The same run gives the
/// same picture. There is none where no loss is finite.
///
/// Source: Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets",
/// 2018, section 4.
///
/// # Errors
/// Model, parameters, loss and data that do not fit together.
pub fn landscape<T: Real>(material: &Material<'_, T>) -> Result<Option<Landscape>, ReportError> {
    let (Some((model, params, data)), Some(loss)) = (material.trained(), material.evidence.loss)
    else {
        return Ok(None);
    };
    if params.iter().all(|(_, parameter)| parameter.shape().rank() < 2) {
        return Ok(None);
    }
    let data = data.select(&(0..data.len().min(MOST)).collect::<Vec<_>>())?;
    let [first, second] = [1, 2].map(|seed| direction(params, seed));
    let mut trainer = Trainer::new(model, loss, Sgd::new(1.0)).batch_size(MOST);
    // The first loss says whether all fits together; after that nothing can fail.
    trainer.evaluate(params, &data)?;
    let mut moved = params.clone();
    let figure = Landscape::new("Loss around the trained weights", (-1.0, 1.0), (-1.0, 1.0))
        .sample(SIDE, |a, b| {
            let directions = first.iter().zip(&second);
            for ((moved, start), (first, second)) in
                moved.values_mut().iter_mut().zip(params.values()).zip(directions)
            {
                *moved = T::from_f64(start.to_f64() + a * first + b * second);
            }
            trainer.evaluate(&moved, &data).map_or(f64::NAN, |scores| scores.loss)
        });
    Ok(figure.losses.iter().any(|loss| loss.is_finite()).then_some(figure))
}

/// A random direction in the flat vector of all parameters, normalised by filter.
fn direction<T: Real>(params: &chainrule_graph::Params<T>, seed: u64) -> Vec<f64> {
    let mut random = generator(seed);
    let mut direction = vec![0.0; params.values().len()];
    for entry in params.layout().entries().iter().filter(|entry| entry.shape.rank() >= 2) {
        let units = entry.shape.as_rows().1;
        let weights = &params.values()[entry.range.clone()];
        let steps = &mut direction[entry.range.clone()];
        let drawn = chainrule_tensor::Tensor::<f64>::normal([steps.len()], 0.0, 1.0, &mut random);
        if let Ok(drawn) = drawn {
            steps.copy_from_slice(drawn.values());
        }
        for unit in 0..units {
            let norm =
                |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
            let own = norm(&mut weights.iter().skip(unit).step_by(units).map(|x| x.to_f64()));
            let drawn = norm(&mut steps.iter().skip(unit).step_by(units).copied());
            let scale = if drawn > 0.0 { own / drawn } else { 0.0 };
            steps.iter_mut().skip(unit).step_by(units).for_each(|step| *step *= scale);
        }
    }
    direction
}
