//! The view that a rule has of the parameters: by default nothing but stretches of their flat
//! vector.

use std::ops::Range;

use chainrule_graph::{Layout, Params};
use chainrule_tensor::parallel::{Chunks, MAX_THREADS, Pool};
use chainrule_tensor::{Real, Shape};

use super::{MOST_SLOTS, Update};

/// One parameter, as a rule sees it.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The full name, as in `0.weight`; empty for a plain vector.
    pub name: String,
    /// The shape; of a linear layer's weights `[inputs, outputs]`.
    pub shape: Shape,
    /// Where it lies in the flat vector.
    pub range: Range<usize>,
}

/// The parameters that an optimizer moves, and the length of their flat vector.
///
/// They are those of [`Params`] or of a [`Layout`]; a number stands for a vector of that many
/// weights without a name.
///
/// ```
/// use chainrule_train::optimizer::{Adam, Parameters, State};
///
/// assert_eq!(Parameters::from(3).all()[0].shape, [3].into());
/// let state = State::<f32>::new(&Adam::default(), 3);
/// assert_eq!(state.slots()[0].len(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Parameters {
    all: Vec<Parameter>,
    len: usize,
}

impl Parameters {
    /// Parameters with these names and shapes, one after the other without gaps.
    pub fn new<'n>(named: impl IntoIterator<Item = (&'n str, Shape)>) -> Self {
        let mut len = 0;
        let parameter = |(name, shape): (&str, Shape)| {
            let range = len..len + shape.elements();
            len = range.end;
            Parameter { name: name.to_owned(), shape, range }
        };
        Parameters { all: named.into_iter().map(parameter).collect(), len }
    }

    /// All of them, in the order of the flat vector.
    #[must_use]
    pub fn all(&self) -> &[Parameter] {
        &self.all
    }

    /// The length of the flat vector, gaps between parameters included.
    #[must_use]
    pub fn flat_len(&self) -> usize {
        self.len
    }

    /// Where a parameter's place ends: where the next one begins.
    pub(super) fn end(&self, position: usize) -> usize {
        self.all.get(position + 1).map_or(self.len, |next| next.range.start)
    }
}

impl From<usize> for Parameters {
    fn from(len: usize) -> Self {
        Parameters::new([("", Shape::from(len))])
    }
}

impl From<&Layout> for Parameters {
    fn from(layout: &Layout) -> Self {
        let parameter = |entry: &chainrule_graph::Entry| Parameter {
            name: entry.name.clone(),
            shape: entry.shape,
            range: entry.range.clone(),
        };
        Parameters { all: layout.entries().iter().map(parameter).collect(), len: layout.flat_len() }
    }
}

impl<T: Real> From<&Params<T>> for Parameters {
    fn from(params: &Params<T>) -> Self {
        Parameters::from(&**params.layout())
    }
}

/// The needs of a rule for a step over a whole parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// The length of each slot for this parameter, in the order of the rule's
    /// [`slots`](super::Optimizer::slots).
    pub slots: Vec<usize>,
    /// How many values of scratch memory.
    pub scratch: usize,
}

/// The operands of a step over one whole parameter.
#[derive(Debug)]
pub struct WholeUpdate<'a, T: Real> {
    /// The parameter.
    pub parameter: &'a Parameter,
    /// Its weights, gradient and memory, and what is known of the step.
    pub update: Update<'a, T>,
    /// Scratch memory, in which anything may stand.
    pub scratch: &'a mut [T],
    /// The threads that may share the work.
    pub pool: &'a Pool,
}

impl<T: Real> WholeUpdate<'_, T> {
    /// Lets threads work on stretches of the parameter, and adds up in `f64` what each stretch
    /// gives, such as sums of squares. Every slot that is used must be as long as the weights.
    ///
    /// The stretches, and the order of the sums, depend on the number of weights alone: the bits
    /// are the same whatever the number of threads.
    pub fn sum<const N: usize>(
        &mut self,
        work: impl Fn(Update<'_, T>) -> [f64; N] + Sync,
    ) -> [f64; N] {
        let Update { step, learning_rate, momentum, share, weights, gradient, slots } =
            &mut self.update;
        let (step, learning_rate, momentum, share) = (*step, *learning_rate, *momentum, *share);
        let (len, count) = (weights.len(), slots.len());
        let part = len.div_ceil(MAX_THREADS).max(SHORTEST).next_multiple_of(64);
        let parts = len.div_ceil(part);
        let mut sums = [[0.0; N]; MAX_THREADS];
        let (weights, gradient, all_sums) =
            (Chunks::new(weights, part), *gradient, Chunks::new(&mut sums, 1));
        let mut chunks = [const { None }; MOST_SLOTS];
        for (chunks, slot) in chunks.iter_mut().zip(slots.iter_mut()) {
            *chunks = Some(Chunks::new(slot, part));
        }
        let work_on = |position| {
            let weights = weights.take(position);
            let gradient = &gradient[position * part..][..weights.len()];
            let mut slots = chunks
                .each_ref()
                .map(|slot| slot.as_ref().map_or(&mut [][..], |slot| slot.take(position)));
            let slots = &mut slots[..count];
            let sums =
                work(Update { step, learning_rate, momentum, share, weights, gradient, slots });
            all_sums.take(position)[0] = sums;
        };
        self.pool.run_short(parts, work_on);
        sums.into_iter().fold([0.0; N], |total, part| std::array::from_fn(|i| total[i] + part[i]))
    }
}

/// The shortest stretch that is worth a part of its own.
const SHORTEST: usize = 16_384;
