//! Variables: declarations, where values come from, validation.

use super::*;
use crate::stack::{Environment, check_inputs};

fn with_environment(text: &str, environment: &str) -> Project {
    let mut project = project(text);
    let source = source("stacks/environments/dev.toml", environment);
    let environment = Environment::parse("dev", &source, "eu-west-1").unwrap();
    project.environments.insert("dev".to_owned(), environment);
    project
}

fn resolve(text: &str, environment: &str, inputs: &Inputs) -> Result<Json, Diagnostics> {
    let project = with_environment(text, environment);
    let bound = parse(text).unwrap().bind(&project, &context(), inputs)?;
    Ok(bound.variables.iter().map(|(k, v)| (k.clone(), v.to_json().unwrap())).collect())
}

#[test]
fn the_strongest_value_wins() {
    let text = "[variables]\nx = { type = \"string\", default = \"default\" }\n";
    let mut inputs = Inputs::default();
    let mut environment = String::new();
    let check = |environment: &str, inputs: &Inputs, want: &str| {
        assert_eq!(resolve(text, environment, inputs).unwrap(), json!({ "x": want }));
    };
    check(&environment, &inputs, "default");
    environment.push_str("[variables]\nx = \"general\"\n");
    check(&environment, &inputs, "general");
    environment.push_str("[variables.app]\nx = \"own\"\n[variables.network]\nx = \"other\"\n");
    check(&environment, &inputs, "own");
    inputs.env_vars.insert("x".to_owned(), "process".to_owned());
    check(&environment, &inputs, "process");
    inputs.var_files.push(source("a.toml", "x = \"first file\"\n"));
    inputs.var_files.push(source("b.toml", "x = \"second file\"\n"));
    check(&environment, &inputs, "second file");
    inputs.vars.push(("x".to_owned(), "flag".to_owned()));
    inputs.vars.push(("x".to_owned(), "last flag".to_owned()));
    check(&environment, &inputs, "last flag");
}

#[test]
fn values_are_converted_to_their_type() {
    let text = "[variables]\nn = { type = \"number\" }\nl = { type = \"list(number)\" }\n\
                o = { type = \"object({a = number, b = optional(string)})\" }\n";
    let inputs = Inputs {
        vars: vec![("n".into(), "3".into()), ("l".into(), "[1, \"2\"]".into())],
        ..Inputs::default()
    };
    let found = resolve(text, "[variables]\no = { a = \"1\" }\n", &inputs).unwrap();
    assert_eq!(found, json!({ "n": 3, "l": [1, 2], "o": { "a": 1, "b": null } }));
}

#[test]
fn declarations_are_checked() {
    for (text, want) in [
        ("x = 3", ("wrong_type", 2, 5, "write `x = { default = 3 }`")),
        ("x = { type = \"list(strng)\" }", ("invalid_type", 2, 20, "did you mean `string`?")),
        ("x = { typ = \"string\" }", ("unknown_key", 2, 7, "did you mean `type`?")),
        ("x = { type = \"number\", default = \"a\" }", ("wrong_type", 2, 34, "")),
        (
            "x = { default = \"${env}\" }",
            ("expression_not_allowed", 2, 17, "for the characters themselves write `$${`"),
        ),
        ("x = { validate = \"y > 1\" }", ("unknown_name", 2, 19, "the value is called `x` here")),
        ("x = { validate = \"x >\" }", ("invalid_expression", 2, 0, "")),
        ("network = { default = 1 }", ("reserved_name", 2, 1, "")),
    ] {
        let problems = parse(&format!("[variables]\n{text}\n")).map(|_| ()).expect_err(text);
        let found = told(&problems);
        let (code, line, column, hint) = want;
        assert_eq!((found[0].0, found[0].1), (code, line), "{text}");
        assert_eq!(found.len(), 1, "{text}: {problems:#?}");
        if column > 0 {
            assert_eq!((found[0].2, found[0].3.as_str()), (column, hint), "{text}");
        }
    }
}

#[test]
fn missing_and_unfit_values() {
    let missing = resolve("[variables]\nx = { type = \"number\" }\n", "", &Inputs::default());
    let missing = missing.unwrap_err();
    assert_eq!(told(&missing)[0].0, "missing_variable");
    let hint = missing.0[0].hint.as_deref().unwrap();
    assert_eq!(
        hint,
        "give it with `--var x=1`, as INFRA_VAR_x, or under `[variables]` in \
         stacks/environments/dev.toml"
    );

    let text = "[variables]\nx = { type = \"number\", sensitive = true }\n";
    let inputs = Inputs { vars: vec![("x".into(), "secret".into())], ..Inputs::default() };
    let unfit = resolve(text, "", &inputs).unwrap_err();
    assert_eq!(unfit.0[0].code, "invalid_variable");
    assert!(!format!("{unfit:?}").contains("secret"), "{unfit:#?}");
}

#[test]
fn validations_are_told_with_value_and_rule() {
    let text = "[variables]\nn = { type = \"number\", default = 2, validate = \"n >= 1\" }\n\
                m = { default = \"x\", validate = [{ condition = \"can(regex(\\\"^[a-z]+$\\\", m))\", message = \"only letters\" }] }\n";
    resolve(text, "", &Inputs::default()).unwrap();
    let inputs = Inputs {
        vars: vec![("n".into(), "0".into()), ("m".into(), "9".into())],
        ..Inputs::default()
    };
    let problems = resolve(text, "", &inputs).unwrap_err();
    let messages: Vec<&str> = problems.0.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(
        messages,
        ["`n` must satisfy `n >= 1`, it is 0", "invalid value for `m`: only letters"]
    );
    assert_eq!(problems.0[0].at.as_ref().unwrap().source.name, "--var");
    assert_eq!(problems.0[0].related[0].0.line_column().0, 2);
}

#[test]
fn what_nobody_declares_is_told_with_the_nearest_name() {
    let text = "[variables]\nsize = { default = 1 }\n";
    let workspace = parse(text).unwrap();
    let project = with_environment(text, "[variables]\nsze = 1\n[variables.netwrk]\na = 1\n");
    let inputs = Inputs {
        vars: vec![("siz".into(), "1".into())],
        var_files: vec![source("v.toml", "sizee = 1\n")],
        ..Inputs::default()
    };
    let environment = project.environments["dev"].clone();
    let problems = check_inputs(&project, &environment, &[&workspace], &inputs);
    let found: Vec<_> = problems.0.iter().map(|d| (d.code, d.hint.as_deref().unwrap())).collect();
    assert_eq!(
        found,
        [
            ("unknown_variable", "did you mean `size`?"),
            ("unknown_variable", "did you mean `size`?"),
            ("unknown_variable", "did you mean `size`?"),
            ("unknown_variable", "did you mean `network`?")
        ]
    );
    let own = resolve(text, "[variables.app]\nsizes = 1\n", &Inputs::default()).unwrap_err();
    assert_eq!(told(&own), [("unknown_variable", 2, 1, "did you mean `size`?".to_owned())]);
}

#[test]
fn sensitive_values_stay_hidden_on_their_way() {
    let text = "[variables]\np = { default = \"s3cret\", sensitive = true }\n\
                [vpc.a]\ncidr_block = \"x-${var.p}\"\n[outputs]\nc = { value = \"${var.p}\" }\n";
    let bound = bind(text);
    let id = crate::stack::BlockId::resource("vpc", "a");
    let found = bound.evaluate(&id, None, Fields::All, &Fixed::default()).unwrap();
    assert_eq!(found.attributes.sensitive.len(), 1);
    assert!(bound.outputs(&Fixed::default()).unwrap()["c"].sensitive);
}
