use chainrule_graph::Var;
use chainrule_tensor::{Real, Shape};

use super::periodic_embedding_op::Periodic;
use super::table::Columns;
use super::{Layer, Listed, Sample, checked};
use crate::config::settings;
use crate::init::{Normal, Uniform, zeros};

settings! {
    "periodic_embedding": "[cos(2 pi f x + p) w + b, x] for each number x",
        checked by rising;

    /// Embeds each number by waves of learned frequencies: for the column `c` with the value `x`
    /// the `values` numbers `sum_i w_i cos(2 pi f_i x + p_i) + b`, and `x` itself.
    ///
    /// The input is `[.., numbers, indicators, rest]`: `numbers` columns, then one indicator for
    /// each column that `missing` names, then features that stay as they are. The output is
    /// `[.., embeddings, numbers, rest]` with `values` embeddings for each number. Where an
    /// indicator is not 0 the number is missing, and learned values take the place of its embedding
    /// and of itself; [`LearnedMissing`](crate::LearnedMissing) says why an indicator does.
    ///
    /// Each column has parameters of its own. `frequency: [numbers, frequencies]` is drawn normally
    /// with `deviation`, and `phase` of the same shape uniformly from `+-pi`.
    /// `weight: [numbers, values, frequencies]` and `bias: [numbers, values]` are drawn uniformly
    /// from `+-1 / sqrt(frequencies)`; `missing: [missing, values + 1]` begins at 0.
    ///
    /// A network is slow to learn a function that jumps or oscillates along one column; from waves
    /// of that column it is nearly linear. Numbers should be of size 1.
    ///
    /// ```
    /// use chainrule_nn::{Model, PeriodicEmbedding, Sequential};
    ///
    /// // Five numbers become three values and themselves, one more feature stays.
    /// let embedding = PeriodicEmbedding { numbers: Some(5), ..PeriodicEmbedding::default() };
    /// let model = Sequential::new().layer(embedding).linear(5 * 4 + 1, 2);
    /// let params = model.init([6], 0)?;
    /// assert_eq!(params.get("0.frequency").unwrap().shape(), [5, 16].into());
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    ///
    /// Sources: Gorishniy, Rubachev and Babenko, "On Embeddings for Numerical Features in Tabular
    /// Deep Learning", 2022; with a phase, few values and the number itself: Holzmüller,
    /// Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
    /// Tabular Data", 2024.
    #[derive(Clone, Debug, PartialEq)]
    pub struct PeriodicEmbedding {
        /// The number of columns of numbers; none for all but the indicators.
        pub numbers: Option<usize> = None, at_least(1);
        /// The number of waves for a column.
        pub frequencies: usize = 16, at_least(1);
        /// The number of values that stand for a number beside itself.
        pub values: usize = 3, at_least(1);
        /// The deviation of the first frequencies.
        pub deviation: f64 = 0.1, at_least(0);
        /// The columns of numbers that may be missing, counted from 0, in order.
        pub missing: Vec<usize> = Vec::new();
    }
}

fn rising(layer: &PeriodicEmbedding) -> Result<(), String> {
    layer.columns().check("periodic_embedding")
}

impl PeriodicEmbedding {
    fn columns(&self) -> Columns {
        Columns { numbers: self.numbers, missing: self.missing.clone() }
    }
}

impl<T: Real> Layer<T> for PeriodicEmbedding {
    fn kind(&self) -> &str {
        "periodic_embedding"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        let places = match self.columns().places("periodic_embedding", x.shape()) {
            Ok(places) => places,
            Err(why) => {
                graph.fail(why);
                return x;
            }
        };
        let &PeriodicEmbedding { frequencies, values, deviation, ref missing, .. } = self;
        let pi = std::f64::consts::PI;
        let bound = 1.0 / (frequencies.max(1) as f64).sqrt();
        let waves = Shape::new(&[places.numbers, frequencies]);
        let mut inputs = vec![
            x,
            graph.param("frequency", waves, Normal::new(0.0, deviation)),
            graph.param("phase", waves, Uniform::new(-pi, pi)),
            graph.param(
                "weight",
                [places.numbers, values, frequencies],
                Uniform::new(-bound, bound),
            ),
            graph.param("bias", [places.numbers, values], Uniform::new(-bound, bound)),
        ];
        if !missing.is_empty() {
            inputs.push(graph.param("missing", [missing.len(), values.saturating_add(1)], zeros()));
        }
        let missing = missing.clone();
        graph.apply(Periodic { places, frequencies, values, missing }, &inputs)
    }
}

