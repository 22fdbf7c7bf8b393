use chainrule_tensor::Real;

use super::{Operand, Plan};

/// Where an operand of a step comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A parameter, by its position in the [`layout`](Plan::layout).
    Param(usize),
    /// The value of an earlier step, by its position in [`steps`](Plan::steps).
    Step(usize),
    /// An input, a constant or a statistic such as a running mean.
    Given,
}

impl<T: Real> Plan<T> {
    /// Where each operand of each step comes from, in the order of [`steps`](Plan::steps).
    #[must_use]
    pub fn sources(&self) -> Vec<Vec<Source>> {
        // Buffers are reused: it is who wrote one last before the step.
        let mut writer = vec![None; self.value_lens.len()];
        let steps = self.steps.iter().enumerate().map(|(position, step)| {
            let source = |operand| match (operand, self.parameter(operand)) {
                (_, Some(position)) => Source::Param(position),
                (Operand::Value { buffer, .. }, None) => {
                    writer[*buffer].map_or(Source::Given, Source::Step)
                }
                _ => Source::Given,
            };
            let sources = step.operands.iter().map(source).collect();
            writer[step.output] = Some(position);
            sources
        });
        steps.collect()
    }

    /// The position in the layout of the parameter that an operand is.
    pub(crate) fn parameter(&self, operand: &Operand) -> Option<usize> {
        let Operand::Param(range) = operand else { return None };
        self.layout.entries().iter().position(|entry| entry.range == *range)
    }

    /// The name of an operand in messages.
    pub(crate) fn operand_name(&self, operand: &Operand, source: Source) -> String {
        let input = |buffer: &usize| {
            self.bindings.nodes.iter().find(|node| node.is_input && node.value == Some(*buffer))
        };
        match (operand, source) {
            (_, Source::Param(position)) => {
                format!("parameter `{}`", self.layout.entries()[position].name)
            }
            (_, Source::Step(position)) => {
                format!("the value of `{}`", self.steps[position].op.name())
            }
            (Operand::Value { buffer, .. }, Source::Given) => input(buffer)
                .map_or_else(|| "an input".to_owned(), |input| format!("input `{}`", input.name)),
            (Operand::Statistic(range), Source::Given) => {
                let statistic = self.layout.statistics().iter().find(|entry| entry.range == *range);
                statistic.map_or_else(
                    || "a statistic".to_owned(),
                    |entry| format!("statistic `{}`", entry.name),
                )
            }
            (Operand::Constant(_) | Operand::Param(_), Source::Given) => "a constant".to_owned(),
        }
    }

    /// The length of the first axis of all inputs, if they agree: the number of samples of a batch.
    pub(crate) fn samples(&self) -> Option<usize> {
        let mut lengths = self
            .bindings
            .nodes
            .iter()
            .filter(|node| node.is_input)
            .map(|node| node.shape.first().copied());
        let first = lengths.next()??;
        lengths.all(|length| length == Some(first)).then_some(first)
    }
}
