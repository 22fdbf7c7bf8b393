use std::sync::Arc;

use chainrule_data::Dataset;
use chainrule_graph::{Grads, Params};
use chainrule_nn::{Layer, Loss};
use chainrule_tensor::Real;
use chainrule_tensor::gemm::Precision;
use chainrule_tensor::parallel::Pool;

use super::{Lbfgs, Minimum};
use crate::TrainError;
use crate::stage::{Setup, Stages, kind};

impl Lbfgs {
    /// Trains a model on all samples at once, to make the mean of `loss` small.
    ///
    /// ```
    /// use chainrule_data::{Dataset, Targets};
    /// use chainrule_nn::{Model, Sequential, loss::CrossEntropy};
    /// use chainrule_tensor::Tensor;
    /// use chainrule_train::optimizer::Lbfgs;
    ///
    /// let inputs = Tensor::from_rows([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    /// let data =
    ///     Dataset::new(inputs, Targets::Classes { indices: vec![0, 1, 1, 0], classes: 2 })?;
    /// let model = Sequential::new().linear(2, 8).tanh().linear(8, 2);
    /// let mut params = model.init([2], 1)?;
    /// let minimum = Lbfgs::new(50).fit(&model, &CrossEntropy, &mut params, &data)?;
    /// assert!(minimum.loss < 0.01);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Layers behave as in training: running statistics move with each evaluation whose loss is
    /// finite. What is random within the model, such as dropout, would mislead a line search: leave
    /// it out.
    ///
    /// # Errors
    /// Data, model and loss that do not fit together, data of which no sample counts in the loss,
    /// settings that make no sense, and parameters that no gradient reaches. A loss or a gradient
    /// that is not finite at the first weights.
    pub fn fit<T: Real>(
        &self,
        model: &dyn Layer<T>,
        loss: &dyn Loss<T>,
        params: &mut Params<T>,
        data: &Dataset<T>,
    ) -> Result<Minimum, TrainError> {
        let target = kind(data.targets());
        if !loss.accepts(target) {
            return Err(TrainError::of_loss(loss, target));
        }
        let pool = Pool::shared();
        let setup = Setup {
            model,
            loss,
            seed: 0,
            pool: &pool,
            precision: Precision::F32,
            measured: false,
            drop_last: false,
        };
        let mut stages = Stages::training(setup);
        stages.get(params, data, data.len())?;
        stages.refuse_nothing(params, "training", data, data.len())?;
        if !self.allow_unreached {
            stages.refuse_unreached()?;
        }
        let stage = stages.get(params, data, data.len())?;
        let samples: Vec<usize> = (0..data.len()).collect();
        let mut grads = Grads::zeros(Arc::clone(params.layout()));
        let mut weights = params.values().to_vec();
        let minimum = self.minimise(&mut weights, |weights, gradient| {
            params.values_mut().copy_from_slice(weights);
            let loss = stage.forward(params, data, &samples);
            if loss.is_finite() {
                stage.update_statistics(params);
            }
            stage.backward(params, &mut grads);
            gradient.copy_from_slice(grads.values());
            loss
        })?;
        params.values_mut().copy_from_slice(&weights);
        Ok(minimum)
    }
}

#[cfg(test)]
mod tests {
    use chainrule_data::Targets;
    use chainrule_nn::loss::MeanSquaredError;
    use chainrule_nn::{Model, Sequential};
    use chainrule_tensor::Tensor;

    use super::*;

    #[test]
    fn running_statistics_come_to_those_of_the_data() {
        let inputs = Tensor::<f64>::from_fn([16, 1], |i| 5.0 + i as f64);
        let targets = inputs.map(|x: f64| 0.1 * x - 1.0);
        let data = Dataset::new(inputs, Targets::Values(targets)).unwrap();
        let model = Sequential::double().batch_norm().linear(1, 1);
        let mut params = model.init([1], 0).unwrap();
        let enough = Lbfgs { tolerance_gradient: 0.0, tolerance_change: 0.0, ..Lbfgs::new(200) };
        let minimum = enough.fit(&model, &MeanSquaredError, &mut params, &data).unwrap();
        assert!(minimum.loss < 1e-12, "{minimum:?}");
        // The mean of the data is 12.5; after n evaluations 0.9^n of the way is left.
        let left = 12.5 * 0.9_f64.powi(i32::try_from(minimum.evaluations).unwrap());
        let mean = params.get("0.running_mean").unwrap().values()[0];
        assert!((12.5 - mean - left).abs() < 1e-9, "{mean} after {minimum:?}");
    }
}
