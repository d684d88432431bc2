//! What outlives a process, and who may use a folder.

use serde_json::json;

use crate::{OpenError, Options, Sandbox};

fn options(dir: &tempfile::TempDir) -> Options {
    Options { dir: dir.path().join("sandbox"), ..Options::default() }
}

fn create(sandbox: &Sandbox, name: &str) {
    sandbox.call("logs", "CreateLogGroup", json!({"logGroupName": name})).unwrap();
}

fn count(sandbox: &Sandbox) -> usize {
    let groups = sandbox.call("logs", "DescribeLogGroups", json!({})).unwrap();
    groups["logGroups"].as_array().unwrap().len()
}

#[test]
fn a_write_is_on_disk_before_it_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::open(options(&dir)).unwrap();
    create(&sandbox, "a");
    // As after a kill: the first handle is still there, nothing was closed.
    assert_eq!(count(&Sandbox::open(options(&dir)).unwrap()), 1);
}

#[test]
fn two_embedded_sandboxes_share_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let one = Sandbox::open(options(&dir)).unwrap();
    let two = Sandbox::open(options(&dir)).unwrap();
    create(&one, "a");
    create(&two, "b");
    assert_eq!((count(&one), count(&two)), (2, 2));
    let again = one.call("logs", "CreateLogGroup", json!({"logGroupName": "b"}));
    assert_eq!(again.unwrap_err().code, "ResourceAlreadyExistsException");
}

#[test]
fn threads_lose_no_write() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let options = options(&dir);
            scope.spawn(move || {
                let sandbox = Sandbox::open(options).unwrap();
                (0..5).for_each(|n| create(&sandbox, &format!("{thread}-{n}")));
            });
        }
    });
    assert_eq!(count(&Sandbox::open(options(&dir)).unwrap()), 20);
}

#[test]
fn a_server_holds_its_folder_alone_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let server = Sandbox::open_alone(options(&dir)).unwrap();
    let error = Sandbox::open(options(&dir)).unwrap_err();
    let words = format!("is held by the sandbox server with process id {}", std::process::id());
    assert!(error.to_string().ends_with(&words), "{error}");
    drop(server);
    let embedded = Sandbox::open(options(&dir)).unwrap();
    let error = Sandbox::open_alone(options(&dir)).unwrap_err();
    assert!(matches!(&error, OpenError::Held { .. }));
    assert!(error.to_string().ends_with("is held by another infra process"), "{error}");
    drop(embedded);
}

#[test]
fn time_goes_on_from_where_it_was_stored() {
    let dir = tempfile::tempdir().unwrap();
    let fast = Options { clock_rate: 1e9, ..options(&dir) };
    let sandbox = Sandbox::open(fast).unwrap();
    create(&sandbox, "a");
    let stored = sandbox.state()["time"].as_i64().unwrap();
    drop(sandbox);
    let next = Sandbox::open(options(&dir)).unwrap();
    assert!(next.now().millis() >= stored);
}

#[test]
fn a_state_that_cannot_be_read_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(&dir);
    std::fs::create_dir_all(&options.dir).unwrap();
    std::fs::write(options.dir.join("state.json"), "{").unwrap();
    let error = Sandbox::open(options).unwrap_err();
    assert!(error.to_string().contains("remove the file to start afresh"), "{error}");
}

#[test]
fn what_was_waited_for_is_done_for_the_next_process() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { slow: crate::Slow::Aws, ..options(&dir) };
    let status = |sandbox: &Sandbox| {
        let table =
            sandbox.call("dynamodb", "DescribeTable", json!({"TableName": "orders"})).unwrap();
        table["Table"]["TableStatus"].clone()
    };
    let keys = json!([{"AttributeName": "id", "KeyType": "HASH"}]);
    let attributes = json!([{"AttributeName": "id", "AttributeType": "S"}]);
    let sandbox = Sandbox::open(options.clone()).unwrap();
    let table = json!({"TableName": "orders", "KeySchema": keys, "AttributeDefinitions": attributes,
        "BillingMode": "PAY_PER_REQUEST"});
    sandbox.call("dynamodb", "CreateTable", table).unwrap();
    assert_eq!(status(&sandbox), "CREATING");
    assert_eq!(status(&Sandbox::open(options.clone()).unwrap()), "CREATING");
    sandbox.skip(std::time::Duration::from_secs(3600));
    assert_eq!(status(&sandbox), "ACTIVE");
    assert_eq!(status(&Sandbox::open(options).unwrap()), "ACTIVE");
}
