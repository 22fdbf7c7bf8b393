use chainrule_data::Task;
use chainrule_tensor::{Real, Tensor};

/// The answers of a network for the rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers<T: Real = f32> {
    /// One class for each row.
    Classes {
        /// The most likely class, by its position.
        classes: Vec<usize>,
        /// The probability of each class, `[rows, classes]`; `None` where the loss makes none.
        probabilities: Option<Tensor<T>>,
    },
    /// Numbers `[rows, outputs]`, in the units of the table.
    Values(Tensor<T>),
    /// The probability of yes for each label, `[rows, labels]`.
    Labels(Tensor<T>),
}

impl<T: Real> Answers<T> {
    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Answers::Classes { classes, .. } => classes.len(),
            Answers::Values(answers) | Answers::Labels(answers) => answers.shape().as_rows().0,
        }
    }

    /// The kind of answers.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Answers::Classes { .. } => Task::Classes,
            Answers::Values(_) => Task::Values,
            Answers::Labels(_) => Task::Labels,
        }
    }
}
