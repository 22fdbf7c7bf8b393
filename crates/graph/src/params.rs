use std::sync::Arc;

use chainrule_tensor::random::generator;
use chainrule_tensor::{Aligned, Real, Shape, TensorView};

use crate::layout::{Entry, Initialiser, Layout};
use crate::{BuildError, BuildErrorKind};

/// The parameters of a model: all of them in one flat, aligned vector, seen as named tensors.
///
/// An optimizer is one pass over [`values_mut`](Params::values_mut); a checkpoint is the named
/// tensors of [`iter`](Params::iter). The gaps between parameters hold zeros and stay so under
/// every rule that moves a weight by a multiple of its gradient or of itself.
///
/// Beside them stand the [statistics](crate::Graph::statistic), such as running means: named
/// tensors in a flat vector of their own, so that no pass over the parameters meets them.
///
/// ```
/// use chainrule_graph::Graph;
///
/// let graph = Graph::<f64>::new();
/// let slope = graph.param("slope", [], 2.0);
/// let plan = graph.plan(slope * slope)?;
/// let mut params = plan.init(0)?;
/// assert_eq!(params.get("slope").unwrap().values(), [2.0]);
/// params.get_mut("slope").unwrap()[0] = 3.0;
/// assert_eq!(params.count(), 1);
/// # Ok::<(), chainrule_graph::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Params<T: Real = f32> {
    layout: Arc<Layout>,
    values: Aligned<T>,
    pub(crate) statistics: Aligned<T>,
}

impl<T: Real> Params<T> {
    /// The first values of every parameter and statistic of `layout`, drawn by each one's
    /// initialiser.
    ///
    /// A parameter's numbers depend on the seed and its name alone: adding a layer does not change
    /// the others.
    ///
    /// # Errors
    /// [`BuildErrorKind::Initialiser`] if an initialiser cannot fill its parameter.
    #[track_caller]
    pub fn init(layout: Arc<Layout>, seed: u64) -> Result<Self, BuildError> {
        let location = std::panic::Location::caller();
        let (mut values, mut statistics) =
            (Aligned::zeros(layout.flat_len()), Aligned::zeros(layout.statistic_len()));
        let fill = |entry: &Entry, values: &mut [T]| {
            fill(entry, &*entry.initialiser, seed, values, location)
        };
        layout.entries().iter().try_for_each(|entry| fill(entry, &mut values))?;
        layout.statistics().iter().try_for_each(|entry| fill(entry, &mut statistics))?;
        Ok(Params { layout, values, statistics })
    }

    /// Draws the first values of one parameter anew, by another rule than the layer's own, as
    /// [`init`](Params::init) would with this seed. Gives whether there is a parameter of that
    /// name.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f64>::new();
    /// let slope = graph.param("slope", [], 2.0);
    /// let mut params = graph.plan(slope * slope)?.init(0)?;
    /// assert!(params.draw("slope", &3.0, 0)?);
    /// assert_eq!(params.get("slope").unwrap().values(), [3.0]);
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildErrorKind::Initialiser`] if the rule cannot fill it; then it stays as it was.
    #[track_caller]
    pub fn draw(
        &mut self,
        name: &str,
        rule: &dyn Initialiser,
        seed: u64,
    ) -> Result<bool, BuildError> {
        let location = std::panic::Location::caller();
        let layout = Arc::clone(&self.layout);
        match layout.entries().iter().find(|entry| entry.name == name) {
            Some(entry) => fill(entry, rule, seed, &mut self.values, location).map(|()| true),
            None => Ok(false),
        }
    }

    /// The same values as another scalar; from `f32` or `f64` to [`Dual`](chainrule_tensor::Dual)
    /// as constants.
    ///
    /// ```
    /// use chainrule_graph::{Graph, Params};
    ///
    /// let graph = Graph::<f64>::new();
    /// let w = graph.param("w", [2], 0.1);
    /// let single: Params<f32> = graph.plan(w.sum(..))?.init(0)?.cast();
    /// assert_eq!(single.get("w").unwrap().values(), [0.1_f32; 2]);
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    #[must_use]
    pub fn cast<U: Real>(&self) -> Params<U> {
        let cast = |from: &[T]| {
            let mut to = Aligned::zeros(from.len());
            to.iter_mut().zip(from).for_each(|(to, from)| *to = U::from_f64(from.to_f64()));
            to
        };
        Params {
            layout: Arc::clone(&self.layout),
            values: cast(&self.values),
            statistics: cast(&self.statistics),
        }
    }

    /// The layout of the parameters.
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The number of parameters, counted in scalars.
    #[must_use]
    pub fn count(&self) -> usize {
        self.layout.parameters()
    }

