use chainrule_data::{DataError, Dataset, MinMaxScaler, StandardScaler, Targets};
use chainrule_nn::{Loss, TargetKind};
use chainrule_tensor::{Real, Shape, Tensor, TensorView};

use crate::field::Field;
use crate::{Recipe, RecipeError};

/// How numbers are scaled, feature by feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scaling {
    /// Not at all. The default.
    #[default]
    None,
    /// To mean 0 and standard deviation 1: [`StandardScaler`].
    Standard,
    /// To 0 to 1: [`MinMaxScaler`].
    MinMax,
}

/// The changes made to samples before a network sees them, and undone to its answers: fitted on the
/// training data, the same for all that come later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preprocessing {
    /// The inputs that are kept, by position; `None` for all.
    kept: Option<Vec<usize>>,
    inputs: Scaler,
    targets: Scaler,
    /// The least and the largest value of each target, within which answers stay.
    range: Option<[Vec<f64>; 2]>,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Scaler {
    #[default]
    None,
    Standard(StandardScaler),
    MinMax(MinMaxScaler),
}

impl Preprocessing {
    /// Learns from the training data what the recipe asks for.
    ///
    /// # Errors
    /// Inputs with other axes than `[samples, features]` where features are to be scaled or left
    /// out; numbers too large to be scaled.
    pub fn fit<T: Real>(recipe: &Recipe, train: &Dataset<T>) -> Result<Self, DataError> {
        let kept = match recipe.drop_constant_inputs {
            true => Some(varying(train.inputs())?),
            false => None,
        };
        let inputs = match (&kept, recipe.scale_inputs) {
            (_, Scaling::None) => Scaler::None,
            (Some(kept), scaling) => Scaler::fit(scaling, &columns(train.inputs(), kept)?)?,
            (None, scaling) => Scaler::fit(scaling, train.inputs())?,
        };
        let targets = match train.targets() {
            Targets::Values(values) => Scaler::fit(recipe.scale_targets, values)?,
            _ => Scaler::None,
        };
        let range = match train.targets() {
            Targets::Values(values) if recipe.clamp_answers => {
                let scaler = MinMaxScaler::fit(values)?;
                Some([scaler.min().to_vec(), scaler.max().to_vec()])
            }
            _ => None,
        };
        Ok(Preprocessing { kept, inputs, targets, range })
    }

