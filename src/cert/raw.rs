//! The fields of a certificate as they are encoded (RFC 5280 4.1), for judgements about the encoding itself.

use crate::der::{Element, Reader, is_bit_string, tag, whole};

/// The fields, undecoded.
pub(crate) struct Raw<'a> {
    pub(crate) serial: Element<'a>,
    /// AlgorithmIdentifier of the signed part
    pub(crate) algorithm: Element<'a>,
    pub(crate) issuer: Element<'a>,
    pub(crate) not_before: Element<'a>,
    pub(crate) not_after: Element<'a>,
    pub(crate) subject: Element<'a>,
    pub(crate) public_key: Element<'a>,
    /// issuerUniqueID or subjectUniqueID
    pub(crate) has_unique_id: bool,
    /// `None` where the field is absent
    pub(crate) extensions: Option<Vec<RawExtension<'a>>>,
    /// Content of the BIT STRING of the signature, its count of unused bits first
    pub(crate) signature: &'a [u8],
}

/// One extension.
#[derive(Clone, Copy)]
pub(crate) struct RawExtension<'a> {
    /// Content octets of its type
    pub(crate) oid: &'a [u8],
    /// Whether it is critical
    pub(crate) critical: bool,
    /// Whether it states that it is not critical, which DER leaves out (X.690 11.5)
    pub(crate) states_default: bool,
    /// What the OCTET STRING holds
    pub(crate) value: &'a [u8],
}

impl<'a> Raw<'a> {
    /// Reads the fields in their order; the error says which is not as X.509 has it.
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, &'static str> {
        const SHAPE: &str = "its structure is not that of a certificate (RFC 5280 4.1)";
        let mut outer = whole(der, tag::SEQUENCE).ok_or(SHAPE)?.inside();
        let tbs = outer.expect(tag::SEQUENCE).ok_or(SHAPE)?;
        outer.expect(tag::SEQUENCE).ok_or(SHAPE)?;
        let signature = outer.expect(tag::BIT_STRING).filter(|_| outer.is_empty()).ok_or(SHAPE)?.content;
        let mut fields = tbs.inside();
        let mut field = fields.next().ok_or(SHAPE)?;
        if field.tag == 0xa0 {
            whole(field.content, tag::INTEGER).ok_or("its version is no number")?;
            field = fields.next().ok_or(SHAPE)?;
        }
        let serial = Some(field).filter(|field| field.tag == tag::INTEGER).ok_or(SHAPE)?;
        let algorithm = fields.expect(tag::SEQUENCE).ok_or(SHAPE)?;
        let issuer = fields.expect(tag::SEQUENCE).ok_or(SHAPE)?;
        let mut validity = fields.expect(tag::SEQUENCE).ok_or(SHAPE)?.inside();
        let (not_before, not_after) = (validity.next().ok_or(SHAPE)?, validity.next().ok_or(SHAPE)?);
        let subject = fields.expect(tag::SEQUENCE).ok_or(SHAPE)?;
        let public_key = fields.expect(tag::SEQUENCE).ok_or(SHAPE)?;
        let (mut has_unique_id, mut extensions, mut last) = (false, None, 0);
        while !fields.is_empty() {
            let field = fields.next().ok_or(SHAPE)?;
            if field.tag <= last {
                return Err("its fields are out of order");
            }
            last = field.tag;
            match field.tag {
                // issuerUniqueID and subjectUniqueID: IMPLICIT BIT STRING, so primitive in DER.
                0x81 | 0x82 if !is_bit_string(field.content) => {
                    return Err("a unique identifier is no bit string");
                }
                0x81 | 0x82 => has_unique_id = true,
                0xa3 => extensions = Some(read_extensions(field.content)?),
                _ => return Err("it has a field that no certificate has"),
            }
        }
        if !validity.is_empty() {
            return Err("its validity holds more than two times");
        }
        Ok(Self {
            serial,
            algorithm,
            issuer,
            not_before,
            not_after,
            subject,
            public_key,
            has_unique_id,
            extensions,
            signature,
        })
    }

    /// The extension of this type.
    pub(crate) fn extension(&self, oid: &[u8]) -> Option<RawExtension<'a>> {
        self.extensions.iter().flatten().find(|extension| extension.oid == oid).copied()
    }
}

fn read_extensions(content: &[u8]) -> Result<Vec<RawExtension<'_>>, &'static str> {
    let broken = "its extensions cannot be read";
    let mut list: Reader<'_> = whole(content, tag::SEQUENCE).ok_or(broken)?.inside();
    if list.is_empty() {
        return Err("its list of extensions is empty (RFC 5280 4.1)");
    }
    let mut extensions = Vec::new();
    while !list.is_empty() {
        let mut fields = list.expect(tag::SEQUENCE).ok_or(broken)?.inside();
        let oid = fields.expect(tag::OID).ok_or(broken)?.content;
        let mut field = fields.next().ok_or(broken)?;
        let (mut critical, mut states_default) = (false, false);
        if field.tag == tag::BOOLEAN {
            critical = match field.content {
                [0xff] => true,
                [0] => false,
                _ => return Err(broken),
            };
            states_default = !critical;
            field = fields.next().ok_or(broken)?;
        }
        let value =
            Some(field).filter(|field| field.tag == tag::OCTET_STRING && fields.is_empty()).ok_or(broken)?;
        extensions.push(RawExtension { oid, critical, states_default, value: value.content });
    }
    Ok(extensions)
}
