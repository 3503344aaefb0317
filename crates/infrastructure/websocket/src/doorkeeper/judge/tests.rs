use super::*;

fn head(lines: &str) -> String {
    format!("{}\r\n\r\n", lines.replace('\n', "\r\n"))
}

fn status(bytes: &[u8]) -> u16 {
    judge(bytes)
        .err()
        .map_or(200, |problem| problem.status().as_u16())
}

#[test]
fn a_plain_request_is_good_and_what_follows_it_is_not_looked_at() {
    let request = head("GET / HTTP/1.1\nHost: a");
    let len = request.len();
    let judged = judge(format!("{request}\0garbage").as_bytes());
    assert_eq!(
        judged,
        Ok(Some(Head {
            len,
            is_upgrade: false
        }))
    );
}

#[test]
fn a_head_that_is_not_whole_is_waited_for() {
    let request = head("GET /ws?join=manual HTTP/1.1\nHost: a\nUpgrade: websocket");
    for len in 1..request.len() {
        assert_eq!(judge(&request.as_bytes()[..len]), Ok(None), "{len}");
    }
    assert_eq!(
        judge(request.as_bytes()),
        Ok(Some(Head {
            len: request.len(),
            is_upgrade: true
        }))
    );
}

#[test]
fn requests_that_hyper_lets_pass_are_refused() {
    let refused = [
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\nHost: a\nHost: a",
        "GET / HTTP/1.1\nHost: a b",
        "GET / HTTP/1.1\nHost: user@a",
        "GET / HTTP/1.1\nHost : a",
        "GET / HTTP/1.1\nHost: a\n folded",
        "GET / HTTP/1.1\nHost: a\nX: \0",
        "GET / HTTP/1.1\nHost: a\nContent-Length: 5",
        "GET / HTTP/1.1\nHost: a\nContent-Length: 0\nTransfer-Encoding: chunked",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 1\nContent-Length: 2",
        "POST / HTTP/1.1\nHost: a\nContent-Length: +4",
        "POST / HTTP/1.1\nHost: a\nContent-Length: -1",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: xchunked",
        "GET http://evil.example/ws HTTP/1.1\nHost: a",
        "GET / HTTP/2.0\nHost: a",
        "PRI * HTTP/2.0",
    ];
    for lines in refused {
        assert_eq!(status(head(lines).as_bytes()), 400, "{lines}");
    }
    assert_eq!(status(b"GET / HTTP/1.1\nHost: a\n\n"), 400);
    assert_eq!(status(b"\x16\x03\x01"), 400);
}

#[test]
fn other_methods_are_told_which_are_served() {
    for method in ["POST", "PUT", "DELETE", "TRACE", "OPTIONS"] {
        assert_eq!(
            status(head(&format!("{method} /ws HTTP/1.1\nHost: a")).as_bytes()),
            405
        );
    }
    assert_eq!(status(head("CONNECT a:1 HTTP/1.1\nHost: a").as_bytes()), 405);
}

#[test]
fn a_head_that_is_too_large_is_refused_as_soon_as_that_is_known() {
    let many = format!("GET / HTTP/1.1\nHost: a{}", "\nX: y".repeat(64));
    assert_eq!(status(head(&many).as_bytes()), 431);
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "y".repeat(MAX_HEAD));
    assert_eq!(status(long.as_bytes()), 431);
    let line = format!("GET /{}", "y".repeat(20_000));
    assert_eq!(status(line.as_bytes()), 431);
}

#[test]
fn a_path_that_no_library_takes_names_nothing() {
    assert_eq!(status(head("GET /..\\..\\x HTTP/1.1\nHost: a").as_bytes()), 404);
}

#[test]
fn a_query_that_has_to_be_encoded_is_refused_as_such() {
    for query in ["interests=a|b", "interests={x}", "interests=\"x\"", "interests=ä"] {
        let request = head(&format!("GET /ws?{query} HTTP/1.1\nHost: a"));
        assert_eq!(status(request.as_bytes()), 400, "{query}");
    }
}

#[test]
fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
    for host in [
        "a",
        "a.example:80",
        "a_b-c.d:",
        "127.0.0.1:65535",
        "[::1]",
        "[2001:db8::1]:8080",
    ] {
        let request = head(&format!("GET / HTTP/1.1\nHost: {host}"));
        assert_eq!(status(request.as_bytes()), 200, "{host}");
    }
    for host in [
        "",
        ":80",
        "a:65536",
        "a:b",
        "a:+1",
        "a:80:80",
        "[::1",
        "::1",
        "[a]",
        "[::1]8080",
        "a%zzb",
        "u@a",
    ] {
        let request = head(&format!("GET / HTTP/1.1\nHost: {host}"));
        assert_eq!(status(request.as_bytes()), 400, "{host}");
    }
}

#[test]
fn a_probe_without_a_host_may_speak_http_1_0() {
    assert_eq!(status(head("GET /healthz HTTP/1.0").as_bytes()), 200);
}
