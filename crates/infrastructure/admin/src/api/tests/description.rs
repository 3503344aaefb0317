//! The description says what there is, and what there is is as it says.

use crate::api::OPENAPI;
use crate::api::resource::{Access, Resource, access};
use crate::testing::{Sent, node};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// The paths and methods of the document.
fn described() -> BTreeSet<(String, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods
            .filter(|key| *key != "parameters")
            .map(|method| (path.clone(), method.to_uppercase()))
    });
    operations.collect()
}

/// How a resource's path is written in the document. A new resource does not compile before it is here.
fn template(resource: Resource<'_>) -> &'static str {
    match resource {
        Resource::Metrics => "/metrics",
        Resource::Health => "/healthz",
        Resource::Readiness => "/readyz",
        Resource::OpenApi => "/admin/v1/openapi.json",
        Resource::Node => "/admin/v1/node",
        Resource::Reports => "/admin/v1/reports",
        Resource::Bans => "/admin/v1/bans",
        Resource::Ban(_) => "/admin/v1/bans/{id}",
        Resource::Kick(_) => "/admin/v1/kick/{user_id}",
        Resource::Drain => "/admin/v1/drain",
    }
}

const EVERYTHING: [Resource<'static>; 10] = [
    Resource::Metrics,
    Resource::Health,
    Resource::Readiness,
    Resource::OpenApi,
    Resource::Node,
    Resource::Reports,
    Resource::Bans,
    Resource::Ban("{id}"),
    Resource::Kick("{user_id}"),
    Resource::Drain,
];

#[test]
fn the_document_describes_exactly_what_there_is() {
    let served: BTreeSet<(String, String)> = EVERYTHING
        .iter()
        .flat_map(|resource| {
            assert_eq!(Resource::at(template(*resource)), Some(*resource));
            let methods: &[Method] = resource.methods();
            methods
                .iter()
                .map(|method| (template(*resource).to_owned(), method.to_string()))
        })
        .collect();
    assert_eq!(described(), served);
}

#[test]
fn the_document_says_which_paths_need_the_token() {
    let document = document();
    for (path, method) in described() {
        let operation = &document["paths"][&path][method.to_lowercase()];
        let is_open = operation["security"] == json!([]);
        assert_eq!(is_open, access(&path) == Access::Everybody, "{path}");
        for status in ["401", "403", "429"] {
            assert_eq!(
                operation["responses"][status].is_null(),
                is_open,
                "{path} {status}"
            );
        }
    }
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(target)) = members.get("$ref") {
                    found.insert(target.clone());
                }
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 10);
    for target in found {
        let pointer = target.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
}

/// Checks that an answer has exactly the members that its schema asks for.
fn assert_members(answer: &Value, schema: &str) {
    let schema = &document()["components"]["schemas"][schema];
    let members: BTreeSet<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    let required = schema["required"].as_array().unwrap();
    let required: BTreeSet<&str> = required.iter().map(|name| name.as_str().unwrap()).collect();
    let properties = schema["properties"].as_object().unwrap();
    let properties: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
    assert_eq!(members, required);
    assert_eq!(members, properties);
}

#[tokio::test]
async fn answers_have_the_members_that_are_described() {
    let node = node().start().await;
    let (one, _other) = (node.visitor(1).await, node.visitor(2).await);
    let offence = passerby_application::ports::Offence::Other;
    node.chat
        .report(&one.seat, &one.chat(), offence, None)
        .await
        .unwrap();

    let told = Sent::new("GET", "/admin/v1/node").to(&node).await.json();
    assert_members(&told, "Node");
    assert_members(&told["seats"], "Counts");
    assert_members(&told["cluster"], "Counts");

    let page = Sent::new("GET", "/admin/v1/reports").to(&node).await.json();
    assert_members(&page, "ReportPage");
    assert_members(&page["reports"][0], "Report");

    let order = json!({"user_id": one.id(), "reason": "other"}).to_string();
    let ban = Sent::new("POST", "/admin/v1/bans")
        .body(order)
        .to(&node)
        .await
        .json();
    assert_members(&ban, "Ban");
    let list = Sent::new("GET", "/admin/v1/bans").to(&node).await.json();
    assert_members(&list, "BanList");
    assert_members(&list["bans"][0], "Ban");

    let problem = Sent::new("GET", "/admin/v1/nothing").to(&node).await.json();
    assert_members(&problem, "Problem");
    let drain = Sent::new("POST", "/admin/v1/drain").to(&node).await.json();
    assert_members(&drain, "Draining");
}

#[tokio::test]
async fn the_document_is_served_as_it_is() {
    let node = node().start().await;
    let reply = Sent::new("GET", "/admin/v1/openapi.json").to(&node).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.json(), document());
}
