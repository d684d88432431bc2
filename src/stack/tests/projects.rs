//! The folder: `infra.toml`, workspaces, environments, regions.

use super::*;
use crate::stack::load;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("environments")).unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

const HEAD: (&str, &str) = ("infra.toml", "[project]\nname = \"shop\"\nregion = \"eu-north-1\"\n");

#[test]
fn reads_the_folder() {
    let dir = folder(&[
        HEAD,
        ("app.toml", "[vpc.a]\n"),
        ("notes.md", "no stack"),
        ("environments/dev.toml", "[environment]\ndefault = true\n[tags]\na = \"b\"\n"),
        (
            "environments/prod.toml",
            "[environment]\nregions = [\"eu-west-1\", \"eu-west-2\"]\nprofile = \"p\"\n\
             account_ids = [\"123456789012\"]\n",
        ),
    ]);
    let project = load(dir.path()).unwrap();
    assert_eq!(project.name, "shop");
    assert_eq!(project.workspaces.keys().collect::<Vec<_>>(), ["app"]);
    let dev = project.environment(None).unwrap();
    assert_eq!(
        (dev.name.as_str(), dev.regions.as_slice()),
        ("dev", &["eu-north-1".to_owned()][..])
    );
    assert_eq!(project.context(&dev, "eu-north-1").tags["a"], "b");
    let prod = project.environment(Some("prod")).unwrap();
    assert_eq!(project.regions(&prod, &[]).unwrap(), ["eu-west-1", "eu-west-2"]);
    assert_eq!(project.regions(&prod, &["eu-west-2".into()]).unwrap(), ["eu-west-2"]);
    assert_eq!(prod.profile.as_deref(), Some("p"));
    let problem = project.environment(Some("prd")).unwrap_err();
    assert_eq!(problem.code, "unknown_environment");
    assert_eq!(problem.hint.as_deref(), Some("did you mean `prod`? there are `dev` and `prod`"));
    let problem = project.regions(&prod, &["eu-west-3".into()]).unwrap_err();
    assert_eq!(problem.code, "unknown_region");
    let problem = project.workspace("ap").unwrap_err();
    assert_eq!(problem.hint.as_deref(), Some("did you mean `app`? there is `app`"));
}

#[test]
fn images_of_the_sandbox_are_patterns() {
    let sandbox = |images: &str| format!("{}[sandbox]\nimages = {images}\n", HEAD.1);
    let text = sandbox(r#"["*/*-api:*", "*/*-api@*"]"#);
    let project = load(folder(&[("infra.toml", &text)]).path()).unwrap();
    assert_eq!(project.sandbox_images, ["*/*-api:*", "*/*-api@*"]);
    assert!(load(folder(&[HEAD]).path()).unwrap().sandbox_images.is_empty());
    for (images, code) in
        [("[\"\"]", "invalid_image"), ("[\"a b\"]", "invalid_image"), ("\"a\"", "wrong_type")]
    {
        let text = sandbox(images);
        let problems = load(folder(&[("infra.toml", &text)]).path()).unwrap_err();
        assert_eq!(problems.0.iter().map(|p| p.code).collect::<Vec<_>>(), [code], "{images}");
    }
}

#[test]
fn without_environments_there_is_one_called_default() {
    let project = load(folder(&[HEAD]).path()).unwrap();
    let environment = project.environment(None).unwrap();
    assert_eq!(environment.name, "default");
    assert_eq!(project.regions(&environment, &["us-east-1".into()]).unwrap(), ["us-east-1"]);
    assert_eq!(project.environment(Some("dev")).unwrap_err().code, "unknown_environment");
}

#[test]
fn bad_folders_are_refused() {
    for (files, code, hint) in [
        (vec![], "no_project", "it names the project: `[project]` with `name = \"…\"`"),
        (vec![("infra.toml", "")], "missing_key", "add `[project]` with `name = \"…\"`"),
        (vec![("infra.toml", "[project]\nnam = \"x\"\n")], "unknown_key", "did you mean `name`?"),
        (
            vec![("infra.toml", "[project]\nname = \"a b\"\n")],
            "invalid_name",
            "at most 64 letters, digits, `_`, `.` and `-`",
        ),
        (
            vec![HEAD, ("a b.toml", "")],
            "invalid_name",
            "a name has letters, digits, `_` and `-`, and starts with a letter or `_`",
        ),
        (
            vec![HEAD, ("environments/dev.toml", "[environment]\nregion = \"eu-west-1\"\n")],
            "unknown_key",
            "did you mean `regions`?",
        ),
        (
            vec![HEAD, ("environments/dev.toml", "[environment]\nregions = [\"west\"]\n")],
            "invalid_region",
            "a region looks like `eu-west-1`",
        ),
        (
            vec![
                HEAD,
                ("environments/a.toml", "[environment]\ndefault = true\n"),
                ("environments/b.toml", "[environment]\ndefault = true\n"),
            ],
            "two_defaults",
            "keep it in `a` or in `b`",
        ),
        (
            vec![HEAD, ("environments/dev.toml", "[tags]\n\"infra:project\" = \"x\"\n")],
            "reserved_tag",
            "",
        ),
    ] {
        let problems = load(folder(&files).path()).map(|_| ()).unwrap_err();
        assert_eq!(problems.0[0].code, code);
        assert_eq!(problems.0[0].hint.as_deref().unwrap_or_default(), hint, "{code}");
    }
    let missing = load(std::path::Path::new("/nonexistent/stacks")).map(|_| ()).unwrap_err();
    assert_eq!(missing.0[0].code, "no_stacks");
}

#[test]
fn an_environment_must_be_chosen_when_none_is_the_default() {
    let dir = folder(&[HEAD, ("environments/dev.toml", ""), ("environments/uat.toml", "")]);
    let problem = load(dir.path()).unwrap().environment(None).unwrap_err();
    assert_eq!(problem.hint.as_deref(), Some("choose one with `-e`: `dev` and `uat`"));
}

#[test]
fn files_of_the_folder_can_be_read_by_expressions() {
    let text = "[outputs]\na = { value = '${file(\"a.txt\")}' }\n";
    let dir = folder(&[HEAD, ("app.toml", text), ("a.txt", "hello")]);
    let project = load(dir.path()).unwrap();
    let bound = parse(text).unwrap().bind(&project, &context(), &Inputs::default()).unwrap();
    let outputs = bound.outputs(&Fixed::default()).unwrap();
    assert_eq!(outputs["a"].value, Value::from("hello"));
}
