use std::fmt::Debug;
use std::ops::Index;

use chainrule_tensor::gemm::{Precision, Put};
use chainrule_tensor::parallel::Pool;
use chainrule_tensor::random::Generator;
use chainrule_tensor::{Aligned, Real, Shape};

use super::{Op, Reads};
use crate::plan::{Operand, Slot};

/// The operands of [`Op::forward`].
#[derive(Debug)]
pub struct Forward<'a, T: Real> {
    /// The inputs' values and shapes.
    pub inputs: Inputs<'a, T>,
    /// The value to be written, every element of it; what is there before is arbitrary.
    pub output: &'a mut [T],
    /// The value's shape.
    pub shape: Shape,
    /// The [`saves`](Op::saves) values for the way back, to be written; empty when there is no way
    /// back.
    pub saved: &'a mut [T],
    /// The workspace's generator, for operations that draw random numbers.
    pub generator: &'a mut Generator,
    /// The part of its own randomness that an operation such as dropout is to have now, from 0 to
    /// 1.
    pub noise: f64,
    /// The workspace's threads, for operations with enough work to share.
    pub pool: &'a Pool,
    /// How exactly matrix products are computed.
    pub precision: Precision,
}

/// The operands of [`Op::vjp`].
#[derive(Debug)]
pub struct Backward<'a, T: Real> {
    /// The inputs' shapes, and the values of those that [`Op::reads`] names.
    pub inputs: Inputs<'a, T>,
    /// The value, if [`Op::reads`] names it, else empty.
    pub output: &'a [T],
    /// The value's shape.
    pub shape: Shape,
    /// The values that `forward` saved.
    pub saved: &'a [T],
    /// The gradient with respect to the value. No one reads it afterwards: it may be overwritten.
    pub upstream: &'a mut [T],
    /// The gradients with respect to the inputs, to be written.
    pub cotangents: Cotangents<'a, T>,
    /// The workspace's threads, for operations with enough work to share.
    pub pool: &'a Pool,
    /// How exactly matrix products are computed.
    pub precision: Precision,
}

/// The values and shapes of an operation's inputs; `inputs[i]` is the value of input `i` in
/// row-major order.
#[derive(Clone, Copy)]
pub struct Inputs<'a, T: Real> {
    pub(crate) operands: &'a [Operand],
    pub(crate) shapes: &'a [Shape],
    /// All buffers in two parts, without the one between them that is being written.
    pub(crate) values: [&'a [Aligned<T>]; 2],
    pub(crate) params: &'a [T],
    pub(crate) statistics: &'a [T],
    pub(crate) constants: &'a [Aligned<T>],
    pub(crate) readable: Reads,
    pub(crate) op: &'a dyn Op<T>,
}

impl<'a, T: Real> Inputs<'a, T> {
    /// The value of input `i`, for longer than `self` is borrowed.
    ///
    /// # Panics
    /// In a vector-Jacobian product, if [`Op::reads`] does not name the input.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, i: usize) -> &'a [T] {
        if !self.readable.reads_input(i) {
            does_not_read(self.op.name(), i);
        }
        match &self.operands[i] {
            Operand::Value { buffer, len } => {
                let [before, after] = self.values;
                let buffer =
                    before.get(*buffer).unwrap_or_else(|| &after[*buffer - before.len() - 1]);
                &buffer[..*len]
            }
            Operand::Param(range) => &self.params[range.clone()],
            Operand::Statistic(range) => &self.statistics[range.clone()],
            Operand::Constant(constant) => &self.constants[*constant],
        }
    }

    /// The shape of input `i`.
    #[inline]
    #[must_use]
    pub fn shape(&self, i: usize) -> Shape {
        self.shapes[i]
    }

    /// The number of inputs.
    #[inline]
    #[must_use]
    #[allow(
        clippy::len_without_is_empty,
        reason = "an operation without inputs has no use for this type"
    )]
    pub fn len(&self) -> usize {
        self.shapes.len()
    }
}

/// Apart, since the message would keep the inputs out of the registers.
#[cold]
fn does_not_read(op: &str, input: usize) -> ! {
    panic!("op `{op}` reads input {input} in its vjp, but does not name it in `reads`");
}

impl<T: Real> Index<usize> for Inputs<'_, T> {
    type Output = [T];
    #[inline]
    fn index(&self, i: usize) -> &[T] {
        self.get(i)
    }
}

impl<T: Real> Debug for Inputs<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Inputs").field(&self.shapes).finish()
    }
}

/// The gradients with respect to an operation's inputs.
pub struct Cotangents<'a, T: Real> {
    pub(crate) slots: &'a [Slot],
    pub(crate) adjoints: &'a mut [Aligned<T>],
    pub(crate) grads: &'a mut [T],
    pub(crate) accumulate: bool,
    pub(crate) asked: &'a mut [bool],
    pub(crate) evaluations: &'a mut u64,
    pub(crate) op: &'a dyn Op<T>,
}

impl<T: Real> Cotangents<'_, T> {
    /// The gradient with respect to input `i`, if anyone wants it.
    ///
    /// # Panics
    /// If it is asked for twice: it may be there to be overwritten.
    #[inline]
    #[track_caller]
    pub fn get(&mut self, i: usize) -> Option<Cotangent<'_, T>> {
        let asked_before = std::mem::replace(&mut self.asked[i], true);
        assert!(
            !asked_before,
            "op `{}` asks twice for the gradient with respect to input {i}",
            self.op.name()
        );
        let cotangent = match &self.slots[i] {
            Slot::Unwanted => return None,
            Slot::Adjoint { buffer, len, put } => {
                Cotangent { values: &mut self.adjoints[*buffer][..*len], put: *put }
            }
            Slot::Grad { range, put } => {
                let put = if self.accumulate { Put::Add } else { *put };
                Cotangent { values: &mut self.grads[range.clone()], put }
            }
        };
        *self.evaluations += 1;
        Some(cotangent)
    }
}

impl<T: Real> Debug for Cotangents<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cotangents").field(&self.slots).finish()
    }
}

/// The gradient with respect to one input: values to be set, or to be added to what other consumers
/// of the input have left.
#[derive(Debug)]
pub struct Cotangent<'a, T: Real> {
    /// The gradient, in row-major order.
    pub values: &'a mut [T],
    /// How to write: overwrite, or add.
    pub put: Put,
}

impl<'a, T: Real> Cotangent<'a, T> {
    /// Sets or adds `f(a[i])` for each element.
    #[inline(always)]
    pub fn map(self, a: &[T], f: impl Fn(T) -> T) {
        chainrule_tensor::elementwise::map(self.put, self.values, a, f);
    }

    /// Sets or adds `f(a[i], b[i])` for each element.
    #[inline(always)]
    pub fn zip(self, a: &[T], b: &[T], f: impl Fn(T, T) -> T) {
        chainrule_tensor::elementwise::zip(self.put, self.values, a, b, f);
    }

    /// The gradient to be added to: cleared first if nothing is there yet.
    #[inline]
    #[must_use]
    pub fn accumulate(self) -> &'a mut [T] {
        if self.put == Put::Set {
            self.values.fill(T::ZERO);
        }
        self.values
    }
}
