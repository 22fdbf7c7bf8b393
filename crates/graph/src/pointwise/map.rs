use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::{Real, Shape};

use super::{DerivativeReads, Pointwise};
use crate::Var;
use crate::op::{Backward, Forward, Op, Reads};

/// A [`Pointwise`] function as an operation.
#[derive(Debug)]
pub(crate) struct Map<T>(pub(crate) Arc<dyn Pointwise<T>>);

impl<T: Real> Op<T> for Map<T> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn reads(&self) -> Reads {
        match self.0.derivative_reads() {
            DerivativeReads::Input => Reads::INPUTS,
            DerivativeReads::Output => Reads::OUTPUT,
            DerivativeReads::Nothing => Reads::NOTHING,
        }
    }

    fn forward(&self, pass: Forward<'_, T>) {
        self.0.map(&pass.inputs[0], pass.output);
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let at = match self.0.derivative_reads() {
            DerivativeReads::Input => pass.inputs.get(0),
            DerivativeReads::Output => pass.output,
            // Any values do for a derivative that reads none.
            DerivativeReads::Nothing => &*pass.upstream,
        };
        if let Some(dx) = pass.cotangents.get(0) {
            self.0.map_back(dx.put, dx.values, pass.upstream, at);
        }
    }

    fn pointwise(&self) -> Option<&Arc<dyn Pointwise<T>>> {
        Some(&self.0)
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// Applies a function to each element.
    #[track_caller]
    #[must_use]
    pub fn map(self, function: impl Pointwise<T>) -> Var<'g, T> {
        self.map_shared(Arc::new(function))
    }

    /// Applies a function to each element that is already shared, such as one chosen by name.
    #[track_caller]
    #[must_use]
    pub fn map_shared(self, function: Arc<dyn Pointwise<T>>) -> Var<'g, T> {
        self.graph().record(Arc::new(Map(function)), &[self], Location::caller())
    }
}
