//! The memory of an optimizer, and how its steps are shared among threads.

use std::ops::Range;
use std::sync::Arc;

use chainrule_tensor::parallel::{Chunks, Pool};
use chainrule_tensor::{Aligned, Real};

use super::{MOST_SLOTS, Optimizer, Pace, Parameters, Update, WholeUpdate};
use crate::snapshot::OptimizerMemory;

/// The memory of an optimizer from step to step.
#[derive(Clone, Debug)]
pub struct State<T: Real = f32> {
    step: u64,
    /// The largest learning rate so far, and the sum over steps of its square.
    largest: f64,
    squares: f64,
    parameters: Parameters,
    pieces: Vec<Piece>,
    slots: Vec<Aligned<T>>,
    scratch: Aligned<T>,
    pool: Arc<Pool>,
}

/// Weights that are moved at once: a stretch of the flat vector, or a parameter that the rule sees
/// whole.
#[derive(Clone, Debug)]
struct Piece {
    range: Range<usize>,
    /// Where its memory lies in each slot.
    slots: [Range<usize>; MOST_SLOTS],
    /// The position of the parameter that is seen whole, and how much scratch memory it needs.
    whole: Option<(usize, usize)>,
}

/// From this many values on, weights, gradient and state together, a step is worth sharing: about
/// 10 us of work for the cheapest rule.
pub(super) const SHARED_VALUES: usize = 200_000;

/// From this many on it is worth waking threads, and shorter steps wake them only where that has
/// paid. In networks of 32 and 64 layers of 64 on 32 samples nothing else is worth sharing. A step
/// that always did took 1.07 and 1.04 of the time of one alone.
pub(super) const LONG_VALUES: usize = 800_000;

/// Memory of a piece begins at a multiple of so many values, a cache line of either scalar.
const ALIGNMENT: usize = 16;

impl<T: Real> State<T> {
    /// The state before the first step, for these [`Parameters`]: those of `&params`, or a number
    /// of weights that stands for one vector.
    ///
    /// A rule that sees matrices, such as [`Muon`](super::Muon), sees them only if it is told of
    /// them.
    ///
    /// # Panics
    /// If the optimizer remembers more than five vectors.
    #[track_caller]
    #[must_use]
    pub fn new(optimizer: &dyn Optimizer<T>, parameters: impl Into<Parameters>) -> Self {
        let (parameters, count) = (parameters.into(), optimizer.slots().len());
        assert!(
            count <= MOST_SLOTS,
            "an optimizer may remember {MOST_SLOTS} vectors, {count} are named"
        );
        let mut ends = [0; MOST_SLOTS];
        let mut pieces: Vec<Piece> = Vec::new();
        for (position, parameter) in parameters.all().iter().enumerate() {
            let end = parameters.end(position);
            match (optimizer.whole(parameter), pieces.last_mut()) {
                (Some(whole), _) => {
                    let slots =
                        place(&mut ends, |slot| whole.slots.get(slot).copied().unwrap_or(0));
                    let whole = Some((position, whole.scratch));
                    pieces.push(Piece { range: parameter.range.clone(), slots, whole });
                }
                (None, Some(Piece { range, slots, whole: None })) => {
                    range.end = end;
                    for ((slot, end), _) in slots.iter_mut().zip(&mut ends).zip(optimizer.slots()) {
                        slot.end = slot.start + range.len();
                        *end = slot.end;
                    }
                }
                (None, _) => {
                    let range = parameter.range.start..end;
                    let slots = place(&mut ends, |slot| if slot < count { range.len() } else { 0 });
                    pieces.push(Piece { range, slots, whole: None });
                }
            }
        }
        let scratch = pieces
            .iter()
            .filter_map(|piece| piece.whole)
            .map(|(_, scratch)| scratch)
            .max()
            .unwrap_or(0);
        State {
            step: 0,
            largest: 0.0,
            squares: 0.0,
            parameters,
            pieces,
            slots: ends[..count].iter().map(|&len| Aligned::zeros(len)).collect(),
            scratch: Aligned::zeros(scratch),
            pool: Pool::shared(),
        }
    }

