use chainrule_graph::{Graph, Var};
use chainrule_tensor::Real;

use super::batch_norm_op::{Moments, Standardise};
use super::{Layer, Listed, Sample, checked};
use crate::config::settings;

settings! {
    "batch_norm": "(x - mean) / sqrt(variance + epsilon) * weight + bias, over the batch";

    /// Batch normalisation, as PyTorch's `BatchNorm1d`: each channel gets mean 0 and variance 1
    /// over the batch, and then a learned scale and offset:
    /// `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`.
    ///
    /// Takes `[batch, channels]`, or `[batch, channels, length]` with statistics over batch and
    /// length. Parameters `weight: [channels]`, first 1, and `bias: [channels]`, first 0, unless
    /// `affine` is false.
    ///
    /// In training, mean and variance are those of the batch, the variance divided by the number of
    /// values `n`; gradients go through both:
    /// `dx = weight / sqrt(variance + epsilon) (g - mean(g) - z mean(g z))`, with `z` the
    /// normalised value. Beside that it keeps the [statistics](chainrule_graph::Graph::statistic)
    /// `running_mean`, first 0, and `running_var`, first 1:
    /// `running = (1 - momentum) running + momentum statistic`, here with the variance divided by
    /// `n - 1`. Without `momentum` (`none`) they are the mean over all batches so far, counted in
    /// the statistic `batches`. The trainer takes them over after each step; one's own loop calls
    /// [`Plan::update_statistics`](chainrule_graph::Plan::update_statistics).
    ///
    /// In evaluation the running statistics are used, or, with `tracked` false, still those of the
    /// batch.
    ///
    /// One value for each channel in training, which would always give 0, is a mistake that
    /// planning reports, as is another number of axes.
    ///
    /// Source: Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by
    /// Reducing Internal Covariate Shift", 2015.
    ///
    /// ```
    /// use chainrule_nn::{BatchNorm, Model, Sequential};
    ///
    /// let model = Sequential::new().linear(4, 8).layer(BatchNorm::default()).relu().linear(8, 2);
    /// let params = model.init([4], 0)?;
    /// assert_eq!(params.get("1.running_var").unwrap().values(), [1.0; 8]);
    /// assert_eq!(params.count(), (4 * 8 + 8) + (8 + 8) + (8 * 2 + 2));
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct BatchNorm {
        /// Added to the variance.
        pub epsilon: f64 = 1e-5, at_least(0.0);
        /// How much of a batch goes into the running statistics, or none for their plain mean.
        pub momentum: Option<f64> = Some(0.1), within(0.0..=1.0);
        /// True if a learned scale and offset follow.
        pub affine: bool = true;
        /// True if running statistics are kept.
        pub tracked: bool = true;
    }
}

impl<T: Real> Layer<T> for BatchNorm {
    fn kind(&self) -> &str {
        "batch_norm"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        match x.shape()[..] {
            [_, _] => self.rows(x),
            // The kernels take channels as the last axis.
            [_, _, _] => self.rows(x.permute(&[0, 2, 1])).permute(&[0, 2, 1]),
            _ => {
                let shape = x.shape();
                graph.fail(format!(
                    "batch_norm: takes [batch, channels] or [batch, channels, length], not {shape}"
                ));
                x
            }
        }
    }
}

impl BatchNorm {
    /// The value for channels along the last axis.
    fn rows<'g, T: Real>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let (graph, (count, channels)) = (x.graph(), x.shape().as_rows());
        let of_batch = graph.is_training() || !self.tracked;
        if graph.is_training() && count < 2 {
            graph.fail(format!(
                "batch_norm: {} value for each channel, but training needs at least 2; choose a \
                 batch size that does \
                 not leave a single sample over",
                count
            ));
        }
        // All are declared in evaluation too, since that is how parameters are made.
        let running = self.tracked.then(|| {
            let mean = graph.statistic("running_mean", [channels], 0.0);
            [mean, graph.statistic("running_var", [channels], 1.0)]
        });
        let batches =
            (self.tracked && self.momentum.is_none()).then(|| graph.statistic("batches", [], 0.0));
        // A running variance, or the inverse root of the batch's.
        let [mean, spread] = match running {
            Some(running) if !of_batch => running,
            _ => {
                let moments = graph.apply(Moments { epsilon: self.epsilon }, &[x]);
                let row = |row| moments.slice_rows(row..=row).reshape([channels]);
                let (mean, inverse) = (row(0), row(2));
                if let (Some(running), true) = (running, graph.is_training()) {
                    self.update(graph, running, batches, [mean, row(1)], count);
                }
                [mean, inverse]
            }
        };
        let op = Standardise { epsilon: self.epsilon, of_batch };
        if self.affine {
            let (weight, bias) =
                (graph.param("weight", [channels], 1.0), graph.param("bias", [channels], 0.0));
            graph.apply(op, &[x, mean, spread, weight, bias])
        } else {
            graph.apply(op, &[x, mean, spread])
        }
    }

    fn update<'g, T: Real>(
        &self,
        graph: &'g Graph<T>,
        running: [Var<'g, T>; 2],
        batches: Option<Var<'g, T>>,
        [mean, variance]: [Var<'g, T>; 2],
        count: usize,
    ) {
        let unbiased = variance * T::from_f64(count as f64 / (count as f64 - 1.0).max(1.0));
        let batches = batches.map(|before| {
            let batches = before + T::ONE;
            graph.update_statistic("batches", batches);
            batches
        });
        for ((name, running), batch) in
            ["running_mean", "running_var"].into_iter().zip(running).zip([mean, unbiased])
        {
            let new = match (self.momentum, batches) {
                (Some(momentum), _) => {
                    running * T::from_f64(1.0 - momentum) + batch * T::from_f64(momentum)
                }
                (None, Some(batches)) => running + (batch - running) / batches,
                (None, None) => running,
            };
            graph.update_statistic(name, new);
        }
    }
}

