//! The house rules that a compiler does not enforce: who may depend on whom, how large a file may be, what it must say
//! of itself. A change that breaks one either is a mistake or needs an ADR and a change here.

#![allow(clippy::expect_used, reason = "in a test a panic is the report")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The edges between the crates of the workspace, tests apart: exactly these.
const EDGES: [(&str, &[&str]); 13] = [
    ("passerby-domain", &[]),
    ("passerby-application", &["passerby-domain"]),
    ("passerby-protocol", &[]),
    ("passerby-identity", &["passerby-application", "passerby-domain"]),
    ("passerby-memory", &["passerby-application", "passerby-domain"]),
    (
        "passerby-redis",
        &["passerby-application", "passerby-domain", "passerby-memory"],
    ),
    (
        "passerby-websocket",
        &["passerby-application", "passerby-domain", "passerby-protocol"],
    ),
    ("passerby-admin", &["passerby-application", "passerby-domain"]),
    (
        "passerby-conformance",
        &["passerby-application", "passerby-domain"],
    ),
    (
        "passerby-bootstrap",
        &[
            "passerby-admin",
            "passerby-application",
            "passerby-domain",
            "passerby-identity",
            "passerby-memory",
            "passerby-redis",
            "passerby-websocket",
        ],
    ),
    ("passerby", &["passerby-bootstrap"]),
    ("passerby-load", &[]),
    ("passerby-tests", &[]),
];

/// What the inner crates must not be built on, whatever the reason seems to be.
const DENIED: [(&str, &[&str]); 3] = [
    (
        "passerby-domain",
        &[
            "tokio",
            "serde",
            "serde_json",
            "async-trait",
            "tracing",
            "getrandom",
            "rand",
        ],
    ),
    (
        "passerby-application",
        &[
            "tokio",
            "serde",
            "serde_json",
            "hyper",
            "tungstenite",
            "redis",
            "getrandom",
            "rand",
        ],
    ),
    ("passerby-protocol", &["tokio", "hyper", "tungstenite"]),
];

/// Every adapter of a port passes the suite of that port: the file that calls each macro.
const SUITES: [(&str, &str); 12] = [
    ("pairing_store_conformance!", "crates/infrastructure/memory"),
    ("rate_limiter_conformance!", "crates/infrastructure/memory"),
    ("reports_conformance!", "crates/infrastructure/memory"),
    ("bans_conformance!", "crates/infrastructure/memory"),
    ("pairing_store_conformance!", "crates/infrastructure/redis"),
    ("shared_pairing_conformance!", "crates/infrastructure/redis"),
    ("rate_limiter_conformance!", "crates/infrastructure/redis"),
    ("reports_conformance!", "crates/infrastructure/redis"),
    ("bans_conformance!", "crates/infrastructure/redis"),
    ("clock_conformance!", "crates/infrastructure/memory"),
    ("delivery_conformance!", "crates/infrastructure/memory"),
    ("identity_conformance!", "crates/infrastructure/identity"),
];

/// The hard limit on the lines of a file, tests apart.
const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are in the workspace")
        .to_owned()
}

fn packages() -> BTreeMap<String, Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages
        .map(|package| {
            (
                package["name"].as_str().expect("a name").to_owned(),
                package.clone(),
            )
        })
        .collect()
}

/// What a package is built on, tests and build scripts apart.
fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().expect("dependencies").iter();
    let normal = all.filter(|dependency| dependency["kind"].is_null());
    normal
        .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
        .collect()
}

/// All Rust files of the workspace, from its root.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("crates"), root().join("bin"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 100, "the walk went wrong");
    found
}

fn is_test(path: &Path) -> bool {
    let inner = path.strip_prefix(root()).expect("below the root");
    let parts: Vec<_> = inner.iter().filter_map(|part| part.to_str()).collect();
    parts[0] == "tests"
        || parts
            .iter()
            .any(|part| ["tests", "tests.rs", "benches", "conformance"].contains(part))
}

#[test]
fn crates_depend_on_each_other_as_the_house_plan_says_and_in_no_other_way() {
    let packages = packages();
    let planned: BTreeMap<_, _> = EDGES.into_iter().collect();
    assert_eq!(
        packages.keys().map(String::as_str).collect::<Vec<_>>(),
        planned.keys().copied().collect::<Vec<_>>()
    );
    for (name, package) in &packages {
        let inner = dependencies(package)
            .into_iter()
            .filter(|dependency| dependency.starts_with("passerby"));
        let allowed: BTreeSet<_> = planned[name.as_str()]
            .iter()
            .map(|&name| name.to_owned())
            .collect();
        assert_eq!(inner.collect::<BTreeSet<_>>(), allowed, "the edges of {name}");
    }
}

#[test]
fn the_inner_crates_know_no_runtime_no_wire_and_no_store() {
    let packages = packages();
    for (name, denied) in DENIED {
        let dependencies = dependencies(&packages[name]);
        for dependency in denied {
            assert!(
                !dependencies.contains(*dependency),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn every_adapter_passes_the_suite_of_its_port() {
    let sources = sources();
    for (suite, home) in SUITES {
        let is_called = sources
            .iter()
            .filter(|path| path.starts_with(root().join(home)))
            .any(|path| {
                fs::read_to_string(path)
                    .expect("readable")
                    .lines()
                    .any(|line| line.contains(suite) && !line.trim_start().starts_with("//"))
            });
        assert!(is_called, "{home} does not call {suite}");
    }
}

#[test]
fn every_file_says_what_it_is_for_and_is_small_enough_to_read() {
    for path in sources() {
        let text = fs::read_to_string(&path).expect("readable");
        let name = path.strip_prefix(root()).expect("below the root").display();
        if is_test(&path) {
            continue;
        }
        assert!(text.starts_with("//!"), "{name} does not say what it is for");
        // Tests at the end of a file do not count.
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default()
            .lines()
            .count();
        assert!(code <= MAX_LINES, "{name} has {code} lines");
    }
}

#[test]
fn the_binaries_are_only_doors() {
    for binary in ["passerby", "passerby-load"] {
        let main = root().join("bin").join(binary).join("src/main.rs");
        let main = fs::read_to_string(main).expect("readable");
        assert!(main.lines().count() <= 40, "{binary}");
    }
}

#[test]
fn no_mod_rs_and_no_drawer_for_odds_and_ends() {
    for path in sources() {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let is_drawer = ["mod", "utils", "util", "common", "helpers", "shared", "misc"].contains(&name);
        assert!(!is_drawer, "{}", path.display());
    }
}
