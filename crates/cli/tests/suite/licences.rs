//! The licences of all that is handed out come with it.

use std::fs;
use std::path::Path;

/// Kind: licences that ship nowhere. Every crate, the font in pictures and the program, the digits.
#[test]
fn every_crate_has_the_licences_of_what_it_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &Path| {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let crates: Vec<_> =
        fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let packages = crates.iter().filter(|folder| folder.join("Cargo.toml").exists());
    for folder in packages.clone() {
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert_eq!(
                read(&folder.join(licence)),
                read(&root.join(licence)),
                "{}",
                folder.display()
            );
        }
    }
    assert!(packages.count() > 10);
    for holder in ["plot", "report", "cli"] {
        let licence = read(&root.join("crates").join(holder).join("LICENSE-DejaVu"));
        assert!(licence.contains("Bitstream Vera"), "{holder}");
    }
    assert!(
        read(&root.join("crates/data/data/LICENSE")).contains("Creative Commons Attribution 4.0")
    );
}
