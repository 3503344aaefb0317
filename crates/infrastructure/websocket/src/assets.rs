//! The web client, compiled into the binary: a map from names to bytes, so there is no path to break out of.

use crate::routes::Answer;
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::Full;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;
use std::fmt::Write;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

/// What a page may load and do: its own files, its own server, and nothing else.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the browser may let the page use.
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()";

/// The file that `path` names, if there is one.
pub(crate) fn find(path: &str) -> Option<EmbeddedFile> {
    match path {
        "/" => Files::get("index.html"),
        _ => Files::get(
            path.strip_prefix("/assets/")
                .filter(|name| *name != "index.html")?,
        ),
    }
}

/// The file as an answer; without its body if the client has the same one already.
pub(crate) fn answer(file: EmbeddedFile, request: &HeaderMap) -> Answer {
    let hash = file.metadata.sha256_hash();
    let mut tag = String::from("\"");
    for byte in &hash[..12] {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    let known = request
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| {
        known
            .split(',')
            .any(|entry| entry.trim().trim_start_matches("W/") == tag)
    });
    let mut response = Response::builder()
        .header(header::ETAG, tag)
        // Asked for again each time, and answered in a few bytes when nothing has changed: a page and its scripts
        // must be of one version.
        .header(header::CACHE_CONTROL, "no-cache")
        .header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)
        .header("permissions-policy", PERMISSIONS)
        .header(header::REFERRER_POLICY, "no-referrer")
        .header("cross-origin-opener-policy", "same-origin")
        .header("cross-origin-resource-policy", "same-origin")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if is_known {
        return response.status(StatusCode::NOT_MODIFIED).body(Full::default());
    }
    let kind = file.metadata.mimetype();
    let kind = match kind {
        _ if kind.starts_with("text/") => Cow::from(format!("{kind}; charset=utf-8")),
        "application/octet-stream" => Cow::from("application/manifest+json"),
        _ => Cow::from(kind.to_owned()),
    };
    response = response.header(header::CONTENT_TYPE, kind.as_ref());
    let bytes = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    response.body(Full::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_the_map_is_found() {
        assert!(find("/").is_some());
        assert!(find("/assets/main.js").is_some());
        for path in [
            "/index.html",
            "/assets/",
            "/assets/../Cargo.toml",
            "/assets/%2e%2e/x",
            "//",
            "/.git/config",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn every_file_has_a_type_that_browsers_accept() {
        for name in Files::iter() {
            let file = Files::get(&name).expect("listed");
            let answer = answer(file, &HeaderMap::new()).expect("an answer");
            let kind = answer.headers()[header::CONTENT_TYPE].to_str().expect("text");
            let expected = match name.rsplit('.').next() {
                Some("html") => "text/html; charset=utf-8",
                Some("js") => "text/javascript; charset=utf-8",
                Some("css") => "text/css; charset=utf-8",
                Some("svg") => "image/svg+xml",
                Some("webmanifest") => "application/manifest+json",
                other => panic!("{name}: a kind of file nobody thought of: {other:?}"),
            };
            assert_eq!(kind, expected, "{name}");
        }
    }

    #[test]
    fn one_who_has_the_file_gets_no_body() {
        let first = answer(find("/").expect("there"), &HeaderMap::new()).expect("an answer");
        let mut request = HeaderMap::new();
        request.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        let second = answer(find("/").expect("there"), &request).expect("an answer");
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    }
}