    /// Returns true if it changes nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Preprocessing::default()
    }

    /// Inputs as the network takes them.
    ///
    /// # Errors
    /// Another number of features than those of the training data.
    pub fn inputs<T: Real>(&self, inputs: &Tensor<T>) -> Result<Tensor<T>, DataError> {
        Ok(self.prepare(inputs.view(), &mut Vec::new())?.to_tensor())
    }

    /// The network's answers in the units of the targets.
    ///
    /// # Errors
    /// Another number of outputs than the targets of the training data had.
    pub fn answers<T: Real>(&self, mut answers: Tensor<T>) -> Result<Tensor<T>, DataError> {
        self.restore(answers.shape(), answers.values_mut())?;
        Ok(answers)
    }

    /// [`inputs`](Preprocessing::inputs), left in `prepared` unless they stay as they are.
    pub(crate) fn prepare<'v, T: Real>(
        &self,
        inputs: TensorView<'v, T>,
        prepared: &'v mut Vec<T>,
    ) -> Result<TensorView<'v, T>, DataError> {
        if self.kept.is_none() && self.inputs == Scaler::None {
            return Ok(inputs);
        }
        prepared.clear();
        let shape = match &self.kept {
            Some(kept) => keep_columns(inputs, kept, prepared)?,
            None => {
                prepared.extend_from_slice(inputs.values());
                inputs.shape()
            }
        };
        self.inputs.apply(shape, prepared)?;
        Ok(TensorView::new(shape, prepared)?)
    }

    /// [`answers`](Preprocessing::answers), in place.
    pub(crate) fn restore<T: Real>(
        &self,
        shape: Shape,
        answers: &mut [T],
    ) -> Result<(), DataError> {
        match &self.targets {
            Scaler::None => {}
            Scaler::Standard(scaler) => scaler.inverse_transform_in_place(shape, answers)?,
            Scaler::MinMax(scaler) => scaler.inverse_transform_in_place(shape, answers)?,
        }
        let Some([least, most]) = &self.range else { return Ok(()) };
        if shape.last() != Some(&least.len()) {
            let (op, expected) = ("preprocessing", least.len());
            let actual = shape.last().copied().unwrap_or(0);
            return Err(DataError::Features { op, expected, actual, shape });
        }
        for row in answers.chunks_exact_mut(least.len()) {
            for ((answer, &least), &most) in row.iter_mut().zip(least).zip(most) {
                let [least, most] = [least, most].map(T::from_f64);
                *answer = answer.maximum(least).minimum(most);
            }
        }
        Ok(())
    }

    /// The data as the network takes them, with one-hot rows for class indices where the loss takes
    /// no indices.
    ///
    /// # Errors
    /// Data with other features than the training data.
    pub fn dataset<T: Real>(
        &self,
        data: &Dataset<T>,
        loss: &dyn Loss<T>,
    ) -> Result<Dataset<T>, DataError> {
        let inputs = self.inputs(data.inputs())?;
        let targets = match data.targets() {
            Targets::Values(values) => {
                let mut values = values.clone();
                self.targets.apply(values.shape(), values.values_mut())?;
                Targets::Values(values)
            }
            targets => targets.clone(),
        };
        let data = Dataset::new(inputs, targets)?;
        let is_by_index = matches!(data.targets(), Targets::Classes { .. });
        let takes = |kind| loss.accepts(kind);
        match is_by_index && !takes(TargetKind::Classes) && takes(TargetKind::Probabilities) {
            true => data.one_hot(),
            false => Ok(data),
        }
    }

    /// The fitted numbers, as they stand in a saved network.
    pub(crate) fn learned(&self) -> Learned {
        let (input_parts, target_parts) = (self.inputs.parts(), self.targets.parts());
        let [input_offset, input_extent] =
            input_parts.map_or([None, None], |parts| parts.map(Some));
        let [target_offset, target_extent] =
            target_parts.map_or([None, None], |parts| parts.map(Some));
        let kept = self.kept.clone();
        let [target_least, target_most] =
            self.range.clone().map_or([None, None], |range| range.map(Some));
        Learned {
            kept,
            input_offset,
            input_extent,
            target_offset,
            target_extent,
            target_least,
            target_most,
        }
    }
}

/// The numbers of a [`Preprocessing`]: means and deviations, or smallest and largest values, as the
/// recipe says.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    kept: Option<Vec<usize>>,
    input_offset: Option<Vec<f64>>,
    input_extent: Option<Vec<f64>>,
    target_offset: Option<Vec<f64>>,
    target_extent: Option<Vec<f64>>,
    target_least: Option<Vec<f64>>,
    target_most: Option<Vec<f64>>,
}

impl Learned {
    pub(crate) fn fields(&mut self) -> [(&'static str, Field<'_>); 7] {
        [
            ("kept_inputs", Field::Positions(&mut self.kept)),
            ("input_offset", Field::Numbers(&mut self.input_offset)),
            ("input_extent", Field::Numbers(&mut self.input_extent)),
            ("target_offset", Field::Numbers(&mut self.target_offset)),
            ("target_extent", Field::Numbers(&mut self.target_extent)),
            ("target_least", Field::Numbers(&mut self.target_least)),
            ("target_most", Field::Numbers(&mut self.target_most)),
        ]
    }

