//! Keys, parameters and secrets: fields there and back, and what a deletion leaves for a while.

use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

on_both!(keys, parameters, secrets, names_that_others_have);

fn keys(stage: &Stage) {
    let env = stage.environment();
    let key = |alias: &str, fields: &str| {
        format!(
            "[kms_key.main]\naliases = [\"alias/{env}-{alias}\"]\npending_window_in_days = 7\n\
             tags = {{ team = \"shop\" }}\n{fields}\n"
        )
    };
    let mut rotated = "enable_key_rotation = true\n".to_owned();
    if !stage.is_moto() {
        rotated += "rotation_period_in_days = 90\n";
    }
    stage.stack("keys", &key("one", &format!("description = \"one\"\n{rotated}")));
    stage.apply("keys");
    let first = stage.settled("keys").id("kms_key.main");
    let policy = "policy = { Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", \
                  Principal = { AWS = \"123456789012\" }, Action = \"kms:*\", \
                  Resource = \"*\" }] }\n";
    let second = format!("description = \"two\"\nenable_key_rotation = false\n{policy}");
    stage.stack("keys", &key("two", &second));
    let expected = ["update kms_key.main: aliases description enable_key_rotation policy"];
    stage.changes("keys", &expected);
    let described =
        |id: &str| stage.call("kms", "describe_key", json!({ "KeyId": id }))["KeyMetadata"].clone();
    assert_eq!(described(&first)["Description"], "two");
    let aliases = stage.call("kms", "list_aliases", json!({ "KeyId": first }));
    let names: Vec<&Value> =
        aliases["Aliases"].as_array().expect("a list").iter().map(|a| &a["AliasName"]).collect();
    assert_eq!(names, [&json!(format!("alias/{env}-two"))]);
    // Somebody turns it off: told, and turned on again.
    stage.stack("keys", &key("two", &format!("description = \"two\"\nenabled = true\n{policy}")));
    stage.settled("keys");
    // moto 5.2.5 takes no ARN here.
    let id = first.rsplit('/').next();
    stage.call("kms", "disable_key", json!({ "KeyId": id }));
    stage.changes("keys", &["update kms_key.main: enabled"]);

    stage.destroy_all();
    assert_eq!(described(&first)["KeyState"], "PendingDeletion");
    let left = stage.run(&["inventory", "-v"]).exits(0).stdout;
    assert!(left.contains("nothing, residue 0."), "{left}");
    assert!(left.contains("can be had back") && left.contains(&first), "{left}");
    stage.run(&["destroy", "keys", "--yes"]).exits(0);
    // Another key takes its place.
    stage.apply("keys");
    assert_ne!(stage.settled("keys").id("kms_key.main"), first);
    stage.destroy_all();
}

fn parameters(stage: &Stage) {
    let env = stage.environment();
    let level = |name: &str, fields: &str| {
        format!(
            "[ssm_parameter.level]\nname = \"/{env}/{name}\"\ntype = \"String\"\n\
             allowed_pattern = \"[a-z]+\"\ntags = {{ team = \"shop\" }}\n{fields}\n"
        )
    };
    let zones = format!(
        "[ssm_parameter.zones]\nname = \"{env}-zones\"\ntype = \"StringList\"\nvalue = \"a,b\"\n\
         data_type = \"text\"\n[data.ssm_parameter.zones]\nname = \"${{ssm_parameter.zones.id}}\"\n\
         [outputs]\nzones = {{ value = \"${{data.ssm_parameter.zones.value}}\" }}\n"
    );
    let first = "value = \"info\"\ndescription = \"one\"\n";
    stage.stack("parameters", &(level("level", first) + &zones));
    stage.apply("parameters");
    stage.settled("parameters");
    let outputs = stage.run(&["outputs", "parameters", "zones"]).exits(0).stdout;
    assert_eq!(outputs.trim(), "a,b");
    let second = "value = \"debug\"\ndescription = \"two\"\ntier = \"Advanced\"\n";
    stage.stack("parameters", &(level("level", second) + &zones));
    stage.changes("parameters", &["update ssm_parameter.level: description tier value"]);
    let name = json!({ "Name": format!("/{env}/level") });
    let read = || stage.call("ssm", "get_parameter", name.clone())["Parameter"].clone();
    assert_eq!((&read()["Value"], &read()["Version"]), (&json!("debug"), &json!(2)));
    // Tags alone make no other version.
    let third = second.to_owned() + "[ssm_parameter.level.tags]\nteam = \"orders\"\n";
    let text = level("level", &third).replace("tags = { team = \"shop\" }\n", "");
    stage.stack("parameters", &(text.clone() + &zones));
    stage.changes("parameters", &["update ssm_parameter.level: tags.team"]);
    assert_eq!(read()["Version"], 2);
    // Somebody else's value is found, and written over.
    let theirs = json!({ "Name": name["Name"], "Value": "trace", "Type": "String",
                         "Overwrite": true });
    stage.call("ssm", "put_parameter", theirs);
    stage.changes("parameters", &["update ssm_parameter.level: value"]);
    assert_eq!((&read()["Value"], &read()["Version"]), (&json!("debug"), &json!(4)));
    stage.stack("parameters", &(text.replace("/level", "/depth") + &zones));
    stage.changes("parameters", &["replace ssm_parameter.level: name"]);
    stage.destroy_all();
}

fn secrets(stage: &Stage) {
    let env = stage.environment();
    let secret = |fields: &str| {
        format!(
            "[secretsmanager_secret.db]\nname = \"{env}/db\"\n\
             generate_secret_string = {{ password_length = 40, exclude_punctuation = true }}\n\
             {fields}\n[secretsmanager_secret.theirs]\nname = \"{env}/theirs\"\n\
             recovery_window_in_days = 0\n"
        )
    };
    let policy = "resource_policy = { Version = \"2012-10-17\", Statement = [{ Effect = \
                  \"Allow\", Principal = { AWS = \"arn:aws:iam::123456789012:root\" }, Action = \
                  \"secretsmanager:GetSecretValue\", Resource = \"*\" }] }\n";
    let first = "description = \"one\"\nrecovery_window_in_days = 7\n";
    stage.stack("secrets", &secret(first));
    stage.apply("secrets");
    stage.settled("secrets");
    let value = |name: &str| {
        let id = json!({ "SecretId": format!("{env}/{name}") });
        let found = stage.call("secretsmanager", "get_secret_value", id);
        found["SecretString"].as_str().expect("a text").to_owned()
    };
    let described = |name: &str| {
        let id = json!({ "SecretId": format!("{env}/{name}") });
        stage.call("secretsmanager", "describe_secret", id)
    };
    let made = value("db");
    assert_eq!((made.len(), made.chars().all(char::is_alphanumeric)), (40, true));
    let theirs = json!({ "SecretId": format!("{env}/theirs"), "SecretString": "of others" });
    stage.call("secretsmanager", "put_secret_value", theirs);
    stage.settled("secrets");
    let second = format!("description = \"two\"\nrecovery_window_in_days = 8\n{policy}");
    stage.stack("secrets", &secret(&second));
    let fields = "description recovery_window_in_days resource_policy";
    stage.changes("secrets", &[&format!("update secretsmanager_secret.db: {fields}")]);
    assert_eq!((value("db"), value("theirs")), (made.clone(), "of others".to_owned()));
    stage.stack("secrets", &secret(&format!("{second}secret_string_version = 2\n")));
    stage.changes("secrets", &["update secretsmanager_secret.db: secret_string_version"]);
    let renewed = value("db");
    assert_ne!(renewed, made);

    // The value of others is in no window, so it must be given up by name.
    let arn = described("db")["ARN"].clone();
    let ran = stage.run(&["destroy", "secrets", "--yes"]).exits(4);
    let told: Vec<&str> =
        ran.stdout.split_whitespace().chain(ran.stderr.split_whitespace()).collect();
    assert!(told.join(" ").contains("without a recovery window"), "{}{}", ran.stdout, ran.stderr);
    let given_up = ["destroy", "secrets", "--yes", "--allow-data-loss"];
    stage.run(&[&given_up[..], &["secretsmanager_secret.theirs"]].concat()).exits(0);
    assert_eq!(stage.owned(), Vec::<String>::new());
    assert!(described("db")["DeletedDate"].is_string(), "{}", described("db"));
    let left = stage.run(&["inventory", "-v"]).exits(0).stdout;
    assert!(left.contains("nothing, residue 0.") && left.contains("can be had back"), "{left}");
    // The name is taken: it is the same secret again, and its value.
    stage.apply("secrets");
    stage.settled("secrets");
    assert_eq!((described("db")["ARN"].clone(), value("db")), (arn, renewed));
    stage.destroy_all();
}

/// Names that others have are theirs, also while a deleted secret has one.
fn names_that_others_have(stage: &Stage) {
    let env = stage.environment();
    let taken = format!("/{env}/taken");
    let theirs = json!({ "Name": taken, "Value": "theirs", "Type": "String" });
    stage.call("ssm", "put_parameter", theirs);
    let parameter =
        format!("[ssm_parameter.a]\nname = \"{taken}\"\ntype = \"String\"\nvalue = \"x\"\n");
    stage.stack("names", &parameter);
    let ran = stage.run(&["apply", "names", "--yes"]).exits(4);
    assert!(ran.stdout.contains("not ours") || ran.stderr.contains("not ours"), "{}", ran.stderr);
    stage.call("ssm", "delete_parameter", json!({ "Name": taken }));

    let name = json!({ "Name": format!("{env}/taken"), "SecretString": "theirs" });
    stage.call("secretsmanager", "create_secret", name.clone());
    let id = json!({ "SecretId": name["Name"] });
    stage.call("secretsmanager", "delete_secret", id.clone());
    let secret = format!("[secretsmanager_secret.a]\nname = \"{env}/taken\"\n");
    stage.stack("names", &secret);
    let ran = stage.run(&["apply", "names", "--yes"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    let told: Vec<&str> = ran.stderr.split_whitespace().collect();
    let told = told.join(" ");
    assert!(told.contains("waits for its deletion") && told.contains("restore-secret"), "{told}");
    stage.call("secretsmanager", "restore_secret", id.clone());
    let gone = json!({ "SecretId": name["Name"], "ForceDeleteWithoutRecovery": true });
    stage.call("secretsmanager", "delete_secret", gone);
    stage.destroy_all();
}
