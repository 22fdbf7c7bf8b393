use chainrule_graph::Params;
use chainrule_tensor::{Aligned, Real, simd};

use super::{Callback, FitPlan, StepEnd};
use crate::snapshot::Memory;

/// Keeps an exponential moving average of the weights, which is validated in their place, and which
/// training ends with.
///
/// After each step `average = decay average + (1 - decay) w`. The first step's weights begin it, as
/// in PyTorch's `AveragedModel`; or it begins at zero and is divided by `1 - decay^t`, which weighs
/// the first steps less.
///
/// Add it before [`BestWeights`](super::BestWeights), which then remembers the average of the best
/// epoch.
///
/// ```
/// # use chainrule_data::{Dataset, Targets};
/// # use chainrule_nn::{Model, Sequential, loss::MeanSquaredError};
/// # use chainrule_tensor::Tensor;
/// # use chainrule_train::{Trainer, optimizer::Sgd};
/// use chainrule_train::callback::WeightAverage;
///
/// # let data = Dataset::new(Tensor::ones([4, 1]), Targets::Values(Tensor::ones([4, 1])))?;
/// # let model = Sequential::new().linear(1, 1);
/// # let mut params = model.init([1], 0)?;
/// let mut average = WeightAverage::new(0.99);
/// Trainer::new(&model, MeanSquaredError, Sgd::new(0.1))
///     .callback(&mut average)
///     .fit(&mut params, &data, None)?;
/// assert_eq!(average.values(), Some(params.values()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
#[derive(Clone, Debug)]
pub struct WeightAverage<T: Real = f32> {
    decay: f64,
    bias_correction: bool,
    /// The average, corrected, once a step was made.
    average: Aligned<T>,
    /// True if the average stands in the parameters, and the weights here.
    exchanged: bool,
    steps: u64,
}

impl<T: Real> WeightAverage<T> {
    /// An average that forgets a part `1 - decay` in each step; the decay lies in `[0, 1)`, such as
    /// 0.999.
    #[must_use]
    pub fn new(decay: f64) -> Self {
        WeightAverage {
            decay,
            bias_correction: false,
            average: Aligned::default(),
            exchanged: false,
            steps: 0,
        }
    }

    /// Begins at zero and corrects for it, in place of beginning with the first step's weights.
    #[must_use]
    pub fn bias_corrected(mut self) -> Self {
        self.bias_correction = true;
        self
    }

    /// The average, in the layout of the parameters, if a step was made.
    #[must_use]
    pub fn values(&self) -> Option<&[T]> {
        (self.steps > 0).then_some(&*self.average)
    }

    fn exchange(&mut self, params: &mut Params<T>) {
        if self.steps > 0 {
            self.average.swap_with_slice(params.values_mut());
            self.exchanged = !self.exchanged;
        }
    }
}

impl<T: Real> Callback<T> for WeightAverage<T> {
    fn start(&mut self, plan: &FitPlan) {
        (self.average, self.exchanged, self.steps) = (Aligned::zeros(plan.weights), false, 0);
    }

    fn step_end(&mut self, step: &StepEnd<'_, T>) {
        self.steps += 1;
        let weights = step.params.values();
        if self.steps == 1 {
            self.average.copy_from_slice(weights);
            return;
        }
        // Of d (1 - d^(t - 1)) average + (1 - d) w, divided by 1 - d^t, this much is new.
        let new = if self.bias_correction {
            (1.0 - self.decay) / (1.0 - self.decay.powf(self.steps as f64))
        } else {
            1.0 - self.decay
        };
        let (new, average) = (T::from_f64(new), &mut self.average);
        simd::dispatch(
            #[inline(always)]
            || {
                for (average, &w) in average.iter_mut().zip(weights) {
                    *average = (*average + new * (w - *average)).flushed();
                }
            },
        );
    }

    fn remembers(&self) -> Option<&'static str> {
        Some("weight_average")
    }

    fn remember(&self, memory: &mut Memory<T>) {
        memory.put("steps", Some(self.steps as f64));
        memory.put_vector("average", &self.average);
    }

    fn recall(&mut self, memory: &Memory<T>) -> Result<(), String> {
        let average = memory.vector("average", self.average.len())?;
        self.average.copy_from_slice(average);
        self.steps = memory.count("steps") as u64;
        Ok(())
    }

    fn before_validation(&mut self, params: &mut Params<T>) {
        self.exchange(params);
    }

    fn after_validation(&mut self, params: &mut Params<T>) {
        if self.exchanged {
            self.exchange(params);
        }
    }

    fn end(&mut self, params: &mut Params<T>) {
        if self.steps > 0 {
            params.values_mut().copy_from_slice(&self.average);
        }
    }

    fn check(&self) -> Result<(), String> {
        if (0.0..1.0).contains(&self.decay) {
            return Ok(());
        }
        Err(format!("average of weights: the decay must lie in [0, 1), but it is {}", self.decay))
    }
}
