//! ECDSA where ring has none: on P-521, and with SHA-512 on the smaller curves (RFC 5758 3.2).

use super::{Algorithm, SignatureFault};

/// Checks a signature over a hash under the point of a curve.
pub(super) fn verify(
    curve: Algorithm,
    point: &[u8],
    hash: &[u8],
    signature: &[u8],
) -> Result<(), SignatureFault> {
    macro_rules! on {
        ($curve:ident) => {{
            use $curve::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
            VerifyingKey::from_sec1_bytes(point)
                .and_then(|key| key.verify_prehash(hash, &Signature::from_der(signature)?))
                .map_err(|_| SignatureFault::Wrong)
        }};
    }
    match curve {
        Algorithm::P256 => on!(p256),
        Algorithm::P384 => on!(p384),
        Algorithm::P521 => on!(p521),
        _ => Err(SignatureFault::Unsupported),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_hold_on_their_curve_alone() {
        macro_rules! on {
            ($curve:ident, $algorithm:expr, $length:expr) => {{
                use $curve::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
                let key = SigningKey::from_slice(&[7; $length]).unwrap();
                let signature: Signature = key.sign_prehash(&[9; 64]).unwrap();
                let (point, signature) = (key.verifying_key().to_sec1_point(false), signature.to_der());
                let (point, signature) = (point.as_bytes(), signature.as_bytes());
                assert_eq!(verify($algorithm, point, &[9; 64], signature), Ok(()));
                assert_eq!(verify($algorithm, point, &[8; 64], signature), Err(SignatureFault::Wrong));
                assert_eq!(verify($algorithm, &[4; 65], &[9; 64], signature), Err(SignatureFault::Wrong));
                let other = verify(Algorithm::Ed25519, point, &[9; 64], signature);
                assert_eq!(other, Err(SignatureFault::Unsupported));
            }};
        }
        on!(p256, Algorithm::P256, 32);
        on!(p384, Algorithm::P384, 48);
    }
}
