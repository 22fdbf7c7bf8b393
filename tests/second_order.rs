//! Second derivatives of every activation, every loss and small networks: symmetric, and in agreement with differences
//! of gradients.

use chainrule::graph::second_order::{self, Curvature};
use chainrule::nn::{activation, loss};
use chainrule::prelude::*;
use chainrule::tensor::Dual;

/// A loss on any scalar.
trait Case {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T>;

    fn gradient(&self, params: &Params<f64>) -> Vec<f64> {
        let graph = Graph::with_params(params);
        let plan = graph.plan(self.record(&graph)).unwrap();
        let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
        plan.forward(params, &mut workspace);
        plan.backward(params, &mut workspace, &mut grads);
        grads.layout().entries().iter().flat_map(|entry| grads.values()[entry.range.clone()].to_vec()).collect()
    }

    /// Compares the Hessian with its transpose and with central differences of gradients, at parameters drawn at
    /// random; gives its largest entry.
    fn check(&self, what: &str) -> f64 {
        let graph = Graph::<f64>::new();
        let mut params =
            graph.plan(self.record(&graph)).unwrap_or_else(|error| panic!("{what}: {error}")).init(1).unwrap();
        let drawn: Tensor<f64> = Tensor::uniform(params.values().len(), -1.0..1.0, &mut generator(5)).unwrap();
        params.values_mut().iter_mut().zip(drawn.values()).for_each(|(to, from)| *to += 0.5 * from);
        let hessian = second_order::hessian(&params, |graph| self.record(graph)).unwrap();
        let places: Vec<usize> = params.layout().entries().iter().flat_map(|entry| entry.range.clone()).collect();
        let (step, mut largest) = (6e-6, 0.0_f64);
        for (j, &place) in places.iter().enumerate() {
            let moved = |by: f64| {
                let mut params = params.clone();
                params.values_mut()[place] += by;
                self.gradient(&params)
            };
            let (above, below) = (moved(step), moved(-step));
            for i in 0..places.len() {
                let (entry, mirrored) = (hessian.at(&[i, j]), hessian.at(&[j, i]));
                let numeric = (above[i] - below[i]) / (2.0 * step);
                largest = largest.max(entry.abs());
                let close = (entry - numeric).abs() < 1e-7 * numeric.abs().max(1.0);
                assert!(close, "{what} [{i}, {j}]: {entry} for {numeric}");
                let symmetric = (entry - mirrored).abs() < 1e-12 * entry.abs().max(1.0);
                assert!(symmetric, "{what} [{i}, {j}]: {entry} and {mirrored}");
            }
        }
        largest
    }
}

/// An activation by its place in the list, of a parameter or behind a linear layer, in a loss that bends.
struct OfActivation {
    index: usize,
    fused: bool,
}

impl Case for OfActivation {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
        let activation = activation::all::<T>().remove(self.index);
        let data = |shape| graph.constant(&Tensor::<f64>::uniform(shape, -1.5..1.5, &mut generator(2)).unwrap().cast());
        let z = if self.fused {
            Linear::new(3, 4).forward(data([5, 3]))
        } else {
            graph.param("z", [3, 4], init::Uniform::new(-2.0, 2.0))
        };
        let y = activation.forward(z);
        (y.square() + y * data([z.shape()[0], 4])).sum(..)
    }
}

#[test]
fn every_activation() {
    for (index, activation) in activation::all::<Dual>().iter().enumerate() {
        for fused in [false, true] {
            let what = format!("{}, fused {fused}", activation.kind());
            assert!(OfActivation { index, fused }.check(&what) > 0.0, "{what}");
        }
    }
}

/// A loss by its place in the list, of predictions and, where it has derivatives by them, of targets.
struct OfLoss {
    index: usize,
    reduction: Reduction,
    by_target: bool,
}

impl Case for OfLoss {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
        let loss = loss::all::<T>().remove(self.index);
        let prediction = graph.param("prediction", [3, 4], init::Uniform::new(-3.0, 3.0));
        let target = Tensor::<f64>::uniform([3, 4], 0.05..0.95, &mut generator(9)).unwrap();
        let target = if self.by_target {
            // Between 0.05 and 0.95 whatever the parameter, and bent.
            graph.param("target", [3, 4], 0.2).map(Sigmoid) * T::from_f64(0.9) + T::from_f64(0.05)
        } else {
            graph.constant(&target.cast())
        };
        loss.forward(prediction, target, self.reduction).sum(..)
    }
}

