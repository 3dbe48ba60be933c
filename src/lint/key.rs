//! The public key (RFC 5280 4.1.2.7, RFC 3279 2.3, RFC 5480, RFC 8410): its encoding, its strength, and what it may be used for.

use crypto_bigint::{BoxedUint, CheckedSub, NonZero};

use super::{Found, view};
use crate::{
    der::{Element, tag},
    oid::{self, Oid},
    profile::KeyUsage,
};

super::rule::rules! {
    MALFORMED "public-key-malformed" Error "RFC 5280 4.1.2.7, RFC 3279 2.3.1, RFC 5480 2.2"
        "The key is encoded as its kind has it: RSA as modulus and exponent, both positive; EC as a point of its curve; Ed25519 in 32 octets, Ed448 in 57."
        "Nobody can use the key."
        "Have it made anew from the right key.";
    PARAMETERS "public-key-parameters-invalid" Error "RFC 3279 2.3.1, RFC 5480 2.1.1, RFC 8410 3"
        "RSA keys have the parameters NULL, EC keys the name of their curve, Ed25519 and Ed448 keys none."
        "Go and OpenSSL do not read others; RFC 5480 forbids curves that are written out."
        "Have it made anew: openssl pkey -ec_param_enc named_curve.";
    WEAK "key-too-small" Error "NIST SP 800-131A, RFC 8446 4.2.3"
        "An RSA key has at least 2048 bits, an EC key 224."
        "Shorter ones are broken, or soon are. Current peers refuse them."
        "Make a new key: pkit key generate.";
    KIND "key-type-deprecated" Error "NIST FIPS 186-5, RFC 8446 1.2"
        "Keys are RSA, EC, Ed25519 or Ed448."
        "DSA was withdrawn; TLS 1.3 does not have it."
        "Make a new key: pkit key generate.";
    CURVE "curve-uncommon" Warn "RFC 8446 4.2.7, RFC 8422 5.1.1"
        "EC keys are on P-256, P-384 or P-521."
        "Other curves are unknown to most TLS software."
        "Make a new key: pkit key generate --key-type p256.";
    COMPRESSED "ec-point-compressed" Warn "RFC 5480 2.2"
        "EC points are written with both coordinates."
        "Readers may refuse the compressed form; ring and rustls do."
        "Have it made anew with the uncompressed form.";
    EXPONENT "rsa-exponent-invalid" Error "RFC 8017 3.1, NIST SP 800-56B 6.2"
        "The exponent of an RSA key is odd and at least 3."
        "With 1 everybody can sign; an even one has no inverse."
        "Make a new key.";
    EXPONENT_SMALL "rsa-exponent-small" Warn "NIST FIPS 186-5 A.1.1"
        "The exponent is greater than 65536 and less than 2^256."
        "Small exponents have made errors in other places exploitable; great ones are slow or refused."
        "Make a new key with 65537, as everything does by default.";
    MODULUS_SIZE "rsa-modulus-uneven-size" Warn "NIST SP 800-57, Mozilla 5.1"
        "The bits of an RSA modulus are a multiple of 8."
        "Hardware and some libraries refuse other sizes."
        "Make a new key of 2048, 3072 or 4096 bits.";
    MODULUS "rsa-modulus-weak" Error "NIST SP 800-56B 6.2, CVE-2022-26320"
        "The modulus is a product of two great primes that are far apart."
        "A modulus that is even, has a small factor, or whose primes are close together is factored at once: everybody has the private key."
        "Make a new key with other software, and revoke every certificate of this one.";
    USAGE "key-usage-unfit-for-key" Error "RFC 3279 2.3, RFC 8813 3, RFC 9295 3"
        "keyUsage holds what a key of its kind can do: EC and Edwards keys cannot encipher, RSA keys cannot agree."
        "Strict readers refuse it; the bit promises what cannot be done."
        "Leave the bit out: digitalSignature does for TLS, with keyEncipherment for RSA below TLS 1.3.";
    USAGE_CA "ca-key-usage-enciphers" Warn "RFC 3279 2.3.1"
        "An RSA key that signs certificates does not encipher."
        "A key has one use, so that an attack on the one does not break the other."
        "Leave keyEncipherment and dataEncipherment out.";
    USAGE_ONLY "encipher-only-without-agreement" Error "RFC 5280 4.2.1.3"
        "encipherOnly and decipherOnly come with keyAgreement."
        "Without it they have no meaning."
        "Leave them out.";
    USAGE_AGREEMENT "key-agreement-with-signature-key" Info "RFC 8813 3, RFC 8446 4.4.2"
        "A TLS certificate of an EC key has digitalSignature, and no keyAgreement."
        "TLS since 1.2 in common use agrees on keys without the certificate's."
        "Leave keyAgreement out.";
}

