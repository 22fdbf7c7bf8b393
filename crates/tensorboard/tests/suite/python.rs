//! The events as TensorBoard's own Python packages read them.

use std::path::Path;
use std::process::Command;

/// Needs Python with the package `tensorboard`; `PYTHON` says which, by default `python3`.
#[test]
#[ignore = "needs Python with the package tensorboard"]
fn tensorboard_reads_what_was_written() {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let folder = tempfile::tempdir().unwrap();
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cargo = |arguments: &[&str]| {
        Command::new(env!("CARGO"))
            .current_dir(crate_folder)
            .args(arguments)
            .arg(folder.path())
            .status()
    };
    assert!(cargo(&["run", "--quiet", "--example", "sample", "--"]).unwrap().success());
    let checked = Command::new(python)
        .arg(crate_folder.join("check.py"))
        .arg(folder.path())
        .output()
        .unwrap();
    let (told, errors) =
        (String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success(), "{told}{errors}");
}
