use std::collections::HashMap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use chainrule_tensor::Shape;
use chainrule_tensor::random::Generator;

/// How a parameter gets its first values.
///
/// Values are drawn in `f64` and rounded, so that an `f32` and an `f64` model of the same seed
/// start from the same numbers. A number is itself an initialiser: a constant.
pub trait Initialiser: Debug + Send + Sync {
    /// Fills `values`, the elements of a parameter of this shape in row-major order.
    ///
    /// # Errors
    /// The reason, in words, if the rule makes no sense for this shape.
    fn fill(
        &self,
        shape: Shape,
        values: &mut [f64],
        generator: &mut Generator,
    ) -> Result<(), String>;
}

impl Initialiser for f64 {
    fn fill(&self, _: Shape, values: &mut [f64], _: &mut Generator) -> Result<(), String> {
        values.fill(*self);
        Ok(())
    }
}

impl<I: Initialiser + ?Sized> Initialiser for Arc<I> {
    fn fill(
        &self,
        shape: Shape,
        values: &mut [f64],
        generator: &mut Generator,
    ) -> Result<(), String> {
        (**self).fill(shape, values, generator)
    }
}

/// One parameter or statistic of a [`Layout`].
#[derive(Clone, Debug)]
pub struct Entry {
    /// The full name: the path of scopes and the parameter's own name, joined by dots, as in
    /// `0.weight`.
    pub name: String,
    /// The shape.
    pub shape: Shape,
    /// Where it lies in the flat vector of the parameters, or in that of the statistics.
    pub range: Range<usize>,
    /// How it gets its first values.
    pub initialiser: Arc<dyn Initialiser>,
}

/// The parameters that a model has: their names, shapes and places in one flat vector, in order of
/// declaration. Beside them the [`statistics`](Layout::statistics), in a flat vector of their own.
///
/// It says what there is; the values are in [`Params`](crate::Params) and [`Grads`](crate::Grads).
#[derive(Clone, Debug, Default)]
pub struct Layout {
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
    flat_len: usize,
    statistics: Vec<Entry>,
    statistic_index: HashMap<String, usize>,
    statistic_len: usize,
}

/// Each parameter starts at a multiple of this many elements, so at a cache line for either scalar.
const ALIGNMENT: usize = 16;

impl Layout {
    /// All parameters, in order of declaration.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The position of a parameter among the [`entries`](Layout::entries).
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// The number of parameters, counted in scalars.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.entries.iter().map(|entry| entry.shape.elements()).sum()
    }

    /// The length of the flat vector: the parameters and the gaps that keep each at a cache line.
    #[must_use]
    pub fn flat_len(&self) -> usize {
        self.flat_len
    }

    /// The numbers that the model remembers beside its parameters, such as running means, in order
    /// of declaration: see [`Graph::statistic`](crate::Graph::statistic).
    #[must_use]
    pub fn statistics(&self) -> &[Entry] {
        &self.statistics
    }

    /// The position of a statistic among the [`statistics`](Layout::statistics).
    #[must_use]
    pub fn statistic_position(&self, name: &str) -> Option<usize> {
        self.statistic_index.get(name).copied()
    }

    /// The length of the flat vector of the statistics.
    #[must_use]
    pub fn statistic_len(&self) -> usize {
        self.statistic_len
    }

    pub(crate) fn declare_statistic(
        &mut self,
        name: String,
        shape: Shape,
        initialiser: Arc<dyn Initialiser>,
    ) -> usize {
        let range = self.statistic_len..self.statistic_len + shape.elements();
        self.statistic_len = range.end.next_multiple_of(ALIGNMENT);
        self.statistic_index.insert(name.clone(), self.statistics.len());
        self.statistics.push(Entry { name, shape, range, initialiser });
        self.statistics.len() - 1
    }

    pub(crate) fn declare(
        &mut self,
        name: String,
        shape: Shape,
        initialiser: Arc<dyn Initialiser>,
    ) -> usize {
        let start = self.flat_len;
        let end = start + shape.elements();
        self.flat_len = end.next_multiple_of(ALIGNMENT);
        self.index.insert(name.clone(), self.entries.len());
        self.entries.push(Entry { name, shape, range: start..end, initialiser });
        self.entries.len() - 1
    }
}

/// Equal layouts hold the same names with the same shapes in the same order; how they are
/// initialised does not count.
impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &[Entry], b: &[Entry]| {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| a.name == b.name && a.shape == b.shape)
        };
        same(&self.entries, &other.entries) && same(&self.statistics, &other.statistics)
    }
}