/// Judges subjectPublicKeyInfo, and keyUsage by it.
pub(super) fn check(spki: Element<'_>, extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    let mut parts = view::members(spki);
    let (Some(algorithm), Some(bits)) = (parts.next(), parts.next()) else {
        found.add(&MALFORMED, "it is no algorithm and key");
        return;
    };
    let mut identifier = view::members(algorithm);
    let (Some(kind), parameters) = (identifier.next(), identifier.next()) else {
        found.add(&MALFORMED, "its algorithm is none");
        return;
    };
    let [unused, key @ ..] = bits.content else {
        found.add(&MALFORMED, "the key is empty");
        return;
    };
    if bits.tag != tag::BIT_STRING || *unused != 0 {
        found.add(&MALFORMED, "the key is no whole number of octets");
    }
    let stated = || {
        parameters.map_or_else(
            || "none".to_owned(),
            |other| match other.tag {
                tag::OID => Oid::from_content(other.content).name(),
                5 => "NULL".to_owned(),
                tag::SEQUENCE => "written out".to_owned(),
                tag => format!("of tag {tag:02x}"),
            },
        )
    };
    let fits = match kind.content {
        oid::RSA => parameters.is_some_and(|null| null.raw == [5, 0]),
        oid::EC_PUBLIC_KEY => parameters.is_some_and(|curve| curve.tag == tag::OID),
        oid::ED25519 | oid::ED448 | oid::X25519 | oid::X448 => parameters.is_none(),
        _ => true,
    };
    if !fits {
        let kind = Oid::from_content(kind.content).name();
        found.add(&PARAMETERS, format!("{kind} has the parameters {}", stated()));
    }
    match kind.content {
        oid::RSA | oid::RSA_PSS => rsa(key, found),
        oid::EC_PUBLIC_KEY => {
            let curve = parameters.filter(|curve| curve.tag == tag::OID);
            ec(curve.map_or(&[][..], |curve| curve.content), key, found);
        }
        oid::ED25519 | oid::X25519 if key.len() != 32 => {
            found.add(&MALFORMED, format!("the key has {} octets, not 32", key.len()));
        }
        oid::ED448 if key.len() != 57 => {
            found.add(&MALFORMED, format!("the key has {} octets, not 57", key.len()));
        }
        oid::DSA => found.add(&KIND, "its key is DSA"),
        _ => {}
    }
    usage(kind.content, extensions, found);
}

fn rsa(key: &[u8], found: &mut Found<'_>) {
    let numbers = view::sequence(key).unwrap_or_default();
    let [modulus, exponent] = numbers.as_slice() else {
        found.add(&MALFORMED, "the RSA key is no SEQUENCE of modulus and exponent");
        return;
    };
    super::encoding::value("the RSA key", key, found);
    for (number, what) in [(modulus, "modulus"), (exponent, "exponent")] {
        if number.tag != tag::INTEGER || number.content.first().is_none_or(|first| first & 0x80 != 0) {
            found.add(&MALFORMED, format!("the {what} of the RSA key is no positive INTEGER"));
            return;
        }
    }
    let digits: Vec<u8> = modulus.content.iter().copied().skip_while(|&digit| digit == 0).collect();
    let Some(first) = digits.first() else {
        found.add(&MALFORMED, "the modulus of the RSA key is 0");
        return;
    };
    let size = digits.len() * 8 - first.leading_zeros() as usize;
    if size < 2048 {
        found.add(&WEAK, format!("its RSA key has {size} bits"));
    }
    if !size.is_multiple_of(8) {
        found.add(&MODULUS_SIZE, format!("its RSA modulus has {size} bits"));
    }
    match view::small(exponent.content) {
        Some(small) if small < 3 || small % 2 == 0 => {
            found.add(&EXPONENT, format!("its RSA exponent is {small}"));
        }
        None if exponent.content.last().is_some_and(|last| last % 2 == 0) => {
            found.add(&EXPONENT, "its RSA exponent is even");
        }
        Some(small) if small <= 65_536 => found.add(&EXPONENT_SMALL, format!("its RSA exponent is {small}")),
        None if exponent.content.len() > 32 => {
            found.add(&EXPONENT_SMALL, format!("its RSA exponent has {} octets", exponent.content.len()));
        }
        _ => {}
    }
    if let Some(factor) = small_factor(&digits) {
        found.add(&MODULUS, format!("its RSA modulus can be divided by {factor}"));
    } else if size <= 8192 && primes_are_close(&digits) {
        found.add(&MODULUS, "the two primes of its RSA modulus are close together");
    }
}

/// A prime below 752 that divides the number, if any does (FIPS 186-4 and SP 800-89 5.3.3 look that far).
fn small_factor(digits: &[u8]) -> Option<u64> {
    let is_prime =
        |number: &u64| (2..*number).take_while(|d| d * d <= *number).all(|d| !number.is_multiple_of(d));
    (2..752u64)
        .filter(is_prime)
        .find(|prime| digits.iter().fold(0, |rest, &digit| (rest << 8 | u64::from(digit)) % prime) == 0)
}

/// Rounds of Fermat's factorization; keys that are broken so fall in the first few.
const ROUNDS: usize = 100;

