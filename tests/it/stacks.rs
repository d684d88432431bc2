//! The stacks of this repository: valid in every environment, with the schema that editors read.

use crate::support::infra;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs our binary beside the stacks; returns stdout and stderr of what must succeed.
fn succeed(arguments: &[&str]) -> (String, String) {
    let output = infra(Path::new(ROOT), None).args(arguments).output().expect("infra starts");
    let text = |bytes| String::from_utf8(bytes).expect("infra writes UTF-8");
    let (answer, messages) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "infra {arguments:?}: {}\n{answer}{messages}", output.status);
    (answer, messages)
}

#[test]
fn stacks_are_valid_in_every_environment() {
    let mut environments = 0;
    for file in std::fs::read_dir(Path::new(ROOT).join("stacks/environments")).expect("a folder") {
        let path = file.expect("an entry").path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let (found, _) = succeed(&["validate", "--all", "-e", &name]);
        assert_eq!(found, "", "findings in {name}");
        environments += 1;
    }
    assert!(environments >= 3, "dev, uat and prod");
}

#[test]
fn the_schema_for_editors_is_current() {
    let path = Path::new(ROOT).join("stacks/stack.schema.json");
    let (schema, _) = succeed(&["schema"]);
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == schema, "run `cargo run -- schema > stacks/stack.schema.json`");
}