    /// Shares steps over many weights among the threads of this pool; by default [`Pool::shared`].
    /// The results are the same bits with any number of threads.
    pub fn on(&mut self, pool: Arc<Pool>) {
        self.pool = pool;
    }

    /// The number of steps made.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// All that it remembers, to [`recall`](State::recall) later.
    #[must_use]
    pub fn memory(&self, optimizer: &dyn Optimizer<T>) -> OptimizerMemory<T> {
        OptimizerMemory {
            name: optimizer.name().to_owned(),
            steps: self.step,
            largest_rate: self.largest,
            squares: self.squares,
            slots: self.slots.iter().map(|slot| slot.to_vec()).collect(),
        }
    }

    /// Goes on from what a state of the same optimizer and parameters remembered.
    ///
    /// # Errors
    /// The memory of another optimizer, or of other parameters; then nothing has changed.
    pub fn recall(
        &mut self,
        optimizer: &dyn Optimizer<T>,
        memory: &OptimizerMemory<T>,
    ) -> Result<(), String> {
        let OptimizerMemory { name, steps, largest_rate, squares, slots } = memory;
        if name != optimizer.name() {
            let here = optimizer.name();
            return Err(format!(
                "it was trained by the optimizer `{name}`, and this one is `{here}`"
            ));
        }
        let lens = |slots: &[usize]| format!("{slots:?}");
        let has: Vec<usize> = slots.iter().map(Vec::len).collect();
        let needs: Vec<usize> = self.slots.iter().map(|slot| slot.len()).collect();
        if has != needs {
            let (has, needs) = (lens(&has), lens(&needs));
            return Err(format!("its optimizer remembers {has} values, but {needs} are needed"));
        }
        (self.step, self.largest, self.squares) = (*steps, *largest_rate, *squares);
        for (slot, remembered) in self.slots.iter_mut().zip(slots) {
            slot.copy_from_slice(remembered);
        }
        Ok(())
    }

    /// The remembered vectors, in the order of the optimizer's [`slots`](Optimizer::slots): each as
    /// long as the flat vector, unless the optimizer sees [whole](Optimizer::whole) parameters.
    #[must_use]
    pub fn slots(&self) -> &[Aligned<T>] {
        &self.slots
    }

    /// Lets the optimizer move the weights once, with its own learning rate.
    ///
    /// ```
    /// use chainrule_train::optimizer::{Sgd, State};
    ///
    /// // Down the slope of x^2.
    /// let (sgd, mut x) = (Sgd::new(0.1), [1.0_f64]);
    /// let mut state = State::new(&sgd, 1);
    /// for _ in 0..3 {
    ///     let gradient = [2.0 * x[0]];
    ///     state.step(&sgd, &mut x, &gradient);
    /// }
    /// assert!((x[0] - 0.512).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If the weights, the gradient and the state differ in length.
    #[track_caller]
    pub fn step(&mut self, optimizer: &dyn Optimizer<T>, weights: &mut [T], gradient: &[T]) {
        self.step_at(optimizer, optimizer.learning_rate(), weights, gradient);
    }

    /// Lets the optimizer move the weights once, with this learning rate.
    ///
    /// # Panics
    /// If the weights, the gradient and the state differ in length.
    #[track_caller]
    pub fn step_at(
        &mut self,
        optimizer: &dyn Optimizer<T>,
        learning_rate: f64,
        weights: &mut [T],
        gradient: &[T],
    ) {
        self.step_with(optimizer, Pace { learning_rate, momentum: None }, weights, gradient);
    }

