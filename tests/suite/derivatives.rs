//! Derivatives of what no list holds, and every list by its names.

use std::slice::from_ref;

use chainrule::config::{Configure, Family};
use chainrule::graph::{GradcheckError, Gradchecked};
use chainrule::nn::{activation, init, layer, loss};
use chainrule::prelude::*;
use chainrule::train::{optimizer, schedule};

/// One sample, one feature, odd sizes, and samples with several axes.
fn shapes() -> [Shape; 6] {
    [&[1, 1][..], &[1, 5], &[7, 1], &[3, 13], &[2, 3, 5], &[1, 2, 1, 3]].map(Shape::new)
}

/// Values from -3 to 3 without order, none of them within 1e-3 of a kink.
fn away_from(kinks: &[f64], shape: Shape, seed: u64) -> Tensor<f64> {
    let drawn = Tensor::uniform(shape, -3.0..3.0, &mut generator(seed)).unwrap();
    let moved = drawn
        .map(|x: f64| if kinks.iter().any(|kink| (x - kink).abs() < 1e-3) { x + 0.01 } else { x });
    assert!(moved.values().iter().all(|x| kinks.iter().all(|kink| (x - kink).abs() >= 1e-3)));
    moved
}

#[track_caller]
fn assert_agrees(what: &str, checked: Result<Gradchecked, GradcheckError>) {
    let checked = checked.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(checked.compared > 0, "{what}");
}

#[test]
fn layers_with_and_without_bias() {
    for shape in [&[1, 3][..], &[5, 3], &[2, 3, 3], &[2, 1, 2, 3]].map(Shape::new) {
        for layer in [Linear::new(3, 1), Linear::new(3, 7), Linear::new(3, 7).without_bias()] {
            let x = away_from(&[], shape, 3);
            assert_agrees(
                &format!("{layer:?} of {shape}"),
                gradcheck(&[x], |_, x| layer.forward(x[0])),
            );
        }
    }
}

#[test]
fn slopes_for_each_channel() {
    for (seed, shape) in (0..).zip(shapes()) {
        let x = away_from(&[0.0], shape, seed);
        assert_agrees(
            &format!("prelu of {shape}"),
            gradcheck(&[x], |_, x| PRelu::per_channel().forward(x[0])),
        );
    }
}

#[test]
fn a_deep_network_of_everything() {
    let model = Sequential::double()
        .linear(5, 7)
        .relu()
        .linear(7, 6)
        .layer(PRelu::per_channel())
        .layer(Linear::new(6, 5).without_bias())
        .elu()
        .linear(5, 5)
        .leaky_relu()
        .linear(5, 4)
        .prelu()
        .linear(4, 4)
        .tanh()
        .identity()
        .linear(4, 3)
        .sigmoid()
        .linear(3, 4);
    for shape in [&[1, 5][..], &[6, 5], &[2, 2, 5]].map(Shape::new) {
        let x = away_from(&[], shape, 5);
        assert_agrees(
            &format!("the output for {shape}"),
            gradcheck(from_ref(&x), |_, x| model.forward(x[0])),
        );
        let classes = Tensor::from_fn(shape.without_axis(shape.rank() - 1), |i| (i % 4) as f64);
        let checked = gradcheck(&[x], |graph, x| {
            CrossEntropy.forward(model.forward(x[0]), graph.constant(&classes), Reduction::Mean)
        });
        assert_agrees(&format!("cross-entropy for {shape}"), checked);
    }
}

#[test]
fn a_wrong_derivative_is_found() {
    /// `y = x^2` with the derivative `x`.
    #[derive(Debug)]
    struct Halved;
    impl<T: Real> Pointwise<T> for Halved {
        fn name(&self) -> &'static str {
            "halved"
        }
        fn value(&self, x: T) -> T {
            x * x
        }
        fn derivative(&self, x: T) -> T {
            x
        }
        fn derivative_reads(&self) -> DerivativeReads {
            DerivativeReads::Input
        }
    }
    let error =
        gradcheck(&[away_from(&[0.0], [2, 3].into(), 0)], |_, x| x[0].map(Halved)).unwrap_err();
    assert!(matches!(error, GradcheckError::Differs { .. }), "{error}");
}

#[test]
fn every_name_of_a_list_is_found() {
    for activation in activation::all::<f32>() {
        assert_eq!(
            activation::by_name::<f32>(activation.kind()).unwrap().kind(),
            activation.kind()
        );
    }
    for layer in layer::all::<f32>() {
        assert_eq!(layer::by_name::<f32>(layer.kind()).unwrap().kind(), layer.kind());
    }
    for loss in loss::all::<f32>() {
        assert_eq!(loss::by_name::<f32>(loss.name()).unwrap().name(), loss.name());
    }
    for initialiser in init::all() {
        assert_eq!(
            format!("{:?}", init::by_name(initialiser.name()).unwrap()),
            format!("{initialiser:?}")
        );
    }
    for optimizer in optimizer::all::<f32>() {
        let found = optimizer::by_name::<f32>(optimizer.name()).unwrap();
        assert_eq!(format!("{found:?}"), format!("{optimizer:?}"));
        let faster =
            optimizer::by_name::<f32>(&format!("{}(learning_rate=0.5)", optimizer.name())).unwrap();
        assert_eq!(faster.learning_rate(), 0.5);
    }
    for listed in schedule::all() {
        assert_eq!(
            format!("{:?}", schedule::by_name(listed.name()).unwrap()),
            format!("{listed:?}")
        );
    }
}

#[test]
fn no_name_stands_twice_in_a_list() {
    fn names<E: Configure + ?Sized>(family: &Family<E>) -> Vec<String> {
        family.names().map(str::to_owned).collect()
    }
    let lists = [
        names(&activation::family::<f32>()),
        [names(&layer::family::<f32>()), names(&activation::family::<f32>())].concat(),
        names(&loss::family::<f32>()),
        names(&init::family()),
        names(&optimizer::family::<f32>()),
        names(&schedule::family()),
    ];
    for list in lists {
        let distinct: std::collections::BTreeSet<_> = list.iter().collect();
        assert_eq!(distinct.len(), list.len(), "{list:?}");
    }
}

#[test]
fn an_unknown_name_is_answered_with_those_that_there_are() {
    fn there_are<E: Configure + ?Sized>(family: &Family<E>) -> String {
        format!("; there are: {}", family.names().collect::<Vec<_>>().join(", "))
    }
    let activations = activation::family::<f32>();
    assert_eq!(
        activation::by_name::<f32>("rleu").unwrap_err().to_string(),
        format!("there is no activation `rleu` (did you mean `relu`?){}", there_are(&activations))
    );
    assert_eq!(
        loss::by_name::<f32>("").unwrap_err().to_string(),
        format!("there is no loss ``{}", there_are(&loss::family::<f32>()))
    );
    assert_eq!(
        init::by_name("he").unwrap_err().to_string(),
        format!(
            "there is no initialiser `he` (did you mean `he_normal`?){}",
            there_are(&init::family())
        )
    );
    assert_eq!(
        optimizer::by_name::<f32>("sdg").unwrap_err().to_string(),
        format!(
            "there is no optimizer `sdg` (did you mean `sgd`?){}",
            there_are(&optimizer::family::<f32>())
        )
    );
}
