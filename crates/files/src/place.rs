//! Paths, and the files they lead to.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// So many links are followed, as on Linux; more are taken for a circle.
const MOST_LINKS: usize = 40;

/// The folder of a file.
#[must_use]
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path of the file itself, where the path is a symbolic link, also one that leads nowhere yet.
#[must_use]
pub fn target(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = folder(&target).join(next),
            Err(_) => break,
        }
    }
    target
}

/// The file that is there under this name, if there is one.
pub(crate) fn there(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns true if both paths are one file, or would be one if it were there: `x`, `./x`, `a/../x`,
/// the absolute path, symbolic and hard links.
#[must_use]
pub fn same(a: &Path, b: &Path) -> bool {
    let (a, b) = (target(a), target(b));
    resolved(&a) == resolved(&b) || is_one_file(&a, &b)
}

/// Returns true if `path` lies in `folder`, or is the folder itself; neither needs to be there.
#[must_use]
pub fn within(path: &Path, folder: &Path) -> bool {
    resolved(&target(path)).starts_with(resolved(&target(folder)))
}

/// The one true path, as far as it is there; the rest as it is written.
fn resolved(path: &Path) -> PathBuf {
    let Ok(absolute) = std::path::absolute(path) else { return path.to_owned() };
    for ancestor in absolute.ancestors() {
        if let Ok(mut real) = fs::canonicalize(ancestor) {
            let rest = absolute.strip_prefix(ancestor).unwrap_or(Path::new(""));
            for component in rest.components() {
                match component {
                    Component::ParentDir => drop(real.pop()),
                    component => real.push(component),
                }
            }
            return real;
        }
    }
    absolute
}

#[cfg(unix)]
fn is_one_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| fs::metadata(path).map(|there| (there.dev(), there.ino())).ok();
    identity(a).is_some_and(|a| Some(a) == identity(b))
}

#[cfg(not(unix))]
fn is_one_file(_: &Path, _: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind: two paths of one file.
    #[test]
    fn one_file_by_any_path() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("a")).unwrap();
        for there in [false, true] {
            if there {
                fs::write(at("x"), "").unwrap();
            }
            for other in ["./x", "a/../x", "a/.././x", "nowhere/../x"] {
                assert!(same(&at("x"), &at(other)), "{other}, there: {there}");
            }
            assert!(!same(&at("x"), &at("y")) && !same(&at("x"), &at("a/x")));
        }
        assert!(same(Path::new("x"), &std::env::current_dir().unwrap().join("x")));
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            symlink("x", at("soft")).unwrap();
            symlink("nothing", at("dangling")).unwrap();
            symlink("a", at("folder")).unwrap();
            symlink("circle", at("circle")).unwrap();
            fs::hard_link(at("x"), at("hard")).unwrap();
            assert!(
                same(&at("x"), &at("soft"))
                    && same(&at("x"), &at("hard"))
                    && same(&at("soft"), &at("hard"))
            );
            assert!(same(&at("nothing"), &at("dangling")) && same(&at("a/new"), &at("folder/new")));
            assert!(!same(&at("circle"), &at("x")));
        }
        assert!(
            within(&at("a/b/c"), &at("a"))
                && within(&at("a"), &at("./a"))
                && !within(&at("ab"), &at("a"))
        );
    }
}
