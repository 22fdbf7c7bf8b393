use chainrule_graph::Initialiser;
use chainrule_tensor::Shape;
use chainrule_tensor::random::Generator;

use super::Listed;
use crate::config::settings;

settings! {
    "identity": "gain on the diagonal, else 0";

    /// The identity matrix, times a gain of 1 by default: a linear layer that passes its inputs
    /// through as far as it has outputs for them.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Identity {
        /// The value on the diagonal.
        pub gain: f64 = 1.0;
    }
}

impl Initialiser for Identity {
    fn fill(&self, shape: Shape, values: &mut [f64], _: &mut Generator) -> Result<(), String> {
        let [_, outputs] = shape[..] else {
            return Err("identity needs weights of two axes, [inputs, outputs]".to_owned());
        };
        for (position, value) in values.iter_mut().enumerate() {
            *value = if position / outputs == position % outputs { self.gain } else { 0.0 };
        }
        Ok(())
    }
}

impl Listed for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::random::generator;

    #[test]
    fn the_diagonal_is_filled_for_any_two_lengths() {
        let fill = |shape: [usize; 2]| {
            let mut values = vec![7.0; shape[0] * shape[1]];
            Identity { gain: 2.0 }.fill(shape.into(), &mut values, &mut generator(0)).unwrap();
            values
        };
        assert_eq!(fill([2, 3]), [2.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
        assert_eq!(fill([3, 2]), [2.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
        let error =
            Identity::default().fill([3].into(), &mut [0.0; 3], &mut generator(0)).unwrap_err();
        assert_eq!(error, "identity needs weights of two axes, [inputs, outputs]");
    }
}
