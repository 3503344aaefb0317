//! Tests of the settings as a whole: what an operator writes, and what they are told.

use std::net::SocketAddr;
use std::time::Duration;

use toml::Table;

use super::*;
use crate::secret::Secret;

/// A settings file that is gone again after the test.
struct SettingsFile(PathBuf);

impl SettingsFile {
    fn with(content: &str) -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("passerby-settings-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for SettingsFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn load(file: &str, variables: &[(&str, &str)]) -> Result<CheckedSettings, SettingsError> {
    let file = SettingsFile::with(file);
    let variables = variables
        .iter()
        .map(|&(name, value)| (name.into(), value.into()))
        .collect();
    Settings::load_with(Some(&file.0), variables)
}

fn from_file(file: &str) -> CheckedSettings {
    load(file, &[]).unwrap()
}

fn from_variable(name: &str, value: &str) -> CheckedSettings {
    load("", &[(name, value)]).unwrap()
}

/// The keys at fault, sorted.
fn faults(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let mut keys: Vec<String> = problems(file, variables)
        .into_iter()
        .map(|problem| problem.key)
        .collect();
    keys.sort();
    keys
}

fn problems(file: &str, variables: &[(&str, &str)]) -> Vec<Problem> {
    match load(file, variables) {
        Err(SettingsError::Invalid(invalid)) => invalid.problems().to_vec(),
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

/// All keys of a table in full, with their values as TOML.
fn flatten(table: &Table, prefix: &str, into: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            toml::Value::Table(section) => flatten(section, &format!("{key}."), into),
            _ => drop(into.insert(key, value.to_string())),
        }
    }
}

fn flat(toml: &str) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    flatten(&toml.parse().unwrap(), "", &mut keys);
    keys
}

#[test]
fn the_embedded_defaults_are_the_defaults_of_the_types() {
    let loaded = Settings::load_with(None, BTreeMap::new()).unwrap();
    let by_hand = Settings::default().check().unwrap();
    assert_eq!(format!("{loaded:?}"), format!("{by_hand:?}"));
}

#[test]
fn what_is_printed_has_every_key_of_the_defaults_and_the_same_values() {
    assert_eq!(flat(&Settings::default().to_toml().unwrap()), flat(DEFAULTS));
}

#[test]
fn what_is_printed_can_be_loaded_again() {
    let ice = "[[video.ice_servers]]\nurls = [\"stun:stun.example\", \"stun:stun2.example\"]";
    let file = format!(
        "[http]\nallowed_origins = [\"https://chat.example\"]\ntrusted_proxies = \"10.0.0.1\"\n{ice}"
    );
    let once = from_file(&file).to_toml().unwrap();
    assert!(once.contains("stun2"));
    assert_eq!(from_file(&once).to_toml().unwrap(), once);
}

#[test]
fn every_key_of_the_defaults_has_a_comment() {
    let mut commented = false;
    for line in DEFAULTS.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(commented, "no comment above: {line}");
        }
        commented = line.starts_with('#');
    }
}

#[test]
fn the_handbook_lists_exactly_the_keys_and_defaults() {
    let handbook = include_str!("../../../../docs/configuration.md");
    let code = |cell: &str| {
        cell.trim()
            .strip_prefix('`')?
            .strip_suffix('`')
            .map(str::to_owned)
    };
    let mut listed = BTreeMap::new();
    for row in handbook.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [key, variable, .., default] = cells.as_slice() else {
            panic!("too few cells: {row}")
        };
        let key = code(key).unwrap();
        if !key.contains('.') {
            // A table of something else than settings.
            continue;
        }
        let name = format!("PASSERBY__{}", key.replace('.', "__").to_uppercase());
        assert_eq!(code(variable).as_deref(), Some(name.as_str()), "{key}");
        let default = code(default).unwrap_or_else(|| panic!("no default: {row}"));
        assert!(
            listed.insert(key.clone(), default).is_none(),
            "{key} is there twice"
        );
    }
    assert_eq!(listed, flat(DEFAULTS));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "[session]\nresume_grace = \"1s\"\nreload_grace = \"2s\"";
    let settings = load(file, &[("PASSERBY__SESSION__RESUME_GRACE", "9s")]).unwrap();
    assert_eq!(settings.session.resume_grace, Duration::from_secs(9));
    assert_eq!(settings.session.reload_grace, Duration::from_secs(2));
    assert_eq!(settings.session.ping_interval, Duration::from_secs(15));
}