impl<T: Real> Listed<T> for PeriodicEmbedding {
    fn samples(&self) -> Vec<Sample> {
        if self.missing.is_empty() {
            return [1, 3].map(|width| Sample::Values([width].into())).to_vec();
        }
        vec![Sample::Columns { values: 2, codes: &[2] }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{derivatives, evaluated, mistake};
    use chainrule_graph::gradcheck;
    use chainrule_tensor::Tensor;

    fn layer() -> PeriodicEmbedding {
        PeriodicEmbedding {
            numbers: Some(3),
            frequencies: 5,
            values: 2,
            deviation: 0.4,
            missing: vec![0, 2],
        }
    }

    #[test]
    fn waves_of_each_number_and_itself() {
        let x =
            Tensor::from_rows([[1.0, -2.0, 3.0, 0.0, 0.0, 9.0], [0.0, 0.5, 0.0, 1.0, 1.0, 8.0]]);
        let layer = layer();
        let params: chainrule_graph::Params<f64> = crate::Model::init(&layer, [6], 0).unwrap();
        let of = |name: &str| params.get(name).unwrap().values().to_vec();
        let (f, p, w, b) = (of("frequency"), of("phase"), of("weight"), of("bias"));
        let y = evaluated(&layer, &x, |params| {
            params.get_mut("missing").unwrap().copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        });
        let wave = |row: usize, c: usize, v: usize| {
            let waves = (0..5).map(|i| {
                let angle =
                    2.0 * std::f64::consts::PI * f[c * 5 + i] * x.row(row)[c] + p[c * 5 + i];
                w[(c * 2 + v) * 5 + i] * angle.cos()
            });
            waves.sum::<f64>() + b[c * 2 + v]
        };
        let first = [wave(0, 0, 0), wave(0, 0, 1), wave(0, 1, 0), wave(0, 1, 1)];
        let rest = [wave(0, 2, 0), wave(0, 2, 1), 1.0, -2.0, 3.0, 9.0];
        let second = [1.0, 2.0, wave(1, 1, 0), wave(1, 1, 1), 4.0, 5.0, 3.0, 0.5, 6.0, 8.0];
        let expected = [&first[..], &rest, &second].concat();
        for (got, expected) in y.values().iter().zip(&expected) {
            assert!((got - expected).abs() < 1e-14, "{got} is not {expected}");
        }
    }

    #[test]
    fn derivatives_agree_with_differences_over_more_rows_than_a_block() {
        let all = PeriodicEmbedding { deviation: 0.5, ..PeriodicEmbedding::default() };
        derivatives(&all, [3, 2]);
        derivatives(&all, [2, 2, 2]);
        // More values than are gathered at once.
        derivatives(&PeriodicEmbedding { frequencies: 2, values: 11, ..all.clone() }, [3, 2]);
        derivatives(&PeriodicEmbedding { frequencies: 3, numbers: Some(1), ..all }, [150, 2]);
        let x = Tensor::from_rows([
            [1.0, -2.0, 3.0, 0.0, 0.0, 9.0],
            [0.0, 0.5, 0.0, 1.0, 1.0, 8.0],
            [0.0, 0.7, 0.4, 1.0, 0.0, 7.0],
        ]);
        // Indicators are no numbers to move.
        let part = |from: usize, to: usize| {
            Tensor::from_fn([3, to - from], |i| x.row(i / (to - from))[from + i % (to - from)])
        };
        gradcheck(&[part(0, 3), part(5, 6)], |graph, x| {
            let x = graph.concat(1, &[x[0], graph.constant(&part(3, 5)), x[1]]);
            // So that what goes back differs from place to place.
            layer().forward(x).square()
        })
        .unwrap();
    }

    #[test]
    fn single_precision_is_near_double() {
        let layer = PeriodicEmbedding::default();
        let params: chainrule_graph::Params<f64> = crate::Model::init(&layer, [4], 3).unwrap();
        let x = Tensor::from_fn([100, 4], |i| (i as f64 * 0.37).sin() * 3.0);
        let exact = crate::Model::predict(&layer, &params, &x).unwrap();
        let mut single: chainrule_graph::Params<f32> = crate::Model::init(&layer, [4], 3).unwrap();
        for (to, from) in single.values_mut().iter_mut().zip(params.values()) {
            *to = *from as f32;
        }
        let x = Tensor::from_fn([100, 4], |i| ((i as f64 * 0.37).sin() * 3.0) as f32);
        let near = crate::Model::predict(&layer, &single, &x).unwrap();
        for (near, exact) in near.values().iter().zip(exact.values()) {
            assert!((f64::from(*near) - exact).abs() < 3e-6, "{near} is not {exact}");
        }
    }

    #[test]
    fn columns_that_are_not_there_are_mistakes() {
        let error = mistake(&layer(), [2, 4]);
        assert!(error.starts_with("periodic_embedding: 3 numbers and 2 indicators"), "{error}");
        let error = mistake(&PeriodicEmbedding { frequencies: 0, ..layer() }, [2, 5]);
        assert_eq!(error, "periodic_embedding: frequencies must be at least 1, but it is 0");
    }
}
