//! Grants and requests, and what one covers of the other.

use alloc::vec;

use proptest::prelude::*;

use super::*;
use crate::text::pattern::is_file;

fn granted(access: &Access, line: &str) -> bool {
    access.grants(&AccessRequest::parse(line).unwrap_or_else(|| panic!("{line}")))
}

#[test]
fn what_is_asked_for_is_granted_if_all_of_it_is() {
    let host = || NetworkGrant::new("*.x.org".parse().unwrap());
    let access = Access::default()
        .env("A")
        .env("B_*")
        .env("*_REGION")
        .function("acme.*")
        .filesystem(FileGrant::dir("data", FilePermission::FixedMutable))
        .filesystem(FileGrant::file("rules.json", FilePermission::ReadOnly))
        .filesystem(FileGrant::file("/etc/acme/r*.json", FilePermission::ReadOnly))
        .filesystem(FileGrant::file("in/*", FilePermission::DropBox))
        .network(host().ports([443]).methods(["GET".parse().unwrap()]))
        .network(host().ports([443]).methods(["PUT".parse().unwrap()]));
    for line in [
        "env:A",
        "env:B_X",
        "env:B_*",
        "env:B_X*",
        "env:API_REGION",
        "env:X*_REGION",
        "function:acme.f",
        "function:acme.f*",
        "fs:fixed-mutable:data",
        "fs:read-only:data/sub/x",
        "fs:read-only:rules.json",
        "fs:list-only:rules.json",
        "fs:fixed-mutable:data/*.json",
        "fs:read-only:/etc/acme/r*.json",
        "fs:read-only:/etc/acme/rx*.json",
        "fs:read-only:/etc/acme/r.json",
        "fs:drop-box:in/*",
        "fs:drop-box:in/a",
        "network:https://a.x.org",
        "network:GET https://*.x.org",
        "network:GET,PUT https://*.x.org",
    ] {
        assert!(granted(&access, line), "{line}");
    }
    for line in [
        "env:AB",
        "env:B",
        "env:*",
        "env:A*",
        "env:*_REGION*",
        "function:acme*",
        "fs:full-access:data",
        "fs:drop-box:data",
        "fs:read-only:database",
        "fs:read-only:data/../etc",
        "fs:read-only:rules.json/x",
        "fs:read-only:rules.jso*",
        "fs:read-only:/etc/acme/*.json",
        "fs:read-only:/etc/acme/x/r.json",
        "fs:read-only:/etc/r.json",
        "fs:full-access:/etc/acme/r.json",
        "fs:drop-box:in/.a",
        "fs:drop-box:in/..",
        "fs:drop-box:a",
        "fs:drop-box:in/a/b",
        "fs:private-scratch:data",
        "network:https://x.org",
        "network:http://a.x.org",
        "network:https://a.x.org:8443",
        "network:https://a.x.org:*",
        "network:GET,POST https://a.x.org",
        "clock",
        "random",
        "exec:/bin/true",
        "function:f",
    ] {
        assert!(!granted(&access, line), "{line}");
    }
}

#[test]
fn all_that_is_asked_for_is_granted_and_of_use() {
    let mut manifest = Manifest::new("guest", "1.0.0");
    for line in [
        "env:A",
        "env:B_*",
        "fs:read-only:data",
        "fs:private-scratch:tmp",
        "fs:read-only:rules/*.json",
        "clock",
        "random",
        "network:GET,POST https://*.x.org",
        "network:http://10.0.0.1:*",
        "exec:/bin/echo",
        "function:acme.f",
    ] {
        manifest.access.push(line.into());
    }
    let access = Access::asked_for(&manifest);
    for line in &manifest.access {
        assert!(granted(&access, line), "{line}");
    }
    assert_eq!(access.unused(&manifest), Vec::<String>::new());
    let nothing = Manifest::new("guest", "1.0.0");
    assert_eq!(access.unused(&nothing).len(), 11);
}

/// A hostile manifest could make the check of one line take minutes.
#[test]
fn a_line_names_at_most_64_methods() {
    let access = Access::default().network(NetworkGrant::new("a.example".parse().unwrap()));
    let line = |count| format!("network:{} https://a.example", vec!["A"; count].join(","));
    assert!(granted(&access, &line(64)));
    assert!(!granted(&access, &line(65)));
}

