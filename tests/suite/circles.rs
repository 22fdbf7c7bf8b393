//! Files of a crate import each other in no circle of more than three.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Two or three files may lean on each other, such as a handle and what it points into.
const MOST: usize = 3;

/// The crates that still have larger circles: most are a folder whose `mod.rs` holds a trait and
/// lists what implements it.
const LEFT: [&str; 5] = ["config", "graph", "nn", "table", "tensor"];

/// A path of modules from the crate's root.
type Module = Vec<String>;

/// The modules of one crate.
#[derive(Default)]
struct Crate {
    /// The file of each module; one that is written within another's file has that file.
    files: BTreeMap<Module, PathBuf>,
    /// The names that each module imports, with the path that each stands for.
    imports: BTreeMap<Module, Vec<(String, Vec<String>)>>,
    /// The names that each module defines.
    defines: BTreeMap<Module, BTreeSet<String>>,
    /// The paths in each module.
    paths: Vec<(Module, Vec<String>)>,
}

/// The crates of the workspace, by the folders of their sources.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(root.join("crates")).expect("the folder of crates");
    let mut all: Vec<PathBuf> =
        crates.map(|entry| entry.expect("a folder").path().join("src")).collect();
    all.push(root.join("src"));
    all.retain(|folder| folder.is_dir());
    all.sort();
    all
}

