//! Second derivatives of every activation, every loss, every layer and small networks: symmetric,
//! and in agreement with differences of gradients.

use chainrule::graph::DerivativeReads;
use chainrule::graph::second_order::{self, Curvature};
use chainrule::nn::loss::{Predictions, TargetForm};
use chainrule::nn::{activation, layer, loss};
use chainrule::prelude::*;
use chainrule::tensor::Dual;

/// A loss on any scalar.
trait Case {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T>;

    /// How far parameters are moved from their first values, which would otherwise be zeros or all
    /// the same.
    fn spread(&self) -> f64 {
        0.5
    }

    fn params(&self, what: &str) -> Params<f64> {
        let graph = Graph::<f64>::new();
        let plan =
            graph.plan(self.record(&graph)).unwrap_or_else(|error| panic!("{what}: {error}"));
        let mut params = plan.init(1).unwrap();
        let drawn: Tensor<f64> =
            Tensor::uniform(params.values().len(), -1.0..1.0, &mut generator(5)).unwrap();
        params
            .values_mut()
            .iter_mut()
            .zip(drawn.values())
            .for_each(|(to, from)| *to += self.spread() * from);
        params
    }

    /// Compares the Hessian with its transpose and with central differences of gradients, and the
    /// slope along each parameter with the gradient; gives the Hessian's largest entry.
    fn check(&self, what: &str) -> f64 {
        let mut params = self.params(what);
        let mut curvature = Curvature::record(&params, |graph| self.record(graph)).unwrap();
        let hessian = curvature.hessian();
        let graph = Graph::with_params(&params);
        let plan = graph.plan(self.record(&graph)).unwrap();
        let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
        let places: Vec<usize> =
            params.layout().entries().iter().flat_map(|entry| entry.range.clone()).collect();
        let mut gradient = |params: &Params<f64>| -> Vec<f64> {
            workspace.seed(0);
            plan.forward(params, &mut workspace);
            plan.backward(params, &mut workspace, &mut grads);
            places.iter().map(|&place| grads.values()[place]).collect()
        };
        let here = gradient(&params);
        let (step, mut largest) = (6e-6, 0.0_f64);
        for (j, &place) in places.iter().enumerate() {
            let direction: Vec<f64> =
                (0..places.len()).map(|i| f64::from(u8::from(i == j))).collect();
            let found = curvature.product(&direction).unwrap();
            let close = |a: f64, b: f64| (a - b).abs() < 1e-12 * a.abs().max(1.0);
            assert!(
                close(found.gradient[j], here[j]),
                "{what} [{j}]: gradient {} for {}",
                found.gradient[j],
                here[j]
            );
            assert!(
                close(found.slope, here[j]),
                "{what} [{j}]: slope {} for {}",
                found.slope,
                here[j]
            );
            let mut moved = |by: f64| {
                let value = params.values()[place];
                params.values_mut()[place] = value + by;
                let gradient = gradient(&params);
                params.values_mut()[place] = value;
                gradient
            };
            // Two central differences, weighed so that what bends twice falls out.
            let [above, below, far_above, far_below] =
                [step, -step, 2.0 * step, -2.0 * step].map(&mut moved);
            for i in 0..places.len() {
                let (entry, mirrored) = (hessian.at(&[i, j]), hessian.at(&[j, i]));
                let (near, far) = (above[i] - below[i], far_above[i] - far_below[i]);
                let numeric = (8.0 * near - far) / (12.0 * step);
                largest = largest.max(entry.abs());
                let near = (entry - numeric).abs() < 1e-7 * numeric.abs().max(1.0);
                assert!(near, "{what} [{i}, {j}]: {entry} for {numeric}");
                assert!(close(entry, mirrored), "{what} [{i}, {j}]: {entry} and {mirrored}");
            }
        }
        largest
    }
}

/// Values of any kind as a constant.
fn data<'g, T: Real>(graph: &'g Graph<T>, shape: Shape) -> Var<'g, T> {
    graph.constant(&Tensor::<f64>::uniform(shape, -1.5..1.5, &mut generator(2)).unwrap().cast())
}