/// Entries of a policy, whose hosts, ports and methods overlap.
fn network_grants() -> impl Strategy<Value = Vec<NetworkGrant>> {
    let host = prop::sample::select(vec!["a.x.org", "*.x.org", "*.a.x.org"]);
    let ports = prop::sample::subsequence(vec![443, 8443], 0..=2);
    let methods = prop::sample::subsequence(vec!["GET", "PUT"], 0..=2);
    let grant = (host, ports, methods).prop_map(|(host, ports, methods)| {
        let methods = methods.into_iter().map(|method| method.parse().unwrap());
        NetworkGrant::new(host.parse().unwrap()).ports(ports).methods(methods)
    });
    prop::collection::vec(grant, 0..4)
}

fn file_grants() -> impl Strategy<Value = Vec<FileGrant>> {
    let permission = prop::sample::select(FilePermission::ALL);
    let path = prop::sample::select(vec!["d", "d/", "d/a", "d/a*", "d/*", "d/.*", "e"]);
    let grant = (path, permission).prop_map(|(path, permission)| match path.contains('*') {
        true => FileGrant::file(path, permission),
        false => FileGrant::dir(path, permission),
    });
    prop::collection::vec(grant, 0..4)
}

proptest! {
    /// A line is covered if and only if each request that it stands for is granted. Without methods it asks for any that are.
    #[test]
    fn a_line_is_covered_if_each_of_its_requests_is(
        grants in network_grants(),
        methods in prop::sample::subsequence(vec!["GET", "PUT", "HEAD"], 0..=2),
        host in prop::sample::select(vec!["a.x.org", "*.x.org", "*.a.x.org", "x.org"]),
        port in prop::sample::select(vec!["", ":8443", ":*"]),
    ) {
        let access = grants.into_iter().fold(Access::default(), Access::network);
        let space = if methods.is_empty() { "" } else { " " };
        let line = format!("network:{}{space}https://{host}{port}", methods.join(","));
        let hosts = match host.strip_prefix("*.") {
            Some(parent) => ["a", "q", "q.a"].map(|below| format!("{below}.{parent}")).to_vec(),
            None => vec![host.into()],
        };
        let ports = if port == ":*" { vec!["", ":8443", ":1"] } else { vec![port] };
        let each = hosts.iter().all(|host| ports.iter().all(|port| {
            let is_granted =
                |method: &&str| granted(&access, &format!("network:{method} https://{host}{port}"));
            match methods.is_empty() {
                true => ["GET", "PUT"].iter().any(is_granted),
                false => methods.iter().all(is_granted),
            }
        }));
        prop_assert_eq!(granted(&access, &line), each, "{}", line);
    }

    /// A pattern of files is covered if and only if each file of that name is granted.
    #[test]
    fn files_are_covered_if_each_of_them_is(
        grants in file_grants(),
        permission in prop::sample::select(FilePermission::ALL),
        folder in prop::sample::select(vec!["d", "d/s", "e"]),
        pattern in "[.a*]{1,4}",
        star in "[.a]{0,2}",
    ) {
        let access = grants.into_iter().fold(Access::default(), Access::filesystem);
        let request = |name: &str| format!("fs:{permission}:{folder}/{name}", permission = permission.name());
        let other = pattern.replace('*', "z");
        prop_assume!(![".", ".."].contains(&pattern.as_str()));
        prop_assert_eq!(granted(&access, &request(&pattern)), granted(&access, &request(&other)));
        let name = pattern.replace('*', &star);
        if granted(&access, &request(&pattern)) && is_file(&pattern, &name) {
            prop_assert!(granted(&access, &request(&name)), "{}", name);
        }
    }

    /// Variables and functions are covered if and only if each name is granted.
    #[test]
    fn names_are_covered_if_each_of_them_is(
        grants in prop::collection::vec("[a*]{1,4}", 0..4),
        pattern in "[a*]{1,4}",
    ) {
        let access = grants.into_iter().fold(Access::default(), |access, grant| {
            access.env(grant.clone()).function(grant)
        });
        for kind in ["env", "function"] {
            let each = granted(&access, &format!("{kind}:{}", pattern.replace('*', "z")));
            prop_assert_eq!(granted(&access, &format!("{kind}:{pattern}")), each);
        }
    }
}
