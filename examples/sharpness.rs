//! Second derivatives: how sharply the loss of a small classifier bends, and which learning rates
//! that allows.
//!
//! The model is a function that is generic in its scalar. On `f64` it is trained; on dual numbers,
//! with the same parameters, it gives Hessian-vector products. Near a point, gradient descent goes
//! down along an eigenvector of the Hessian while its learning rate is below `2 / eigenvalue`, and
//! oscillates with growing steps above.
//!
//! ```console
//! cargo run --release --example sharpness
//! ```

use chainrule::graph::second_order::{Curvature, PowerIteration};
use chainrule::prelude::*;
use chainrule::tensor::Dual;

/// The exclusive or, with one hidden layer.
fn model<T: Real>() -> Sequential<T> {
    Sequential::default().linear(2, 8).tanh().linear(8, 2)
}

/// The mean cross-entropy over the four samples.
fn loss<T: Real>(graph: &Graph<T>) -> Var<'_, T> {
    let inputs = Tensor::from_rows([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let classes = Tensor::from(vec![0.0, 1.0, 1.0, 0.0]);
    let logits = model().forward(graph.constant(&inputs.cast::<T>()));
    CrossEntropy.forward(logits, graph.constant(&classes.cast::<T>()), Reduction::Mean)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut params: Params<f64> = model().init([2], 1)?;
    let graph = Graph::with_params(&params);
    let plan = graph.plan(loss(&graph))?;
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());

    println!("{:>6} {:>9} {:>10} {:>18}", "step", "loss", "sharpness", "2 / sharpness");
    for step in 0..=400 {
        plan.forward(&params, &mut workspace);
        plan.backward(&params, &mut workspace, &mut grads);
        if step % 100 == 0 {
            let mut curvature = Curvature::record(&params, loss::<Dual>)?;
            let sharpest = curvature.largest_eigenvalue(PowerIteration::default())?;
            let here = curvature.product(&sharpest.vector)?;
            println!(
                "{step:>6} {:>9.4} {:>10.4} {:>18.4}",
                here.loss,
                sharpest.value,
                2.0 / sharpest.value
            );
            // The gradient and the loss are those of the pass on f64.
            assert!((here.gradient[0] - grads.values()[0]).abs() < 1e-12);
        }
        for (weight, gradient) in params.values_mut().iter_mut().zip(grads.values()) {
            *weight -= 0.5 * gradient;
        }
    }

    let hessian = Curvature::record(&params, loss::<Dual>)?.hessian();
    println!(
        "the Hessian is {}, its trace {:.4}",
        hessian.shape(),
        (0..params.count()).map(|i| hessian.at(&[i, i])).sum::<f64>()
    );
    Ok(())
}
