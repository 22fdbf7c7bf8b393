//! A single weight moving down the slope of its error.
//!
//! The data follow `y = 3 x`; the model is `y = w x`. Record once, plan once, then forward,
//! backward, a step against the gradient, again and again.
//!
//! ```console
//! cargo run --example one_weight
//! ```

use chainrule::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [4]);
    let y = graph.input("y", [4]);
    let w = graph.param("w", [], -1.0);
    let loss = (w * x - y).square().mean(..);

    let plan = graph.plan(loss)?;
    let mut params = plan.init(0)?;
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    workspace.set(x, &[-1.0, 0.5, 1.0, 2.0])?;
    workspace.set(y, &[-3.0, 1.5, 3.0, 6.0])?;

    println!("step      w     loss  dloss/dw");
    for step in 0..=12 {
        plan.forward(&params, &mut workspace);
        plan.backward(&params, &mut workspace, &mut grads);
        let (weight, gradient) = (params.values()[0], grads.values()[0]);
        println!("{step:4} {weight:6.3} {:8.4} {gradient:9.4}", workspace.value(loss).values()[0]);
        params.values_mut()[0] -= 0.1 * gradient;
    }
    println!("the data were made with w = 3");
    Ok(())
}
