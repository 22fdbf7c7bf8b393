//! Helpers of several of these tests.

use std::sync::Mutex;

use chainrule_data::{Dataset, Targets};
use chainrule_nn::{Sequential, TargetKind};
use chainrule_tensor::random::generator;
use chainrule_tensor::{Tensor, TensorView};
use chainrule_train::metric::Metric;

/// Three classes by the direction of two noisy features.
pub fn classes(samples: usize, seed: u64) -> Dataset {
    let inputs: Tensor = Tensor::normal([samples, 2], 0.0, 1.0, &mut generator(seed)).unwrap();
    let class = |row: &[f32]| if row[0] > 0.3 { 0 } else { u32::from(row[1] > 0.0) + 1 };
    let indices = (0..samples).map(|i| class(inputs.row(i))).collect();
    Dataset::new(inputs, Targets::Classes { indices, classes: 3 }).unwrap()
}

/// A classifier for them.
pub fn classifier() -> Sequential {
    Sequential::new().linear(2, 6).tanh().linear(6, 3)
}

/// A metric that says after each evaluation what the script says: training and validation take
/// turns.
#[derive(Debug)]
pub struct Scripted {
    script: Vec<f64>,
    resets: usize,
}

impl Scripted {
    /// Validation of epoch `k`, from 1, gives `script[k - 1]`; training gives NaN.
    pub fn new(script: &[f64]) -> Self {
        Scripted { script: script.to_vec(), resets: 0 }
    }
}

impl Metric for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }
    fn accepts(&self, _: TargetKind) -> bool {
        true
    }
    fn reset(&mut self) {
        self.resets += 1;
    }
    fn update(&mut self, _: TensorView<'_, f32>, _: TensorView<'_, f32>) {}
    fn value(&self) -> f64 {
        // Training resets it first, then validation.
        if self.resets.is_multiple_of(2) { self.script[self.resets / 2 - 1] } else { f64::NAN }
    }
}

/// A list that a closure writes while something else holds the closure.
#[derive(Debug, Default)]
pub struct Log(Mutex<Vec<String>>);

impl Log {
    pub fn push(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}