/// A parameter whose first values are these.
fn variable<'g, T: Real>(graph: &'g Graph<T>, name: &str, values: &Tensor<f64>) -> Var<'g, T> {
    graph.param(name, values.shape(), 0.0) + graph.constant(&values.cast())
}

/// A scalar that bends in `y`, even where `y` does not bend.
fn bent<'g, T: Real>(y: Var<'g, T>) -> Var<'g, T> {
    (y.square() + y * data(y.graph(), y.shape())).sum(..)
}

/// An activation by its place in the list, of a parameter or behind a linear layer, in a loss that
/// bends.
struct OfActivation {
    index: usize,
    fused: bool,
}

impl Case for OfActivation {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
        let activation = activation::all::<T>().remove(self.index);
        let width = 4 * activation.divisor();
        let z = if self.fused {
            Linear::new(3, width).forward(data(graph, [5, 3].into()))
        } else {
            let kinks = activation.properties().kinks;
            let near = |x: f64| kinks.iter().any(|kink| (x - kink).abs() < 1e-3);
            let drawn = Tensor::<f64>::uniform([3, width], -3.0..3.0, &mut generator(7)).unwrap();
            variable(graph, "z", &drawn.map(|x| if near(x) { x + 0.01 } else { x }))
        };
        bent(activation.forward(z))
    }

    fn spread(&self) -> f64 {
        if self.fused { 0.5 } else { 0.0 }
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

/// Where branches meet, or a function is at its limit, the derivative is that of the way back.
/// Where its own derivative does not jump, so is the second one.
#[test]
fn every_activation_where_its_branches_meet() {
    for (activation, plain) in activation::all::<Dual>().iter().zip(activation::all::<f64>()) {
        let (Some(f), Some(plain)) = (activation.pointwise(), plain.pointwise()) else { continue };
        let slope = |x: f64| {
            let at = if plain.derivative_reads() == DerivativeReads::Output {
                plain.value(x)
            } else {
                x
            };
            plain.derivative(at)
        };
        let kinks = activation.properties().kinks;
        for x in [0.0, -0.0, 1e-300, 1.0, -1.0, 40.0, -40.0, 1e4, -1e4].into_iter().chain(kinks) {
            let y = f.value(Dual::variable(x));
            let what = format!("{} at {x}", activation.kind());
            assert!((y.tangent - slope(x)).abs() < 1e-8, "{what}: {} for {}", y.tangent, slope(x));
            let at =
                if f.derivative_reads() == DerivativeReads::Output { y } else { Dual::variable(x) };
            let step = 1e-6;
            let [below, above] = [-step, step].map(|by| (slope(x + by) - slope(x)) / by);
            if (above - below).abs() < 1e-4 {
                let second = f.derivative(at).tangent;
                assert!(
                    (second - above).abs() < 1e-4,
                    "{what}: second derivative {second} for {above}"
                );
            }
        }
    }
}

/// A loss by its place in the list, of predictions and targets as it takes them, and if `by_target`
/// of both together.
struct OfLoss {
    index: usize,
    form: TargetForm,
    reduction: Reduction,
    by_target: bool,
}

impl Case for OfLoss {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
        let loss = loss::all::<T>().remove(self.index);
        let (prediction, target) = loss.domain().draw(self.form, [3, 4].into(), &mut generator(21));
        let prediction = variable(graph, "prediction", &prediction);
        let target = if self.by_target {
            variable(graph, "target", &target)
        } else {
            graph.constant(&target.cast())
        };
        bent(loss.forward(prediction, target, self.reduction))
    }

    fn spread(&self) -> f64 {
        0.0
    }
}

#[test]
fn every_loss() {
    for (index, loss) in loss::all::<Dual>().iter().enumerate() {
        for &form in loss.domain().targets {
            for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
                for by_target in [false, true] {
                    if by_target && !form.is_continuous() {
                        continue;
                    }
                    let what = format!(
                        "{} with {form}, {reduction:?}, by target {by_target}",
                        loss.name()
                    );
                    assert!(
                        OfLoss { index, form, reduction, by_target }.check(&what) > 0.0,
                        "{what}"
                    );
                }
            }
        }
    }
}

/// A loss of predictions that are all alike, with targets of the form.
struct OfEqual {
    index: usize,
    form: TargetForm,
    prediction: f64,
}

