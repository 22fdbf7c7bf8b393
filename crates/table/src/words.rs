use std::collections::HashMap;

/// The cells of a column as codes of different texts: 0 where one is missing, `k` for the text
/// `k - 1`, in the order in which they first come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub codes: Vec<u32>,
    texts: Vec<u8>,
    /// The end of each text.
    ends: Vec<usize>,
    index: HashMap<Box<[u8]>, u32>,
}

impl Words {
    /// Adds a cell that is not missing.
    ///
    /// # Errors
    /// That there are too many texts to be counted.
    pub fn push(&mut self, text: &[u8]) -> Result<(), TooMany> {
        let code = match self.index.get(text) {
            Some(&code) => code,
            None => {
                let code = u32::try_from(self.ends.len() + 1).map_err(|_| TooMany)?;
                self.index.insert(text.into(), code);
                self.texts.extend(text);
                self.ends.push(self.texts.len());
                code
            }
        };
        self.codes.push(code);
        Ok(())
    }

    /// Numbers as they are written, NaN where one is missing.
    pub fn of_numbers(values: &[f64]) -> Words {
        let mut words = Words::default();
        for value in values {
            if value.is_nan() || words.push((value + 0.0).to_string().as_bytes()).is_err() {
                words.push_missing();
            }
        }
        words
    }

    /// Adds a missing cell.
    pub fn push_missing(&mut self) {
        self.codes.push(0);
    }

    /// The number of different texts.
    pub fn different(&self) -> usize {
        self.ends.len()
    }

    /// The different texts, in the order of their codes.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.texts[begin..*end])
    }

    /// The text of a code above 0.
    pub fn text(&self, code: u32) -> &[u8] {
        let at = code as usize - 1;
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[begin..self.ends[at]]
    }

    /// The first row of a text that is there.
    pub fn row_of_text(&self, text: &[u8]) -> usize {
        let code = self.index.get(text).copied().unwrap_or(0);
        self.codes.iter().position(|&other| other == code).unwrap_or(0)
    }
}

/// More than 2^32 - 1 different texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_codes_in_the_order_in_which_they_come() {
        let mut words = Words::default();
        for text in ["b", "a", "b"] {
            words.push(text.as_bytes()).unwrap();
        }
        words.push_missing();
        assert_eq!((&words.codes[..], words.different()), (&[1, 2, 1, 0][..], 2));
        assert_eq!(words.texts().collect::<Vec<_>>(), [b"b", b"a"]);
        assert_eq!((words.text(1), words.text(2)), (&b"b"[..], &b"a"[..]));
        assert_eq!(words.row_of_text(b"a"), 1);
    }
}