#[test]
fn every_key_can_be_set_by_a_variable() {
    for (key, default) in flat(DEFAULTS) {
        let name = format!("PASSERBY__{}", key.replace('.', "__").to_uppercase());
        let list = default.trim_matches(['[', ']']).replace('"', "");
        let settings = from_variable(&name, list.trim());
        assert_eq!(flat(&settings.to_toml().unwrap())[&key], default, "{key}");
    }
}

#[test]
fn a_variable_takes_a_list_with_commas_and_a_file_an_array_or_the_same_text() {
    let from_variable = from_variable(
        "PASSERBY__HTTP__ALLOWED_ORIGINS",
        "https://a.example, http://b.example:81",
    );
    let from_array = from_file("http.allowed_origins = [\"https://a.example\", \"http://b.example:81\"]");
    let from_text = from_file("http.allowed_origins = \"https://a.example,http://b.example:81\"");
    let AllowedOrigins::Listed(origins) = &from_variable.http.allowed_origins else {
        panic!("not a list")
    };
    let origins: Vec<&str> = origins.iter().map(WebOrigin::as_str).collect();
    assert_eq!(origins, ["https://a.example", "http://b.example:81"]);
    assert_eq!(from_variable.http, from_array.http);
    assert_eq!(from_variable.http, from_text.http);
}

#[test]
fn an_empty_variable_empties_a_list() {
    let settings = load("http.hosts = [\"a.example\"]", &[("PASSERBY__HTTP__HOSTS", "")]).unwrap();
    assert!(settings.http.hosts.is_empty());
}

#[test]
fn a_star_allows_every_origin_and_stands_alone() {
    assert_eq!(
        from_variable("PASSERBY__HTTP__ALLOWED_ORIGINS", "*")
            .http
            .allowed_origins,
        AllowedOrigins::Any
    );
    assert_eq!(from_file("").http.allowed_origins, AllowedOrigins::SameHost);
    assert_eq!(
        faults("http.allowed_origins = [\"*\", \"https://a.example\"]", &[]),
        ["http.allowed_origins"]
    );
}

#[test]
fn zero_is_no_limit_where_it_says_so() {
    let settings = load(
        "limits.connections = 0",
        &[("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")],
    )
    .unwrap();
    assert_eq!(settings.limits.connections, None);
    assert_eq!(settings.limits.messages_per_second, None);
    assert_eq!(
        from_file("session.idle_timeout = \"0s\"").session.idle_timeout,
        None
    );
}

#[test]
fn port_0_is_fine_for_both_listeners_and_one_port_for_both_is_not() {
    let both = |address: &str| format!("http.listen = \"{address}\"\nadmin.listen = \"{address}\"");
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    assert_eq!(from_file(&both("127.0.0.1:0")).admin.listen, any);
    assert_eq!(faults(&both("127.0.0.1:80"), &[]), ["admin.listen"]);
}

#[test]
fn a_listener_on_all_addresses_leaves_its_port_to_no_other() {
    let faults = |http: &str, admin: &str| {
        let file = format!("http.listen = \"{http}\"\nadmin.listen = \"{admin}\"");
        faults(&file, &[]).len()
    };
    assert_eq!(faults("0.0.0.0:80", "127.0.0.1:80"), 1);
    assert_eq!(faults("127.0.0.1:80", "0.0.0.0:80"), 1);
    assert_eq!(faults("[::]:80", "127.0.0.1:80"), 1);
    assert_eq!(faults("0.0.0.0:80", "[::1]:80"), 0);
    assert_eq!(faults("0.0.0.0:80", "127.0.0.1:81"), 0);
    assert_eq!(faults("10.0.0.1:80", "127.0.0.1:80"), 0);
}

