//! HTTPS, with an authority of the tests' own: `tls/ca.pem`, which has signed `tls/server.pem` for
//! `secure.test`.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

use cpex_wasmi::{ErrorKind, HttpClient, Plugin};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::common::HOOK;
use crate::harness::*;
use crate::server::response;

const AUTHORITY: &[u8] = include_bytes!("tls/ca.pem");

/// A server that answers one request of each connection.
fn server() -> u16 {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            // Fails if the client does not trust the certificate.
            if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                stream.write_all(response("200 OK", "", "safe").as_bytes()).unwrap();
                stream.flush().unwrap();
            }
        }
    });
    port
}

#[test]
fn a_server_is_trusted_for_its_name_by_an_authority_that_is() {
    let port = server();
    let client = || HttpClient::new().unwrap();
    let resolve = |_| async { Ok(vec![[127, 0, 0, 1].into()]) };
    let trusting = || client().with_root_certificates(AUTHORITY).unwrap().with_resolver(resolve);
    for (client, host, trusted) in [
        (trusting(), "secure.test", true),
        (
            client().with_resolver(resolve).with_root_certificates(AUTHORITY).unwrap(),
            "secure.test",
            true,
        ),
        (trusting(), "other.test", false),
        (trusting(), "127.0.0.1", false),
        (client().with_resolver(resolve), "secure.test", false),
    ] {
        let world = World::new();
        let engine = world.builder().http_transport(client).build().unwrap();
        let access = &["network:https://*.test:*", "network:https://127.0.0.1:*"];
        let wasm = sender(access, &[get(&format!("https://{host}:{port}/"))]);
        let policy = granting(&[private("*.test"), private("127.0.0.1")]);
        let result = reply(Plugin::load(&engine, &wasm, policy).unwrap().call(HOOK, about()));
        if trusted {
            assert!(result.unwrap().contains("safe"), "{host}");
        } else {
            assert!(result.unwrap_err().to_string().contains("Unavailable"), "{host}");
            let log = world.log.take();
            assert!(log[0].contains("certificate"), "{host}: {log:?}");
        }
    }
}

#[test]
fn what_is_no_certificate_cannot_be_trusted() {
    for pem in [&b""[..], b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = HttpClient::new().unwrap().with_root_certificates(pem).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }
}
