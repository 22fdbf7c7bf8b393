//! The checks that losses share in their tests.

use chainrule_graph::{Graph, gradcheck};
use chainrule_tensor::random::generator;
use chainrule_tensor::{Real, Shape, Tensor};

use super::{Loss, Reduction};

pub(super) const REDUCTIONS: [Reduction; 3] = [Reduction::None, Reduction::Mean, Reduction::Sum];

/// The value of a loss and the gradients of its sum by prediction and target, zero where none goes
/// back.
pub(super) fn run<T: Real>(
    loss: &dyn Loss<T>,
    prediction: &Tensor<T>,
    target: &Tensor<T>,
    reduction: Reduction,
) -> [Vec<T>; 3] {
    let graph = Graph::<T>::new();
    let p = graph.input("p", prediction.shape()).keep_gradient();
    let t = graph.input("t", target.shape()).keep_gradient();
    let value = loss.forward(p, t, reduction);
    let plan = graph.plan_with_upstream(value).unwrap();
    let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
    ws.set(p, prediction.values()).unwrap();
    ws.set(t, target.values()).unwrap();
    plan.forward(&params, &mut ws);
    plan.backward_with(&params, &mut ws, &mut grads, &vec![T::ONE; value.shape().elements()]);
    let gradient = |var, len| {
        ws.try_gradient(var).map_or(vec![T::ZERO; len], |gradient| gradient.values().to_vec())
    };
    let by_prediction = gradient(p, prediction.values().len());
    let by_target = gradient(t, target.values().len());
    [ws.value(value).values().to_vec(), by_prediction, by_target]
}

#[track_caller]
pub(super) fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let near = (got - expected).abs() <= tolerance * expected.abs().max(1.0);
        assert!(
            near || (got.is_nan() && expected.is_nan()),
            "element {i}: {got:e} is not {expected:e}"
        );
    }
}

/// Compares an element-wise loss with reference values `(p, t, value, derivative by p)`, lets NaN
/// through, and makes the checks of [`derivatives`].
#[track_caller]
pub(super) fn golden<L: Loss<f64> + Loss<f32>>(loss: &L, cases: &[(f64, f64, f64, f64)]) {
    for &(p, t, value, slope) in cases {
        let [y, dp, _] =
            run::<f64>(loss, &Tensor::from(vec![p]), &Tensor::from(vec![t]), Reduction::None);
        assert_close(&y, &[value], 1e-14);
        assert_close(&dp, &[slope], 1e-14);
        let [p, t] = [p, t].map(|x| Tensor::from(vec![x as f32]));
        let [y, ..] = run::<f32>(loss, &p, &t, Reduction::None);
        assert!(
            (f64::from(y[0]) - value).abs() <= 1e-6 * value.abs().max(1.0),
            "in f32: {} is not {value}",
            y[0]
        );
    }
    let [y, ..] =
        run::<f64>(loss, &Tensor::from(vec![f64::NAN]), &Tensor::from(vec![1.0]), Reduction::None);
    assert!(y[0].is_nan(), "NaN must stay NaN, not {}", y[0]);
    derivatives(loss);
}

/// Compares the derivatives with differences at samples of the loss's domain, for every form of
/// targets and every reduction.
#[track_caller]
pub(super) fn derivatives(loss: &dyn Loss<f64>) {
    let domain = Loss::<f64>::domain(loss);
    for (seed, shape) in (0..).zip([&[1, 1][..], &[3, 4], &[2, 1, 3]].map(Shape::new)) {
        for &form in domain.targets {
            let (prediction, target) = domain.draw(form, shape, &mut generator(seed));
            for reduction in REDUCTIONS {
                let what = format!("{} of {shape} with {form}, {reduction:?}", loss.name());
                let checked = gradcheck(std::slice::from_ref(&prediction), |graph, x| {
                    loss.forward(x[0], graph.constant(&target), reduction)
                });
                checked.unwrap_or_else(|error| panic!("{what}: {error}"));
                if form.is_continuous() {
                    let checked = gradcheck(&[prediction.clone(), target.clone()], |_, x| {
                        loss.forward(x[0], x[1], reduction)
                    });
                    checked.unwrap_or_else(|error| panic!("{what}, by the target too: {error}"));
                }
            }
        }
    }
}

/// The message with which a loss of these settings is refused.
pub(super) fn mistake(loss: &dyn Loss<f64>) -> String {
    let domain = loss.domain();
    let (prediction, target) =
        domain.draw(domain.targets[0], Shape::new(&[2, 3]), &mut generator(0));
    let graph = Graph::<f64>::new();
    let (p, t) = (graph.input("p", prediction.shape()), graph.input("t", target.shape()));
    let value = loss.forward(p, t, Reduction::Mean);
    graph.plan_with_upstream(value).unwrap_err().kind.to_string()
}
