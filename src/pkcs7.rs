//! PKCS#7 and CMS (RFC 5652) as a bag of certificates, `.p7b` and `.p7c`: signed data of which the signature does not matter,
//! and mostly is not there.

use crate::{
    der::{self, Element, ber, tag},
    oid::{self, Oid},
};

/// What signed data brings along.
pub struct Pkcs7 {
    /// DER of the certificates, in order
    pub certificates: Vec<Vec<u8>>,
    /// DER of the revocation lists, in order
    pub crls: Vec<Vec<u8>>,
    /// How many signed it; none, where it is only a bag
    pub signers: usize,
}

impl Pkcs7 {
    /// Reads `SEQUENCE { type, [0] SignedData }`, DER or BER.
    ///
    /// # Errors
    /// What it is instead, in a person's words.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let shape = || "its structure is not that of PKCS#7 signed data (RFC 5652 5.1)".to_owned();
        let (normal, _) = ber::to_der(bytes).ok_or_else(shape)?;
        let mut fields = der::whole(&normal, tag::SEQUENCE).ok_or_else(shape)?.inside();
        let kind = fields.expect(tag::OID).ok_or_else(shape)?.content;
        if kind != oid::PKCS7_SIGNED {
            return Err(format!("it is {}, which holds no certificates", Oid::from_content(kind).name()));
        }
        let signed = fields.expect(0xa0).and_then(|content| content.inside().expect(tag::SEQUENCE));
        let mut fields = signed.ok_or_else(shape)?.inside();
        fields.expect(tag::INTEGER).ok_or_else(shape)?;
        fields.expect(tag::SET).ok_or_else(shape)?;
        fields.expect(tag::SEQUENCE).ok_or_else(shape)?;
        let mut found = Self { certificates: Vec::new(), crls: Vec::new(), signers: 0 };
        while let Some(field) = fields.next() {
            match field.tag {
                0xa0 => found.certificates.extend(sequences(field)),
                0xa1 => found.crls.extend(sequences(field)),
                tag::SET => found.signers = sequences(field).count(),
                _ => return Err(shape()),
            }
        }
        Ok(found)
    }
}

/// The members that are SEQUENCEs; other kinds of certificates have tags of their own.
fn sequences(list: Element<'_>) -> impl Iterator<Item = Vec<u8>> {
    let mut inside = list.inside();
    let members = std::iter::from_fn(move || inside.next());
    members.filter(|member| member.tag == tag::SEQUENCE).map(|member| member.raw.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::put;

    fn element(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, kind, parts);
        out
    }

    fn signed(kind: &[u8]) -> Vec<u8> {
        let certificates = element(0xa0, &[&[0x30, 2, 5, 0], &[0x30, 0], &[0xa1, 0]]);
        let crls = element(0xa1, &[&[0x30, 3, 2, 1, 7]]);
        let parts: &[&[u8]] =
            &[&[2, 1, 1], &[0x31, 0], &[0x30, 0], &certificates, &crls, &[0x31, 2, 0x30, 0]];
        let data = element(0x30, parts);
        element(0x30, &[&Oid::from_content(kind).der(), &element(0xa0, &[&data])])
    }

    #[test]
    fn certificates_and_lists_are_found() {
        let good = signed(oid::PKCS7_SIGNED);
        let found = Pkcs7::read(&good).unwrap();
        assert_eq!(found.certificates, [&[0x30, 2, 5, 0][..], &[0x30, 0]]);
        assert_eq!(found.crls, [[0x30, 3, 2, 1, 7]]);
        assert_eq!(found.signers, 1);
        assert!(Pkcs7::read(&signed(oid::PKCS7_DATA)).is_err());
        assert!(Pkcs7::read(&good[..good.len() - 1]).is_err());
    }
}
