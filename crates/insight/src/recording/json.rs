//! Values as JSON and back, without loss.

use std::collections::BTreeSet;
use std::sync::Mutex;

use chainrule_tensor::Shape;
use serde_json::Value;

/// A value that is written as JSON and read again. A number that JSON has no word for is text:
/// `NaN`, `Infinity`, `-Infinity`.
pub(super) trait Json: Sized {
    fn write(&self) -> Value;

    fn read(value: &Value) -> Result<Self, Wrong>;
}

/// A value that is not what it should be.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Its place, such as `log.records[3]`; empty for the value itself.
    pub(super) at: String,
    pub(super) expected: &'static str,
}

impl Wrong {
    pub(super) fn new(expected: &'static str) -> Self {
        Wrong { at: String::new(), expected }
    }

    /// The same mistake, seen from what the value is a part of.
    pub(super) fn within(mut self, part: &str) -> Self {
        let dot = if self.at.is_empty() || self.at.starts_with('[') { "" } else { "." };
        self.at = format!("{part}{dot}{}", self.at);
        self
    }
}

/// The member of this name of an object.
pub(super) fn member<V: Json>(object: &Value, name: &str) -> Result<V, Wrong> {
    let value = object.as_object().ok_or(Wrong::new("an object"))?.get(name);
    value.ok_or(Wrong::new("there")).and_then(V::read).map_err(|wrong| wrong.within(name))
}

/// That an object has no members but these, which are all that is read.
pub(super) fn no_others(object: &Value, known: &[&str]) -> Result<(), Wrong> {
    let members = object.as_object().ok_or(Wrong::new("an object"))?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Wrong::new("left out, since no recording has it").within(name)),
        None => Ok(()),
    }
}

impl Json for f64 {
    fn write(&self) -> Value {
        match *self {
            x if x.is_finite() => x.into(),
            x if x.is_nan() => "NaN".into(),
            x if x > 0.0 => "Infinity".into(),
            _ => "-Infinity".into(),
        }
    }

    fn read(value: &Value) -> Result<Self, Wrong> {
        match value.as_str() {
            Some("NaN") => Ok(f64::NAN),
            Some("Infinity") => Ok(f64::INFINITY),
            Some("-Infinity") => Ok(f64::NEG_INFINITY),
            _ => value.as_f64().ok_or(Wrong::new("a number")),
        }
    }
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {$(
        impl Json for $type {
            fn write(&self) -> Value {
                (*self).into()
            }

            fn read(value: &Value) -> Result<Self, Wrong> {
                value.as_u64().and_then(|x| x.try_into().ok()).ok_or(Wrong::new("a whole number"))
            }
        }
    )*};
}

whole_numbers!(u32, u64, usize);

impl Json for bool {
    fn write(&self) -> Value {
        (*self).into()
    }

    fn read(value: &Value) -> Result<Self, Wrong> {
        value.as_bool().ok_or(Wrong::new("true or false"))
    }
}

impl Json for String {
    fn write(&self) -> Value {
        self.as_str().into()
    }

    fn read(value: &Value) -> Result<Self, Wrong> {
        value.as_str().map(str::to_owned).ok_or(Wrong::new("text"))
    }
}

/// Names of metrics live as long as the program; each that a file names is kept once.
impl Json for &'static str {
    fn write(&self) -> Value {
        (*self).into()
    }

    fn read(value: &Value) -> Result<Self, Wrong> {
        static KNOWN: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
        let name = value.as_str().ok_or(Wrong::new("text"))?;
        let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = known.get(name) {
            return Ok(known);
        }
        let kept: &str = Box::leak(name.to_owned().into_boxed_str());
        known.insert(kept);
        Ok(kept)
    }
}

impl<V: Json> Json for Option<V> {
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, Json::write)
    }

    fn read(value: &Value) -> Result<Self, Wrong> {
        if value.is_null() { Ok(None) } else { V::read(value).map(Some) }
    }
}

impl<V: Json> Json for Vec<V> {
    fn write(&self) -> Value {
        self.iter().map(Json::write).collect()
    }

    fn read(value: &Value) -> Result<Self, Wrong> {
        let values = value.as_array().ok_or(Wrong::new("a list"))?.iter().enumerate();
        values
            .map(|(i, value)| V::read(value).map_err(|wrong| wrong.within(&format!("[{i}]"))))
            .collect()
    }
}

impl<A: Json, B: Json> Json for (A, B) {
    fn write(&self) -> Value {
        vec![self.0.write(), self.1.write()].into()
    }

    fn read(value: &Value) -> Result<Self, Wrong> {
        match value.as_array().map(Vec::as_slice) {
            Some([a, b]) => Ok((A::read(a)?, B::read(b)?)),
            _ => Err(Wrong::new("a list of two")),
        }
    }
}

impl Json for Shape {
    fn write(&self) -> Value {
        self.to_vec().write()
    }

    fn read(value: &Value) -> Result<Self, Wrong> {
        let lengths = Vec::<usize>::read(value)?;
        let few = lengths.len() <= Shape::MAX_RANK;
        if few { Ok(Shape::new(&lengths)) } else { Err(Wrong::new("a shape of at most 6 axes")) }
    }
}
