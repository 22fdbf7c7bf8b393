//! Helpers of the tests of the graph.

#![allow(dead_code, reason = "each test binary uses its own part")]

use chainrule_graph::{DerivativeReads, Grads, NodeId, Params, Plan, Pointwise, Workspace};
use chainrule_tensor::{Real, Shape, Tensor};

/// The hyperbolic tangent, whose derivative reads its output.
#[derive(Clone, Copy, Debug)]
pub struct Tanh;

impl<T: Real> Pointwise<T> for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }
    fn value(&self, x: T) -> T {
        x.tanh()
    }
    fn derivative(&self, y: T) -> T {
        T::ONE - y * y
    }
    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }
}

/// A plan with all that it runs on.
pub struct Session<T: Real> {
    pub plan: Plan<T>,
    pub params: Params<T>,
    pub workspace: Workspace<T>,
    pub grads: Grads<T>,
}

impl<T: Real> Session<T> {
    #[track_caller]
    pub fn new(plan: Plan<T>) -> Session<T> {
        Session {
            params: plan.init(0).unwrap(),
            workspace: plan.workspace(),
            grads: plan.grads(),
            plan,
        }
    }

    #[track_caller]
    pub fn set(mut self, input: impl Into<NodeId>, values: &[T]) -> Self {
        self.workspace.set(input, values).unwrap();
        self
    }

    #[track_caller]
    pub fn forward(mut self) -> Self {
        self.plan.forward(&self.params, &mut self.workspace);
        self
    }

    #[track_caller]
    pub fn backward(mut self) -> Self {
        self.plan.backward(&self.params, &mut self.workspace, &mut self.grads);
        self
    }

    #[track_caller]
    pub fn backward_with(mut self, upstream: &[T]) -> Self {
        self.plan.backward_with(&self.params, &mut self.workspace, &mut self.grads, upstream);
        self
    }

    #[track_caller]
    pub fn value(&self, node: impl Into<NodeId>) -> &[T] {
        self.workspace.value(node).values()
    }

    #[track_caller]
    pub fn gradient(&self, node: impl Into<NodeId>) -> &[T] {
        self.workspace.gradient(node).values()
    }

    /// The gradient of a parameter that is reached.
    #[track_caller]
    pub fn grad(&self, name: &str) -> &[T] {
        self.grads.get(name).unwrap().values()
    }
}

/// Small random numbers from a seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// In `[-1, 1)`.
    pub fn number(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    pub fn tensor<T: Real>(&mut self, shape: impl Into<Shape>) -> Tensor<T> {
        Tensor::from_fn(shape, |_| T::from_f64(self.number()))
    }
}

/// The message of a panic.
pub fn panic_message(body: impl FnOnce()) -> String {
    let payload =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).expect_err("it panics");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_owned(),
    }
}
