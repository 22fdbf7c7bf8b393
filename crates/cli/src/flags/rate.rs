use chainrule::nn::ConfigError;
use chainrule::train::optimizer;

/// The learning rate of an optimizer: that of its text, or one that suits small networks, or its
/// own.
///
/// # Errors
/// A text that names no optimizer.
pub fn suited(optimizer: &str) -> Result<f64, ConfigError> {
    let all = optimizer::family::<f32>().with(|entry| {
        let suited = match entry.name() {
            "adam" => 0.001,
            "sgd" => 0.1,
            _ => return,
        };
        optimizer::set_learning_rate(entry, suited);
    });
    Ok(all.by_name(optimizer)?.learning_rate())
}
