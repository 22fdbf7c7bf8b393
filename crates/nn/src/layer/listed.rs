//! The list of layers, and layers chosen by text.

use chainrule_tensor::{Real, Shape, Tensor};

use super::{Layer, Parallel, Residual, Sequential, family};
use crate::config::{Aliases, UnknownName, check_depth, is_same_name, without_alias};
use crate::{ConfigError, Configure, activation};

/// A layer of the list: one with a formula, settings, and examples of what it takes. Its name is
/// its [`kind`](Layer::kind).
pub trait Listed<T: Real = f32>: Layer<T> + Configure {
    /// The samples that it takes, without the batch axis, in shapes that are worth a check. By
    /// default values of any shape.
    fn samples(&self) -> Vec<Sample> {
        [&[1][..], &[5], &[2, 3]].map(|shape| Sample::Values(shape.into())).to_vec()
    }
}

/// An example of what a layer takes, without the batch axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sample {
    /// Numbers of any kind.
    Values(Shape),
    /// Whole numbers in `0..classes`.
    Indices {
        /// The shape.
        shape: Shape,
        /// The number of classes.
        classes: usize,
    },
    /// Columns of a table: numbers of any kind, then codes.
    Columns {
        /// The number of columns of numbers.
        values: usize,
        /// For each column of codes, the number above them.
        codes: &'static [usize],
    },
}

impl Sample {
    /// The shape, without the batch axis.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self {
            Sample::Values(shape) | Sample::Indices { shape, .. } => *shape,
            Sample::Columns { values, codes } => Shape::new(&[values + codes.len()]),
        }
    }

    /// A batch of this size without the numbers that can be moved: codes without order, and zeros
    /// in the
    /// places of numbers. None where all are numbers.
    #[must_use]
    pub fn fixed<T: Real>(&self, size: usize) -> Option<Tensor<T>> {
        let shape = Shape::new(&[&[size], &self.shape()[..]].concat());
        let code = |i: usize, classes: usize| T::from_usize((i * 7 + i / 3) % classes);
        match *self {
            Sample::Values(_) => None,
            Sample::Indices { classes, .. } => Some(Tensor::from_fn(shape, |i| code(i, classes))),
            Sample::Columns { values, codes } => Some(Tensor::from_fn(shape, |i| {
                let (row, column) = (i / (values + codes.len()), i % (values + codes.len()));
                match column.checked_sub(values) {
                    Some(place) => code(row, codes[place]),
                    None => T::ZERO,
                }
            })),
        }
    }
}

/// Other names of layers.
pub const ALIASES: Aliases = &[
    ("dense", "linear"),
    ("batch_norm1d", "batch_norm"),
    ("batch_normalization", "batch_norm"),
    ("layer_normalization", "layer_norm"),
    ("rms_normalization", "rms_norm"),
];

/// The layer that a text names. It is one of the list with its settings, such as
/// `linear(inputs=64, outputs=10)`; an activation, such as `elu(alpha=0.5)`; or one made of others
/// in brackets, such as `sequential[linear(outputs=32), relu, residual[layer_norm]]`.
///
/// In `sequential` and `residual` the layers follow each other, in `parallel` they stand side by
/// side. Names may also be [`ALIASES`] or those of the [activations](crate::activation::ALIASES),
/// whatever the capitals and underscores are: `Sequential[Dense(outputs=8), LeakyReLU]`.
///
/// ```
/// use chainrule_nn::{Model, layer};
///
/// let text =
///     "sequential[linear(outputs=32), batch_norm, relu, dropout(p=0.2), linear(outputs=10)]";
/// let model = layer::by_name::<f32>(text)?;
/// let params = model.init([64], 0)?;
/// assert!(params.get("4.weight").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name<T: Real>(text: &str) -> Result<Box<dyn Layer<T>>, ConfigError> {
    check_depth(text)?;
    let text = without_alias(ALIASES, text.trim());
    let name = text.split(['(', '[']).next().unwrap_or_default().trim();
    if let Some(kind) =
        ["sequential", "residual", "parallel"].into_iter().find(|kind| is_same_name(kind, name))
    {
        let layers = inside(&text, name)?;
        let mut parsed = layers.into_iter().map(by_name::<T>);
        return match kind {
            "parallel" => parsed
                .try_fold(Parallel::default(), |all, layer| Ok(all.layer(layer?)))
                .map(|all| Box::new(all) as _),
            _ => {
                let all = parsed.try_fold(Sequential::default(), |all, layer| {
                    layer.map(|layer| all.layer(layer))
                })?;
                Ok(if kind == "residual" { Box::new(Residual::new(all)) } else { Box::new(all) })
            }
        };
    }
    match activation::by_name::<T>(&text) {
        Ok(activation) => return Ok(activation),
        Err(ConfigError::Name(_)) => {}
        Err(error) => return Err(error),
    }
    let found = family::<T>().by_name(&text);
    match found {
        Ok(layer) => Ok(layer),
        Err(ConfigError::Name(_)) => {
            let (layers, activations) = (family::<T>(), activation::family::<T>());
            let known = layers.names().chain(activations.names());
            Err(UnknownName::new("layer", name, known).into())
        }
        Err(error) => Err(error),
    }
}