impl<T: Real> Listed<T> for BatchNorm {
    fn samples(&self) -> Vec<Sample> {
        [&[1][..], &[5], &[3, 4]].map(|shape| Sample::Values(shape.into())).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{derivatives, evaluated, mistake, pass};
    use chainrule_graph::{Gradcheck, Params};
    use chainrule_tensor::{Shape, Tensor};

    fn assert_close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        got.iter()
            .zip(expected)
            .for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{got:?} is not {expected:?}"));
    }

    #[test]
    fn each_channel_gets_mean_zero_and_variance_one() {
        // Wider than a block of the kernel.
        for shape in [Shape::new(&[7, 40]), Shape::new(&[3, 5, 4])] {
            let x = Tensor::from_fn(shape, |i| (i as f64 * 1.3).sin() * 3.0 + 2.0);
            let [y, _] = pass(&BatchNorm { epsilon: 0.0, ..BatchNorm::default() }, &x, 0);
            let length = if shape.rank() == 3 { shape[2] } else { 1 };
            for channel in 0..shape[1] {
                let of = |i: &usize| i / length % shape[1] == channel;
                let values: Vec<f64> =
                    (0..shape.elements()).filter(of).map(|i| y.values()[i]).collect();
                let n = values.len() as f64;
                assert_close(&[values.iter().sum::<f64>() / n], &[0.0]);
                assert_close(&[values.iter().map(|y| y * y).sum::<f64>() / n], &[1.0]);
            }
        }
    }

    /// The statistics after batches `[1, 3], [5, 5]` of one channel.
    fn after_two_batches(layer: BatchNorm) -> Params<f64> {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", [2, 1]);
        let plan = graph.plan_with_upstream(layer.forward(x)).unwrap();
        let (mut params, mut ws) = (plan.init(0).unwrap(), plan.workspace());
        for batch in [[1.0, 3.0], [5.0, 5.0]] {
            ws.set(x, &batch).unwrap();
            plan.forward(&params, &mut ws);
            plan.update_statistics(&mut params, &ws);
        }
        params
    }

    #[test]
    fn running_statistics_move_by_the_momentum_with_the_unbiased_variance() {
        let params = after_two_batches(BatchNorm::default());
        assert_close(params.get("running_mean").unwrap().values(), &[0.2 * 0.9 + 0.5]);
        // The variance of [1, 3], divided by n - 1, is 2.
        assert_close(params.get("running_var").unwrap().values(), &[(0.9 + 0.2) * 0.9]);
        let params = after_two_batches(BatchNorm { momentum: None, ..BatchNorm::default() });
        assert_close(params.get("running_mean").unwrap().values(), &[3.5]);
        assert_close(params.get("running_var").unwrap().values(), &[1.0]);
        assert_eq!(params.get("batches").unwrap().values(), [2.0]);
    }

    #[test]
    fn evaluation_uses_the_running_statistics() {
        let x = Tensor::from_rows([[3.0, -2.0]]);
        let y = evaluated(&BatchNorm { epsilon: 0.0, ..BatchNorm::default() }, &x, |params| {
            params.get_mut("running_mean").unwrap().copy_from_slice(&[1.0, -1.0]);
            params.get_mut("running_var").unwrap().copy_from_slice(&[4.0, 0.25]);
            params.get_mut("weight").unwrap()[1] = 3.0;
            params.get_mut("bias").unwrap()[1] = 0.5;
        });
        assert_close(y.values(), &[1.0, -5.5]);
        let untracked = BatchNorm { tracked: false, epsilon: 0.0, ..BatchNorm::default() };
        let y = evaluated(&untracked, &Tensor::from_rows([[3.0], [5.0]]), |_| {});
        assert_close(y.values(), &[-1.0, 1.0]);
    }

    #[test]
    fn derivatives_agree_with_differences() {
        for layer in [
            BatchNorm::default(),
            BatchNorm { affine: false, tracked: false, ..BatchNorm::default() },
        ] {
            for shape in [&[2, 1][..], &[5, 3], &[3, 35], &[2, 3, 4]] {
                derivatives(&layer, shape);
                let settings = Gradcheck { training: false, ..Gradcheck::default() };
                let x = Tensor::from_fn(shape, |i| (i as f64 * 1.7 + 0.3).sin());
                settings.check(&[x], |_, x| layer.forward(x[0])).unwrap();
            }
        }
    }

    #[test]
    fn a_single_value_and_other_shapes_are_mistakes() {
        let layer = BatchNorm::default();
        assert_eq!(
            mistake(&layer, [1, 3]),
            "batch_norm: 1 value for each channel, but training needs at least 2; choose a batch \
             size that does not \
             leave a single sample over"
        );
        let message = "batch_norm: takes [batch, channels] or [batch, channels, length], not";
        assert_eq!(mistake(&layer, [3]), format!("{message} [3]"));
        assert_eq!(mistake(&layer, [2, 3, 4, 5]), format!("{message} [2, 3, 4, 5]"));
        let message = "batch_norm: momentum must lie in [0, 1], but it is 2";
        assert_eq!(mistake(&BatchNorm { momentum: Some(2.0), ..layer }, [2, 3]), message);
        let message = "batch_norm: epsilon must be finite and not negative, but it is -1";
        assert_eq!(mistake(&BatchNorm { epsilon: -1.0, ..layer }, [2, 3]), message);
    }
}
