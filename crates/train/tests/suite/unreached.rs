//! Parameters that training would never change are refused before the first step.

use crate::common;

use chainrule_graph::{Graph, Params, Reach, Var};
use chainrule_nn::loss::CrossEntropy;
use chainrule_nn::{Layer, Model, Sequential};
use chainrule_train::callback::{Callback, FitPlan};
use chainrule_train::optimizer::{Lbfgs, Sgd};
use chainrule_train::schedule::RangeTest;
use chainrule_train::{TrainError, Trainer};
use common::classes;

/// Lets no gradient through.
#[derive(Debug)]
struct Frozen;

impl Layer for Frozen {
    fn kind(&self) -> &str {
        "frozen"
    }
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.detach()
    }
}

fn frozen() -> Sequential {
    Sequential::new().linear(2, 4).tanh().layer(Frozen).linear(4, 3)
}

/// Fails if training begins.
#[derive(Debug)]
struct Never;

impl Callback for Never {
    fn start(&mut self, _: &FitPlan) {
        panic!("training has begun");
    }
}

#[test]
fn each_parameter_is_named_with_the_operation_that_cuts_it() {
    let (model, train) = (frozen(), classes(10, 0));
    let mut params = model.init([2], 0).unwrap();
    let before = params.values().to_vec();
    let mut trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(1).callback(Never);
    let error = trainer.fit(&mut params, &train, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "training would never change `0.weight` (cut: `detach` lets no gradient through), `0.bias` \
         (cut: `detach` lets no gradient through). \
         Let the loss depend on every parameter, or accept it with `allow_unreached`"
    );
    let TrainError::Unreached { parameters } = error else { panic!("{error:?}") };
    assert_eq!(parameters[0], ("0.weight".to_owned(), Reach::Cut { op: "detach".to_owned() }));
    assert_eq!(params.values(), before);
}

#[test]
fn a_parameter_that_the_model_does_not_use_is_refused() {
    let (model, train) = (Sequential::new().linear(2, 3), classes(10, 0));
    let graph = Graph::new();
    let _ = model.forward(graph.input("x", [1, 2]));
    let _ = graph.param("old", [4], 1.0);
    let mut params = Params::init(graph.layout(), 0).unwrap();
    let mut trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(1);
    let message = trainer.fit(&mut params, &train, None).unwrap_err().to_string();
    assert!(
        message.starts_with(
            "training would never change `old` (unreached: the loss does not depend on it). "
        ),
        "{message}"
    );
}

#[test]
fn a_range_test_and_a_minimisation_refuse_them_too_unless_told_otherwise() {
    let (model, train) = (frozen(), classes(10, 0));
    let mut params = model.init([2], 0).unwrap();
    let before = params.values().to_vec();
    let refused = "training would never change `0.weight` (cut: ";
    let few = RangeTest { batches: 3, ..RangeTest::default() };
    let mut trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1));
    let message = trainer.range_test(&params, &train, &few).unwrap_err().to_string();
    assert!(message.starts_with(refused), "{message}");
    assert_eq!(
        trainer.allow_unreached(true).range_test(&params, &train, &few).unwrap().rates.len(),
        3
    );
    let message =
        Lbfgs::new(3).fit(&model, &CrossEntropy, &mut params, &train).unwrap_err().to_string();
    assert!(message.starts_with(refused), "{message}");
    assert_eq!(params.values(), before);
    let allowed = Lbfgs { allow_unreached: true, ..Lbfgs::new(3) };
    assert!(allowed.fit(&model, &CrossEntropy, &mut params, &train).is_ok());
    assert_ne!(params.values(), before);
}

#[test]
fn what_is_allowed_trains_the_rest() {
    let (model, train) = (frozen(), classes(10, 0));
    let mut params = model.init([2], 0).unwrap();
    let before = params.clone();
    let mut trainer =
        Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(1).allow_unreached(true);
    trainer.fit(&mut params, &train, None).unwrap();
    for ((name, before), (_, after)) in before.iter().zip(params.iter()) {
        assert_eq!(before.values() == after.values(), name.starts_with("0."), "{name}");
    }
    assert!(trainer.evaluate(&params, &train).is_ok());
}