/// The texts in the brackets behind a name, split where a comma is in no other bracket or
/// parenthesis.
fn inside<'a>(text: &'a str, name: &str) -> Result<Vec<&'a str>, ConfigError> {
    let rest = text[name.len()..].trim();
    let syntax = |why| ConfigError::Layers { text: text.to_owned(), why };
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let brackets = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inside = brackets.ok_or_else(|| syntax("its layers must stand in brackets"))?;
    let (mut depth, mut begin, mut parts) = (0_usize, 0, Vec::new());
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => {
                depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| syntax("a bracket closes that was not opened"))?
            }
            ',' if depth == 0 => {
                parts.push(inside[begin..at].trim());
                begin = (at + 1).min(inside.len());
            }
            _ => {}
        }
    }
    match (depth, &parts[..]) {
        (0, [""]) => Ok(Vec::new()),
        (0, parts) if parts.contains(&"") => Err(syntax("a layer is missing between two commas")),
        (0, _) => Ok(parts),
        _ => Err(syntax("a closing bracket is missing")),
    }
}

#[cfg(test)]
mod tests {
    use chainrule_graph::Graph;

    use super::super::all;
    use super::*;
    use crate::config::{MAX_DEPTH, Setting};
    use crate::{Model, layer};

    #[test]
    fn models_are_read_from_text() {
        let text = "sequential[ linear(inputs=4, outputs=6), batch_norm(momentum=none), \
                    leaky_relu(slope=0.2), \
                    residual[layer_norm(axes=1), parallel[linear(outputs=2, bias=false), \
                    linear(outputs=4)]] ]";
        let model = by_name::<f64>(text).unwrap();
        let params = model.init([4], 0).unwrap();
        let names: Vec<_> =
            params.iter().map(|(name, tensor)| format!("{name} {}", tensor.shape())).collect();
        assert_eq!(
            names,
            [
                "0.weight [4, 6]",
                "0.bias [6]",
                "1.weight [6]",
                "1.bias [6]",
                "3.inner.0.weight [6]",
                "3.inner.0.bias [6]",
                "3.inner.1.0.weight [6, 2]",
                "3.inner.1.1.weight [6, 4]",
                "3.inner.1.1.bias [4]"
            ]
        );
        let statistics: Vec<_> = params.statistics().map(|(name, _)| name).collect();
        assert_eq!(statistics, ["1.running_mean", "1.running_var", "1.batches"]);
    }

    /// Kind "once more": what `init` makes is all that training, evaluation and a summary ask for,
    /// for every layer with each flag turned over and each optional number absent
    /// (pytorch/pytorch#31498).
    #[test]
    fn what_is_initialised_can_be_trained_whatever_the_settings_are() {
        fn passes(layer: &dyn Listed<f64>, about: &str) {
            for sample in layer.samples() {
                let shape = sample.shape();
                let params =
                    layer.init(shape, 0).unwrap_or_else(|error| panic!("{about}: {error}"));
                for graph in [Graph::with_params(&params), Graph::with_params(&params).evaluating()]
                {
                    let batch = Shape::new(&[&[3], &shape[..]].concat());
                    let input = match sample {
                        Sample::Indices { classes, .. } => {
                            graph.class_input("input", batch.elements(), classes).reshape(batch)
                        }
                        Sample::Values(_) | Sample::Columns { .. } => graph.input("input", batch),
                    };
                    let _ = layer.forward(input);
                    graph.check_error().unwrap_or_else(|error| panic!("{about}: {error}"));
                }
            }
        }
        let mut tried = 0;
        for place in 0..all::<f64>().len() {
            passes(&*all::<f64>()[place], all::<f64>()[place].kind());
            for setting in 0..all::<f64>()[place].settings().len() {
                let mut layer = all::<f64>().swap_remove(place);
                let name = match &mut layer.settings()[setting] {
                    (name, Setting::Flag(flag)) => {
                        **flag = !**flag;
                        *name
                    }
                    (name, Setting::Optional(number)) => {
                        **number = None;
                        *name
                    }
                    _ => continue,
                };
                passes(&*layer, &format!("{} with {name}", layer.kind()));
                tried += 1;
            }
        }
        assert!(tried >= 5, "{tried}");
    }

    #[test]
    fn other_names_are_known() {
        let text = "Sequential[Dense(outputs=6), BatchNorm1d, swish, Residual[LayerNormalization, \
                    hard_silu], LeakyReLU(slope=0.1)]";
        let kinds = |text: &str| by_name::<f32>(text).unwrap().summary([4]).unwrap().to_string();
        let plain = "sequential[linear(outputs=6), batch_norm, silu, residual[layer_norm, \
                     hard_swish], leaky_relu(slope=0.1)]";
        assert_eq!(kinds(text), kinds(plain));
    }