    /// Lets the optimizer move the weights once, with this learning rate and momentum.
    ///
    /// An optimizer without momentum, and NAdam, whose momentum has a schedule of its own, take the
    /// learning rate alone.
    ///
    /// # Panics
    /// If the weights, the gradient and the state differ in length.
    #[track_caller]
    pub fn step_with(
        &mut self,
        optimizer: &dyn Optimizer<T>,
        pace: Pace,
        weights: &mut [T],
        gradient: &[T],
    ) {
        let fits = weights.len() == gradient.len() && self.parameters.flat_len() == weights.len();
        let count = self.slots.len();
        assert!(
            fits && count == optimizer.slots().len(),
            "weights, gradient and state differ in length"
        );
        self.step += 1;
        let Pace { learning_rate, momentum } = pace;
        self.largest = self.largest.max(learning_rate);
        let square = self.largest * self.largest;
        self.squares += square;
        let share = if self.squares > 0.0 { square / self.squares } else { 0.0 };
        for Piece { range, slots: places, whole } in &self.pieces {
            let mut all = self.slots.iter_mut().zip(places);
            let mut slots: [&mut [T]; MOST_SLOTS] = std::array::from_fn(|_| {
                all.next().map_or(&mut [][..], |(slot, place)| &mut slot[place.clone()])
            });
            let (weights, gradient) = (&mut weights[range.clone()], &gradient[range.clone()]);
            let slots = &mut slots[..count];
            let update = Update {
                step: self.step,
                learning_rate,
                momentum,
                share,
                weights,
                gradient,
                slots,
            };
            let Some((position, scratch)) = *whole else {
                step_over(&self.pool, optimizer, update);
                continue;
            };
            let (parameter, scratch) =
                (&self.parameters.all()[position], &mut self.scratch[..scratch]);
            optimizer.step_whole(WholeUpdate { parameter, update, scratch, pool: &self.pool });
        }
    }

    /// Puts the weights that are to be validated and kept in place of the trained ones, where the
    /// optimizer has [others](Optimizer::averages) and has made a step. Returns true if it did.
    pub fn average(&self, optimizer: &dyn Optimizer<T>, weights: &mut [T]) -> bool {
        if self.step == 0 || !optimizer.averages() {
            return false;
        }
        for Piece { range, slots: places, whole } in &self.pieces {
            if whole.is_none() {
                let mut all = self.slots.iter().zip(places);
                let slots: [&[T]; MOST_SLOTS] = std::array::from_fn(|_| {
                    all.next().map_or(&[][..], |(slot, place)| &slot[place.clone()])
                });
                optimizer.average(&mut weights[range.clone()], &slots[..self.slots.len()]);
            }
        }
        true
    }
}

/// Places for the memory of a piece behind what the slots hold already.
fn place(
    ends: &mut [usize; MOST_SLOTS],
    len: impl Fn(usize) -> usize,
) -> [Range<usize>; MOST_SLOTS] {
    std::array::from_fn(|slot| {
        let len = len(slot);
        // Nothing may lie behind the end of a slot, not even an empty place.
        let start = if len == 0 { ends[slot] } else { ends[slot].next_multiple_of(ALIGNMENT) };
        ends[slot] = start + len;
        start..ends[slot]
    })
}

/// Moves a stretch of weights, cut into a part for each thread where that is worth it.
fn step_over<T: Real>(pool: &Pool, optimizer: &dyn Optimizer<T>, update: Update<'_, T>) {
    let Update { step, learning_rate, momentum, share, weights, gradient, slots } = update;
    let count = slots.len();
    let values = weights.len() * (2 + count);
    let threads = if values < SHARED_VALUES { 1 } else { pool.threads() };
    let part = weights.len().div_ceil(threads).next_multiple_of(64);
    let weights = Chunks::new(weights, part);
    let mut chunks = [const { None }; MOST_SLOTS];
    for (chunks, slot) in chunks.iter_mut().zip(slots) {
        *chunks = Some(Chunks::new(slot, part));
    }
    let move_part = |position| {
        let weights = weights.take(position);
        let begin = (position * part).min(gradient.len());
        let gradient = &gradient[begin..begin + weights.len()];
        let mut slots = chunks
            .each_ref()
            .map(|slot| slot.as_ref().map_or(&mut [][..], |slot| slot.take(position)));
        let slots = &mut slots[..count];
        optimizer.step(Update { step, learning_rate, momentum, share, weights, gradient, slots });
    };
    if values < LONG_VALUES {
        pool.run_short(threads, move_part);
    } else {
        pool.run(threads, move_part);
    }
}
