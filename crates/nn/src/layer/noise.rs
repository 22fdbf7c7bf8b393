//! The common part of dropout layers: each element is kept or dropped at random.

use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, elementwise, random};

/// `y = x (m scale) + (m - 1) shift + offset`, with `m` 0 with probability `p` and else 1, drawn
/// from the workspace's generator; derivative `m scale`. The workspace may ask for a part of `p`
/// alone.
///
/// A dropped NaN stays NaN.
#[derive(Debug)]
pub(super) struct Noise {
    pub(super) name: &'static str,
    pub(super) p: f64,
    pub(super) line: fn(p: f64) -> Line,
}

/// The line that makes up for what is dropped.
pub(super) struct Line {
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

    /// The derivative.
    fn saves(&self, inputs: &[Shape]) -> usize {
        inputs[0].elements()
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let p = self.p * pass.noise;
        random::bernoulli(pass.output, 1.0 - p, pass.generator)
            .expect("planning has checked the probability");
        let Line { scale, shift, offset } = (self.line)(p);
        let [scale, shift, offset] = [scale, shift, offset].map(T::from_f64);
        // Without a way back there is no place for it.
        if !pass.saved.is_empty() {
            elementwise::map(
                Put::Set,
                pass.saved,
                pass.output,
                #[inline(always)]
                move |m| m * scale,
            );
        }
        elementwise::update(
            pass.output,
            pass.inputs.get(0),
            #[inline(always)]
            move |m, x| x * (m * scale) + ((m - T::ONE) * shift + offset),
        );
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        if let Some(dx) = pass.cotangents.get(0) {
            dx.zip(pass.upstream, pass.saved, |g, derivative| g * derivative);
        }
    }
}
