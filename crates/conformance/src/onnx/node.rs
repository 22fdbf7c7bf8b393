//! The content of a case: an operator, its attributes, its inputs and its results.

use chainrule::prelude::*;
use serde_json::Value;

use crate::case::numbers;
use crate::{Case, Tolerance, close};

/// One operator applied once.
pub(super) struct Node {
    pub(super) op: String,
    attributes: Value,
    /// The inputs by position; an optional one may be left out.
    pub(super) inputs: Vec<Option<Tensor<f64>>>,
    outputs: Vec<Expected>,
    double: bool,
}

/// A result: its shape, and every so many of its numbers.
struct Expected {
    shape: Vec<usize>,
    every: usize,
    values: Vec<f64>,
}

impl Node {
    pub(super) fn read(case: &Case) -> Result<Self, String> {
        let list = |key: &str| {
            case.get(key)
                .and_then(Value::as_array)
                .ok_or_else(|| format!("the case has no `{key}`"))
        };
        let inputs = list("inputs")?.iter().map(|tensor| {
            if tensor.is_null() {
                return Ok(None);
            }
            let Expected { shape, values, .. } = Expected::read(tensor)?;
            Tensor::new(shape.as_slice(), values).map(Some).map_err(|error| error.to_string())
        });
        Ok(Node {
            op: case.text("op")?.to_owned(),
            attributes: case.get("attributes").cloned().unwrap_or_default(),
            inputs: inputs.collect::<Result<_, String>>()?,
            outputs: list("outputs")?.iter().map(Expected::read).collect::<Result<_, _>>()?,
            double: list("inputs")?[0]["dtype"] == "float64",
        })
    }

    /// Returns true if ONNX computed in `f64`.
    pub(super) fn is_double(&self) -> bool {
        self.double
    }

    /// The number of results.
    pub(super) fn results(&self) -> usize {
        self.outputs.len()
    }

    /// The input at this position.
    pub(super) fn input(&self, position: usize) -> Result<&Tensor<f64>, String> {
        self.optional(position).ok_or_else(|| format!("{} has no input {position}", self.op))
    }

    /// The input at this position, if it is there.
    pub(super) fn optional(&self, position: usize) -> Option<&Tensor<f64>> {
        self.inputs.get(position).and_then(Option::as_ref)
    }

    /// The number at this position, or another one if it is left out.
    pub(super) fn scalar(&self, position: usize, default: f64) -> f64 {
        self.optional(position).map_or(default, |x| x.values()[0])
    }

    /// The whole numbers at this position, such as axes or lengths; none if they are left out.
    pub(super) fn whole(&self, position: usize) -> Option<Vec<i64>> {
        self.optional(position).map(|x| x.values().iter().map(|&x| x as i64).collect())
    }

    /// Returns true if an attribute is given.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.attributes[name].is_null()
    }

    /// An attribute that is a number.
    pub(super) fn number(&self, name: &str, default: f64) -> f64 {
        self.attributes[name].as_f64().unwrap_or(default)
    }

    /// An attribute that is a whole number.
    pub(super) fn integer(&self, name: &str, default: i64) -> i64 {
        self.attributes[name].as_i64().unwrap_or(default)
    }

    /// An attribute that is a text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.attributes[name].as_str().unwrap_or_default()
    }

    /// An attribute that is a list of positions.
    pub(super) fn positions(&self, name: &str) -> Option<Vec<usize>> {
        self.attributes[name].as_array()?.iter().map(|x| x.as_u64().map(|x| x as usize)).collect()
    }

    /// The axis that an attribute names, counted from the end if it is negative.
    pub(super) fn axis(&self, default: i64) -> Result<usize, String> {
        Ok(counted(self.integer("axis", default), self.input(0)?.shape().rank()))
    }

    /// Compares shapes and numbers of the results with those of ONNX.
    pub(super) fn compare<T: Real>(
        &self,
        got: &[Tensor<T>],
        tolerance: Tolerance,
    ) -> Result<(), String> {
        if got.len() != self.outputs.len() {
            return Err(format!("{} results, {} are expected", got.len(), self.outputs.len()));
        }
        for (position, (got, expected)) in got.iter().zip(&self.outputs).enumerate() {
            if *got.shape() != *expected.shape {
                return Err(format!(
                    "result {position}: shape {}, {:?} is expected",
                    got.shape(),
                    expected.shape
                ));
            }
            let sample: Vec<f64> =
                got.values().iter().step_by(expected.every).map(|x| x.to_f64()).collect();
            close(&format!("result {position}"), &sample, &expected.values, tolerance)?;
        }
        Ok(())
    }
}

impl Expected {
    fn read(tensor: &Value) -> Result<Self, String> {
        let whole = |value: &Value| value.as_u64().map(|x| x as usize);
        let read = || {
            let shape = tensor["shape"].as_array()?.iter().map(whole).collect::<Option<_>>()?;
            let mut values = numbers(&tensor["values"])?;
            if tensor["dtype"] == "float32" {
                // A text names the nearest number of 32 bits.
                values.iter_mut().for_each(|x| *x = f64::from(*x as f32));
            }
            Some(Expected { shape, every: whole(&tensor["every"])?, values })
        };
        read().ok_or_else(|| "a tensor needs a shape and values".to_owned())
    }
}

/// A position among `length`, counted from the end if it is negative.
pub(super) fn counted(position: i64, length: usize) -> usize {
    if position < 0 { length - position.unsigned_abs() as usize } else { position as usize }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn results_are_compared_in_shape_in_number_and_by_sample() {
        let tensor = json!({"dtype": "float32", "shape": [1, 3], "every": 2, "values": [0.1, 3]});
        let expected = Expected::read(&tensor).unwrap();
        // The number of 32 bits, not that of 64 which the text names.
        assert_eq!(expected.values, [f64::from(0.1_f32), 3.0]);
        let node = Node {
            op: String::new(),
            attributes: Value::Null,
            inputs: vec![],
            outputs: vec![expected],
            double: false,
        };
        let compare = |got: &[Tensor<f32>]| node.compare(got, Tolerance::DOUBLE);
        assert_eq!(compare(&[Tensor::from_rows([[0.1, 7.0, 3.0]])]), Ok(()));
        assert!(
            compare(&[Tensor::from_rows([[0.1, 7.0, 4.0]])])
                .unwrap_err()
                .starts_with("result 0: 4e0 at 1")
        );
        let flat = compare(&[Tensor::from(vec![0.1, 7.0, 3.0])]).unwrap_err();
        assert_eq!(flat, "result 0: shape [3], [1, 3] is expected");
        assert_eq!(compare(&[]).unwrap_err(), "0 results, 1 are expected");
    }

    #[test]
    fn positions_count_from_either_end() {
        assert_eq!((counted(1, 3), counted(-1, 3), counted(-3, 3)), (1, 2, 0));
    }
}