    /// The preprocessing again.
    ///
    /// # Errors
    /// Numbers that are missing, or that no data can have left.
    pub(crate) fn preprocessing(self, recipe: &Recipe) -> Result<Preprocessing, RecipeError> {
        let Learned { kept, input_offset, input_extent, target_offset, target_extent, .. } = self;
        // Targets that are no values have no range.
        let range = match (self.target_least, self.target_most) {
            (Some(least), Some(most)) if recipe.clamp_answers => {
                let fit = least.len() == most.len() && !least.is_empty();
                if !fit || !least.iter().zip(&most).all(|(least, most)| least <= most) {
                    let why = "must be as many as `target_most`, none above it";
                    return Err(RecipeError::of("target_least", why));
                }
                Some([least, most])
            }
            _ => None,
        };
        let scaler = |key: &str, scaling, parts: (Option<_>, Option<_>)| match (scaling, parts) {
            // Targets that are no values are not scaled.
            (Scaling::None, _) | (_, (None, None)) if key != "input_offset" => Ok(Scaler::None),
            (Scaling::None, _) => Ok(Scaler::None),
            (Scaling::Standard, (Some(offset), Some(extent))) => {
                Ok(Scaler::Standard(StandardScaler::from_parts(offset, extent)?))
            }
            (Scaling::MinMax, (Some(offset), Some(extent))) => {
                Ok(Scaler::MinMax(MinMaxScaler::from_parts(offset, extent)?))
            }
            _ => Err(RecipeError::of(key, "is missing, or its extent, although it is scaled")),
        };
        if recipe.drop_constant_inputs && kept.is_none() {
            return Err(RecipeError::of("kept_inputs", "is missing, although some are left out"));
        }
        Ok(Preprocessing {
            kept: kept.filter(|_| recipe.drop_constant_inputs),
            inputs: scaler("input_offset", recipe.scale_inputs, (input_offset, input_extent))?,
            targets: scaler("target_offset", recipe.scale_targets, (target_offset, target_extent))?,
            range,
        })
    }
}

impl Scaler {
    fn fit<T: Real>(scaling: Scaling, x: &Tensor<T>) -> Result<Self, DataError> {
        Ok(match scaling {
            Scaling::None => Scaler::None,
            Scaling::Standard => Scaler::Standard(StandardScaler::fit(x)?),
            Scaling::MinMax => Scaler::MinMax(MinMaxScaler::fit(x)?),
        })
    }

    fn apply<T: Real>(&self, shape: Shape, values: &mut [T]) -> Result<(), DataError> {
        match self {
            Scaler::None => Ok(()),
            Scaler::Standard(scaler) => scaler.transform_in_place(shape, values),
            Scaler::MinMax(scaler) => scaler.transform_in_place(shape, values),
        }
    }

    /// Mean and scale, or smallest and largest value, of each feature.
    fn parts(&self) -> Option<[Vec<f64>; 2]> {
        match self {
            Scaler::None => None,
            Scaler::Standard(scaler) => Some([scaler.mean().to_vec(), scaler.scale().to_vec()]),
            Scaler::MinMax(scaler) => Some([scaler.min().to_vec(), scaler.max().to_vec()]),
        }
    }
}

/// The columns that vary.
fn varying<T: Real>(inputs: &Tensor<T>) -> Result<Vec<usize>, DataError> {
    let (shape, width) = (inputs.shape(), two_axes(inputs.shape())?);
    if shape[0] == 0 {
        return Ok(Vec::new());
    }
    let first = inputs.row(0);
    let varies = |&i: &usize| inputs.values().iter().skip(i).step_by(width).any(|x| *x != first[i]);
    Ok((0..width).filter(varies).collect())
}

fn columns<T: Real>(inputs: &Tensor<T>, chosen: &[usize]) -> Result<Tensor<T>, DataError> {
    let mut kept = Vec::new();
    let shape = keep_columns(inputs.view(), chosen, &mut kept)?;
    Ok(Tensor::new(shape, kept)?)
}

/// Appends the chosen columns of each row; the shape of all of them.
fn keep_columns<T: Real>(
    inputs: TensorView<'_, T>,
    chosen: &[usize],
    into: &mut Vec<T>,
) -> Result<Shape, DataError> {
    let (rows, width) = (inputs.shape().as_rows().0, two_axes(inputs.shape())?);
    if let Some(last) = chosen.iter().find(|&&column| column >= width) {
        let (op, shape, expected) = ("preprocessing", inputs.shape(), last + 1);
        return Err(DataError::Features { op, expected, actual: width, shape });
    }
    let row = |row| chosen.iter().map(move |&column| inputs.row(row)[column]);
    into.extend((0..rows).flat_map(row));
    Ok(Shape::new(&[rows, chosen.len()]))
}

/// The number of features of `[samples, features]`.
fn two_axes(shape: Shape) -> Result<usize, DataError> {
    match *shape {
        [_, features] => Ok(features),
        _ => Err(DataError::Axes {
            op: "preprocessing",
            what: "inputs",
            shape,
            expected: "[samples, features]",
        }),
    }
}
