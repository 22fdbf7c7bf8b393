/// The statement of one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// The default, as it is written in the code.
    pub default: &'static str,
    /// The rule for it, such as `must be finite and above 0`, if there is one.
    pub rule: Option<String>,
    /// Its documentation.
    pub doc: &'static str,
}

impl Field {
    /// The first sentence of the documentation.
    #[must_use]
    pub fn summary(&self) -> String {
        let text = self.doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let end = text.find([';', '.']).unwrap_or(text.len());
        text[..end].to_owned()
    }
}

/// States a struct with its settings, once: name, type, default, bounds, documentation. From that
/// follow the struct, `Default` and [`Configure`](crate::Configure).
///
/// The first line has the name, as error messages begin with it, and the formula. Each setting ends
/// in a semicolon; its type is a [`Value`](crate::Value). Behind the default may stand the
/// [`Bounds`](crate::Bounds) by one of the functions [`above`](crate::above),
/// [`at_least`](crate::at_least), [`within`](crate::within), [`finite`](crate::finite) and
/// [`whole`](crate::whole). Other rules are a function, named behind the formula: `checked by
/// ordered`. Of what no published package has, `in no package: "why"` stands there, too. Behind
/// `..` stand fields that are no settings, such as what a metric has gathered, each with its first
/// value.
///
/// ```
/// use chainrule_config::{Configure, settings};
///
/// settings! {
///     "rrelu": "x where x > 0, else a x, with a random in training", checked by ordered;
///
///     /// Leaky ReLU with a random slope.
///     #[derive(Clone, Copy, Debug, PartialEq)]
///     pub struct RRelu {
///         /// The least slope below zero.
///         pub lower: f64 = 1.0 / 8.0, finite();
///         /// The largest slope below zero.
///         pub upper: f64 = 1.0 / 3.0, finite();
///     }
/// }
///
/// fn ordered(rrelu: &RRelu) -> Result<(), String> {
///     let RRelu { lower, upper } = rrelu;
///     if lower <= upper { Ok(()) } else { Err(format!("rrelu: {lower} is above {upper}")) }
/// }
///
/// let wrong = RRelu { lower: 0.5, ..Default::default() };
/// assert!(wrong.check().unwrap_err().starts_with("rrelu: 0.5 is above"));
/// let wrong = RRelu { upper: f64::NAN, ..Default::default() };
/// assert_eq!(wrong.check().unwrap_err(), "rrelu: upper must be finite, but it is NaN");
/// ```
#[macro_export]
macro_rules! settings {
    (
        $name:literal: $formula:literal
            $(, checked by $check:path)? $(, in no package: $why:literal)?;

        $(#[$meta:meta])*
        $vis:vis struct $type:ident {
            $(
                $(#[doc = $doc:literal])*
                $field_vis:vis $field:ident: $value:ty = $default:expr $(, $bounds:expr)?;
            )*
            $(.. $(
                $(#[doc = $state_doc:literal])*
                $state_vis:vis $state:ident: $state_type:ty = $first:expr;
            )*)?
        }
    ) => {
        $(#[$meta])*
        $vis struct $type {
            $(
                $(#[doc = $doc])*
                #[doc = concat!(
                    "\n\nBy default `", stringify!($default), "`",
                    $("; must be `", stringify!($bounds), "`",)? "."
                )]
                $field_vis $field: $value,
            )*
            $($(
                $(#[doc = $state_doc])*
                $state_vis $state: $state_type,
            )*)?
        }

        impl Default for $type {
            fn default() -> Self {
                $type { $($field: $default,)* $($($state: $first,)*)? }
            }
        }

        impl $crate::Configure for $type {
            fn formula(&self) -> &'static str {
                $formula
            }

            $(fn in_no_package(&self) -> Option<&'static str> {
                Some($why)
            })?

            fn settings(&mut self) -> Vec<(&'static str, $crate::Setting<'_>)> {
                vec![$((stringify!($field), $crate::Value::setting(&mut self.$field))),*]
            }

            fn fields(&self) -> Vec<$crate::Field> {
                #[allow(unused_imports, reason = "not every statement has bounds")]
                use $crate::{above, at_least, finite, whole, within};
                vec![$($crate::Field {
                    name: stringify!($field),
                    default: stringify!($default),
                    rule: [$(<$value as $crate::Value>::rule(&$bounds))?].into_iter().next(),
                    doc: concat!($($doc, "\n"),*),
                }),*]
            }

            fn check(&self) -> Result<(), String> {
                #[allow(unused_imports, reason = "not every statement has bounds")]
                use $crate::{above, at_least, finite, whole, within};
                $($(
                    $crate::Value::check(&self.$field, &$bounds)
                        .map_err(|why| format!("{}: {} {why}", $name, stringify!($field)))?;
                )?)*
                $($check(self)?;)?
                Ok(())
            }
        }
    };
}

/// Says the formula of a type that has no settings, for [`Configure`](crate::Configure).
///
/// ```
/// use chainrule_config::{Configure, formula};
///
/// pub struct Mish;
///
/// formula!(Mish: "x tanh(ln(1 + e^x))");
/// assert_eq!(Mish.formula(), "x tanh(ln(1 + e^x))");
/// ```
#[macro_export]
macro_rules! formula {
    ($type:ty: $formula:literal $(, in no package: $why:literal)?) => {
        impl $crate::Configure for $type {
            fn formula(&self) -> &'static str {
                $formula
            }

            $(fn in_no_package(&self) -> Option<&'static str> {
                Some($why)
            })?
        }
    };
}
