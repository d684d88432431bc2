//! Bad input as data: a case is a folder of `tests/diagnostics` with stack files and
//! `expected.txt`, all that `infra validate` finds in them.

use crate::support::cases;
use infra::ui::diagnostics;

#[test]
fn problems_are_told_with_their_place_and_a_way_out() {
    cases::each("tests/diagnostics", |case, look| {
        let problems = match case.project() {
            Ok(_) => {
                let session = case.session();
                let names: Vec<String> = session.project.workspaces.keys().cloned().collect();
                session.validate(&names)
            }
            Err(problems) => problems,
        };
        assert!(problems.has_errors(), "{}: nothing is wrong", case.name);
        let code = problems.exit_code();
        vec![("expected.txt", format!("{}exit code {code}\n", diagnostics::text(&problems, look)))]
    });
}
