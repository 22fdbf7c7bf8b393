//! Each crate shows its README in its documentation, so that the programs in it run as tests. No
//! README names an item that is not there, and no comment a file.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::sources::{files, root};
use crate::words::PASSAGES;

/// Names in code that are not ours: values in tables, and names of other packages.
const FOREIGN: [&str; 8] = ["None", "NaN", "NaT", "Na", "Nan", "PassengerId", "Display", "Default"];

#[test]
fn each_crate_shows_its_readme() {
    let mut count = 0;
    for folder in crates() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        // The README of the facade is that of the workspace.
        let (readme, path) = if name == "chainrule" {
            (root().join("README.md"), "../../../README.md")
        } else {
            (folder.join("README.md"), "../README.md")
        };
        assert!(readme.is_file(), "{name} has no README.md");
        let Ok(text) = fs::read_to_string(folder.join("src/lib.rs")) else {
            assert!(folder.join("src/main.rs").is_file(), "{name} has neither library nor program");
            continue;
        };
        let shown = format!("include_str!(\"{path}\")");
        assert!(text.contains(&shown), "the documentation of {name} lacks {shown}");
        count += 1;
    }
    assert!(count >= 16, "only {count} libraries were found");
}

#[test]
fn readmes_name_items_that_exist() {
    let known = defined();
    let mut wrong = Vec::new();
    let tops = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name));
    for file in crates().into_iter().map(|folder| folder.join("README.md")).chain(tops) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for code in spans(&text).filter(|code| is_path(code)) {
            let unknown = |part: &&str| !known.contains(*part) && !FOREIGN.contains(part);
            if let Some(part) = code.split("::").find(unknown) {
                wrong.push(format!("{}: `{part}` of `{code}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "no such items:\n{}", wrong.join("\n"));
}

#[test]
fn files_that_are_named_exist() {
    let there: Vec<String> =
        files(root()).iter().map(|file| file.to_string_lossy().into_owned()).collect();
    let is_there = |name: &str| there.iter().any(|file| file.ends_with(&format!("/{name}")));
    let mut wrong = Vec::new();
    for (file, passage) in PASSAGES.iter() {
        let code = passage.text.split('`').skip(1).step_by(2);
        let is_file = |code: &&str| {
            let is_plain = |c: char| c.is_alphanumeric() || "/_-{},.".contains(c);
            (code.ends_with(".rs") || code.ends_with(".md")) && code.chars().all(is_plain)
        };
        for name in code.filter(is_file).flat_map(spelled_out) {
            // A file of a crate may go without the folder of its sources.
            if !is_there(&name) && !is_there(&name.replacen('/', "/src/", 1)) {
                wrong.push(format!("{file}:{}: `{name}`", passage.line));
            }
        }
    }
    assert!(wrong.is_empty(), "no such files:\n{}", wrong.join("\n"));
}

/// The names that a name with alternatives in braces stands for.
fn spelled_out(name: &str) -> Vec<String> {
    let Some((before, rest)) = name.split_once('{') else { return vec![name.to_owned()] };
    let Some((inner, after)) = rest.split_once('}') else { return vec![name.to_owned()] };
    inner.split(',').flat_map(|one| spelled_out(&format!("{before}{one}{after}"))).collect()
}

#[test]
fn the_readme_of_nn_names_every_layer() {
    let folder = root().join("crates/nn");
    let [source, readme] =
        ["src/lib.rs", "README.md"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
    let exported = source.split("pub use layer::{").nth(1).unwrap().split('}').next().unwrap();
    let layers: Vec<&str> = exported.split(',').map(str::trim).filter(|l| !l.is_empty()).collect();
    assert!(layers.len() > 10, "{layers:?}");
    for layer in layers {
        assert!(readme.contains(&format!("`{layer}`")), "the README of nn lacks `{layer}`");
    }
}

fn crates() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("crates")).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

/// The pieces of code within the sentences of a Markdown file.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2))
}

/// True if this is a path of Rust, or the name of a type.
fn is_path(code: &str) -> bool {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic())
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let is_type = code.starts_with(char::is_uppercase) && code.contains(char::is_lowercase);
    code.split("::").all(is_name) && (is_type || code.contains("::"))
}

/// Every name that the sources of the crates define: items, methods, fields and variants.
fn defined() -> BTreeSet<String> {
    let keywords = ["fn", "struct", "enum", "trait", "type", "mod", "const", "static", "use", "as"];
    let mut known = BTreeSet::new();
    for file in files(&root().join("crates")) {
        if file.extension().is_none_or(|end| end != "rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            let words: Vec<&str> =
                line.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
            let pairs = words.windows(2).filter(|pair| keywords.contains(&pair[0]));
            known.extend(pairs.map(|pair| pair[1].to_owned()));
            // A variant or a field begins its line, and a crate is imported by its name.
            known.extend(words.first().map(|&word| word.to_owned()));
            let crates = words.iter().filter(|word| word.starts_with("chainrule"));
            known.extend(crates.map(|&word| word.to_owned()));
        }
    }
    known
}
