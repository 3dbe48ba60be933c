//! New RSA keys (FIPS 186-5 A.1.3): two random primes of half the length, their two highest bits set, e = 65537.
//!
//! Primes are searched upwards from a random start, as OpenSSL does, because a sieve then takes most candidates away
//! unseen; what is left is tried on all cores with the strengthened Baillie-PSW test, to which no counterexample is known.
//! The search is not of constant time, which a program that makes a key once and for itself does not need.

use crypto_bigint::{BoxedUint, ConcatenatingMul, Lcm, Limb, NonZero, Odd, Resize};
use crypto_primes::{Flavor, hazmat::SmallFactorsSieve, is_prime};
use rayon::iter::{ParallelBridge, ParallelIterator};
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use super::encoding::{element, wrap};
use crate::{Error, der::tag, oid};

/// The public exponent that everybody uses.
const EXPONENT: u32 = 65_537;

const FAILED: Error = Error::CryptoFailed { what: "make a random key" };

/// PKCS#8 of a new key with a modulus of this many bits, a multiple of 512.
///
/// # Errors
/// [`Error::CryptoFailed`] where the random source fails.
pub(super) fn generate(bits: u32, random: &dyn SecureRandom) -> Result<Zeroizing<Vec<u8>>, Error> {
    loop {
        let (p, q) = (prime(bits / 2, random)?, prime(bits / 2, random)?);
        // The greater one comes first, because CRT coefficients are made for that order.
        let (p, q) = if *p > *q { (p, q) } else { (q, p) };
        // Primes too close to each other could be found from the modulus.
        if p.wrapping_sub(&*q).bits() <= bits / 2 - 100 {
            continue;
        }
        if let Some(key) = encode(bits, &p, &q) {
            return Ok(wrap(oid::RSA, &[5, 0], &key));
        }
    }
}

/// A random prime p with its two highest bits set, where p - 1 has no factor in common with the exponent.
fn prime(bits: u32, random: &dyn SecureRandom) -> Result<Zeroizing<BoxedUint>, Error> {
    let length = std::num::NonZeroU32::new(bits).ok_or(FAILED)?;
    let exponent = NonZero::new(Limb::from(EXPONENT)).into_option().ok_or(FAILED)?;
    loop {
        let mut start = Zeroizing::new(vec![0; bits as usize / 8]);
        random.fill(&mut start).map_err(|_| FAILED)?;
        start.first_mut().into_iter().for_each(|octet| *octet |= 0xc0);
        let start = BoxedUint::from_be_slice(&start, bits).map_err(|_| FAILED)?;
        let candidates = SmallFactorsSieve::new(start, length, false).map_err(|_| FAILED)?;
        let fits = |candidate: &BoxedUint| {
            candidate.rem_limb(exponent) != Limb::ONE && is_prime(Flavor::Any, candidate)
        };
        // None above the start: it lay closer to the end of the range than primes lie to each other.
        if let Some(found) = candidates.par_bridge().find_any(fits) {
            return Ok(Zeroizing::new(found));
        }
    }
}

/// RSAPrivateKey (RFC 8017 A.1.2), or `None` where the private exponent is too small (FIPS 186-5 A.1.1).
fn encode(bits: u32, p: &BoxedUint, q: &BoxedUint) -> Option<Zeroizing<Vec<u8>>> {
    let one = BoxedUint::one_with_precision(bits / 2);
    let below = |prime: &BoxedUint| Zeroizing::new(prime.wrapping_sub(&one));
    let (below_p, below_q) = (below(p), below(q));
    let order = Zeroizing::new(below_p.lcm(&below_q));
    let e = BoxedUint::from(EXPONENT);
    let d = Zeroizing::new((&e).resize(bits).invert_mod(order.as_nz_vartime()?).into_option()?);
    if d.bits() <= bits / 2 {
        return None;
    }
    let reduced = |below: &BoxedUint| Some(Zeroizing::new(d.rem(below.as_nz_vartime()?)));
    let coefficient = Zeroizing::new(q.invert_odd_mod(&Odd::new(p.clone()).into_option()?).into_option()?);
    let version: &[u8] = &[tag::INTEGER, 1, 0];
    let numbers = [
        integer(&p.concatenating_mul(q)),
        integer(&e),
        integer(&d),
        integer(p),
        integer(q),
        integer(&*reduced(&below_p)?),
        integer(&*reduced(&below_q)?),
        integer(&coefficient),
    ];
    let parts: Vec<&[u8]> =
        std::iter::once(version).chain(numbers.iter().map(|number| number.as_slice())).collect();
    Some(element(tag::SEQUENCE, &parts))
}

/// A positive INTEGER.
fn integer(number: &BoxedUint) -> Zeroizing<Vec<u8>> {
    let octets = Zeroizing::new(number.to_be_bytes());
    let significant = octets.iter().position(|&octet| octet != 0).and_then(|first| octets.get(first..));
    let significant = significant.unwrap_or(&[0]);
    let sign: &[u8] = if significant.first().is_some_and(|&octet| octet >= 0x80) { &[0] } else { &[] };
    element(tag::INTEGER, &[sign, significant])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der;

    #[test]
    fn primes_and_exponents_are_as_the_standard_wants_them() {
        let key = generate(2048, &ring::rand::SystemRandom::new()).unwrap();
        let key = super::super::encoding::Info::read(&key).unwrap().key;
        let mut fields = der::whole(key, tag::SEQUENCE).unwrap().inside();
        let numbers: Vec<BoxedUint> = std::iter::from_fn(|| fields.next())
            .map(|field| BoxedUint::from_be_slice_vartime(field.content))
            .collect();
        let [_, n, e, d, p, q, ..] = &numbers[..] else { panic!("nine numbers") };
        assert_eq!((n.bits(), p.bits(), q.bits()), (2048, 1024, 1024));
        assert!(p > q && d.bits() > 1024);
        assert_eq!(*e, BoxedUint::from(EXPONENT));
        for prime in [p, q] {
            assert!(prime.bit_vartime(1022), "the second highest bit");
            assert!(is_prime(Flavor::Any, prime));
        }
    }
}