    // Memory safety: every size of a text is multiplied with a check, and refused before it is
    // tried.
    #[test]
    fn sizes_that_memory_cannot_hold_are_mistakes() {
        let largest = usize::MAX;
        for (text, features) in [
            ("sequential[linear(inputs=4294967296, outputs=4294967296)]".to_owned(), 1 << 32),
            ("linear(inputs=1000000, outputs=1000000000)".to_owned(), 1_000_000),
            (format!("linear(outputs={largest})"), 3),
            (format!("weight_norm(outputs={largest})"), 3),
            (format!("embedding(classes={largest}, features=2)"), 3),
            (format!("embedding(classes={largest}, features={largest})"), 3),
            (format!("bilinear(first=2, second=1, outputs={largest})"), 3),
            (format!("parallel[linear(outputs={0}), linear(outputs={0})]", largest / 2), 3),
            (format!("residual[linear(outputs={largest}), flatten]"), 3),
        ] {
            let error = by_name::<f32>(&text).unwrap().init([features], 0).unwrap_err().to_string();
            assert!(error.contains("is too large: "), "{text}: {error}");
        }
        // Sums and products of the largest sizes of one layer.
        let both = format!("bilinear(first={largest}, second={largest}, outputs={largest})");
        assert!(by_name::<f32>(&both).unwrap().init([3], 0).is_err());
    }

    // Once more: text nested 20,000 deep took 50 s and overflowed the stack.
    #[test]
    fn brackets_lie_only_so_deep_in_each_other() {
        for kind in ["sequential", "residual", "parallel"] {
            let nested = |depth: usize| {
                format!("{}relu{}", format!("{kind}[").repeat(depth), "]".repeat(depth))
            };
            let model = by_name::<f32>(&nested(MAX_DEPTH)).unwrap();
            assert_eq!(model.summary([4]).unwrap().rows().last().unwrap().kind, "relu", "{kind}");
            let rule = format!("at most {MAX_DEPTH} are read");
            for depth in [MAX_DEPTH + 1, 20_000] {
                let error = by_name::<f32>(&nested(depth)).unwrap_err().to_string();
                assert!(error.contains(&rule) && error.len() < 200, "{error}");
            }
            // Without an end, and within the settings of an entry.
            for text in [
                format!("{kind}[").repeat(20_000),
                format!("linear(outputs={})", "(".repeat(20_000)),
            ] {
                assert!(by_name::<f32>(&text).unwrap_err().to_string().contains(&rule));
            }
        }
    }

    // Once more: layers nested 100,000 deep overflow the stack.
    #[test]
    fn layers_lie_only_so_deep_in_each_other() {
        type Boxed = Box<dyn Layer<f32>>;
        type Wrap = fn(Boxed) -> Boxed;
        let wrapped = |depth: usize, wrap: Wrap| {
            (1..depth).fold(Box::new(activation::Relu) as Boxed, |layer, _| wrap(layer))
        };
        let wraps: [Wrap; 3] = [
            |layer| Box::new(Sequential::default().layer(layer)),
            |layer| Box::new(Residual::new(layer)),
            |layer| Box::new(Parallel::default().layer(layer)),
        ];
        for wrap in wraps {
            let deepest = wrapped(layer::MAX_DEPTH, wrap);
            assert_eq!((deepest.depth(), deepest.summary([4]).is_ok()), (layer::MAX_DEPTH, true));
            for depth in [layer::MAX_DEPTH + 1, 100_000] {
                let model = wrapped(depth, wrap);
                let text = format!("{model:?}");
                assert!(model.depth() <= layer::MAX_DEPTH, "{text}");
                let error = model.summary([4]).unwrap_err().to_string();
                assert!(
                    error.starts_with("layers may lie at most 129 deep in each other"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| by_name::<f32>(text).unwrap_err().to_string();
        assert!(error("liner").starts_with(
            "there is no layer `liner` (did you mean `linear`?); there are: linear, ntk_linear, \
             scale, weight_norm, bilinear"
        ));
        assert!(error("liner").contains("softmax"));
        assert_eq!(error("dropout(p=2)"), "dropout: p must lie in [0, 1], but it is 2");
        let advice = "write `name[layer, layer, ...]`";
        assert_eq!(
            error("sequential(relu)"),
            format!("`sequential(relu)`: its layers must stand in brackets; {advice}")
        );
        assert_eq!(
            error("residual[relu, , tanh]"),
            format!("`residual[relu, , tanh]`: a layer is missing between two commas; {advice}")
        );
        assert_eq!(
            error("parallel[sequential[relu]"),
            format!("`parallel[sequential[relu]`: a closing bracket is missing; {advice}")
        );
        assert_eq!(
            error("parallel[relu], tanh]"),
            format!("`parallel[relu], tanh]`: a bracket closes that was not opened; {advice}")
        );
    }
}
