//! `random.bytes` and `random.salt`: random numbers.

use alloc::vec;
use alloc::vec::Vec;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};
use cpex_wasmi_abi::{MAX_RANDOM_BYTES, SALT_BYTES, Status};

use super::{AccessKind, Function, Granted, Invocation, Reply};
use crate::RandomGrant;
use crate::boundary::Input;

/// The charge for a random byte, in bytes: to make it takes about as long as to go through so many.
const WORK: usize = 8;

pub(crate) struct RandomBytes;

impl Function for RandomBytes {
    fn kind(&self) -> AccessKind {
        AccessKind::Random
    }

    fn varies(&self, granted: &Granted) -> bool {
        granted.access.random == Some(RandomGrant::System)
    }

    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        let bytes = argument.scalar::<u32>().and_then(|count| bytes(invocation, count));
        Reply::Now(bytes.and_then(|bytes| argument.format.encode(&bytes)))
    }
}

fn bytes(invocation: &mut Invocation<'_>, count: u32) -> Result<Vec<u8>, Status> {
    let granted = &invocation.grants.granted;
    let Some(random) = granted.access.random else {
        return Err(invocation.denied(AccessKind::Random, "bytes", ""));
    };
    let count = usize::try_from(count).map_err(|_| Status::TooLarge)?;
    if count > MAX {
        invocation.failed(AccessKind::Random, "bytes", name(random));
        return Err(Status::TooLarge);
    }
    invocation.charge(count.saturating_mul(WORK));
    let mut bytes = vec![0; count];
    if let Err(status) = fill(random, &mut invocation.usage.random_bytes, &mut bytes) {
        invocation.failed(AccessKind::Random, "bytes", name(random));
        return Err(status);
    }
    invocation.allowed(AccessKind::Random, "bytes", name(random), count);
    Ok(bytes)
}

/// Gives the random bytes that stay the same for as long as a plugin is loaded.
pub(crate) struct RandomSalt;

/// Random bytes that stay the same.
pub(crate) type Salt = [u8; SALT_BYTES as usize];

impl Function for RandomSalt {
    fn kind(&self) -> AccessKind {
        AccessKind::Random
    }

    /// Each instance is given the same, so that an initialisation may ask for it once for all.
    fn varies(&self, _: &Granted) -> bool {
        false
    }

    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        let salt = argument.scalar::<()>().and_then(|()| salt_of(invocation));
        Reply::Now(salt.and_then(|salt| argument.format.encode(&salt.to_vec())))
    }
}

fn salt_of(invocation: &Invocation<'_>) -> Result<Salt, Status> {
    let granted = &invocation.grants.granted;
    let Some(random) = granted.access.random else {
        return Err(invocation.denied(AccessKind::Random, "salt", ""));
    };
    let Some(salt) = granted.salt else {
        invocation.failed(AccessKind::Random, "salt", name(random));
        return Err(Status::Unavailable);
    };
    invocation.allowed(AccessKind::Random, "salt", name(random), salt.len());
    Ok(salt)
}

/// Chooses a salt. One from a seed is the first 32 bytes of the key stream that `random.bytes` gives bytes
/// of, but with a nonce of 1.
///
/// # Errors
///
/// [`Status::Unavailable`] if the system has no random numbers.
pub(crate) fn salt(random: RandomGrant) -> Result<Salt, Status> {
    let mut salt = Salt::default();
    match random {
        RandomGrant::System => getrandom::fill(&mut salt).map_err(|_| Status::Unavailable)?,
        RandomGrant::Seeded(seed) => {
            let mut stream = seeded(seed);
            stream.set_stream(1);
            stream.fill_bytes(&mut salt);
        }
    }
    Ok(salt)
}

/// The key stream of ChaCha20 for a seed.
fn seeded(seed: u64) -> ChaCha20Rng {
    let mut key = [0; 32];
    if let Some((start, _)) = key.split_first_chunk_mut() {
        *start = seed.to_le_bytes();
    }
    ChaCha20Rng::from_seed(key)
}

const MAX: usize = MAX_RANDOM_BYTES as usize;

/// The name of random numbers in audit events.
pub(crate) const fn name(random: RandomGrant) -> &'static str {
    match random {
        RandomGrant::System => "system",
        RandomGrant::Seeded(_) => "seed",
    }
}

/// Fills a buffer with random bytes. `given` is how many were given before in the same call: seeded ones go
/// on where the last ended, however they are divided.
///
/// They are the key stream of ChaCha20, with the seed, and zeros after it, as its key (little-endian), from
/// the first block on and without a nonce.
///
/// # Errors
///
/// [`Status::Unavailable`] if the system has none.
pub(crate) fn fill(random: RandomGrant, given: &mut u64, bytes: &mut [u8]) -> Result<(), Status> {
    match random {
        RandomGrant::System => getrandom::fill(bytes).map_err(|_| Status::Unavailable)?,
        RandomGrant::Seeded(seed) => {
            let mut stream = seeded(seed);
            stream.set_word_pos(u128::from(*given / 4));
            // It begins at a word.
            let skip = usize::try_from(*given % 4).unwrap_or(0);
            let mut word = [0; 4];
            if skip > 0 {
                stream.fill_bytes(&mut word);
            }
            let rest = if skip > 0 { word.get(skip..).unwrap_or_default() } else { &[] };
            let (start, end) = bytes.split_at_mut(rest.len().min(bytes.len()));
            for (to, from) in start.iter_mut().zip(rest) {
                *to = *from;
            }
            stream.fill_bytes(end);
        }
    }
    *given = given.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(seed: u64, lengths: &[usize]) -> Vec<u8> {
        let mut given = 0;
        let pieces = lengths.iter().map(|length| {
            let mut bytes = vec![0; *length];
            fill(RandomGrant::Seeded(seed), &mut given, &mut bytes).unwrap();
            bytes
        });
        pieces.collect::<Vec<_>>().concat()
    }

    #[test]
    fn seeded_bytes_are_the_key_stream_of_chacha20() {
        // The first test vector of RFC 8439, appendix A.1: all zero.
        let stream = pieces(0, &[64]);
        assert_eq!(stream[..8], [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90]);
        assert_eq!(stream[60..], [0xb2, 0xee, 0x65, 0x86]);
        assert_ne!(pieces(1, &[64]), stream);
    }

    #[test]
    fn seeded_bytes_are_the_same_however_they_are_divided() {
        let whole = pieces(7, &[300]);
        for lengths in [&[1; 300][..], &[3, 297], &[4, 5, 0, 64, 1, 226], &[299, 1], &[2, 1, 297]] {
            assert_eq!(pieces(7, lengths), whole, "{lengths:?}");
        }
    }

    #[test]
    fn a_salt_is_of_its_seed_and_not_among_its_numbers() {
        let of = |seed| salt(RandomGrant::Seeded(seed)).unwrap();
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
        assert!(!pieces(7, &[300]).windows(8).any(|window| window == &of(7)[..8]));
        assert_ne!(salt(RandomGrant::System), salt(RandomGrant::System));
    }

    #[test]
    fn the_systems_bytes_differ() {
        let random = || {
            let mut bytes = [0; 32];
            fill(RandomGrant::System, &mut 0, &mut bytes).unwrap();
            bytes
        };
        assert_ne!(random(), random());
    }
}
