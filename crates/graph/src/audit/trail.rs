use chainrule_tensor::Real;
use chainrule_tensor::gemm::Put;

use super::cause::{Place, ZeroCause, cause, first};
use super::is_zero;
use crate::plan::{Observer, Source, WatchedBack};
use crate::{Params, Plan, Workspace};

/// The record of a second way back: who reads whom, and where gradients vanish.
pub(super) struct Trail {
    /// Every input of every operation that a gradient goes back to.
    edges: Vec<Edge>,
    /// True if all that arrives at each step is zero.
    nothing_arrives: Vec<bool>,
}

/// One input of one operation.
struct Edge {
    consumer: usize,
    source: Source,
    at: Place,
    /// True if the operation gives it nothing but zeros.
    zero: bool,
    /// Why, if it is given something itself.
    cause: Option<ZeroCause>,
}

impl Trail {
    pub(super) fn follow<T: Real>(
        plan: &Plan<T>,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
    ) -> Trail {
        let nothing_arrives = vec![false; plan.steps.len()];
        let mut tracker = Tracker {
            sources: plan.sources(),
            trail: Trail { edges: Vec::new(), nothing_arrives },
        };
        let upstream = vec![T::ONE; plan.root_len.unwrap_or(0)];
        let from = (Put::Set, &*upstream);
        plan.backward_watched(params, workspace, &mut plan.grads(), from, &mut tracker);
        tracker.trail
    }

    /// Why nothing arrives at the parameter at this position of the layout: the first reason met on
    /// the way towards the loss.
    pub(super) fn cause(&self, parameter: usize) -> ZeroCause {
        let mut visited = vec![false; self.nothing_arrives.len()];
        let mut waiting = vec![Source::Param(parameter)];
        let mut unknown = ZeroCause::Unknown { at: None };
        while let Some(source) = waiting.pop() {
            for edge in self.edges.iter().filter(|edge| edge.source == source) {
                match &edge.cause {
                    _ if !edge.zero => return ZeroCause::Cancelled { at: edge.at.clone() },
                    Some(unexplained @ ZeroCause::Unknown { .. }) => unknown = unexplained.clone(),
                    Some(cause) => return cause.clone(),
                    None if !std::mem::replace(&mut visited[edge.consumer], true) => {
                        waiting.push(Source::Step(edge.consumer));
                    }
                    None => {}
                }
            }
        }
        unknown
    }
}

/// Follows the way back.
struct Tracker {
    sources: Vec<Vec<Source>>,
    trail: Trail,
}

impl<T: Real> Observer<T> for Tracker {
    fn backward(&mut self, watched: WatchedBack<'_, T>) {
        let (position, nothing) = (watched.op.position(), is_zero(watched.upstream));
        self.trail.nothing_arrives[position] = nothing;
        for (input, cotangent) in watched.cotangents().iter().enumerate() {
            let Some(cotangent) = cotangent else { continue };
            let zero = is_zero(cotangent);
            self.trail.edges.push(Edge {
                consumer: position,
                source: self.sources[position][input],
                at: first(watched),
                zero,
                cause: (zero && !nothing).then(|| cause(watched, input)),
            });
        }
    }
}
