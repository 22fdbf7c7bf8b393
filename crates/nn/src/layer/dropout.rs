use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::noise::{Line, Noise};
use super::{Layer, Listed, checked};
use crate::config::settings;

settings! {
    "dropout": "x / (1 - p) with probability 1 - p, else 0";

    /// Dropout: in training `y = x / (1 - p)` with probability `1 - p` and 0 with probability `p`,
    /// for each element anew; in evaluation `y = x`. The derivative is what `x` was multiplied
    /// with.
    ///
    /// The division keeps the mean of what comes out, so that evaluation needs no correction
    /// ("inverted" dropout). With `p = 1` all is zero. `p = 0.5` by default, as in PyTorch. The
    /// elements are drawn from the workspace's generator: a workspace of the same
    /// [`seed`](chainrule_graph::Workspace::seed) drops the same ones.
    ///
    /// A `p` outside of `[0, 1]` is a mistake that planning reports.
    ///
    /// Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: A Simple Way
    /// to Prevent Neural Networks from Overfitting", 2014.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Dropout {
        /// The probability that an element is dropped.
        pub p: f64 = 0.5, within(0.0..=1.0);
    }
}

impl<T: Real> Layer<T> for Dropout {
    fn kind(&self) -> &str {
        "dropout"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        if !graph.is_training() || self.p == 0.0 {
            return x;
        }
        let line = |p: f64| {
            let keep = 1.0 - p;
            let scale = if keep == 0.0 { 0.0 } else { 1.0 / keep };
            Line { scale, shift: 0.0, offset: 0.0 }
        };
        graph.apply(Noise { name: "dropout", p: self.p, line }, &[x])
    }
}

impl<T: Real> Listed<T> for Dropout {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{mistake, pass};
    use chainrule_graph::{Graph, on_forward};
    use chainrule_tensor::Tensor;

    #[test]
    fn a_share_of_elements_is_dropped_and_the_others_make_up_for_it() {
        for p in [0.1, 0.5, 0.8] {
            let x = Tensor::<f64>::ones([200, 300]);
            let [y, dx] = pass(&Dropout { p }, &x, 7);
            let kept = 1.0 / (1.0 - p);
            assert!(y.values().iter().all(|&y| y == 0.0 || y == kept));
            // The upstream gradient is one everywhere.
            assert_eq!(dx, y);
            let n = 60_000.0_f64;
            let dropped = y.values().iter().filter(|&&y| y == 0.0).count() as f64;
            // Five standard errors of a share.
            assert!(
                (dropped / n - p).abs() < 5.0 * (p * (1.0 - p) / n).sqrt(),
                "{dropped} of {n} dropped for p = {p}"
            );
        }
    }

    #[test]
    fn the_same_seed_drops_the_same_elements_and_a_second_pass_others() {
        let x = Tensor::<f64>::ones([5, 40]);
        assert_eq!(pass(&Dropout::default(), &x, 3), pass(&Dropout::default(), &x, 3));
        assert_ne!(pass(&Dropout::default(), &x, 3), pass(&Dropout::default(), &x, 4));
    }

    #[test]
    fn a_pass_that_was_rewound_drops_the_same_elements_watched_or_not() {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", [40]);
        let y = Dropout::default().forward(x).keep();
        let plan = graph.plan_forward(&[y]).unwrap();
        let (params, mut workspace) = (plan.init(0).unwrap(), plan.workspace());
        workspace.set(x, &[1.0; 40]).unwrap();
        plan.forward(&params, &mut workspace);
        plan.forward_watched(&params, &mut workspace, &mut on_forward(|_| {}));
        let watched = workspace.value(y).values().to_vec();
        workspace.rewind();
        plan.forward(&params, &mut workspace);
        assert_eq!(workspace.value(y).values(), watched);
        assert!(watched.contains(&0.0) && watched.contains(&2.0));
    }

    #[test]
    fn a_workspace_may_drop_a_part_of_the_share() {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", [200, 300]).keep_gradient();
        let y = Dropout { p: 0.4 }.forward(x).keep();
        let plan = graph.plan(y.sum(..)).unwrap();
        let (params, mut workspace, mut grads) =
            (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        workspace.set(x, &[1.0; 60_000]).unwrap();
        for (noise, p) in [(1.0, 0.4), (0.25, 0.1), (0.0, 0.0)] {
            workspace.set_noise(noise);
            plan.forward(&params, &mut workspace);
            plan.backward(&params, &mut workspace, &mut grads);
            let y = workspace.value(y).values();
            assert_eq!(y, workspace.gradient(x).values());
            assert!(y.iter().all(|&y| y == 0.0 || (y - 1.0 / (1.0 - p)).abs() < 1e-15));
            let dropped = y.iter().filter(|&&y| y == 0.0).count() as f64 / 60_000.0;
            assert!((dropped - p).abs() <= 5.0 * (p * (1.0 - p) / 60_000.0_f64).sqrt());
        }
    }

    #[test]
    fn all_or_nothing_and_nan() {
        let x = Tensor::from(vec![1.0, f64::NAN, -3.0]);
        let [y, dx] = pass(&Dropout { p: 1.0 }, &x, 0);
        assert_eq!((y.values()[0], y.values()[2], dx.values()), (0.0, 0.0, &[0.0; 3][..]));
        assert!(y.values()[1].is_nan());
        let [y, dx] = pass(&Dropout { p: 0.0 }, &x, 0);
        assert_eq!((y.values()[0], y.values()[2], dx.values()), (1.0, -3.0, &[1.0; 3][..]));
    }

    #[test]
    fn a_probability_outside_is_a_mistake() {
        for p in [-0.1, 1.5, f64::NAN] {
            let message = format!("dropout: p must lie in [0, 1], but it is {p}");
            assert_eq!(mistake(&Dropout { p }, [2, 3]), message);
        }
    }
}