impl Case for OfEqual {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
        let loss = loss::all::<T>().remove(self.index);
        let (prediction, target) = loss.domain().draw(self.form, [3, 4].into(), &mut generator(21));
        let prediction = variable(graph, "prediction", &prediction.map(|_| self.prediction));
        // Some of the targets are what is predicted.
        let numbers = self.form == TargetForm::Values;
        let target = Tensor::<f64>::from_fn(target.shape(), |i| {
            if numbers && i % 2 == 0 { self.prediction } else { target.values()[i] }
        });
        loss.forward(prediction, graph.constant(&target.cast()), Reduction::Sum)
    }
}

/// At zero, at a margin and where target and prediction are equal: the slope is that of the
/// gradient, and the Hessian is symmetric.
#[test]
fn every_loss_where_its_branches_meet() {
    for (index, loss) in loss::all::<Dual>().iter().enumerate() {
        // Any numbers will do for these; others have their limits there, with derivatives that are
        // not finite.
        let free = [
            Predictions::Values,
            Predictions::Logits,
            Predictions::Pairs,
            Predictions::MeansAndVariances,
        ];
        for &form in
            loss.domain().targets.iter().filter(|_| free.contains(&loss.domain().predictions))
        {
            for prediction in [0.0, 1.0, -1.0] {
                let case = OfEqual { index, form, prediction };
                let what = format!("{} with {form} at {prediction}", loss.name());
                let mut params = case.params(&what);
                params.values_mut().fill(0.0);
                let mut curvature = Curvature::record(&params, |graph| case.record(graph)).unwrap();
                let n = curvature.parameters();
                let mut rows = Vec::new();
                for j in 0..n {
                    let direction: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == j))).collect();
                    let found = curvature.product(&direction).unwrap();
                    let (slope, gradient) = (found.slope, found.gradient[j]);
                    let same = (slope - gradient).abs() <= 1e-12 * gradient.abs().max(1.0);
                    assert!(same, "{what} [{j}]: slope {slope} for {gradient}");
                    rows.push(found.product);
                }
                for (i, j) in (0..n).flat_map(|i| (0..i).map(move |j| (i, j))) {
                    let (a, b) = (rows[i][j], rows[j][i]);
                    assert!(
                        (a - b).abs() <= 1e-12 * a.abs().max(1.0),
                        "{what} [{i}, {j}]: {a} and {b}"
                    );
                }
            }
        }
    }
}

/// A layer by its place in the list as in training, of its parameters and its input.
struct OfLayer {
    index: usize,
    sample: layer::Sample,
    size: usize,
}

impl Case for OfLayer {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
        let layer = layer::all::<T>().remove(self.index);
        let of = |shape: Shape| Shape::new(&[&[self.size], &shape[..]].concat());
        let x = match self.sample {
            layer::Sample::Indices { shape, classes } => graph
                .constant(&Tensor::from_fn(of(shape), |i| {
                    T::from_usize((i * 7 + i / 3) % classes)
                })),
            layer::Sample::Values(shape) => {
                graph.param("input", of(shape), init::Uniform::new(-3.0, 3.0))
            }
            layer::Sample::Columns { values, codes } => {
                let shape = Shape::new(&[self.size, values]);
                let numbers = graph.param("input", shape, init::Uniform::new(-3.0, 3.0));
                let fixed = self.sample.fixed(self.size).expect("there are codes");
                let codes = graph.constant(&fixed).slice(1, values..values + codes.len());
                graph.concat(1, &[numbers, codes])
            }
            other => unreachable!("{other:?} is new"),
        };
        bent(graph.scope("layer", || layer.forward(x)))
    }
}

#[test]
fn every_layer() {
    for (index, layer) in layer::all::<Dual>().iter().enumerate() {
        for sample in layer.samples() {
            for size in [2, 5] {
                let what = format!("{} of {sample:?}, {size} of them", layer.kind());
                assert!(OfLayer { index, sample, size }.check(&what) > 0.0, "{what}");
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
        let layer =
            |name: &str, layer: Linear, x: Var<'g, T>| graph.scope(name, || layer.forward(x));
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
    let product =
        second_order::hessian_vector_product(&params, &direction, |graph| Soft.record(graph))
            .unwrap();
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