#[test]
fn what_is_shown_in_place_of_a_secret_is_none() {
    assert_eq!(faults("admin.token = \"[REDACTED]\"", &[]), ["admin.token"]);
    let shown = "store.redis.urls = \"redis://[REDACTED]@redis.example:6379\"";
    assert_eq!(faults(shown, &[]), ["store.redis.urls"]);
}

#[test]
fn a_misspelt_key_is_named_in_full_wherever_it_stands() {
    assert_eq!(faults("[http]\nlisen = \"127.0.0.1:80\"", &[]), ["http.lisen"]);
    assert_eq!(
        faults("[store.redis]\nurl = \"redis://r\"", &[]),
        ["store.redis.url"]
    );
    assert_eq!(faults("[htpp]\nlisten = \"127.0.0.1:80\"", &[]), ["htpp"]);
    assert_eq!(faults("listen = \"127.0.0.1:80\"", &[]), ["listen"]);
    assert_eq!(faults("http = \"127.0.0.1:80\"", &[]), ["http"]);
    assert_eq!(faults("", &[("PASSERBY__HTTP__LISEN", "x")]), ["http.lisen"]);
    assert_eq!(faults("", &[("PASSERBY__HTTP", "x")]), ["http"]);
    assert_eq!(faults("", &[("PASSERBY__HTTP__HOSTS__0", "x")]), ["http.hosts.0"]);
    assert_eq!(faults("", &[("PASSERBY__", "x")]), [""]);
    assert_eq!(
        faults("", &[("PASSERBY__NODE__ID", "x"), ("passerby__node__id", "y")]),
        ["node.id"]
    );
    let why = &problems("", &[("PASSERBY__HTTP__LISEN", "x")])[0].why;
    assert!(
        why.contains("PASSERBY__HTTP__LISEN") && why.contains("listen"),
        "{why}"
    );
}

#[test]
fn variables_of_others_are_none_of_our_business() {
    // Kubernetes sets such variables for a service of our name.
    let foreign = [
        ("PASSERBY_PORT", "tcp://10.0.0.1:80"),
        ("PASSERBY_SERVICE_HOST", "10.0.0.1"),
        ("PATH", "/bin"),
    ];
    assert!(load("", &foreign).is_ok());
}

#[test]
fn wrong_values_are_named_by_their_key() {
    for (key, value) in [
        ("http.listen", "\"8080\""),
        ("http.listen", "8080"),
        ("http.allowed_origins", "[\"chat.example\"]"),
        ("http.hosts", "[\"chat.example:80\"]"),
        ("http.trusted_proxies", "[\"0.0.0.0/0\"]"),
        ("admin.listen", "\"localhost:9090\""),
        ("admin.token", "\"two words\""),
        ("admin.token", "12345678"),
        ("node.id", "\"a/b\""),
        ("store.backend", "\"postgres\""),
        ("store.redis.mode", "\"ring\""),
        ("store.redis.urls", "[]"),
        ("store.redis.urls", "[\"redis://a\", \"redis://b\"]"),
        ("store.redis.urls", "\"redis://a/x\""),
        ("store.redis.key_prefix", "\"{tag}\""),
        ("store.redis.master_name", "\"\""),
        ("store.redis.response_timeout", "\"0s\""),
        ("store.redis.pool_size", "100000"),
        ("session.ping_interval", "\"0s\""),
        ("session.ping_interval", "15"),
        ("session.pong_timeout", "\"0ms\""),
        ("session.resume_grace", "\"-1s\""),
        ("matching.block_ttl", "\"0s\""),
        ("matching.same_origin", "\"yes\""),
        ("matching.same_origin", "1"),
        ("limits.connections", "-1"),
        ("limits.connections", "1.0"),
        ("limits.connections", "true"),
        ("limits.connections", "\"many\""),
        ("limits.connections", "[1]"),
        ("limits.connections.per_origin", "1"),
        ("limits.message_chars", "0"),
        ("limits.message_chars", "65537"),
        ("limits.frame_bytes", "255"),
        ("limits.frame_bytes", "262145"),
        ("limits.outbound_queue", "3"),
        ("limits.outbound_bytes", "262145"),
        ("limits.outbound_bytes", "1023"),
        ("log.level", "\"verbose\""),
        ("log.format", "\"xml\""),
        ("runtime.worker_threads", "1025"),
        ("video.ice_servers", "[{ url = \"stun:a\" }]"),
        ("video.ice_servers", "\"stun:a\""),
    ] {
        let found = faults(&format!("{key} = {value}"), &[]);
        assert_eq!(found.len(), 1, "{key} = {value}: {found:?}");
        assert!(
            found[0].starts_with(key) || key.starts_with(&found[0]),
            "{key} = {value}: {found:?}"
        );
    }
}