impl Crate {
    fn read(folder: &Path) -> Crate {
        let mut found = Crate::default();
        let mut texts = Vec::new();
        let mut folders = vec![(folder.to_owned(), Module::new())];
        while let Some((folder, module)) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder of sources") {
                let path = entry.expect("an entry").path();
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let inner = || [&module[..], std::slice::from_ref(&stem)].concat();
                if path.is_dir() {
                    folders.push((path.clone(), inner()));
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let is_root = module.is_empty() && matches!(&*stem, "lib" | "main");
                    let module = if stem == "mod" || is_root { module.clone() } else { inner() };
                    found.files.insert(module.clone(), path.clone());
                    texts.push((module, fs::read_to_string(&path).expect("a text")));
                }
            }
        }
        for (module, text) in texts {
            let words = without_tests(words(&text));
            found.scan(&module, &words);
        }
        found
    }

    /// Takes over what a module defines, imports and names.
    fn scan(&mut self, module: &Module, words: &[String]) {
        let (mut at, mut depth) = (0, 0_usize);
        self.defines.entry(module.clone()).or_default();
        while at < words.len() {
            let next = words.get(at + 1).map_or("", String::as_str);
            match words[at].as_str() {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                "use" => {
                    at = self.import(module, words, at + 1, &[]);
                    continue;
                }
                "mod" if words.get(at + 2).is_some_and(|word| word == "{") => {
                    let end = closing(words, at + 2);
                    let inner = [&module[..], &[next.to_owned()]].concat();
                    let file = self.files[module].clone();
                    self.files.insert(inner.clone(), file);
                    self.scan(&inner, &words[at + 3..end]);
                    at = end + 1;
                    continue;
                }
                "struct" | "enum" | "trait" | "fn" | "type" | "const" | "static" | "union"
                | "macro_rules"
                    if depth == 0 =>
                {
                    let name = if next == "!" || next == "mut" { &words[at + 2] } else { next };
                    self.defines.entry(module.clone()).or_default().insert(name.to_owned());
                }
                word if is_name(word) && next == "::" => {
                    let mut path = vec![word.to_owned()];
                    while words.get(at + 1).is_some_and(|word| word == "::")
                        && words.get(at + 2).is_some_and(|word| is_name(word))
                    {
                        path.push(words[at + 2].clone());
                        at += 2;
                    }
                    self.paths.push((module.clone(), path));
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Takes over a tree of imports behind this prefix. Gives the position behind it.
    fn import(
        &mut self,
        module: &Module,
        words: &[String],
        mut at: usize,
        prefix: &[String],
    ) -> usize {
        let mut path = prefix.to_vec();
        loop {
            match words[at].as_str() {
                "::" => at += 1,
                "{" => {
                    at += 1;
                    while words[at] != "}" {
                        at = self.import(module, words, at, &path);
                        at += usize::from(words[at] == ",");
                    }
                    return at + 1;
                }
                "*" => {
                    path.push("*".to_owned());
                    at += 1;
                }
                "as" => {
                    let name = words[at + 1].clone();
                    self.add_import(module, name, path);
                    return at + 2;
                }
                word if is_name(word) => {
                    // `self` in a tree is the module before it.
                    if word != "self" || path.is_empty() {
                        path.push(word.to_owned());
                    }
                    at += 1;
                }
                _ => {
                    if let Some(name) = path.last().cloned() {
                        self.add_import(module, name, path);
                    }
                    return at;
                }
            }
        }
    }

    fn add_import(&mut self, module: &Module, name: String, path: Vec<String>) {
        self.imports.entry(module.clone()).or_default().push((name, path));
    }

    /// The module in which what a path names is defined, or the module that it names; `None` for
    /// what is of another crate.
    fn resolve(&self, from: &Module, path: &[String], steps: usize) -> Option<Target> {
        let (mut module, mut rest) = match path.first()?.as_str() {
            "crate" => (Module::new(), &path[1..]),
            "self" => (from.clone(), &path[1..]),
            "super" => (from[..from.len().checked_sub(1)?].to_vec(), &path[1..]),
            _ => (from.clone(), path),
        };
        let begins_here = path.len() == rest.len();
        while let Some((name, behind)) = rest.split_first() {
            if name == "super" {
                module.pop()?;
                rest = behind;
                continue;
            }
            let inner = [&module[..], std::slice::from_ref(name)].concat();
            if self.files.contains_key(&inner) {
                (module, rest) = (inner, behind);
                continue;
            }
            if self.defines.get(&module).is_some_and(|names| names.contains(name)) {
                return Some(Target::Item(module));
            }
            let imports = self.imports.get(&module).map_or(&[][..], Vec::as_slice);
            // Imports that go in a circle lead to nothing.
            let steps = steps.checked_sub(1)?;
            if let Some((_, path)) = imports.iter().find(|(known, _)| known == name) {
                // An import of a name by the same name from another crate.
                if path.first() == Some(name) && path.len() == 1 {
                    return None;
                }
                return self.resolve(&module, &[path, behind].concat(), steps);
            }
            let globs = imports.iter().filter(|(name, _)| name == "*");
            let mut found = globs.filter_map(|(_, path)| {
                let inside = [&path[..path.len() - 1], rest].concat();
                self.resolve(&module, &inside, steps)
            });
            let is_of_here = !(begins_here && rest.len() == path.len());
            return found.next_back().or(is_of_here.then_some(Target::Item(module)));
        }
        Some(Target::Module)
    }

    /// Which file names what is defined in which others.
    fn edges(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let mut edges: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
        let imported = self
            .imports
            .iter()
            .flat_map(|(module, imports)| imports.iter().map(move |(_, path)| (module, path)));
        let named = self.paths.iter().map(|(module, path)| (module, path));
        for (module, path) in imported.chain(named) {
            // The import of a module is no more than a shorter name for it.
            if let Some(Target::Item(target)) = self.resolve(module, path, 16) {
                let (from, to) = (&self.files[module], &self.files[&target]);
                edges.entry(from).or_default().insert(to);
            }
        }
        edges
    }
}

/// The target of a path.
enum Target {
    /// A module itself.
    Module,
    /// Something that this module defines.
    Item(Module),
}

/// Names, numbers and signs, without comments and what stands in quotes.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\n');
    let (mut words, mut i) = (Vec::new(), 0);
    while i < chars.len() {
        match (chars[i], at(i + 1)) {
            ('/', '/') => {
                while i < chars.len() && chars[i] != '\n' {
                    i += 1;
                }
            }
            ('/', '*') => {
                while i < chars.len() && !(chars[i] == '*' && at(i + 1) == '/') {
                    i += 1;
                }
                i += 2;
            }
            ('r', '"' | '#') if is_raw(&chars[i + 1..]) => {
                let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
                i += hashes + 2;
                let ends = |i: usize| at(i) == '"' && (1..=hashes).all(|hash| at(i + hash) == '#');
                while i < chars.len() && !ends(i) {
                    i += 1;
                }
                i += hashes + 1;
            }
            ('"', _) => {
                i += 1;
                while i < chars.len() && chars[i] != '"' {
                    i += if chars[i] == '\\' { 2 } else { 1 };
                }
                i += 1;
            }
            ('\'', '\\') => {
                i += 3;
                while i < chars.len() && chars[i] != '\'' {
                    i += 1;
                }
                i += 1;
            }
            // A character; otherwise a lifetime, whose name stays.
            ('\'', _) if at(i + 2) == '\'' => i += 3,
            (c, _) if c.is_alphanumeric() || c == '_' => {
                let from = i;
                while at(i).is_alphanumeric() || at(i) == '_' {
                    i += 1;
                }
                words.push(chars[from..i].iter().collect());
            }
            (':', ':') => {
                words.push("::".to_owned());
                i += 2;
            }
            (c, _) => {
                if !c.is_whitespace() {
                    words.push(c.to_string());
                }
                i += 1;
            }
        }
    }
    words
}

fn is_raw(behind: &[char]) -> bool {
    behind.iter().find(|c| **c != '#') == Some(&'"')
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The position of the brace that closes the one at this position.
fn closing(words: &[String], open: usize) -> usize {
    let mut depth = 0;
    for (at, word) in words.iter().enumerate().skip(open) {
        match word.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return at,
            "}" => depth -= 1,
            _ => {}
        }
    }
    words.len()
}

/// Without what is there for tests alone.
fn without_tests(words: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if words[at..].starts_with(&["#", "[", "cfg", "(", "test", ")", "]"].map(str::to_owned)) {
            let end = (at..words.len()).find(|&at| matches!(&*words[at], "{" | ";"));
            at = match end {
                Some(end) if words[end] == "{" => closing(&words, end) + 1,
                Some(end) => end + 1,
                None => words.len(),
            };
            continue;
        }
        kept.push(words[at].clone());
        at += 1;
    }
    kept
}

/// The files that can each be reached from all others of the group.
fn circles<'a>(edges: &BTreeMap<&'a Path, BTreeSet<&'a Path>>) -> Vec<Vec<&'a Path>> {
    let reached = |from: &'a Path| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(file) = left.pop() {
            for next in edges.get(file).into_iter().flatten() {
                if seen.insert(*next) {
                    left.push(next);
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&Path, BTreeSet<&Path>> =
        edges.keys().map(|file| (*file, reached(file))).collect();
    let mut circles: Vec<Vec<&Path>> = Vec::new();
    for (file, to) in &reach {
        let back = |other: &&&Path| {
            *other != file && reach.get(**other).is_some_and(|back| back.contains(file))
        };
        let mut circle: Vec<&Path> = to.iter().filter(back).copied().collect();
        circle.push(file);
        circle.sort();
        if circle.len() > 1 && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

#[test]
fn no_circle_of_imports_has_more_than_three_files() {
    for folder in sources() {
        let found = Crate::read(&folder);
        let edges = found.edges();
        let mut circles = circles(&edges);
        circles.retain(|circle| circle.len() > MOST);
        let name = folder.parent().and_then(Path::file_name).unwrap_or_default();
        let is_left = LEFT.iter().any(|left| name == *left);
        let told = told(&folder, &circles, &edges);
        assert!(circles.is_empty() || is_left, "{told}");
        assert!(!(circles.is_empty() && is_left), "{name:?} has none: take it off the list");
    }
}

/// The files of each circle, each with those of the circle that it imports from.
fn told<'a>(
    folder: &Path,
    circles: &[Vec<&'a Path>],
    edges: &BTreeMap<&'a Path, BTreeSet<&'a Path>>,
) -> String {
    let short = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let mut text = String::new();
    for circle in circles {
        text += &format!("{} files in a circle:\n", circle.len());
        for file in circle {
            let to = edges[file].iter().filter(|to| circle.contains(to) && to != &file);
            let to: Vec<String> = to.map(|to| short(to)).collect();
            text += &format!("  {} -> {}\n", short(file), to.join(", "));
        }
    }
    text
}

#[test]
fn circles_are_found_in_imports_and_paths() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("circles");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("lib.rs", "mod a; mod b; mod deep; pub use b::B; // crate::a::A\n");
    write("a.rs", "use crate::B; pub struct A; const TEXT: &str = \"crate::deep::C\";");
    write("b.rs", "use super::deep::{self, C as Other}; pub struct B; fn f() { deep::inner::g() }");
    write("deep/mod.rs", "pub mod inner; pub use inner::*; pub struct D;");
    let inner =
        "pub fn g(_: crate::a::A) {} pub struct C; #[cfg(test)] mod tests { use crate::b; }";
    write("deep/inner.rs", inner);
    let found = Crate::read(&folder);
    let edges = found.edges();
    let circles = circles(&edges);
    let names: Vec<Vec<String>> = circles
        .iter()
        .map(|circle| {
            let short =
                |path: &&Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            circle.iter().map(short).collect()
        })
        .collect();
    assert_eq!(names, [["a.rs", "b.rs", "inner.rs"]]);
}
