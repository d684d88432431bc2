//! No verb tells a secret: not as text, not as JSON, not in a saved plan, not when AWS refuses.

use super::on_both;
use super::stage::{Ran, Stage};
use serde_json::{Value, json};
use std::fs;

on_both!(no_verb_tells_a_secret);

/// The values that must not be told: ours, the one after it, and somebody else's.
const VALUES: [&str; 3] = ["hunter2-Correct9Horse", "hunter3-Battery8Staple", "hunter4-Others7Own"];

const STACK: &str = r#"
[workspace]
description = "secrets"
[variables.password]
type        = "string"
sensitive   = true
description = "not to be shown"
[variables.count]
type        = "number"
sensitive   = true
default     = 1
description = "not to be shown"
[kms_key.main]
description = "${env}"
[ssm_parameter.token]
name         = "/${env}/token"
type         = "SecureString"
secure_value = "${var.password}"
key_id       = "${kms_key.main.id}"
[ssm_parameter.open]
name  = "/${env}/open"
type  = "String"
value = "prefix ${var.password}"
[secretsmanager_secret.db]
name                    = "${env}/hidden"
secret_string           = '${jsonencode({ user = "app", password = var.password })}'
secret_string_version   = 1
recovery_window_in_days = 7
[log_group.main]
name = "/e2e/${env}/hidden"
tags = { token = "${var.password}" }
[data.ssm_parameter.token]
name            = "${ssm_parameter.token.id}"
with_decryption = true
[outputs]
token = { value = "${ssm_parameter.token.secure_value}", sensitive = true }
read  = { value = "${data.ssm_parameter.token.secure_value}", sensitive = true }
arn   = { value = "${secretsmanager_secret.db.arn}" }
"#;

/// Runs with a secret in the environment and looks for all of them in what comes out, and their
/// digests: those of short values can be guessed.
struct Watch<'a> {
    stage: &'a Stage,
    needles: Vec<String>,
}

impl<'a> Watch<'a> {
    fn over(stage: &'a Stage) -> Self {
        let script = "import base64, hashlib, json
def forms(value):
    yield value
    for text in (value, json.dumps(value), 'prefix ' + value, json.dumps('prefix ' + value),
                 json.dumps({'password': value, 'user': 'app'}, separators=(',', ':'))):
        yield base64.b64encode(text.encode()).decode().rstrip('=')[:-2]
        yield hashlib.sha256(text.encode()).hexdigest()[:16]
result = [form for value in input for form in forms(value)]";
        let needles = stage.python(script, json!(VALUES));
        Self { stage, needles: serde_json::from_value(needles).expect("a list of texts") }
    }

    #[track_caller]
    fn search(&self, what: &str, text: &str) {
        for needle in &self.needles {
            assert!(!text.contains(needle.as_str()), "{what} tells {needle}:\n{text}");
        }
    }

    #[track_caller]
    fn run(&self, value: &str, code: i32, arguments: &[&str]) -> Ran {
        let mut command = self.stage.command(arguments);
        let ran = Ran::of(command.env("INFRA_VAR_password", value).output().expect("it runs"));
        self.search(&arguments.join(" "), &(ran.stdout.clone() + &ran.stderr));
        ran.exits(code)
    }

    /// All ways to look at a plan, and a saved one.
    #[track_caller]
    fn plans(&self, value: &str, more: &[&str]) {
        for format in ["text", "json", "markdown"] {
            for verbose in [&["-v"][..], &[]] {
                let plan = ["plan", "hidden", "--format", format];
                self.run(value, 0, &[&plan, more, verbose].concat());
            }
        }
        self.run(value, 0, &[&["plan", "hidden", "--out", "a.plan"], more].concat());
        let file = self.stage.folder().join("a.plan");
        self.search("the saved plan", &fs::read_to_string(file).expect("it is there"));
    }

    /// All ways to look at what is there; what AWS keeps in the open (`open`, tags) is shown by
    /// `show` as it is.
    #[track_caller]
    fn looks(&self, value: &str) {
        for address in ["ssm_parameter.token", "secretsmanager_secret.db", "kms_key.main"] {
            for format in ["text", "json"] {
                self.run(value, 0, &["show", address, "--format", format, "-v"]);
            }
        }
        for verb in ["show", "inventory", "validate", "graph"] {
            self.run(value, 0, &[verb]);
        }
        for format in ["text", "json"] {
            self.run(value, 0, &["outputs", "hidden", "--format", format]);
            self.run(value, 0, &["inventory", "-v", "--format", format]);
        }
    }
}

