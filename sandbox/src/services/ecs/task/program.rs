//! What the program of a container does, as far as its words tell: a shell script of `echo` and
//! `exit` is carried out, everything else runs until it is stopped.

use serde_json::{Map, Value};

use super::super::Members;

/// What a program writes, and the code it ends with where it ends by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) lines: Vec<String>,
    pub(super) exit_code: Option<i64>,
}

/// Reads the program of a container: its entry point with its command.
pub(super) fn of(container: &Map<String, Value>) -> Program {
    let mut words = container.texts("entryPoint");
    words.extend(container.texts("command"));
    let name = words.first().map(|word| word.rsplit('/').next().unwrap_or(word));
    match (name, words.get(1..)) {
        (Some("true"), _) => Program { exit_code: Some(0), ..Program::default() },
        (Some("false"), _) => Program { exit_code: Some(1), ..Program::default() },
        (Some("sh" | "bash"), Some(["-c", script])) => script_of(script),
        _ => Program::default(),
    }
}

fn script_of(script: &str) -> Program {
    let mut program = Program::default();
    for statement in script.split([';', '\n']).flat_map(|part| part.split("&&")).map(str::trim) {
        let (name, rest) = statement.split_once(' ').unwrap_or((statement, ""));
        match name {
            "echo" => program.lines.push(rest.trim().trim_matches(['"', '\'']).to_owned()),
            "exit" => {
                program.exit_code = rest.trim().parse().ok().or(Some(0));
                return program;
            }
            "" => {}
            // It may run for ever.
            _ => return program,
        }
    }
    program.exit_code = Some(0);
    program
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn program(container: Value) -> Program {
        of(container.as_object().unwrap())
    }

    #[test]
    fn scripts_of_echo_and_exit_are_carried_out() {
        let script = "echo \"no table\" && exit 3";
        let found = program(json!({"entryPoint": ["/bin/sh", "-c"], "command": [script]}));
        assert_eq!(found, Program { lines: vec!["no table".to_owned()], exit_code: Some(3) });
        assert_eq!(program(json!({"command": ["false"]})).exit_code, Some(1));
        assert_eq!(program(json!({"command": ["sh", "-c", "echo hi"]})).exit_code, Some(0));
        assert_eq!(program(json!({"command": ["sh", "-c", "serve; exit 1"]})).exit_code, None);
        assert_eq!(program(json!({})), Program::default());
    }
}