#[test]
fn the_limits_that_just_fit_are_taken() {
    let file = "[limits]\nmessage_chars = 65536\noutbound_queue = 4\noutbound_bytes = 1024";
    assert_eq!(from_file(file).limits.message_chars, 65_536);
    let file = "[limits]\nframe_bytes = 256\nmessage_chars = 1";
    assert_eq!(from_file(file).limits.frame_bytes, 256);
}

#[test]
fn all_faults_are_told_at_once() {
    let file = "[http]\nlisen = \"x\"\n[session]\nping_interval = \"soon\"\npong_timeout = \"0s\"";
    let variables = [
        ("PASSERBY__LIMITS__FRAME_BYTES", "1"),
        ("PASSERBY__HTTP__HOSTS", "a,b c"),
    ];
    assert_eq!(
        faults(file, &variables),
        [
            "http.hosts",
            "http.lisen",
            "limits.frame_bytes",
            "session.ping_interval",
            "session.pong_timeout"
        ]
    );
}

#[test]
fn redis_needs_a_secret_that_all_nodes_share() {
    let redis =
        "[store]\nbackend = \"redis\"\n[store.redis]\nmode = \"cluster\"\nurls = \"rediss://a,rediss://b\"";
    assert_eq!(faults(redis, &[]), ["identity.secret"]);
    let with_secret = [("PASSERBY__IDENTITY__SECRET", "a secret of enough bytes")];
    let settings = load(redis, &with_secret).unwrap();
    assert_eq!(settings.store.backend, Backend::Redis);
    assert_eq!(settings.store.redis.urls.len(), 2);
}

#[test]
fn certificates_are_for_addresses_with_tls_and_those_go_together() {
    let file = SettingsFile::with("-----BEGIN CERTIFICATE-----\n");
    let path = file.0.display();
    let with = |urls: &str| {
        format!("[store.redis]\nmode = \"cluster\"\nurls = \"{urls}\"\ntls_ca_file = \"{path}\"")
    };
    assert_eq!(faults(&with("redis://a"), &[]), ["store.redis.tls_ca_file"]);
    assert_eq!(faults(&with("rediss://a,redis://b"), &[]), ["store.redis.urls"]);
    assert_eq!(faults(&with("rediss://a,rediss://b"), &[]), [""; 0]);
}

#[test]
fn problems_are_told_in_the_same_order_each_time() {
    let file = "[session]\nzzz = 1\naaa = 1\n[http]\nmmm = 1\n[limits]\nmessages_per_second = \"x\"";
    let keys: Vec<_> = problems(file, &[])
        .into_iter()
        .map(|problem| problem.key)
        .collect();
    let mut sorted = keys.clone();
    sorted.sort();
    assert_eq!(keys, sorted);
    assert!(keys.len() >= 3, "{keys:?}");
}

#[test]
fn a_secret_is_read_from_its_file_and_never_given_twice() {
    let file = SettingsFile::with("from the-file\n");
    let path = file.0.display();
    let settings = load(&format!("store.redis.password_file = \"{path}\""), &[]).unwrap();
    assert_eq!(
        settings.store.redis.password.as_ref().unwrap().expose(),
        "from the-file"
    );
    assert_eq!(
        faults(
            &format!("[identity]\nsecret = \"0123456789abcdef\"\nsecret_file = \"{path}\""),
            &[]
        ),
        ["identity.secret"]
    );
    assert_eq!(
        faults("admin.token_file = \"/nowhere/at/all\"", &[]),
        ["admin.token_file"]
    );
}

