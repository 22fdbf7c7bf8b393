use std::borrow::Cow;

use crate::text::{configure, split};
use crate::{ConfigError, Configure, UnknownName, is_same_name};

/// Other names of the entries of a list, as packages have them, each with its name in the list:
/// `("swish", "silu")`.
pub type Aliases = &'static [(&'static str, &'static str)];

/// A list of entries of one kind, each with its default settings, to be gone through or chosen from
/// by text.
#[derive(Debug)]
pub struct Family<E: ?Sized> {
    kind: &'static str,
    name_of: fn(&E) -> &str,
    entries: Vec<Box<E>>,
    aliases: Aliases,
}

impl<E: Configure + ?Sized> Family<E> {
    /// The list of these entries; `kind` is what a message calls one of them, such as `activation`.
    #[must_use]
    pub fn new(kind: &'static str, name_of: fn(&E) -> &str, entries: Vec<Box<E>>) -> Self {
        Family { kind, name_of, entries, aliases: &[] }
    }

    /// With other names for its entries.
    #[must_use]
    pub fn with_aliases(mut self, aliases: Aliases) -> Self {
        self.aliases = aliases;
        self
    }

    /// With each entry changed, such as to other defaults.
    #[must_use]
    pub fn with(mut self, mut change: impl FnMut(&mut E)) -> Self {
        self.entries.iter_mut().for_each(|entry| change(entry));
        self
    }

    /// The entries, in order.
    #[must_use]
    pub fn all(self) -> Vec<Box<E>> {
        self.entries
    }

    /// Other names for its entries.
    #[must_use]
    pub fn aliases(&self) -> Aliases {
        self.aliases
    }

    /// The names of the entries, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| (self.name_of)(entry))
    }

    /// The entry that a text names, with the settings that it gives: `elu`, or `elu(alpha=0.5)`.
    /// Settings that are not given keep their values. Capitals and underscores of a name do not
    /// count, and other names are taken: `LeakyReLU` is `leaky_relu`.
    ///
    /// # Errors
    /// [`ConfigError`] says which name, setting or value is wrong, and what there is.
    pub fn by_name(self, text: &str) -> Result<Box<E>, ConfigError> {
        let (asked, settings) = split(text)?;
        let wanted = without_alias(self.aliases, asked);
        let Some(at) = self.names().position(|name| is_same_name(name, &wanted)) else {
            return Err(UnknownName::new(self.kind, asked, self.names()).into());
        };
        let Family { name_of, mut entries, .. } = self;
        let mut entry = entries.swap_remove(at);
        let name = name_of(&entry).to_owned();
        configure(&mut *entry, &name, &settings)?;
        Ok(entry)
    }
}

impl<E: Configure> Family<E> {
    /// The list of a single entry, with its value in place of a pointer to it.
    ///
    /// # Errors
    /// As [`by_name`](Self::by_name).
    pub fn only(self, text: &str) -> Result<E, ConfigError> {
        self.by_name(text).map(|entry| *entry)
    }
}

/// The text with the name of the list in place of another one: `swish` becomes `silu`.
#[must_use]
pub fn without_alias<'a>(aliases: Aliases, text: &'a str) -> Cow<'a, str> {
    let (name, settings) = text.split_at(text.find('(').unwrap_or(text.len()));
    match aliases.iter().find(|(alias, _)| is_same_name(alias, name.trim())) {
        Some((_, name)) => Cow::Owned(format!("{name}{settings}")),
        None => Cow::Borrowed(text),
    }
}
