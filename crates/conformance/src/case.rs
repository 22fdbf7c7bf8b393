//! The form of the files:
//! `{"source": "PyTorch 2.15.0", "cases": [{"name": .., "config": .., ..}, ..]}`, compressed with
//! gzip.
//!
//! A tensor is `{"shape": [2, 3], "values": [..]}`; NaN and infinities, which JSON has not, are the
//! texts `"nan"`, `"inf"` and `"-inf"`. A file may have a list `skipped` of what was not taken from
//! the source. It may also have a list `tensors` of those that stand in several cases; a case's
//! `inputs` and `outputs` then hold the place in that list.

use std::io::Read;

use chainrule::prelude::*;
use serde_json::Value;

/// A file of cases.
#[derive(Debug)]
pub struct Cases {
    /// The packages that wrote it, with their versions.
    pub source: String,
    /// The cases.
    pub cases: Vec<Case>,
    /// The cases that the source has besides, and that cannot be expressed.
    pub skipped: Vec<Skipped>,
}

/// Cases of the source that are not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The case's name, or that of the operation of several cases.
    pub name: String,
    /// How many cases these are.
    pub cases: usize,
    /// Why they are not checked.
    pub why: String,
}

/// One case: named values.
#[derive(Debug)]
pub struct Case(Value);

impl Cases {
    /// Reads a compressed file.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(compressed: &[u8]) -> Result<Self, String> {
        let mut text = String::new();
        flate2::read::GzDecoder::new(compressed)
            .read_to_string(&mut text)
            .map_err(|error| error.to_string())?;
        let mut file: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let source = file["source"].as_str().ok_or("no source is named")?.to_owned();
        let Value::Array(mut cases) = file["cases"].take() else {
            return Err("there are no cases".to_owned());
        };
        cases.iter_mut().for_each(|case| resolve(case, &file["tensors"]));
        let skipped = file["skipped"]
            .as_array()
            .into_iter()
            .flatten()
            .map(Skipped::read)
            .collect::<Option<_>>();
        let skipped =
            skipped.ok_or("what is skipped needs a name, the number of cases and the reason")?;
        Ok(Cases { source, cases: cases.into_iter().map(Case).collect(), skipped })
    }
}

impl Skipped {
    fn read(entry: &Value) -> Option<Self> {
        let text = |key: &str| entry[key].as_str().map(str::to_owned);
        let cases = usize::try_from(entry["cases"].as_u64()?).ok()?;
        Some(Skipped { name: text("name")?, cases, why: text("why")? })
    }
}

/// Puts the tensors themselves where a case holds their places in the list.
fn resolve(case: &mut Value, tensors: &Value) {
    for key in ["inputs", "outputs"] {
        for tensor in case.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(shared) = tensor.as_u64().and_then(|place| tensors.get(place as usize)) {
                *tensor = shared.clone();
            }
        }
    }
}

impl Case {
    /// The case's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0["name"].as_str().unwrap_or("without a name")
    }

    /// The value of this name; `None` if the case has none.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text.
    ///
    /// # Errors
    /// That it is missing, or not a text.
    pub fn text(&self, key: &str) -> Result<&str, String> {
        self.get(key).and_then(Value::as_str).ok_or_else(|| format!("the case has no text `{key}`"))
    }

    /// A number.
    ///
    /// # Errors
    /// That it is missing, or not a number.
    pub fn number(&self, key: &str) -> Result<f64, String> {
        self.get(key).and_then(number).ok_or_else(|| format!("the case has no number `{key}`"))
    }

    /// A list of numbers.
    ///
    /// # Errors
    /// That it is missing, or not such a list.
    pub fn numbers(&self, key: &str) -> Result<Vec<f64>, String> {
        let list = self.get(key).and_then(numbers);
        list.ok_or_else(|| format!("the case has no list of numbers `{key}`"))
    }

    /// A tensor.
    ///
    /// # Errors
    /// That it is missing, or not a tensor.
    pub fn tensor(&self, key: &str) -> Result<Tensor<f64>, String> {
        let parts = self
            .get(key)
            .and_then(|tensor| Some((numbers(&tensor["shape"])?, numbers(&tensor["values"])?)));
        let (shape, values) = parts.ok_or_else(|| format!("the case has no tensor `{key}`"))?;
        let lengths: Vec<usize> = shape.iter().map(|&length| length as usize).collect();
        Tensor::new(lengths.as_slice(), values).map_err(|error| format!("tensor `{key}`: {error}"))
    }
}

fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some(text @ ("nan" | "inf" | "-inf")) => text.parse().ok(),
        _ => value.as_f64(),
    }
}

/// The numbers of a list.
/// The lengths of a shape.
pub(crate) fn lengths(value: &Value) -> Option<Vec<usize>> {
    Some(numbers(value)?.into_iter().map(|length| length as usize).collect())
}

pub(crate) fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(text: &str) -> Result<Cases, String> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        Cases::read(&encoder.finish().unwrap())
    }

    #[test]
    fn shared_tensors_are_put_in_and_what_is_skipped_is_kept() {
        let text = r#"{"source": "a", "tensors": [{"shape": []}],
            "cases": [{"inputs": [0, {"shape": [1]}], "x": 0}],
            "skipped": [{"name": "b", "cases": 2, "why": "c"}]}"#;
        let cases = read(text).unwrap();
        assert_eq!(
            cases.cases[0].get("inputs").unwrap().to_string(),
            r#"[{"shape":[]},{"shape":[1]}]"#
        );
        assert_eq!(cases.cases[0].number("x"), Ok(0.0));
        assert_eq!(
            cases.skipped,
            [Skipped { name: "b".to_owned(), cases: 2, why: "c".to_owned() }]
        );
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        assert_eq!(read(r#"{"cases": []}"#).unwrap_err(), "no source is named");
        assert_eq!(read(r#"{"source": "a"}"#).unwrap_err(), "there are no cases");
        let why = read(r#"{"source": "a", "cases": [], "skipped": [{"name": "b"}]}"#).unwrap_err();
        assert_eq!(why, "what is skipped needs a name, the number of cases and the reason");
        assert!(Cases::read(b"no gzip").is_err());
    }
}
