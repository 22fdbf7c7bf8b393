//! Residuals that are recorded in a graph, and their Jacobian from it.

use chainrule_graph::{Grads, Graph, NodeId, Params, Plan, Var, Workspace};
use chainrule_nn::Layer;
use chainrule_tensor::{Dual, Tensor};

use super::solve::Residuals;
use super::{LeastSquares, LeastSquaresError, LeastSquaresFit, bounds};

impl LeastSquares {
    /// Moves `params` to a minimum of the sum of squares of residuals that are recorded in a graph:
    /// a variable of any shape, each element a residual. Data enter it as constants.
    ///
    /// ```
    /// use chainrule_graph::{Graph, Params, Var};
    /// use chainrule_tensor::{Dual, Tensor};
    /// use chainrule_train::LeastSquares;
    ///
    /// /// The distances of points from a circle of unknown centre and radius.
    /// fn distances(graph: &Graph<Dual>) -> Var<'_, Dual> {
    ///     let points = Tensor::from_rows([[1.0, 5.0], [4.0, 2.0], [-2.0, 2.0], [1.1, -1.0]]);
    ///     let (centre, radius) =
    ///         (graph.param("centre", [2], 0.0), graph.param("radius", [], 1.0));
    ///     (graph.constant(&points.cast()) - centre).square().sum(1).sqrt() - radius
    /// }
    ///
    /// let graph = Graph::new();
    /// let mut params = graph.plan_with_upstream(distances(&graph))?.init(0)?.cast();
    /// let fit = LeastSquares::default().solve(&mut params, distances)?;
    /// assert_eq!(fit.names, ["centre[0]", "centre[1]", "radius"]);
    /// assert!((fit.parameters[2] - 3.0).abs() < 0.01);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Layers behave as in evaluation, and what is random draws the same numbers in each
    /// evaluation.
    ///
    /// # Errors
    /// The first mistake of the recording, and as [`minimise`](LeastSquares::minimise).
    pub fn solve<F>(
        &self,
        params: &mut Params<f64>,
        residuals: F,
    ) -> Result<LeastSquaresFit, LeastSquaresError>
    where
        F: for<'g> FnOnce(&'g Graph<Dual>) -> Var<'g, Dual>,
    {
        self.solve_counted(params, None, residuals)
    }

    /// Fits a layer or a network, recorded on dual numbers, to values: `inputs` is
    /// `[samples, features..]`, `values` has the shape of the model's output. `weights`, one for
    /// each sample, multiply the squares; by default all are 1.
    ///
    /// ```
    /// use chainrule_nn::{Model, Sequential};
    /// use chainrule_tensor::{Dual, Tensor};
    /// use chainrule_train::LeastSquares;
    ///
    /// let model = Sequential::<Dual>::default().linear(1, 3).tanh().linear(3, 1);
    /// let mut params = model.init([1], 0)?.cast();
    /// let x = Tensor::from_fn([20, 1], |i| i as f64 / 5.0 - 2.0);
    /// let y = x.map(f64::sin);
    /// let fit = LeastSquares::default().fit(&model, &mut params, &x, &y, None)?;
    /// assert!(fit.sum_of_squares < 1e-4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Data, model and weights that do not fit together, and as [`solve`](LeastSquares::solve).
    pub fn fit(
        &self,
        model: &dyn Layer<Dual>,
        params: &mut Params<f64>,
        inputs: &Tensor<f64>,
        values: &Tensor<f64>,
        weights: Option<&[f64]>,
    ) -> Result<LeastSquaresFit, LeastSquaresError> {
        let samples = values.shape().as_rows().0;
        let roots = roots(weights, samples)?;
        let counted = roots.as_ref().map(|r| counted(r) * values.shape().as_rows().1);
        self.solve_counted(params, counted, |graph| {
            let prediction = model.forward(graph.constant(&inputs.cast()));
            if prediction.shape() != values.shape() && graph.check_error().is_ok() {
                let (output, given) = (prediction.shape(), values.shape());
                graph.fail(format!("the model gives {output} where the values have shape {given}"));
            }
            let residuals = prediction - graph.constant(&values.cast());
            match &roots {
                Some(roots) => {
                    let lengths: Vec<usize> = match values.shape().rank() {
                        0 | 1 => vec![samples],
                        rank => {
                            let mut lengths = values.shape().to_vec();
                            lengths[rank - 1] = 1;
                            lengths
                        }
                    };
                    let root = Tensor::new(lengths.as_slice(), roots.clone());
                    residuals * graph.constant(&root.expect("one for each row").cast())
                }
                None => residuals,
            }
        })
    }

    /// Fits a curve `y = f(x; b)` from first values of its parameters, by name. `x` holds the
    /// columns of the data; `model` is given the parameters and the columns as variables, and gives
    /// one value for each sample. `weights`, one for each sample, multiply the squares, as
    /// `1 / sigma^2` of the values does; by default all are 1.
    ///
    /// A plain number stands before an operator, as in `0.5 * x[0]` and `-1.0 + x[0]`; behind one,
    /// and as the exponent of [`powf`](Var::powf), it is `Dual::constant(0.5)`.
    ///
    /// ```
    /// use chainrule_train::LeastSquares;
    ///
    /// let x = [1.309, 1.471, 1.490, 1.565, 1.611, 1.680];
    /// let y = [2.138, 3.421, 3.597, 4.340, 4.882, 5.660];
    /// let fit = LeastSquares::default()
    ///     .fit_curve(&[("b1", 1.0), ("b2", 5.0)], &[&x], &y, None, |b, x| b[0] * x[0].pow(b[1]))?;
    /// assert!((fit.parameters[1] - 3.8604055871).abs() < 1e-8, "{fit}");
    /// # Ok::<(), chainrule_train::LeastSquaresError>(())
    /// ```
    ///
    /// # Errors
    /// Data and weights that do not fit together, a name given twice, and as
    /// [`solve`](LeastSquares::solve).
    pub fn fit_curve<F>(
        &self,
        start: &[(&str, f64)],
        x: &[&[f64]],
        y: &[f64],
        weights: Option<&[f64]>,
        model: F,
    ) -> Result<LeastSquaresFit, LeastSquaresError>
    where
        F: for<'g> FnOnce(&[Var<'g, Dual>], &[Var<'g, Dual>]) -> Var<'g, Dual>,
    {
        if let Some((column, values)) = x.iter().enumerate().find(|(_, x)| x.len() != y.len()) {
            let (given, samples) = (values.len(), y.len());
            let why = format!("column {column} of x has {given} values, y has {samples}");
            return Err(LeastSquaresError::Data(why));
        }
        if let Some((i, (name, _))) =
            start.iter().enumerate().find(|(i, s)| start[..*i].iter().any(|t| t.0 == s.0))
        {
            let why = format!("parameter {i} is named `{name}`, as one before it");
            return Err(LeastSquaresError::Setting(why));
        }
        let roots = roots(weights, y.len())?;
        let declare = Graph::<Dual>::new();
        start.iter().for_each(|(name, value)| {
            let _ = declare.param(name, [], *value);
        });
        let mut params = Params::<f64>::init(declare.layout(), 0)?;
        let column = |values: &[f64]| Tensor::<f64>::from(values.to_vec()).cast::<Dual>();
        self.solve_counted(&mut params, roots.as_ref().map(|r| counted(r)), |graph| {
            let b: Vec<_> =
                start.iter().map(|(name, value)| graph.param(name, [], *value)).collect();
            let columns: Vec<_> = x.iter().map(|x| graph.constant(&column(x))).collect();
            let value = model(&b, &columns);
            let fits = value.shape() == y.len().into() || value.shape() == [].into();
            if !fits && graph.check_error().is_ok() {
                let (shape, samples) = (value.shape(), y.len());
                graph.fail(format!("the curve gives {shape} where there are {samples} values"));
            }
            let residuals = value - graph.constant(&column(y));
            roots.as_ref().map_or(residuals, |roots| residuals * graph.constant(&column(roots)))
        })
    }

    fn solve_counted<F>(
        &self,
        params: &mut Params<f64>,
        counted: Option<usize>,
        residuals: F,
    ) -> Result<LeastSquaresFit, LeastSquaresError>
    where
        F: for<'g> FnOnce(&'g Graph<Dual>) -> Var<'g, Dual>,
    {
        let graph = Graph::with_params(&params.cast::<Dual>()).evaluating();
        let root = residuals(&graph);
        let mut problem = Recorded::new(root, params.cast())?;
        self.check_size(problem.residuals.len(), problem.places.len())?;
        let (names, groups) = names(params);
        let bounds = bounds::of(&self.bounds, &groups)?;
        let mut values: Vec<f64> = problem.places.iter().map(|&i| params.values()[i]).collect();
        let counted = counted.unwrap_or(problem.residuals.len());
        let fit = self.run(names, &mut values, counted, &bounds, &mut problem)?;
        for (&place, value) in problem.places.iter().zip(values) {
            params.values_mut()[place] = value;
        }
        Ok(fit)
    }
}

