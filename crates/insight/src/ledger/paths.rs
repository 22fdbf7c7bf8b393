use chainrule_graph::{Grads, Params, Plan, Source, WatchedBack, Workspace, on_backward};
use chainrule_tensor::Real;
use chainrule_tensor::gemm::Put;

/// One operand of one operation on the way from the loss to a parameter.
pub(super) struct Edge {
    /// The operation's position among the steps.
    pub(super) consumer: usize,
    pub(super) input: usize,
    pub(super) source: Source,
}

/// All edges on the ways from the loss to a parameter, from the loss on.
pub(super) struct Edges {
    pub(super) edges: Vec<Edge>,
    /// The number of paths.
    pub(super) count: f64,
    /// The edges counted once for each path from the loss to them.
    pub(super) without_table: f64,
    steps: usize,
}

impl Edges {
    /// One way back, which also gives the gradient.
    pub(super) fn find<T: Real>(
        plan: &Plan<T>,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        grads: &mut Grads<T>,
        parameter: usize,
    ) -> Self {
        let sources = plan.sources();
        let mut edges = Vec::new();
        let mut observer = on_backward(|watched: WatchedBack<'_, T>| {
            let consumer = watched.op.position();
            let operands = sources[consumer].iter().enumerate();
            let wanted = operands.filter(|(input, _)| watched.wants(*input));
            edges.extend(wanted.map(|(input, &source)| Edge { consumer, input, source }));
        });
        plan.backward_watched(params, workspace, grads, (Put::Set, &[T::ONE]), &mut observer);
        drop(observer);
        let mut leads = vec![false; sources.len()];
        let on_the_way = |leads: &[bool], edge: &Edge| match edge.source {
            Source::Param(position) => position == parameter,
            Source::Step(step) => leads[step],
            Source::Given => false,
        };
        for edge in edges.iter().rev() {
            leads[edge.consumer] |= on_the_way(&leads, edge);
        }
        edges.retain(|edge| on_the_way(&leads, edge));

        let mut ways = vec![0.0; sources.len()];
        edges.first().into_iter().for_each(|edge| ways[edge.consumer] = 1.0);
        // A loss that is the parameter itself has one path, without an edge.
        let (mut count, mut without_table) = (if edges.is_empty() { 1.0 } else { 0.0 }, 0.0);
        for edge in &edges {
            let here = ways[edge.consumer];
            without_table += here;
            match edge.source {
                Source::Step(step) => ways[step] += here,
                _ => count += here,
            }
        }
        Edges { edges, count, without_table, steps: sources.len() }
    }

    /// The step that gives the loss, if it is not the parameter itself.
    pub(super) fn root(&self) -> Option<usize> {
        self.edges.first().map(|edge| edge.consumer)
    }

    /// The number of operations on the way.
    pub(super) fn operations(&self) -> usize {
        let mut consumers: Vec<usize> = self.edges.iter().map(|edge| edge.consumer).collect();
        consumers.dedup();
        consumers.len()
    }

    /// The first paths, at most `most`, each as positions of its edges with the product of its
    /// Jacobians: the chain rule without a table.
    pub(super) fn paths<T: Real>(
        &self,
        plan: &Plan<T>,
        params: &Params<T>,
        workspace: &mut Workspace<T>,
        most: usize,
    ) -> Vec<(Vec<usize>, Vec<f64>)> {
        type Begun<T> = (Vec<usize>, Vec<T>);
        let begin: Begun<T> = (Vec::new(), vec![T::ONE]);
        // Every beginning leads on, so that no more of them are needed at any operation than paths
        // in the end.
        let mut arrived: Vec<Vec<Begun<T>>> = (0..self.steps).map(|_| Vec::new()).collect();
        let mut complete: Vec<Begun<T>> = Vec::new();
        match self.edges.first() {
            Some(edge) => arrived[edge.consumer].push(begin),
            None => complete.push(begin),
        }
        let mut next = 0;
        let mut observer = on_backward(|watched: WatchedBack<'_, T>| {
            let step = watched.op.position();
            let here = self.edges[next..].iter().take_while(|edge| edge.consumer == step).count();
            let range = next..next + here;
            next += here;
            for (path, product) in std::mem::take(&mut arrived[step]) {
                if here == 0 {
                    continue;
                }
                let pulled = watched.pull_back(&product);
                for position in range.clone() {
                    let edge = &self.edges[position];
                    let onward = match edge.source {
                        Source::Step(step) => &mut arrived[step],
                        _ => &mut complete,
                    };
                    if let (true, Some(product)) = (onward.len() < most, &pulled[edge.input]) {
                        let path = path.iter().copied().chain([position]).collect();
                        onward.push((path, product.to_vec()));
                    }
                }
            }
        });
        let whole = (Put::Set, &[T::ONE][..]);
        plan.backward_watched(params, workspace, &mut plan.grads(), whole, &mut observer);
        drop(observer);
        complete.truncate(most);
        let to_f64 =
            |(path, product): Begun<T>| (path, product.into_iter().map(T::to_f64).collect());
        complete.into_iter().map(to_f64).collect()
    }
}