    /// The flat vector.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The flat vector, to be written.
    #[must_use]
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The flat vector of the statistics.
    #[must_use]
    pub fn statistic_values(&self) -> &[T] {
        &self.statistics
    }

    /// The flat vector of the statistics, to be written.
    #[must_use]
    pub fn statistic_values_mut(&mut self) -> &mut [T] {
        &mut self.statistics
    }

    /// The parameter or statistic of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<TensorView<'_, T>> {
        let (entry, values) = match self.layout.position(name) {
            Some(position) => (&self.layout.entries()[position], &self.values),
            None => {
                (&self.layout.statistics()[self.layout.statistic_position(name)?], &self.statistics)
            }
        };
        Some(view(entry.shape, &values[entry.range.clone()]))
    }

    /// The values of the parameter or statistic of this name, to be written.
    #[must_use]
    pub fn get_mut(&mut self, name: &str) -> Option<&mut [T]> {
        let (entry, values) = match self.layout.position(name) {
            Some(position) => (&self.layout.entries()[position], &mut self.values),
            None => (
                &self.layout.statistics()[self.layout.statistic_position(name)?],
                &mut self.statistics,
            ),
        };
        Some(&mut values[entry.range.clone()])
    }

    /// All parameters with their names, in order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = (&str, TensorView<'_, T>)> {
        named(self.layout.entries(), &self.values)
    }

    /// All statistics with their names, in order of declaration.
    pub fn statistics(&self) -> impl Iterator<Item = (&str, TensorView<'_, T>)> {
        named(self.layout.statistics(), &self.statistics)
    }
}

/// The gradient of a loss with respect to each parameter: one flat vector of the same layout as
/// [`Params`].
#[derive(Clone, Debug)]
pub struct Grads<T: Real = f32> {
    layout: Arc<Layout>,
    pub(crate) values: Aligned<T>,
    pub(crate) reached: Vec<bool>,
}

impl<T: Real> Grads<T> {
    /// The gradient before any pass: zeros, nothing reached.
    #[must_use]
    pub fn zeros(layout: Arc<Layout>) -> Self {
        Grads {
            values: Aligned::zeros(layout.flat_len()),
            reached: vec![false; layout.entries().len()],
            layout,
        }
    }

    /// The layout of the parameters.
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The flat vector; zero for parameters that no pass has reached.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The flat vector, to be rewritten by clipping and other rules.
    #[must_use]
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The gradient of the parameter of this name; `None` if there is none, or the loss does not
    /// depend on it. That is not the same as a gradient of zero.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<TensorView<'_, T>> {
        let position = self.layout.position(name)?;
        let entry = &self.layout.entries()[position];
        self.reached[position].then(|| view(entry.shape, &self.values[entry.range.clone()]))
    }

    /// The gradients of all parameters that a pass has reached, with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, TensorView<'_, T>)> {
        named(self.layout.entries(), &self.values)
            .zip(&self.reached)
            .filter_map(|(gradient, &reached)| reached.then_some(gradient))
    }

    /// Forgets all passes.
    pub fn clear(&mut self) {
        self.values.fill(T::ZERO);
        self.reached.fill(false);
    }
}

fn named<'a, T: Real>(
    entries: &'a [Entry],
    values: &'a [T],
) -> impl Iterator<Item = (&'a str, TensorView<'a, T>)> {
    entries
        .iter()
        .map(|entry| (entry.name.as_str(), view(entry.shape, &values[entry.range.clone()])))
}

pub(crate) fn view<T: Real>(shape: Shape, values: &[T]) -> TensorView<'_, T> {
    TensorView::new(shape, values).expect("the slice was cut to the shape")
}

/// The values of one entry, which depend on the seed and its name alone.
fn fill<T: Real>(
    Entry { name, shape, range, .. }: &Entry,
    rule: &dyn Initialiser,
    seed: u64,
    values: &mut [T],
    location: &'static std::panic::Location<'static>,
) -> Result<(), BuildError> {
    let mut drawn = vec![0.0; shape.elements()];
    let filled = rule.fill(*shape, &mut drawn, &mut generator(seed ^ fnv1a(name)));
    filled.map_err(|why| BuildError {
        kind: BuildErrorKind::Initialiser { name: name.clone(), shape: *shape, why },
        layer: String::new(),
        location,
    })?;
    for (value, drawn) in values[range.clone()].iter_mut().zip(drawn) {
        *value = T::from_f64(drawn);
    }
    Ok(())
}

/// The 64-bit FNV-1a hash: fixed for all time, unlike the standard library's, so that seeds stay
/// meaningful.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}