fn no_verb_tells_a_secret(stage: &Stage) {
    let watch = Watch::over(stage);
    let [first, second, others] = VALUES;
    stage.stack("hidden", STACK);
    watch.plans(first, &[]);
    watch.run(first, 0, &["apply", "hidden", "--yes", "-v"]);
    watch.run(first, 0, &["plan", "hidden", "--detailed-exitcode"]);
    watch.looks(first);
    watch.plans(first, &["--destroy"]);
    let value = |id: &str| {
        let id = json!({ "SecretId": format!("{}/{id}", stage.environment()) });
        let found = stage.call("secretsmanager", "get_secret_value", id);
        found["SecretString"].as_str().expect("a text").to_owned()
    };
    let token = format!("/{}/token", stage.environment());
    let decrypted = || {
        let asked = json!({ "Name": token, "WithDecryption": true });
        stage.call("ssm", "get_parameter", asked)["Parameter"]["Value"].clone()
    };
    assert_eq!(decrypted(), first, "the value did arrive");
    assert_eq!(value("hidden"), json!({ "password": first, "user": "app" }).to_string());
    let named =
        stage.command(&["outputs", "hidden", "token"]).env("INFRA_VAR_password", first).output();
    assert_eq!(Ran::of(named.expect("it runs")).stdout.trim(), first, "asked for by name");

    // Somebody else's value, as drift and as a plan.
    let theirs = json!({ "Name": token, "Value": others, "Type": "SecureString",
                         "Overwrite": true });
    stage.call("ssm", "put_parameter", theirs);
    for format in ["text", "json", "markdown"] {
        watch.run(first, 2, &["drift", "hidden", "-v", "--format", format]);
    }
    watch.plans(first, &[]);

    // Another value: planned, saved, carried out from the file.
    let counted = STACK.replace("secret_string_version   = 1", "secret_string_version   = 2");
    stage.stack("hidden", &counted);
    watch.plans(second, &[]);
    watch.run(second, 0, &["apply", "./a.plan", "-v"]);
    assert_eq!(decrypted(), second);
    assert_eq!(value("hidden"), json!({ "password": second, "user": "app" }).to_string());
    watch.run(second, 5, &["apply", "./a.plan"]);

    // AWS names what it refuses; we do not.
    for (old, new) in [
        ("type  = \"String\"", "type  = \"String\"\ndata_type = \"${var.password}\""),
        ("[ssm_parameter.token]", "[ssm_parameter.token]\nallowed_pattern = \"${var.password}x\""),
    ] {
        // moto 5.2.5 checks no pattern.
        if stage.is_moto() && new.contains("allowed_pattern") {
            continue;
        }
        let broken = counted.replace(old, new);
        assert_ne!(broken, counted);
        stage.stack("hidden", &broken);
        for format in ["text", "json"] {
            let arguments = ["apply", "hidden", "--yes", "-v", "--format", format];
            let ran = watch.run(second, 1, &arguments);
            assert!(ran.stderr.contains("PutParameter"), "{}", ran.stderr);
        }
    }

    // Nor what is refused before AWS is asked.
    for (old, new) in [
        ("type  = \"String\"", "type  = \"${var.password}\""),
        ("recovery_window_in_days = 7", "recovery_window_in_days = \"${var.password}\""),
        ("name         = \"/${env}/token\"", "name         = \"a b ${var.password}\""),
        ("with_decryption = true", "with_decryption = \"${var.password}\""),
        (
            "name = \"/e2e/${env}/hidden\"",
            "name = \"/e2e/hidden\"\nretention_in_days = \"${var.password}\"",
        ),
    ] {
        let broken = counted.replace(old, new);
        assert_ne!(broken, counted, "{old}");
        stage.stack("hidden", &broken);
        for format in ["text", "json"] {
            watch.run(second, 1, &["plan", "hidden", "--format", format]);
        }
    }
    stage.stack("hidden", &counted);
    let pin = format!("count={second}");
    watch.run(second, 1, &["plan", "hidden", "--var", &pin]);

    watch.run(second, 0, &["destroy", "hidden", "--yes", "-v"]);
    assert_eq!(stage.owned(), Vec::<String>::new());
    assert_eq!(value_or_null(stage, &token), Value::Null);
}

/// The value of a parameter, null when there is none.
fn value_or_null(stage: &Stage, name: &str) -> Value {
    let found = stage.call("ssm", "get_parameters", json!({ "Names": [name] }));
    found["Parameters"].get(0).map_or(Value::Null, |found| found["Value"].clone())
}
