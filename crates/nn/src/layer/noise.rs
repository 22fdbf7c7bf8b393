//! The common part of dropout layers: each element is kept or dropped at random.

use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::{Real, Shape, elementwise, random};

/// `y = x (m scale) + (m - 1) shift + offset`, with `m` 1 with probability `keep` and else 0, drawn
/// from the workspace's generator; derivative `m scale`.
///
/// A dropped NaN stays NaN.
#[derive(Debug)]
pub(super) struct Noise {
    pub(super) name: &'static str,
    pub(super) keep: f64,
    pub(super) scale: f64,
    pub(super) shift: f64,
    pub(super) offset: f64,
}

impl<T: Real> Op<T> for Noise {
    fn name(&self) -> &str {
        self.name
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    /// The mask.
    fn saves(&self, inputs: &[Shape]) -> usize {
        inputs[0].elements()
    }

    fn forward(&self, pass: Forward<'_, T>) {
        random::bernoulli(pass.output, self.keep, pass.generator)
            .expect("planning has checked the probability");
        // Without a way back there is no place for the mask.
        if !pass.saved.is_empty() {
            pass.saved.copy_from_slice(pass.output);
        }
        let [scale, shift, offset] = [self.scale, self.shift, self.offset].map(T::from_f64);
        elementwise::update(
            pass.output,
            pass.inputs.get(0),
            #[inline(always)]
            |m, x| x * (m * scale) + ((m - T::ONE) * shift + offset),
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let scale = T::from_f64(self.scale);
        if let Some(dx) = pass.cotangents.get(0) {
            dx.zip(pass.upstream, pass.saved, |g, m| g * (m * scale));
        }
    }
}