/// The name of each element, and that of its parameter.
fn names(params: &Params<f64>) -> (Vec<String>, Vec<&str>) {
    let entries = params.layout().entries().iter();
    let each = entries.flat_map(|entry| {
        let name = entry.name.as_str();
        let one = entry.shape.rank() == 0;
        let of = move |i| if one { name.to_owned() } else { format!("{name}[{i}]") };
        (0..entry.shape.elements()).map(move |i| (of(i), name))
    });
    each.unzip()
}

/// The roots of the weights.
fn roots(weights: Option<&[f64]>, samples: usize) -> Result<Option<Vec<f64>>, LeastSquaresError> {
    let Some(weights) = weights else { return Ok(None) };
    if weights.len() != samples {
        let given = weights.len();
        return Err(LeastSquaresError::Data(format!("{given} weights for {samples} samples")));
    }
    // Written so that NaN does not pass.
    let bad = weights.iter().position(|&weight| !(weight >= 0.0 && weight.is_finite()));
    if let Some(sample) = bad {
        let weight = weights[sample];
        let why =
            format!("the weight of sample {sample} is {weight}, but weights are not negative");
        return Err(LeastSquaresError::Data(why));
    }
    Ok(Some(weights.iter().map(|weight| weight.sqrt()).collect()))
}

