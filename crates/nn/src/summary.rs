use std::collections::HashMap;
use std::fmt;

use chainrule_graph::{LayerRecord, Layout};
use chainrule_tensor::Shape;

/// A model's layers with their output shapes and numbers of parameters; its `Display` is a table.
///
/// ```
/// use chainrule_nn::{Model, Sequential};
///
/// let model = Sequential::new().linear(64, 32).relu().linear(32, 10);
/// assert_eq!(
///     model.summary([64])?.to_string(),
///     "\
/// layer       output       parameters
/// 0 (linear)  [batch, 32]       2,080
/// 1 (relu)    [batch, 32]           0
/// 2 (linear)  [batch, 10]         330
/// total                         2,410
/// "
/// );
/// # Ok::<(), chainrule_graph::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Summary {
    rows: Vec<SummaryRow>,
    parameters: usize,
}

/// One layer of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRow {
    /// The path of scopes, such as `encoder.0`.
    pub path: String,
    /// The kind of layer.
    pub kind: String,
    /// The shape of what comes out of it for a batch of one.
    pub output: Shape,
    /// The number of its parameters, those of layers inside it included.
    pub parameters: usize,
}

impl Summary {
    pub(crate) fn new(layers: &[LayerRecord], layout: &Layout) -> Self {
        // Each parameter counts for all that it is inside of; to look for each layer takes time
        // that grows with the square.
        let mut below: HashMap<&str, usize> = HashMap::new();
        for entry in layout.entries() {
            for (end, _) in entry.name.match_indices('.') {
                *below.entry(&entry.name[..end]).or_default() += entry.shape.elements();
            }
        }
        let row = |layer: &LayerRecord| SummaryRow {
            path: layer.path.clone(),
            kind: layer.kind.clone(),
            output: layer.output,
            parameters: below.get(layer.path.as_str()).copied().unwrap_or(0),
        };
        Summary { rows: layers.iter().map(row).collect(), parameters: layout.parameters() }
    }

    /// The layers, each before the layers inside it.
    #[must_use]
    pub fn rows(&self) -> &[SummaryRow] {
        &self.rows
    }

    /// The number of parameters of the whole model.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.parameters
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = vec![["layer".to_owned(), "output".to_owned(), "parameters".to_owned()]];
        for row in &self.rows {
            // Layers inside others stand further in.
            let indent = "  ".repeat(row.path.matches('.').count());
            table.push([
                format!("{indent}{} ({})", row.path, row.kind),
                batch(row.output),
                thousands(row.parameters),
            ]);
        }
        table.push(["total".to_owned(), String::new(), thousands(self.parameters)]);
        let width =
            |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (layer, output, parameters) = (width(0), width(1), width(2));
        for row in &table {
            writeln!(f, "{:<layer$}  {:<output$}  {:>parameters$}", row[0], row[1], row[2])?;
        }
        Ok(())
    }
}

fn batch(output: Shape) -> String {
    let rest: String = output.iter().skip(1).map(|length| format!(", {length}")).collect();
    format!("[batch{rest}]")
}

fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (535_818, "535,818"),
            (1_000_000, "1,000,000"),
        ] {
            assert_eq!(thousands(n), text);
        }
    }
}