#[test]
fn settings_made_by_hand_are_held_to_the_same_files() {
    let file = SettingsFile::with("from the-file\n");
    let nowhere = || Some(PathBuf::from("/nowhere/at/all"));
    let keys = |settings: Settings| {
        let invalid = settings.check().unwrap_err();
        let keys = invalid.problems().iter().map(|problem| problem.key.clone());
        keys.collect::<Vec<_>>()
    };

    let mut settings = Settings::default();
    settings.identity.secret_file = nowhere();
    settings.admin.token_file = nowhere();
    settings.store.redis.password_file = nowhere();
    assert_eq!(
        keys(settings),
        [
            "admin.token_file",
            "identity.secret_file",
            "store.redis.password_file"
        ]
    );

    let mut settings = Settings::default();
    settings.identity.secret_file = Some(file.0.clone());
    settings.identity.secret = Secret::new("another");
    assert_eq!(keys(settings), ["identity.secret"]);

    let mut settings = Settings::default();
    settings.identity.secret_file = Some(file.0.clone());
    let checked = settings.check().unwrap();
    assert_eq!(
        checked.identity.secret.as_ref().unwrap().expose(),
        "from the-file"
    );
}

#[test]
fn settings_made_by_hand_are_held_to_the_same_bounds() {
    const YEARS: Duration = Duration::from_secs(u64::MAX);
    let is_refused_for = |key: &str, change: fn(&mut Settings)| {
        let mut settings = Settings::default();
        change(&mut settings);
        let invalid = settings.check().unwrap_err();
        assert_eq!(invalid.problems().len(), 1, "{invalid}");
        assert_eq!(invalid.problems()[0].key, key);
        assert!(invalid.to_string().contains(key), "{invalid}");
    };
    is_refused_for("session.ping_interval", |all| {
        all.session.ping_interval = Duration::ZERO;
    });
    is_refused_for("limits.message_chars", |all| all.limits.message_chars = 0);
    is_refused_for("limits.outbound_queue", |all| all.limits.outbound_queue = 0);
    is_refused_for("limits.messages_per_second", |all| {
        all.limits.messages_per_second = std::num::NonZeroU32::new(u32::MAX);
    });
    is_refused_for("session.resume_grace", |all| all.session.resume_grace = YEARS);
    is_refused_for("session.pong_timeout", |all| all.session.pong_timeout = YEARS);
    is_refused_for("session.idle_timeout", |all| {
        all.session.idle_timeout = Some(YEARS);
    });
    is_refused_for("matching.interest_patience", |all| {
        all.matching.interest_patience = YEARS;
    });
    is_refused_for("store.redis.response_timeout", |all| {
        all.store.redis.response_timeout = YEARS;
    });
}

/// It may be the only one that an operator has in use already.
#[test]
fn a_short_secret_is_taken_and_told_from_a_good_one() {
    let secret = |value: &str| {
        from_variable("PASSERBY__IDENTITY__SECRET", value)
            .identity
            .clone()
    };
    assert!(secret("fifteen letters").is_weak());
    assert!(!secret("sixteen letters!").is_weak());
    assert!(!secret("").is_weak(), "it is a random one");
}

