//! The cross-entropy is not symmetric: `H(p, q) = -sum p ln q` asks how surprised one who believes
//! in `q` is by what comes from `p`. That is not how surprised one who believes in `p` is by `q`.
//!
//! With two classes and a `p` held still, `H(p, q)` grows without bound as `q` turns away from `p`,
//! and `H(q, p)` is a straight line. `q` stands before the logarithm, and is pulled the same way
//! everywhere. Learning shows what the difference is good for. Of all `q`, `H(p, q)` is least for
//! `q = p`: the order for targets `p` and predictions `q`. Taken the wrong way round, `H(q, p)` is
//! least where `q` puts everything on the most probable class of `p`: the prediction forgets all
//! others.
//!
//! ```console
//! cargo run --release --example cross_entropy_asymmetry
//! ```

mod support;

use chainrule::prelude::*;
use chainrule_plot::{Bars, Curves};

type Error = Box<dyn std::error::Error>;

/// `H(p, q)` by the loss itself, which takes logits: the logarithms of `q` are some.
pub fn cross_entropy(p: &[f64], q: &[f64]) -> Result<f64, Error> {
    let graph = Graph::new();
    let row = |values: Vec<f64>| Tensor::new([1, values.len()], values);
    let logits = graph.constant(&row(q.iter().map(|q| q.ln()).collect())?);
    let loss = CrossEntropy.forward(logits, graph.constant(&row(p.to_vec())?), Reduction::Mean);
    let plan = graph.plan_forward(&[loss])?;
    let mut workspace = plan.workspace();
    plan.forward(&plan.init(0)?, &mut workspace);
    Ok(workspace.value(loss).values()[0])
}

/// The distribution `q` that gradient descent finds, from an even one, for `H(p, q)` or for
/// `H(q, p)`.
pub fn learned(p: &[f64], reversed: bool, steps: usize) -> Result<Vec<f64>, Error> {
    let graph = Graph::new();
    let logits = graph.param("logits", [1, p.len()], 0.0);
    let q = Softmax.forward(logits);
    let target = graph.constant(&Tensor::new([1, p.len()], p.to_vec())?);
    let loss = if reversed { -(q * target.ln()).sum(..) } else { -(target * q.ln()).sum(..) };
    let _ = q.keep();
    let plan = graph.plan(loss)?;
    let (mut params, mut workspace, mut grads) = (plan.init(0)?, plan.workspace(), plan.grads());
    for _ in 0..steps {
        plan.forward(&params, &mut workspace);
        plan.backward(&params, &mut workspace, &mut grads);
        params.values_mut().iter_mut().zip(grads.values()).for_each(|(x, g)| *x -= 0.5 * g);
    }
    plan.forward(&params, &mut workspace);
    Ok(workspace.value(q).values().to_vec())
}

fn main() -> Result<(), Error> {
    let (p, q) = ([0.6, 0.3, 0.1], [0.8, 0.1, 0.1]);
    let (forth, back) = (cross_entropy(&p, &q)?, cross_entropy(&q, &p)?);
    println!(
        "p {p:?}, q {q:?}\nH(p, q) = {forth:.4}, H(q, p) = {back:.4}, H(p) = {:.4}",
        cross_entropy(&p, &p)?
    );
    assert!((forth - back).abs() > 0.1);

    let (right, wrong) = (learned(&p, false, 2000)?, learned(&p, true, 2000)?);
    assert!(right.iter().zip(p).all(|(q, p)| (q - p).abs() < 1e-3), "it is p");
    assert!(wrong[0] > 0.99, "it is all on the most probable class");

    let shares = (1..100).map(|percent| f64::from(percent) / 100.0);
    let two = shares.map(|q| -> Result<_, Error> {
        let (p, q) = ([0.7, 0.3], [q, 1.0 - q]);
        Ok([(q[0], cross_entropy(&p, &q)?), (q[0], cross_entropy(&q, &p)?)])
    });
    let (forth, back) =
        two.collect::<Result<Vec<_>, _>>()?.into_iter().map(|[forth, back]| (forth, back)).unzip();
    let curves = Curves::new("Two classes, the first with p = 0.7")
        .labels("q of the first class", "cross-entropy")
        .points("H(p, q)", forth)
        .points("H(q, p)", back);
    let bars = Bars::new(
        "What gradient descent finds",
        "probability",
        ["class 0", "class 1", "class 2"].map(String::from).into(),
    )
    .series("p", p.into())
    .series("q by H(p, q)", right.clone())
    .series("q by H(q, p)", wrong.clone());
    println!(
        "Of p = {p:.1?}, the least H(p, q) teaches q = {right:.2?}, the least H(q, p) teaches q = \
         {wrong:.2?}."
    );
    let title =
        "The cross-entropy with the prediction under the logarithm, and the wrong way round";
    support::save(
        "cross_entropy_asymmetry",
        &support::Panels::new(title, 2).panel(curves).panel(bars),
    )
}