fn counted(roots: &[f64]) -> usize {
    roots.iter().filter(|root| **root > 0.0).count()
}

/// Residuals as the root of a plan on dual numbers.
struct Recorded {
    plan: Plan<Dual>,
    workspace: Workspace<Dual>,
    params: Params<Dual>,
    grads: Grads<Dual>,
    root: NodeId,
    /// Where the parameters lie in the flat vector.
    places: Vec<usize>,
    residuals: Vec<f64>,
}

impl Recorded {
    fn new(root: Var<'_, Dual>, params: Params<Dual>) -> Result<Self, LeastSquaresError> {
        let plan = root.graph().plan_with_upstream(root)?;
        let entries = params.layout().entries().iter();
        Ok(Recorded {
            workspace: plan.workspace(),
            grads: plan.grads(),
            places: entries.flat_map(|entry| entry.range.clone()).collect(),
            residuals: vec![0.0; root.shape().elements()],
            root: root.id(),
            params,
            plan,
        })
    }

    fn forward(&mut self) {
        self.workspace.seed(0);
        self.plan.forward(&self.params, &mut self.workspace);
    }

    fn set(&mut self, parameters: &[f64]) {
        for (&place, &value) in self.places.iter().zip(parameters) {
            self.params.values_mut()[place] = Dual::constant(value);
        }
    }

    /// Forward, a column of the Jacobian for each parameter.
    fn by_columns(&mut self) -> Vec<Vec<f64>> {
        let mut columns = Vec::with_capacity(self.places.len());
        for j in 0..self.places.len() {
            self.params.values_mut()[self.places[j]].tangent = 1.0;
            self.forward();
            self.params.values_mut()[self.places[j]].tangent = 0.0;
            let root = self.workspace.value(self.root).values();
            columns.push(root.iter().map(|dual| dual.tangent).collect());
        }
        columns
    }

    /// Backward, a row of the Jacobian for each residual.
    fn by_rows(&mut self) -> Vec<Vec<f64>> {
        let count = self.residuals.len();
        let mut columns = vec![vec![0.0; count]; self.places.len()];
        self.forward();
        for row in 0..count {
            let mut seed = vec![Dual::constant(0.0); count];
            seed[row] = Dual::constant(1.0);
            self.plan.backward_with(&self.params, &mut self.workspace, &mut self.grads, &seed);
            for (column, &place) in columns.iter_mut().zip(&self.places) {
                column[row] = self.grads.values()[place].value;
            }
        }
        columns
    }
}

impl Residuals for Recorded {
    fn residuals(&mut self, parameters: &[f64]) -> &[f64] {
        self.set(parameters);
        self.forward();
        let root = self.workspace.value(self.root).values();
        self.residuals.iter_mut().zip(root).for_each(|(r, dual)| *r = dual.value);
        &self.residuals
    }

    fn jacobian(&mut self, parameters: &[f64]) -> Vec<Vec<f64>> {
        self.set(parameters);
        if parameters.len() <= self.residuals.len() { self.by_columns() } else { self.by_rows() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jacobian_taken_backward_is_that_taken_forward() {
        let graph = Graph::<Dual>::new();
        let x = graph.constant(&Tensor::<f64>::from_fn([4, 2], |i| (i as f64 * 1.7).sin()).cast());
        let w = graph.param("w", [2, 3], 0.3);
        let b = graph.param("b", [3], 0.5);
        let root = (x.affine(w, b).tanh() * b.sum(..)).max(1);
        let mut problem = Recorded::new(root, Params::init(graph.layout(), 0).unwrap()).unwrap();
        assert_eq!((problem.places.len(), problem.residuals.len()), (9, 4));
        let point: Vec<f64> = (0..9).map(|i| (i as f64 * 0.8).cos()).collect();
        problem.set(&point);
        let (forward, backward) = (problem.by_columns(), problem.by_rows());
        let numbers = || forward.as_slice().concat().into_iter().zip(backward.as_slice().concat());
        assert!(numbers().all(|(a, b)| (a - b).abs() < 1e-15), "{forward:?} {backward:?}");
        assert!(numbers().filter(|(a, _)| *a != 0.0).count() > 12, "{forward:?}");
        assert_eq!(problem.jacobian(&point), backward);
    }
}
