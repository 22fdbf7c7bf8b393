//! An operation of one's own, checked against central differences and then trained through.
//!
//! A radial unit `y_j = exp(-|x - c_j|^2)` answers to inputs near its centre. Written as one
//! operation, it needs no `[samples, centres, features]` in between.
//!
//! ```console
//! cargo run --release --example custom_op
//! ```

use chainrule::prelude::*;

/// `y = exp(-|x - c|^2)` for `x: [samples, features]` and centres `c: [centres, features]`; with
/// `g` the upstream gradient, `dx = sum_j -2 g y (x - c_j)` and `dc = sum_i 2 g y (x_i - c)`.
#[derive(Debug)]
struct Radial;

impl<T: Real> Op<T> for Radial {
    fn name(&self) -> &str {
        "radial"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match (&*inputs[0], &*inputs[1]) {
            (&[samples, features], &[centres, same]) if features == same => {
                Ok([samples, centres].into())
            }
            _ => Err(format!(
                "x {} and centres {} must be [samples, features] and [centres, features]",
                inputs[0], inputs[1]
            )),
        }
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (centres, features) = pass.inputs.shape(1).as_rows();
        for (row, x) in pass.output.chunks_mut(centres).zip(pass.inputs[0].chunks(features)) {
            for (y, c) in row.iter_mut().zip(pass.inputs[1].chunks(features)) {
                let distance: T = x.iter().zip(c).map(|(&x, &c)| (x - c) * (x - c)).sum();
                *y = (-distance).exp();
            }
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (centres, features) = pass.inputs.shape(1).as_rows();
        let (x, c) = (pass.inputs.get(0), pass.inputs.get(1));
        let pull = |i: usize, j: usize, k: usize| {
            let at = i * centres + j;
            T::TWO
                * pass.upstream[at]
                * pass.output[at]
                * (c[j * features + k] - x[i * features + k])
        };
        if let Some(dx) = pass.cotangents.get(0) {
            for (position, dx) in dx.accumulate().iter_mut().enumerate() {
                *dx +=
                    (0..centres).map(|j| pull(position / features, j, position % features)).sum();
            }
        }
        if let Some(dc) = pass.cotangents.get(1) {
            let samples = pass.shape[0];
            for (position, dc) in dc.accumulate().iter_mut().enumerate() {
                *dc +=
                    (0..samples).map(|i| -pull(i, position / features, position % features)).sum();
            }
        }
    }
}

/// A layer of radial units whose centres are learned.
#[derive(Debug)]
struct RadialLayer {
    centres: usize,
}

impl<T: Real> Layer<T> for RadialLayer {
    fn kind(&self) -> &str {
        "radial"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let centres =
            x.graph().param("centres", [self.centres, x.features()], init::Normal::default());
        x.graph().apply(Radial, &[x, centres])
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = generator(3);
    let (x, c) =
        (Tensor::normal([5, 2], 0.0, 1.0, &mut rng)?, Tensor::normal([3, 2], 0.0, 1.0, &mut rng)?);
    let checked = gradcheck(&[x, c], |graph, x| graph.apply(Radial, x))?;
    println!(
        "gradcheck: {} derivatives agree, largest error {:.0e}",
        checked.compared, checked.largest_error
    );

    // Inside the unit circle or outside?
    let points = Tensor::uniform([1000, 2], -2.0..2.0, &mut rng)?;
    let inside = |point: &[f32]| u32::from(point[0] * point[0] + point[1] * point[1] < 1.0);
    let indices = (0..1000).map(|i| inside(points.row(i))).collect();
    let data = Dataset::new(points, Targets::Classes { indices, classes: 2 })?;

    let model = Sequential::new().layer(RadialLayer { centres: 8 }).linear(8, 2);
    let mut params = model.init([2], 0)?;
    let mut trainer =
        Trainer::new(&model, CrossEntropy, Adam::new(0.02)).epochs(60).metric(Accuracy::new());
    trainer.fit(&mut params, &data, None)?;
    let accuracy = trainer.evaluate(&params, &data)?.metric("accuracy").unwrap_or(f64::NAN);
    println!("trained: {:.1} % of the points on the right side of the circle", 100.0 * accuracy);
    Ok(())
}
