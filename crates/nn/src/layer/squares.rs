//! Squares that overflow or vanish (kind 5 of RELIABILITY.md): every layer that normalises gives
//! the same for inputs of any size. Public report: pytorch#51912.

use chainrule_graph::Graph;
use chainrule_tensor::{Real, Tensor};

use super::{Layer, WeightNorm, by_name};
use crate::init::Uniform;

/// The value in training, and the gradient by the input for a gradient without order.
fn pass<T: Real>(layer: &dyn Layer<T>, size: f64) -> [Vec<f64>; 2] {
    let graph = Graph::<T>::new();
    let x = Tensor::<T>::from_fn([6, 3, 4], |i| {
        T::from_f64(size * ((i as f64 * 1.7 + 0.3).sin() + 0.2))
    });
    let input = graph.input("x", x.shape()).keep_gradient();
    let y = layer.forward(input).keep();
    let plan = graph.plan_with_upstream(y).unwrap();
    let (mut params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
    ws.set(input, x.values()).unwrap();
    let upstream: Vec<T> =
        (0..y.shape().elements()).map(|i| T::from_f64((i as f64 * 2.3).cos())).collect();
    for _ in 0..3 {
        plan.forward(&params, &mut ws);
        plan.backward_with(&params, &mut ws, &mut grads, &upstream);
        plan.update_statistics(&mut params, &ws);
    }
    for (name, values) in params.statistics() {
        assert!(
            values.values().iter().all(|x| x.is_finite()),
            "{layer:?} of {size:e}: {name} {values:?}"
        );
    }
    [ws.value(y).values(), ws.gradient(input).values()]
        .map(|x| x.iter().map(|x| x.to_f64()).collect())
}

fn check<T: Real>(sizes: &[f64], tolerance: f64) {
    for text in [
        "layer_norm(epsilon=0)",
        "layer_norm(epsilon=0, axes=2)",
        "layer_norm(epsilon=0, affine=false)",
        "rms_norm(epsilon=0)",
        "rms_norm(epsilon=0, affine=false)",
        "batch_norm(epsilon=0)",
        "batch_norm(epsilon=0, tracked=false, affine=false)",
        "batch_norm(epsilon=0, momentum=none)",
    ] {
        let layer = by_name::<T>(text).unwrap();
        let [y, dx] = pass(&layer, 1.0);
        for &size in sizes {
            let [same, smaller] = pass(&layer, size);
            for (got, expected) in same
                .iter()
                .zip(&y)
                .chain(smaller.iter().map(|dx| dx * size).collect::<Vec<_>>().iter().zip(&dx))
            {
                assert!(
                    (got - expected).abs() <= tolerance,
                    "{text} of {size:e} in {}: {got}, not {expected}",
                    T::DTYPE
                );
            }
        }
    }
}

#[test]
fn rows_of_any_size_are_normalised() {
    check::<f32>(&[1e-36, 1e-30, 1e-20, 1e15, 2e19, 1e25, 1e33], 2e-5);
    check::<f64>(&[1e-300, 1e-200, 1e-160, 1e150, 2e154, 1e200, 1e300], 1e-12);
}

#[test]
fn directions_of_any_size_are_normalised() {
    fn check<T: Real>(sizes: &[f64], tolerance: f64) {
        let of = |size: f64| {
            pass(
                &WeightNorm::new(4, 5).direction_init(Uniform::new(-size, size)) as &dyn Layer<T>,
                1.0,
            )
        };
        let expected = of(1.0).concat();
        for &size in sizes {
            for (got, expected) in of(size).concat().iter().zip(&expected) {
                assert!(
                    (got - expected).abs() <= tolerance,
                    "{size:e} in {}: {got}, not {expected}",
                    T::DTYPE
                );
            }
        }
    }
    check::<f32>(&[1e-36, 1e-30, 1e-20, 1e15, 2e19, 1e25, 1e33], 1e-5);
    check::<f64>(&[1e-300, 1e-160, 1e155, 1e300], 1e-12);
}
