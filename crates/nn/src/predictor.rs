use std::fmt;
use std::sync::Arc;

use chainrule_graph::{Graph, NodeId, Params, Plan, Workspace};
use chainrule_tensor::{Real, Shape, TensorView};

use crate::{Layer, PredictError};

/// A model ready to predict, again and again: it is recorded and planned once for each shape of
/// inputs, and after that a call allocates nothing.
///
/// The parameters are given with each call, since they are no part of the structure: they may
/// change in between, as from epoch to epoch. The last [`MOST`](Predictor::MOST) shapes are kept,
/// such as that of a full batch, of the last one and of a single sample.
///
/// ```
/// use chainrule_nn::{Model, Predictor, Sequential};
/// use chainrule_tensor::Tensor;
///
/// let model = Sequential::new().linear(2, 8).relu().linear(8, 3);
/// let params = model.init([2], 0)?;
/// let mut predictor = Predictor::new(&model);
/// for x in [0.0, 0.5, 1.0] {
///     let sample = Tensor::from_rows([[x, 1.0]]);
///     let logits = predictor.predict(&params, &sample)?;
///     assert_eq!(logits.to_tensor(), model.predict(&params, &sample)?);
/// }
/// assert_eq!(predictor.plans(), 1);
/// # Ok::<(), chainrule_nn::PredictError>(())
/// ```
pub struct Predictor<'a, T: Real = f32> {
    model: Box<dyn Layer<T> + 'a>,
    /// The last one used stands last.
    passes: Vec<Pass<T>>,
    plans: usize,
}

/// A plan for inputs of one shape, and its memory.
struct Pass<T: Real> {
    plan: Plan<T>,
    workspace: Workspace<T>,
    inputs: Shape,
    input: NodeId,
    output: NodeId,
}

impl<'a, T: Real> Predictor<'a, T> {
    /// For so many shapes of inputs plans and memory are kept.
    pub const MOST: usize = 4;

    /// A predictor for this model: `&model`, or a model that it keeps. Nothing is planned yet.
    #[must_use]
    pub fn new(model: impl Layer<T> + 'a) -> Self {
        Predictor { model: Box::new(model), passes: Vec::new(), plans: 0 }
    }

    /// The model's outputs for a batch of inputs `[samples, ..]`, layers behaving as in evaluation:
    /// the same bits at each call.
    ///
    /// # Errors
    /// Inputs without a batch axis, or inputs and parameters that do not fit the model.
    pub fn predict<'v>(
        &mut self,
        params: &Params<T>,
        inputs: impl Into<TensorView<'v, T>>,
    ) -> Result<TensorView<'_, T>, PredictError> {
        let inputs = inputs.into();
        let known = self.passes.iter().position(|pass| pass.fits(params, inputs.shape()));
        match known {
            Some(known) => self.passes[known..].rotate_left(1),
            None => {
                let pass = Pass::plan(&*self.model, params, inputs.shape())?;
                self.plans += 1;
                if self.passes.len() == Self::MOST {
                    self.passes.remove(0);
                }
                self.passes.push(pass);
            }
        }
        let pass = self.passes.last_mut().expect("found or pushed");
        pass.workspace.input_mut(pass.input).copy_from_slice(inputs.values());
        // A model may draw random numbers in evaluation, too: the same ones for each call.
        pass.workspace.rewind();
        pass.plan.forward(params, &mut pass.workspace);
        Ok(pass.workspace.value(pass.output))
    }

    /// How often the model was planned so far.
    #[must_use]
    pub fn plans(&self) -> usize {
        self.plans
    }
}

impl<T: Real> Pass<T> {
    fn plan(
        model: &dyn Layer<T>,
        params: &Params<T>,
        inputs: Shape,
    ) -> Result<Pass<T>, PredictError> {
        let Some(&samples) = inputs.first() else {
            return Err(PredictError::NoBatch);
        };
        let graph = Graph::with_params(params).evaluating();
        let x = graph.input("input", inputs);
        let y = model.forward(x);
        let plan = graph.plan_forward(&[y])?;
        if y.shape().first() != Some(&samples) {
            return Err(PredictError::Batch { inputs, outputs: y.shape() });
        }
        let (workspace, input, output) = (plan.workspace(), x.into(), y.into());
        Ok(Pass { plan, workspace, inputs, input, output })
    }