/// Whether Fermat's method finds the factors: n = a² - b² with a near the root of n.
fn primes_are_close(digits: &[u8]) -> bool {
    let bits = (digits.len() as u32 * 8 + 64).next_multiple_of(64);
    let Ok(n) = BoxedUint::from_be_slice(
        &[vec![0; bits as usize / 8 - digits.len()].as_slice(), digits].concat(),
        bits,
    ) else {
        return false;
    };
    let one = BoxedUint::one_with_precision(bits);
    let mut a = n.floor_sqrt_vartime();
    a = a.wrapping_add(&one);
    for _ in 0..ROUNDS {
        let Some(rest) = Option::<BoxedUint>::from(a.wrapping_mul(&a).checked_sub(&n)) else { return false };
        if may_be_square(&rest) {
            let b = rest.floor_sqrt_vartime();
            if b.wrapping_mul(&b) == rest {
                return true;
            }
        }
        a = a.wrapping_add(&one);
    }
    false
}

/// Whether the number is a square as far as its remainders by small numbers tell.
fn may_be_square(number: &BoxedUint) -> bool {
    [64u32, 63, 65, 11].into_iter().all(|by| {
        let Some(divisor) = Option::<NonZero<_>>::from(NonZero::new(crypto_bigint::Limb::from(by))) else {
            return true;
        };
        let rest = number.rem_limb(divisor);
        (0..by).any(|root| crypto_bigint::Limb::from(root * root % by) == rest)
    })
}

fn ec(curve: &[u8], key: &[u8], found: &mut Found<'_>) {
    let form = key.first().copied();
    let size = match curve {
        oid::P256 => 32,
        oid::P384 => 48,
        oid::P521 => 66,
        [] => return,
        other => {
            let name = Oid::from_content(other).name();
            found.add(&CURVE, format!("its key is on the curve {name}"));
            // Two coordinates: a curve of less than 224 bits.
            if form == Some(4) && key.len() < 57 {
                found.add(&WEAK, format!("its EC key has {} bits", (key.len() - 1) * 4));
            }
            return;
        }
    };
    match (form, key.len()) {
        (Some(4), length) if length == 2 * size + 1 => {
            let on_curve = match curve {
                oid::P256 => p256::PublicKey::from_sec1_bytes(key).is_ok(),
                oid::P384 => p384::PublicKey::from_sec1_bytes(key).is_ok(),
                _ => true,
            };
            if !on_curve {
                found.add(&MALFORMED, "the key is no point of its curve");
            }
        }
        (Some(2 | 3), length) if length == size + 1 => {
            found.add(&COMPRESSED, "its EC point is compressed");
        }
        (_, length) => found.add(&MALFORMED, format!("{length} octets are no point of its curve")),
    }
}

fn usage(kind: &[u8], extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    let Some(bits) = view::key_usage(extensions) else { return };
    let names = KeyUsage::from_bits(bits).names();
    let has = |name: &str| names.contains(&name);
    let unfit: &[&str] = match kind {
        oid::RSA => &["keyAgreement", "encipherOnly", "decipherOnly"],
        oid::RSA_PSS => {
            &["keyEncipherment", "dataEncipherment", "keyAgreement", "encipherOnly", "decipherOnly"]
        }
        oid::EC_PUBLIC_KEY => &["keyEncipherment", "dataEncipherment"],
        oid::ED25519 | oid::ED448 => {
            &["keyEncipherment", "dataEncipherment", "keyAgreement", "encipherOnly", "decipherOnly"]
        }
        oid::X25519 | oid::X448 => &[
            "digitalSignature",
            "nonRepudiation",
            "keyEncipherment",
            "dataEncipherment",
            "keyCertSign",
            "cRLSign",
        ],
        _ => &[],
    };
    let held: Vec<&str> = unfit.iter().copied().filter(|bit| has(bit)).collect();
    if !held.is_empty() {
        let kind = Oid::from_content(kind);
        let kind = kind.long_name().map_or_else(|| kind.to_string(), str::to_owned);
        found.add(&USAGE, format!("keyUsage holds {}, and the key is {}", held.join(" and "), kind));
    }
    if kind == oid::RSA && has("keyCertSign") && (has("keyEncipherment") || has("dataEncipherment")) {
        found.add(&USAGE_CA, "keyUsage holds keyCertSign together with encipherment");
    }
    if (has("encipherOnly") || has("decipherOnly")) && !has("keyAgreement") {
        found.add(&USAGE_ONLY, "keyUsage holds encipherOnly or decipherOnly without keyAgreement");
    }
    let is_tls = view::extended_key_usage(extensions)
        .is_some_and(|usages| usages.contains(&oid::SERVER_AUTH) || usages.contains(&oid::CLIENT_AUTH));
    if kind == oid::EC_PUBLIC_KEY && is_tls && has("keyAgreement") {
        found.add(&USAGE_AGREEMENT, "keyUsage holds keyAgreement");
    }
}
