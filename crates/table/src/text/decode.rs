//! Text of other encodings as UTF-8.

use std::io::{self, Read};

/// Turns UTF-16 into UTF-8 on the way, without its mark; half a pair becomes U+FFFD.
pub(super) struct Utf16<R> {
    inner: R,
    big: bool,
    /// Bytes that are no whole unit yet, and the units that are no whole character.
    raw: Vec<u8>,
    units: Vec<u16>,
    out: Vec<u8>,
    given: usize,
    started: bool,
}

impl<R: Read> Utf16<R> {
    pub(super) fn new(inner: R, big: bool) -> Self {
        Utf16 {
            inner,
            big,
            raw: Vec::new(),
            units: Vec::new(),
            out: Vec::new(),
            given: 0,
            started: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        (self.given, self.out) = (0, Vec::new());
        while self.out.is_empty() {
            let read = self.inner.by_ref().take(1 << 16).read_to_end(&mut self.raw)?;
            let (pairs, rest) = self.raw.as_chunks::<2>();
            let unit = |pair: &[u8; 2]| match self.big {
                true => u16::from_be_bytes(*pair),
                false => u16::from_le_bytes(*pair),
            };
            self.units.extend(pairs.iter().map(unit));
            self.raw = rest.to_vec();
            // The first half of a pair waits for the second.
            let waits = read > 0 && self.units.last().is_some_and(|unit| unit & 0xfc00 == 0xd800);
            let whole = self.units.len() - usize::from(waits);
            let characters = char::decode_utf16(self.units.drain(..whole));
            let mut text: String =
                characters.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            if !self.started && !text.is_empty() {
                self.started = true;
                if text.starts_with('\u{feff}') {
                    text.remove(0);
                }
            }
            self.out = text.into_bytes();
            if read == 0 {
                break;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.out.len() {
            self.fill()?;
        }
        let count = buffer.len().min(self.out.len() - self.given);
        buffer[..count].copy_from_slice(&self.out[self.given..][..count]);
        self.given += count;
        Ok(count)
    }
}

/// The text of bytes in UTF-8, or else in Windows-1252, of which Latin-1 is a part.
pub(crate) fn text(bytes: &[u8], latin: bool) -> String {
    if !latin && let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let character = |&byte: &u8| match byte {
        0x80..=0x9f => UPPER_CONTROLS[usize::from(byte - 0x80)],
        _ => char::from(byte),
    };
    bytes.iter().map(character).collect()
}

/// Windows-1252 from 0x80 to 0x9f; five of them are not in use and stay what they are in Latin-1.
const UPPER_CONTROLS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_read_in_both_orders_also_in_small_pieces() {
        let expected = "a,\u{1f600}é\n".repeat(3);
        for big in [false, true] {
            let marked = format!("\u{feff}{expected}");
            let units = marked.encode_utf16();
            let order = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let bytes: Vec<u8> = units.flat_map(order).collect();
            let mut text = String::new();
            Utf16::new(OneByOne(&bytes), big).read_to_string(&mut text).unwrap();
            assert_eq!(text, expected);
            let mut half = Vec::new();
            Utf16::new(&bytes[..10], big).read_to_end(&mut half).unwrap();
            assert_eq!(String::from_utf8(half).unwrap(), "a,\u{1f600}");
        }
    }

    struct OneByOne<'a>(&'a [u8]);

    impl Read for OneByOne<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    #[test]
    fn what_is_no_utf_8_is_windows_1252() {
        assert_eq!(text("é€".as_bytes(), false), "é€");
        assert_eq!(text(b"caf\xe9 \x80", false), "café €");
        assert_eq!(text("é".as_bytes(), true), "Ã©");
    }
}
