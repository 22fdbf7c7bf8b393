use std::fmt;

/// A change to a training that may cure a finding, such that a program can make it. The finding says in words what
/// else may help.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Remedy {
    /// Another activation in the hidden layers, with initial weights that fit it.
    Activation(String),
    /// Initial weights that fit the activation, and biases of zero.
    FittingInitialisation,
    /// Normalisation in front of each activation.
    Normalisation,
    /// Another loss, on outputs without an activation.
    Loss(String),
    /// No activation at the output.
    NoOutputActivation,
    /// Weights in the loss that make all classes count the same.
    ClassWeights,
    /// The learning rate times this.
    LearningRate(f64),
    /// Another optimizer.
    Optimizer(String),
    /// A gradient whose norm is at most this.
    ClipNorm(f64),
    /// Inputs of mean 0 and deviation 1.
    StandardiseInputs,
    /// Targets of mean 0 and deviation 1.
    StandardiseTargets,
    /// No inputs that never change.
    DropConstantInputs,
    /// No more epochs after so many without a better validation loss, and the weights of the best one.
    EarlyStopping(usize),
    /// This part of the hidden values left out at random in training.
    Dropout(f64),
    /// So many times as many epochs.
    Epochs(usize),
    /// So many times as many units in each hidden layer.
    Width(usize),
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::Activation(name) => write!(f, "{name}, with initial weights that fit it"),
            Remedy::FittingInitialisation => f.write_str("initial weights that fit the activation"),
            Remedy::Normalisation => f.write_str("normalisation in front of each activation"),
            Remedy::Loss(name) => write!(f, "{name} on the logits"),
            Remedy::NoOutputActivation => f.write_str("no activation at the output"),
            Remedy::ClassWeights => f.write_str("weights for the classes"),
            Remedy::LearningRate(factor) => write!(f, "learning rate times {factor}"),
            Remedy::Optimizer(name) => f.write_str(name),
            Remedy::ClipNorm(norm) => write!(f, "gradient clipped to a norm of {norm}"),
            Remedy::StandardiseInputs => f.write_str("standardised inputs"),
            Remedy::StandardiseTargets => f.write_str("standardised targets"),
            Remedy::DropConstantInputs => f.write_str("constant inputs left out"),
            Remedy::EarlyStopping(patience) => write!(f, "early stopping with a patience of {patience}"),
            Remedy::Dropout(share) => write!(f, "dropout of {share}"),
            Remedy::Epochs(times) => write!(f, "{times} times as many epochs"),
            Remedy::Width(times) => write!(f, "{times} times as wide"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_a_phrase() {
        let phrases = [Remedy::Activation("relu".to_owned()), Remedy::LearningRate(0.1), Remedy::EarlyStopping(2)];
        assert_eq!(
            phrases.map(|remedy| remedy.to_string()),
            [
                "relu, with initial weights that fit it",
                "learning rate times 0.1",
                "early stopping with a patience of 2"
            ]
        );
    }
}
