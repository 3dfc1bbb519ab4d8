//! Addresses: the targets of names and numbers.

use cpex_wasmi::ErrorKind;

use crate::common::HOOK;
use crate::harness::*;
use crate::server::Server;

/// The addresses that a plugin may want to be mistaken for another.
#[test]
fn no_notation_of_a_private_address_gets_around_the_rules() {
    let server = Server::text("secret");
    let port = server.port;
    let access =
        &["network:http://127.0.0.1:*", "network:http://[::1]:*", "network:http://0.0.0.0:*"];
    let grants = [public("127.0.0.1"), public("[::1]"), public("0.0.0.0")];
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
    ] {
        let world = World::new();
        let request = get(&format!("http://{host}:{port}/"));
        let plugin = world.plugin(access, &[request], granting(&grants));
        let error = plugin.call(HOOK, about()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NetworkDenied, "{host}: {error}");
        assert_eq!(world.looked_up.take(), [""; 0]);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_granted_private_address_is_reached_in_any_notation() {
    let server = Server::text("here");
    for host in ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"] {
        let request = get(&format!("http://{host}:{}/", server.port));
        let access = &["network:http://127.0.0.1:*"];
        let plugin = World::new().plugin(access, &[request], granting(&[private("127.0.0.1")]));
        // A mapped address is the same for the rules; whether this machine connects to it is its affair.
        let result = reply(plugin.call(HOOK, about()));
        if !host.starts_with('[') {
            assert!(result.is_ok(), "{host}: {result:?}");
        }
    }
}

#[test]
fn a_name_that_leads_to_a_private_address_is_denied() {
    let server = Server::text("secret");
    for addresses in [
        &["127.0.0.1"][..],
        &["::ffff:127.0.0.1"],
        &["10.0.0.1", "127.0.0.1", "169.254.169.254", "fd00:ec2::254"],
    ] {
        let world = World::new().name("rebind.test", &[addresses]);
        let request = get(&server.url("rebind.test", "/"));
        let access = &["network:http://rebind.test:*"];
        let plugin = world.plugin(access, &[request], granting(&[public("rebind.test")]));
        let error = plugin.call(HOOK, about()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NetworkDenied, "{addresses:?}");
        assert_eq!(world.looked_up.take(), ["rebind.test"]);
        assert!(world.audit.take()[0].contains(" denied "));
        assert!(world.log.take()[0].contains("allow_private"));
    }
    assert_eq!(server.connections(), 0);
}

/// A name is resolved once for a connection, and its address is connected to.
#[test]
fn a_name_that_changes_its_address_leads_nowhere_private() {
    let server = Server::text("secret");
    // An address that is public and that nobody has.
    let nobody = &["3ffe::1"][..];
    let turns = [nobody, &["127.0.0.1"], &["3ffe::1", "127.0.0.1"]];
    let world = World::new().name("rebind.test", &turns);
    let request = get(&server.url("rebind.test", "/"));
    let access = &["network:http://rebind.test:*"];
    let policy = granting_with(&[public("rebind.test")], |limits| {
        limits.deadline = Some(std::time::Duration::from_millis(300));
    });
    let plugin = world.plugin(access, &[request], policy);
    for turn in 0..3 {
        let error = plugin.call(HOOK, about()).unwrap_err();
        assert_eq!(world.looked_up.take(), ["rebind.test"]);
        let expected = [ErrorKind::PluginFailed, ErrorKind::NetworkDenied, ErrorKind::PluginFailed];
        // Where there is a way to it, the connection takes until the deadline.
        assert!([expected[turn], ErrorKind::Timeout].contains(&error.kind()), "{turn}: {error}");
    }
    assert_eq!(server.connections(), 0);
}

/// A connection that was made for a plugin that may go to private addresses serves no other.
#[test]
fn a_connection_to_a_private_address_is_not_shared() {
    let server = Server::text("here");
    let world = World::new();
    let engine = world.builder().http_transport(world.client()).build().unwrap();
    let access = &["network:http://a.test:*"];
    let wasm = sender(access, &[get(&server.url("a.test", "/"))]);
    let load = |grant| cpex_wasmi::Plugin::load(&engine, &wasm, granting(&[grant])).unwrap();
    let (may, may_not) = (load(private("a.test")), load(public("a.test")));
    assert!(reply(may.call(HOOK, about())).is_ok());
    assert_eq!(may_not.call(HOOK, about()).unwrap_err().kind(), ErrorKind::NetworkDenied);
    assert!(reply(may.call(HOOK, about())).is_ok());
    assert_eq!((server.connections(), server.received().len()), (1, 2));
}