#[test]
fn certificates_that_cannot_be_trusted_are_found_before_they_are_needed() {
    let fine = SettingsFile::with("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    let other = SettingsFile::with("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n");
    let told = |file: &std::path::Path| {
        let file = file.display();
        format!("[store.redis]\nurls = \"rediss://a\"\ntls_ca_file = \"{file}\"")
    };
    assert!(load(&told(&fine.0), &[]).is_ok());
    for wrong in [&other.0, std::path::Path::new("/nowhere/at/all")] {
        assert_eq!(faults(&told(wrong), &[]), ["store.redis.tls_ca_file"]);
    }
}

#[test]
fn a_secret_arrives_as_it_was_written() {
    let settings = from_variable("PASSERBY__STORE__REDIS__PASSWORD", " 007 ");
    assert_eq!(settings.store.redis.password.as_ref().unwrap().expose(), " 007 ");
}

#[test]
fn no_secret_is_ever_shown() {
    let canary = "canary-0123456789";
    let file = format!(
        "admin.token = \"{canary}\"\nidentity.secret = \"{canary}\"\nstore.redis.password = \"{canary}\"\n\
         store.redis.urls = \"redis://anna:{canary}@redis.example\"\n\
         [[video.ice_servers]]\nurls = \"turn:a\"\nusername = \"anna\"\ncredential = \"{canary}\""
    );
    let settings = from_file(&file);
    assert!(!format!("{settings:?}").contains(canary));
    let printed = settings.to_toml().unwrap();
    assert!(
        !printed.contains(canary) && printed.matches("[REDACTED]").count() == 5,
        "{printed}"
    );
}

#[test]
fn no_refusal_repeats_what_may_be_a_secret() {
    let canary = "canary-0123456789";
    let told = |result: Result<CheckedSettings, SettingsError>| match result {
        Err(SettingsError::Invalid(invalid)) => format!("{invalid} {invalid:?}"),
        Err(other) => format!("{other} {other:?}"),
        Ok(_) => panic!("taken"),
    };
    for file in [
        format!("identity.secret = \"{canary}\nadmin.token = \"\""),
        format!("identity.secret = {canary}"),
        format!("identity.secret = [\"{canary}\"]"),
        format!("session.ping_interval = \"{canary}\""),
        format!("store.backend = \"{canary}\""),
        format!("limits.connections = \"{canary}\""),
        format!("store.redis.urls = \"{canary}\""),
        format!("video.ice_servers = '[{{\"urls\": 5, \"credential\": [\"{canary}\"]}}]'"),
        format!(
            "video.ice_servers = [{{ urls = \"turn:a\", username = \"anna\", credential = [\"{canary}\"] }}]"
        ),
    ] {
        let words = told(load(&file, &[]));
        assert!(!words.contains(canary), "{words}");
    }
}

#[test]
fn servers_for_video_come_from_a_table_or_from_json() {
    let file = "[[video.ice_servers]]\nurls = [\"turn:turn.example\", \"turns:turn.example\"]\n\
                username = \"anna\"\ncredential = \"open sesame\"";
    let json = r#"[{"urls": ["turn:turn.example", "turns:turn.example"], "username": "anna", "credential": "open sesame"}]"#;
    for settings in [
        from_file(file),
        from_variable("PASSERBY__VIDEO__ICE_SERVERS", json),
    ] {
        let [server] = settings.video.ice_servers.as_slice() else {
            panic!("not one server")
        };
        let urls: Vec<&str> = server.urls.iter().map(IceUrl::as_str).collect();
        assert_eq!(urls, ["turn:turn.example", "turns:turn.example"]);
        assert_eq!(server.username.as_deref(), Some("anna"));
        assert_eq!(server.credential.as_ref().unwrap().expose(), "open sesame");
    }
    let nameless = "[[video.ice_servers]]\nurls = \"turn:turn.example\"";
    assert_eq!(faults(nameless, &[]), ["video.ice_servers[0]"]);
}

#[test]
fn a_file_that_is_not_there_or_not_toml_is_told_with_its_line() {
    let missing = Settings::load_with(Some(Path::new("/nowhere/at/all.toml")), BTreeMap::new());
    assert!(matches!(missing, Err(SettingsError::File { .. })));
    let broken = load("[http]\nlisten = \"127.0.0.1:80\"\nhosts = [\n", &[]);
    assert!(
        matches!(broken, Err(SettingsError::Syntax { line: 3 | 4, .. })),
        "{broken:?}"
    );
    assert!(matches!(
        load("a = 1\na = 2", &[]),
        Err(SettingsError::Syntax { line: 2, .. })
    ));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_named() {
    use std::os::unix::ffi::OsStringExt;
    let variables = BTreeMap::from([("PASSERBY__NODE__ID".into(), OsString::from_vec(vec![0xff]))]);
    let Err(SettingsError::Invalid(invalid)) = Settings::load_with(None, variables) else {
        panic!("taken")
    };
    assert_eq!(invalid.problems()[0].key, "node.id");
}