    fn fits(&self, params: &Params<T>, inputs: Shape) -> bool {
        let (ours, theirs) = (self.plan.layout(), params.layout());
        self.inputs == inputs && (Arc::ptr_eq(ours, theirs) || ours == theirs)
    }
}

impl<T: Real> fmt::Debug for Predictor<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shapes: Vec<Shape> = self.passes.iter().map(|pass| pass.inputs).collect();
        f.debug_struct("Predictor")
            .field("model", &self.model)
            .field("inputs", &shapes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chainrule_graph::Var;
    use chainrule_graph::op::{Backward, Forward, Op};
    use chainrule_tensor::Tensor;
    use chainrule_tensor::random::{self, generator};

    use super::*;
    use crate::activation::RRelu;
    use crate::{BatchNorm, Dropout, Model, Sequential};

    fn inputs(shape: impl Into<Shape>) -> Tensor {
        Tensor::normal(shape.into(), 0.0, 1.0, &mut generator(3)).unwrap()
    }

    #[test]
    fn predictions_are_those_of_the_model_and_planned_once_for_each_shape() {
        let model = Sequential::new()
            .linear(3, 4)
            .layer(RRelu::default())
            .layer(BatchNorm::default())
            .layer(Dropout { p: 0.5 })
            .linear(4, 2);
        let mut params = model.init([3], 1).unwrap();
        let mut predictor = Predictor::new(&model);
        for round in 0..3 {
            for samples in [1, 7, 0, 64] {
                let x = inputs([samples, 3]);
                let y = predictor.predict(&params, &x).unwrap().to_tensor();
                assert_eq!(y, model.predict(&params, &x).unwrap(), "round {round}");
            }
            params.values_mut().iter_mut().for_each(|weight| *weight *= 0.5);
        }
        assert_eq!(predictor.plans(), 4);
    }

    #[test]
    fn what_was_used_last_is_kept() {
        let mut predictor = Predictor::new(Sequential::new().tanh());
        let params = Sequential::new().tanh().init([2], 0).unwrap();
        let mut plans = |samples: usize| {
            predictor.predict(&params, &inputs([samples, 2])).unwrap();
            predictor.plans()
        };
        assert_eq!([1, 2, 3, 4, 1, 5, 1, 3, 2].map(&mut plans), [1, 2, 3, 4, 4, 5, 5, 5, 6]);
    }

    #[test]
    fn parameters_of_another_model_are_planned_for_or_refused() {
        let square = |width| Sequential::new().linear(width, width);
        let (model, x) = (square(2), inputs([3, 2]));
        let mut predictor = Predictor::new(&model);
        predictor.predict(&model.init([2], 0).unwrap(), &x).unwrap();
        // The same layout, made apart.
        predictor.predict(&model.init([2], 1).unwrap(), &x).unwrap();
        assert_eq!(predictor.plans(), 1);
        let other = square(3).init([3], 0).unwrap();
        let error = predictor.predict(&other, &x).unwrap_err();
        assert_eq!(error.to_string(), model.predict(&other, &x).unwrap_err().to_string());
        let scalar = Tensor::scalar(1.0);
        let error = predictor.predict(&other, &scalar).unwrap_err();
        assert!(matches!(error, PredictError::NoBatch), "{error}");
    }

    /// Drops elements in evaluation, too.
    #[derive(Debug)]
    struct Coin;

    impl<T: Real> Op<T> for Coin {
        fn name(&self) -> &str {
            "coin"
        }

        fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
            Ok(inputs[0])
        }

        fn forward(&self, pass: Forward<'_, T>) {
            random::bernoulli(pass.output, 0.5, pass.generator).unwrap();
        }

        fn vjp(&self, _: Backward<'_, T>) {}
    }

    impl<T: Real> Layer<T> for Coin {
        fn kind(&self) -> &str {
            "coin"
        }

        fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
            x.graph().apply(Coin, &[x])
        }
    }

    #[test]
    fn random_numbers_are_the_same_at_each_call() {
        let params = Model::<f32>::init(&Coin, [8], 0).unwrap();
        let mut predictor = Predictor::new(Coin);
        let x = inputs([5, 8]);
        let first = predictor.predict(&params, &x).unwrap().to_tensor();
        assert_eq!(predictor.predict(&params, &x).unwrap().to_tensor(), first);
        assert_eq!(Coin.predict(&params, &x).unwrap(), first);
    }
}