#[test]
fn every_loss() {
    for (index, loss) in loss::all::<Dual>().iter().enumerate() {
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
            for by_target in [false, true] {
                let what = format!("{}, {reduction:?}, by target {by_target}", loss.name());
                OfLoss { index, reduction, by_target }.check(&what);
            }
        }
    }
}

/// `softplus(x) = ln(1 + e^x)`, which is one's own activation here.
#[derive(Clone, Copy, Debug)]
struct SoftPlus;

impl<T: Real> Pointwise<T> for SoftPlus {
    fn name(&self) -> &'static str {
        "softplus"
    }
    fn value(&self, x: T) -> T {
        x.maximum(T::ZERO) + (-x.abs()).exp().ln_1p()
    }
    fn derivative(&self, x: T) -> T {
        x.sigmoid()
    }
    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Input
    }
}

/// A classifier with two hidden layers and the cross-entropy of three classes.
struct Classifier {
    tanh: bool,
}

impl Case for Classifier {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
        let inputs = Tensor::<f64>::uniform([7, 3], -1.0..1.0, &mut generator(4)).unwrap();
        let layer = |name: &str, layer: Linear, x: Var<'g, T>| graph.scope(name, || layer.forward(x));
        let bend = |x: Var<'g, T>| if self.tanh { x.map(Tanh) } else { x.map(SoftPlus) };
        let hidden = bend(layer("0", Linear::new(3, 4), graph.constant(&inputs.cast())));
        let logits = layer("2", Linear::new(4, 3), bend(layer("1", Linear::new(4, 4), hidden)));
        let classes = graph.constant(&Tensor::from_fn(7, |i| T::from_usize(i % 3)));
        CrossEntropy.forward(logits, classes, Reduction::Mean)
    }
}

#[test]
fn classifiers_with_tanh_and_softplus() {
    for tanh in [true, false] {
        assert!(Classifier { tanh }.check(&format!("a classifier, tanh {tanh}")) > 0.01);
    }
}

/// A model as most are written, generic in its scalar.
fn model<T: Real>() -> Sequential<T> {
    Sequential::default().linear(3, 5).elu().layer(PRelu::per_channel()).linear(5, 3)
}

#[test]
fn a_probability_of_zero_keeps_its_tangent() {
    struct Soft;
    impl Case for Soft {
        fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
            let logits = graph.param("logits", [2, 3], init::Uniform::new(-1.0, 1.0));
            // All of it is zero where the gradient is taken.
            let target = logits - logits.detach();
            CrossEntropy.forward(logits, target + target.square(), Reduction::Sum)
        }
    }
    let graph = Graph::<f64>::new();
    let params = graph.plan(Soft.record(&graph)).unwrap().init(1).unwrap();
    let direction = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let product = second_order::hessian_vector_product(&params, &direction, |graph| Soft.record(graph)).unwrap();
    let cost = {
        let logits = params.get("logits").unwrap().values()[..3].to_vec();
        logits.iter().map(|x| x.exp()).sum::<f64>().ln() - logits[0]
    };
    assert!((product.slope - cost).abs() < 1e-14, "{} is not {cost}", product.slope);
}

#[test]
fn a_model_in_f64_and_its_twin_on_dual_numbers_share_parameters() {
    let x = Tensor::<f64>::uniform([6, 3], -1.0..1.0, &mut generator(4)).unwrap();
    let classes = Tensor::<f64>::from_fn(6, |i| (i % 3) as f64);
    let params = model::<f64>().init([3], 0).unwrap();
    let mut curvature = Curvature::record(&params, |graph| {
        let logits = model().forward(graph.constant(&x.cast()));
        CrossEntropy.forward(logits, graph.constant(&classes.cast()), Reduction::Mean)
    })
    .unwrap();
    let n = params.count();
    let found = curvature.product(&vec![1.0; n]).unwrap();
    assert!(found.loss > 0.5 && found.loss < 3.0 && found.gradient.len() == n);
    let sharpest = curvature.largest_eigenvalue(second_order::PowerIteration::default()).unwrap();
    // No direction of length 1 bends more.
    let along = found.product.iter().sum::<f64>() / n as f64;
    assert!(sharpest.value > 0.0 && along <= sharpest.value, "{sharpest:?}, {along}");
}
