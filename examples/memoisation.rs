//! The work that the table of derivatives saves: backpropagation against the chain rule written
//! out.
//!
//! A ladder of `n` diamonds, `x_(k+1) = x_k x_k`, uses each value twice, so that `2^n` paths lead
//! from the loss back to `x_0`. Written out, the chain rule evaluates the derivatives along each of
//! them anew; with a table of what is already known, two for each value suffice.
//!
//! ```console
//! cargo run --release --example memoisation
//! ```

mod support;

use std::time::Instant;

use chainrule::prelude::*;
use chainrule_plot::Curves;

type Error = Box<dyn std::error::Error>;

/// A derivative and how many local derivatives were evaluated for it.
pub struct Derivative {
    /// The derivative of the ladder's end with respect to its beginning.
    pub value: f64,
    /// The local derivatives evaluated.
    pub evaluations: u64,
}

/// Backpropagation: the operations themselves count.
pub fn with_table(n: usize, start: f64) -> Result<Derivative, Error> {
    let graph = Graph::<f64>::new();
    let loss = (0..n).fold(graph.param("x", [], start), |x, _| x * x);
    let plan = graph.plan(loss)?;
    let (params, mut workspace, mut grads) = (plan.init(0)?, plan.workspace(), plan.grads());
    plan.forward(&params, &mut workspace);
    plan.backward(&params, &mut workspace, &mut grads);
    Ok(Derivative { value: grads.values()[0], evaluations: workspace.derivative_evaluations() })
}

/// The chain rule written out: `dx_n/dx_0 = dx_n/du dx_(n-1)/dx_0 + dx_n/dv dx_(n-1)/dx_0`, nothing
/// remembered.
pub fn written_out(n: usize, start: f64) -> Derivative {
    let values: Vec<f64> =
        std::iter::successors(Some(start), |x| Some(x * x)).take(n + 1).collect();
    fn expand(values: &[f64], evaluations: &mut u64) -> f64 {
        let [before @ .., _] = values else { return 1.0 };
        let Some(x) = before.last() else { return 1.0 };
        *evaluations += 2;
        x * expand(before, evaluations) + x * expand(before, evaluations)
    }
    let mut evaluations = 0;
    let value = expand(&values, &mut evaluations);
    Derivative { value, evaluations }
}

fn main() -> Result<(), Error> {
    println!("{:>3} {:>12} {:>14} {:>12}", "n", "with table", "written out", "and takes");
    let (mut tables, mut paths) = (Vec::new(), Vec::new());
    for n in (2..=24).step_by(2) {
        let table = with_table(n, 0.999_999_9)?;
        let begun = Instant::now();
        let expanded = written_out(n, 0.999_999_9);
        println!(
            "{n:>3} {:>12} {:>14} {:>12.1?}",
            table.evaluations,
            expanded.evaluations,
            begun.elapsed()
        );
        assert_eq!(table.evaluations, 2 * n as u64);
        assert_eq!(expanded.evaluations, 2 * ((1 << n) - 1));
        assert!((table.value / expanded.value - 1.0).abs() < 1e-9, "both are the same derivative");
        tables.push((n as f64, table.evaluations as f64));
        paths.push((n as f64, expanded.evaluations as f64));
    }
    println!(
        "For 24 diamonds the table needs {} local derivatives, the chain rule written out {}, for \
         the same number.",
        tables[11].1, paths[11].1
    );
    let figure = Curves::new("Local derivatives evaluated for a ladder of diamonds")
        .labels("diamonds", "local derivatives")
        .points("with a table", tables)
        .points("the chain rule written out", paths);
    support::save("memoisation", &figure.log_y())
}
