//! The words of comments and Markdown: sentences that can be read aloud, one spelling of each word,
//! and documentation that says from its first word what an item is.
//!
//! Not looked at are the changelog and what other programs write. Code, tables, headings and
//! addresses are no sentences, and neither are references, which begin with "Source".

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use crate::sources::{files, root};

/// The most words of a sentence.
const LONGEST: usize = 30;

/// Beginnings of words that are spelled otherwise here, with the spelling that is meant. The
/// field's own `optimizer` stays.
const SPELLINGS: [(&str, &str); 24] = [
    ("analyz", "analys"),
    ("artefact", "artifact"),
    ("behavior", "behaviour"),
    ("catalogs", "catalogues"),
    ("center", "centre"),
    ("color", "colour"),
    ("favor", "favour"),
    ("generaliz", "generalis"),
    ("gray", "grey"),
    ("initializ", "initialis"),
    ("labeled", "labelled"),
    ("maximiz", "maximis"),
    ("minimiz", "minimis"),
    ("modeling", "modelling"),
    ("neighbor", "neighbour"),
    ("normaliz", "normalis"),
    ("optimiza", "optimisa"),
    ("organiz", "organis"),
    ("parametriz", "parametris"),
    ("randomiz", "randomis"),
    ("recogniz", "recognis"),
    ("regulariz", "regularis"),
    ("summariz", "summaris"),
    ("vectoriz", "vectoris"),
];

/// A paragraph or an entry of a list, in one line.
pub struct Passage {
    /// The line on which it begins, from 1.
    pub line: usize,
    pub text: String,
    /// True if it begins the documentation of an item.
    begins_item: bool,
}

#[test]
fn no_sentence_is_longer_than_30_words() {
    assert_eq!(sentences("One, two (e.g. `a b c`). And [three](x y)? v. 2").len(), 3);
    let mut long = Vec::new();
    for (file, passage) in PASSAGES.iter() {
        for sentence in sentences(&passage.text) {
            let count = sentence.iter().filter(|word| word.contains(char::is_alphanumeric)).count();
            let is_reference = sentence[0].starts_with("Source");
            if count > LONGEST && !is_reference {
                long.push(format!(
                    "{file}:{}: {count} words: {}",
                    passage.line,
                    sentence.join(" ")
                ));
            }
        }
    }
    assert!(long.is_empty(), "{} sentences are too long:\n{}", long.len(), long.join("\n"));
}

#[test]
fn documentation_says_what_an_item_is_from_its_first_word() {
    let mut found = Vec::new();
    for (file, passage) in PASSAGES.iter() {
        let begins = |word: &str| passage.text.split(' ').next() == Some(word);
        if passage.begins_item && (begins("What") || begins("Whether")) {
            found.push(format!("{file}:{}: {}", passage.line, passage.text));
        }
    }
    assert!(found.is_empty(), "{} begin with What or Whether:\n{}", found.len(), found.join("\n"));
}

#[test]
fn each_word_has_one_spelling() {
    let mut found = Vec::new();
    for (file, passage) in PASSAGES.iter() {
        // Titles of other people's works stay as they are.
        let own = passage.text.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        for word in plain(&own).split(|c: char| !c.is_alphanumeric()) {
            let small = word.to_lowercase();
            for (other, ours) in SPELLINGS {
                if small.starts_with(other) {
                    found.push(format!("{file}:{}: `{word}`, here {ours}", passage.line));
                }
            }
        }
    }
    assert!(found.is_empty(), "{} words:\n{}", found.len(), found.join("\n"));
}

/// All passages with their files, read once.
pub static PASSAGES: LazyLock<Vec<(String, Passage)>> = LazyLock::new(|| {
    let mut found = Vec::new();
    for file in files(root()) {
        let name = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        if name != "CHANGELOG.md" && !name.starts_with("benches/peers/results") {
            let read = passages(&file, &fs::read_to_string(&file).unwrap());
            found.extend(read.into_iter().map(|passage| (name.clone(), passage)));
        }
    }
    assert!(found.len() > 5_000, "only {} passages were found", found.len());
    found
});

/// The paragraphs of a file's comments, or of all of it if it is Markdown.
fn passages(file: &Path, text: &str) -> Vec<Passage> {
    let markdown = file.extension().is_some_and(|end| end == "md");
    let mut found: Vec<Passage> = Vec::new();
    let (mut fenced, mut open, mut before) = (false, false, "");
    for (line, text) in (1..).zip(text.lines()) {
        let (mark, text) = if markdown { ("", text) } else { comment(text) };
        if mark != before || (!markdown && mark.is_empty()) {
            (fenced, open) = (false, false);
        }
        let begins_item = mark != before && (mark == "///" || mark == "//!");
        before = mark;
        let bare = text.trim();
        if bare.starts_with("```") {
            (fenced, open) = (!fenced, false);
        } else if fenced
            || bare.is_empty()
            || bare.starts_with(['|', '#', '<', '!'])
            || (!open && text.trim_start_matches(' ').len() + 4 < text.len())
        {
            open = false;
        } else if let (true, None, Some(last)) = (open, entry(bare), found.last_mut()) {
            last.text = format!("{} {bare}", last.text);
        } else {
            let text = entry(bare).unwrap_or(bare).to_owned();
            found.push(Passage { line, text, begins_item });
            open = true;
        }
    }
    found
}

/// The mark of a line that is a comment, and the text behind it; both empty for another line.
fn comment(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let mark = ["///", "//!", "//"].into_iter().find(|mark| line.starts_with(mark));
    mark.map_or(("", ""), |mark| (mark, &line[mark.len()..]))
}

/// The text of an entry of a list, behind its mark.
fn entry(line: &str) -> Option<&str> {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let mark = if number.len() < line.len() { number.strip_prefix('.') } else { None };
    mark.or_else(|| line.strip_prefix(['-', '*']))?.strip_prefix(' ')
}

/// The sentences of a text, word by word.
fn sentences(text: &str) -> Vec<Vec<String>> {
    let text = plain(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let (mut found, mut sentence) = (Vec::new(), Vec::new());
    for (i, word) in words.iter().enumerate() {
        sentence.push((*word).to_owned());
        let ends = word.trim_end_matches([')', '"', '*', '_', ']']).ends_with(['.', '!', '?'])
            && !matches!(*word, "e.g." | "(e.g." | "i.e." | "al." | "vs.");
        if ends && !words.get(i + 1).is_some_and(|next| next.starts_with(char::is_lowercase)) {
            found.push(std::mem::take(&mut sentence));
        }
    }
    if !sentence.is_empty() {
        found.push(sentence);
    }
    found
}

/// A text with a single word in place of each piece of code, and without the targets of links.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for (i, part) in text.split('`').enumerate() {
        plain.push_str(if i % 2 == 1 { "C" } else { part });
    }
    while let Some(begin) = plain.find("](") {
        let end = plain[begin..].find(')').map_or(plain.len(), |end| begin + end + 1);
        plain.replace_range(begin..end, "]");
    }
    plain
}
