//! The embedded page and its assets: a compiled-in map, served whole, with nothing of anybody else's.

use passerby_tests::{Server, http};

/// What the page refers to: values of `src` and `href`.
fn references(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in ["src=\"", "href=\""] {
        for piece in page.split(attribute).skip(1) {
            found.extend(piece.split('"').next().map(str::to_owned));
        }
    }
    found.retain(|reference| !reference.starts_with("data:") && !reference.starts_with('#'));
    found
}

#[tokio::test]
async fn everything_the_page_needs_comes_from_this_server() {
    let server = Server::start(&[]).await;
    let page = http::get(server.http(), "/", &[]).await.text();
    let references = references(&page);
    assert!(
        references.iter().any(|reference| reference.contains(".js")),
        "a page without a script: {page}"
    );
    for reference in references {
        assert!(!reference.contains("//"), "a third party: {reference}");
        let path = format!("/{}", reference.trim_start_matches("./").trim_start_matches('/'));
        let answer = http::get(server.http(), &path, &[]).await;
        assert_eq!(answer.status, 200, "{reference}");
        assert_eq!(answer.needs("x-content-type-options"), "nosniff", "{reference}");
        assert!(!answer.body.is_empty(), "{reference}");
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_assets() {
    let server = Server::start(&[]).await;
    for path in [
        "/../../etc/passwd",
        "/%2e%2e/",
        "/..%2f",
        "/..%2f..%2fetc%2fpasswd",
        "/%00",
        "/..\\..\\x",
        "//host/",
        "/.git/config",
        "/assets/../Cargo.toml",
        "/./",
        "/index.html%00.js",
        "/ws/",
        "/WS",
        "/nothing-here",
    ] {
        let answer = http::get(server.http(), path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(
            answer.is_problem(404).needs("x-content-type-options"),
            "nosniff",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_range_never_yields_more_than_the_file() {
    let server = Server::start(&[]).await;
    let whole = http::get(server.http(), "/", &[]).await.body;
    let thousand = format!("bytes={}", ["0-0"; 1000].join(","));
    for range in [
        "bytes=0-0",
        "bytes=-1",
        "bytes=5-2",
        "bytes=99999999-",
        "lines=1-2",
        &thousand,
    ] {
        let answer = http::get(server.http(), "/", &[("Range", range)]).await;
        assert!(
            [200, 206, 416].contains(&answer.status),
            "{range:.20}: {}",
            answer.status
        );
        match answer.status {
            200 => assert_eq!(answer.body, whole, "{range:.20}"),
            206 => assert!(answer.body.len() <= whole.len(), "{range:.20}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn conditions_and_encodings_that_make_no_sense_are_harmless() {
    let server = Server::start(&[]).await;
    let long = "gzip;q=0.1, ".repeat(680);
    for (name, value) in [
        ("If-None-Match", "W/W/W/\"\"\"x"),
        ("If-Modified-Since", "the day after tomorrow"),
        ("If-Range", "\u{1}".trim()),
        ("Accept-Encoding", long.trim_end_matches(", ")),
        ("Accept-Encoding", "identity;q=0, *;q=0"),
    ] {
        let value = if value.contains('\u{1}') { "?" } else { value };
        let answer = http::get(server.http(), "/", &[(name, value)]).await;
        assert!(
            [200, 304, 406].contains(&answer.status),
            "{name}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn a_page_that_was_not_changed_need_not_be_sent_again() {
    let server = Server::start(&[]).await;
    let page = http::get(server.http(), "/", &[]).await;
    if let Some(tag) = page.header("etag") {
        let again = http::get(server.http(), "/", &[("If-None-Match", tag)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    assert_eq!(page.status, 200);
}
