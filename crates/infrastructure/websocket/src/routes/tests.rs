use super::*;
use http::HeaderValue;

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

fn options(origins: AllowedOrigins, hosts: &[&str]) -> Options {
    Options {
        origins,
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        trusted_proxies: Vec::new(),
        connections: None,
        frame_bytes: 32_768,
        messages_per_second: None,
        commands_per_second: None,
        ping_interval: Duration::from_secs(15),
        pong_timeout: Duration::from_secs(10),
    }
}

fn allows(origins: &AllowedOrigins, host: &'static str, origin: &'static str) -> bool {
    let headers = headers(&[("host", host), ("origin", origin)]);
    check_origin(&headers, &options(origins.clone(), &[])).is_ok()
}

#[test]
fn a_page_of_the_same_host_may_connect_and_no_other() {
    let same = AllowedOrigins::SameHost;
    assert!(allows(&same, "good.example", "https://good.example"));
    assert!(allows(&same, "good.example:8080", "http://good.example:8080"));
    assert!(allows(&same, "good.example:443", "https://good.example"));
    for origin in [
        "https://evil.example",
        "null",
        "https://good.example:444",
        "https://good.example.evil.com",
        "https://goodXexample",
        "ftp://good.example",
    ] {
        assert!(!allows(&same, "good.example", origin), "{origin}");
    }
}

#[test]
fn listed_pages_may_connect_with_their_scheme_and_port() {
    let listed = AllowedOrigins::Listed(vec![WebOrigin::parse("https://good.example").expect("valid")]);
    assert!(allows(&listed, "other.example", "https://good.example"));
    assert!(!allows(&listed, "good.example", "http://good.example"));
    assert!(!allows(&listed, "good.example", "https://good.example:8443"));
    assert!(allows(&AllowedOrigins::Any, "a", "https://whatever.example"));
}

#[test]
fn one_without_an_origin_passes_and_one_with_two_does_not() {
    let options = options(AllowedOrigins::SameHost, &[]);
    assert!(check_origin(&headers(&[("host", "a")]), &options).is_ok());
    let two = headers(&[("host", "a"), ("origin", "http://a"), ("origin", "http://a")]);
    assert!(check_origin(&two, &options).is_err());
}

#[test]
fn only_hosts_that_are_listed_are_served_whatever_the_port() {
    let options = options(AllowedOrigins::SameHost, &["good.example", "[::1]"]);
    for host in ["good.example", "GOOD.example:8080", "[::1]:80", "[::1]"] {
        assert!(
            check_host(&headers(&[("host", host)]), &options).is_ok(),
            "{host}"
        );
    }
    for host in ["evil.example", "good.example.evil.com", "127.0.0.1"] {
        assert!(
            check_host(&headers(&[("host", host)]), &options).is_err(),
            "{host}"
        );
    }
}
