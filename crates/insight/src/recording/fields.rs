//! The recorded fields of each kind of thing: all of its fields, under their names. A field that is
//! added there and forgotten here does not compile.

use chainrule_graph::Properties;
use chainrule_recipe::Change;
use chainrule_train::{EpochRecord, History, Scores, StopReason};
use serde_json::{Map, Value};

use super::json::{Json, Wrong, member, no_others};
use super::{Environment, Recording};
use crate::finding::{Failure, Finding, Kind, Severity};
use crate::monitor::{
    GradientNoise, Histogram, LayerInfo, LayerRecord, Log, NonFiniteSeen, ParameterInfo,
    ParameterRecord, Record, SingularRange, Statistics, Units, Window,
};

macro_rules! objects {
    ($($type:ident { $($field:ident),* $(,)? })*) => {$(
        impl Json for $type {
            fn write(&self) -> Value {
                let $type { $($field),* } = self;
                let mut object = Map::new();
                $(object.insert(stringify!($field).to_owned(), $field.write());)*
                object.into()
            }

            fn read(value: &Value) -> Result<Self, Wrong> {
                no_others(value, &[$(stringify!($field)),*])?;
                Ok($type { $($field: member(value, stringify!($field))?),* })
            }
        }
    )*};
}

macro_rules! names {
    ($($type:ident, $expected:literal { $($variant:ident),* $(,)? })*) => {$(
        impl Json for $type {
            fn write(&self) -> Value {
                match self {
                    $($type::$variant => stringify!($variant).into(),)*
                }
            }

            fn read(value: &Value) -> Result<Self, Wrong> {
                match value.as_str() {
                    $(Some(stringify!($variant)) => Ok($type::$variant),)*
                    _ => Err(Wrong::new($expected)),
                }
            }
        }
    )*};
}

/// In the form in which it is typed, such as `learning_rate*=0.1`.
impl Json for Change {
    fn write(&self) -> Value {
        self.to_string().into()
    }

    fn read(value: &Value) -> Result<Self, Wrong> {
        let change = value.as_str().and_then(|text| text.parse().ok());
        change.ok_or(Wrong::new("a change to a recipe, such as `epochs*=2`"))
    }
}

objects! {
    Recording { configuration, environment, history, log, findings, failure }
    Environment { version, threads, machine }

    History { epochs, stop }
    EpochRecord { epoch, train, validation, learning_rate, seconds, samples_per_second }
    Scores { loss, metrics }

    Log { layers, parameters, records, windows, epochs, non_finite }
    LayerInfo { path, op, activation, properties, units, weighted, output }
    Properties { range, kinks, lipschitz, responsive, can_die, gain }
    ParameterInfo { name, shape }
    Record { epoch, step, samples, learning_rate, loss, gradient_norm, layers, parameters, noise }
    LayerRecord {
        pre_activations, activations, pre_activation_gradients, activation_gradients, saturated,
        twins, singular_range,
    }
    Statistics { count, mean, deviation, norm, zeros, non_finite, histogram }
    Histogram { low, high, counts }
    SingularRange { smallest, largest }
    ParameterRecord { gradient_norm, weight_norm, update_norm }
    GradientNoise { samples, of_samples, of_batch }
    Window { steps, loss, layers }
    Units { rows, saturated, active, gradient }
    NonFiniteSeen { step, op, layer, gradient }

    Finding { kind, severity, layer, evidence, remedy, remedies }
    Failure { message, non_finite }
}

names! {
    StopReason, "why a training ended" { Finished, Callback, Interrupted }
    Severity, "a severity" { Info, Warning, Error }
    Kind, "a kind of finding" {
        UnsuitedLoss, UnscaledData, ClassImbalance, NonFinite, SymmetryNotBroken, BadInitialisation,
        VanishingGradients, ExplodingGradients, SaturatedUnits, DyingRelu, StillLayers,
        LearningRateTooHigh, LearningRateTooLow, Overfitting, Underfitting,
    }
}
