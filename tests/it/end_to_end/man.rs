//! `man`: pages that a roff formatter takes.

use crate::support;
use std::fs;

#[test]
fn pages_are_printed_and_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |arguments: &[&str]| {
        let output = support::infra(folder.path(), None).arg("man").args(arguments).output();
        let output = output.expect("the binary runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, whole, problems) = run(&[]);
    assert_eq!((code, problems.as_str()), (Some(0), ""));
    assert!(whole.contains(".TH infra 1"), "{whole}");
    let (_, apply, _) = run(&["apply"]);
    assert!(apply.contains(".SH EXAMPLES\n"), "{apply}");

    let (code, answer, _) = run(&["--dir", "man/man1"]);
    assert_eq!((code, answer.as_str()), (Some(0), ""));
    let read = |name: &str| fs::read_to_string(folder.path().join("man/man1").join(name));
    assert_eq!(read("infra.1").expect("the page of infra"), whole);
    assert_eq!(read("infra-apply.1").expect("a page a verb"), apply);
    // What the page of infra names as other pages is there.
    let named = whole.lines().filter(|line| line.contains("infra\\-") && line.ends_with("(1)"));
    let mut checked = 0;
    for line in named {
        let name = line.trim_end_matches("(1)").replace("\\-", "-");
        assert!(read(&format!("{name}.1")).is_ok(), "{name} has no page");
        checked += 1;
    }
    assert!(checked > 10, "only {checked} pages are named:\n{whole}");

    let (code, answer, problems) = run(&["destory"]);
    assert_eq!((code, answer.as_str()), (Some(1), ""));
    assert!(problems.contains("did you mean `destroy`?"), "{problems}");
    fs::write(folder.path().join("file"), "").expect("a file can be written");
    assert_eq!(run(&["--dir", "file"]).0, Some(1));
}
