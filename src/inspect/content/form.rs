//! What DER is, told from its first elements.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::{
    der::{Element, Reader, tag},
    inspect::private,
};

/// What a file of DER holds.
pub(super) enum Form {
    Certificate,
    Request,
    Crl,
    Pkcs7,
    Pkcs12,
    PublicKey,
    Private(private::Form),
}

/// The form of the first element, or `None` where it is nothing that is known.
pub(super) fn of(bytes: &[u8]) -> Option<Form> {
    let outer = Reader::new(bytes).expect(tag::SEQUENCE)?;
    let mut fields = outer.inside();
    let (first, second) = (fields.next()?, fields.next()?);
    let third = fields.next();
    Some(match (first.tag, second.tag) {
        (tag::INTEGER, tag::SEQUENCE) if first.content == [3] => Form::Pkcs12,
        (tag::INTEGER, tag::SEQUENCE) => Form::Private(private::Form::Pkcs8),
        (tag::INTEGER, tag::OCTET_STRING) => Form::Private(private::Form::Sec1),
        (tag::INTEGER, tag::INTEGER) if third.is_none() => Form::PublicKey,
        (tag::INTEGER, tag::INTEGER) => {
            let mut rest = 0;
            while fields.next().is_some() {
                rest += 1;
            }
            // RSA has nine numbers, DSA six.
            Form::Private(if rest >= 6 { private::Form::Pkcs1 } else { private::Form::Dsa })
        }
        (tag::SEQUENCE, tag::OCTET_STRING) => Form::Private(private::Form::Sealed),
        (tag::SEQUENCE, tag::BIT_STRING) if third.is_none() => Form::PublicKey,
        (tag::OID, 0xa0) => Form::Pkcs7,
        (tag::SEQUENCE, tag::SEQUENCE) => signed(first)?,
        // A certificate, with something wrong outside of its signed part.
        (tag::SEQUENCE, _) => signed(first).filter(|form| matches!(form, Form::Certificate))?,
        _ => return None,
    })
}

/// What is signed: certificates, requests and lists have the same outside.
fn signed(tbs: Element<'_>) -> Option<Form> {
    let mut fields = tbs.inside();
    let is_time = |element: &Element<'_>| matches!(element.tag, tag::UTC_TIME | tag::GENERALIZED_TIME);
    let first = fields.next()?;
    let second = fields.next()?;
    if first.tag == 0xa0 {
        return Some(Form::Certificate);
    }
    let third = fields.next();
    match (first.tag, second.tag) {
        // version, algorithm, issuer, thisUpdate; or serial, algorithm, issuer, validity; or version, subject, key
        (tag::INTEGER, tag::SEQUENCE) => {
            let third = third.filter(|third| third.tag == tag::SEQUENCE)?;
            match fields.next() {
                Some(fourth) if is_time(&fourth) => Some(Form::Crl),
                Some(fourth) if fourth.tag == tag::SEQUENCE => Some(Form::Certificate),
                None | Some(_) if third.inside().next().is_some_and(|part| part.tag == tag::SEQUENCE) => {
                    Some(Form::Request)
                }
                _ => None,
            }
        }
        // algorithm, issuer, thisUpdate: a list of version 1
        (tag::SEQUENCE, tag::SEQUENCE) if third.as_ref().is_some_and(is_time) => Some(Form::Crl),
        _ => None,
    }
}

/// The DER in text that is base64 and nothing else, as it is cut out of XML and JSON.
pub(super) fn bare_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim();
    // Of a SEQUENCE of 128 octets and more.
    if !text.starts_with("MI") || text.len() > 16 << 20 {
        return None;
    }
    let joined = Zeroizing::new(text.split_ascii_whitespace().collect::<String>());
    STANDARD.decode(joined.as_bytes()).ok().map(Zeroizing::new)
}
