//! Where more is found: cRLDistributionPoints, freshestCRL, authorityInfoAccess, subjectInfoAccess (RFC 5280 4.2.1.13,
//! 4.2.1.15, 4.2.2).

use super::{Found, name, view};
use crate::{
    der::Element,
    oid::{self, Oid},
};

super::rule::rules! {
    POINT_EMPTY "distribution-point-without-place" Error "RFC 5280 4.2.1.13"
        "A distribution point says where the CRL is, or who issues it; reasons alone do not do."
        "Nobody can find the CRL."
        "State a URL: --crl-url http://crl.example.com/ca.crl.";
    POINT_NAME "distribution-point-name-invalid" Error "RFC 5280 4.2.1.13"
        "The name of a distribution point is a list of general names that is not empty, or a relative name."
        "Nobody can find the CRL."
        "State a URL.";
    POINT_PLACE "distribution-point-without-url" Warn "RFC 5280 4.2.1.13"
        "A distribution point has an HTTP or LDAP URL."
        "Readers fetch CRLs by no other way."
        "State a URL: --crl-url http://crl.example.com/ca.crl.";
    POINT_RELATIVE "distribution-point-relative-name" Warn "RFC 5280 4.2.1.13"
        "A distribution point does not use nameRelativeToCRLIssuer."
        "Hardly any reader follows it."
        "State a URL.";
    ACCESS_METHOD "access-method-unknown" Info "RFC 5280 4.2.2.1, 4.2.2.2"
        "Access methods are those that the standard has: caIssuers and OCSP for the issuer, caRepository and timeStamping for the subject."
        "Others are passed over."
        "Leave it out, unless somebody reads it.";
    ACCESS_PLACE "access-location-without-url" Warn "RFC 5280 4.2.2.1"
        "Access locations are HTTP or LDAP URLs."
        "Readers fetch by no other way."
        "State a URL: --issuer-url, --ocsp-url.";
    ACCESS_TWICE "access-location-repeated" Warn "CA/Browser Forum BR 7.1.2.7.7"
        "Each method and location is there once."
        "The second says nothing."
        "Leave it out.";
    HTTPS "pointer-over-https" Warn "RFC 5280 8, CA/Browser Forum BR 7.1.2.11.2"
        "CRLs, OCSP responses and issuers' certificates are fetched over http, being signed themselves."
        "To fetch them over https needs a certificate to be judged, which may need them again; many readers do not try."
        "State an http URL.";
    INTERNAL_HOST "pointer-to-single-label-host" Info "CA/Browser Forum BR 7.1.2"
        "The hosts of such URLs have full names."
        "A name without a dot means another host in each network."
        "State the full name.";
}

/// Judges where a certificate or CRL points to.
pub(super) fn check(extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    for kind in [oid::CRL_DISTRIBUTION_POINTS, oid::FRESHEST_CRL] {
        let value = view::find(extensions, kind).map(|extension| extension.value);
        for point in value.and_then(view::sequence).unwrap_or_default() {
            distribution_point(&Oid::from_content(kind).name(), point, found);
        }
    }
    for kind in [oid::AUTHORITY_INFO_ACCESS, oid::SUBJECT_INFO_ACCESS] {
        let value = view::find(extensions, kind).map(|extension| extension.value);
        access(kind, &value.and_then(view::sequence).unwrap_or_default(), found);
    }
}

/// Judges one distribution point, which an issuingDistributionPoint has too.
fn distribution_point(place: &str, point: Element<'_>, found: &mut Found<'_>) {
    let parts = view::all_members(point).unwrap_or_default();
    let part = |number: u8| parts.iter().find(|part| part.tag & 0x1f == number);
    let issuer = part(2);
    if let Some(issuer) = issuer {
        let names = view::all_members(*issuer).unwrap_or_default();
        if names.is_empty() {
            found.add(&POINT_NAME, format!("cRLIssuer in {place} is empty"));
        }
        names.iter().for_each(|name| name::general_name(place, name, found));
    }
    let Some(outer) = part(0) else {
        if issuer.is_none() {
            found.add(&POINT_EMPTY, format!("a point of {place} has neither a name nor an issuer"));
        }
        return;
    };
    point_name(place, *outer, issuer.is_some(), found);
}

/// Judges a DistributionPointName under its tag.
pub(super) fn point_name(place: &str, outer: Element<'_>, has_issuer: bool, found: &mut Found<'_>) {
    match view::all_members(outer).as_deref() {
        Some([name]) if name.tag == 0xa0 && !name.content.is_empty() => {
            let names = view::all_members(*name).unwrap_or_default();
            for name in &names {
                name::general_name(place, name, found);
            }
            let found_by = names.iter().any(|name| is_fetched(name));
            if !found_by && !has_issuer {
                found.add(&POINT_PLACE, format!("a point of {place} has no HTTP or LDAP URL"));
            }
            names.iter().for_each(|name| fetched(place, name, found));
        }
        Some([name]) if name.tag == 0xa1 && !name.content.is_empty() => {
            found.add(&POINT_RELATIVE, format!("a point of {place} has a relative name"));
        }
        _ => found.add(&POINT_NAME, format!("a point of {place} has no readable name")),
    }
}

fn access(kind: &[u8], descriptions: &[Element<'_>], found: &mut Found<'_>) {
    let place = Oid::from_content(kind).name();
    if !view::repeated(descriptions.iter().map(|description| description.raw)).is_empty() {
        found.add(&ACCESS_TWICE, format!("{place} holds the same description more than once"));
    }
    for description in descriptions {
        let parts = view::all_members(*description).unwrap_or_default();
        let [method, location] = parts.as_slice() else { continue };
        name::general_name(&place, location, found);
        const REPOSITORY: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 5];
        const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 3];
        match (kind, method.content) {
            (oid::AUTHORITY_INFO_ACCESS, oid::OCSP | oid::CA_ISSUERS)
            | (oid::SUBJECT_INFO_ACCESS, REPOSITORY | TIME_STAMPING) => {
                if !is_fetched(location) {
                    let method = Oid::from_content(method.content).name();
                    found.add(&ACCESS_PLACE, format!("{method} is at {}", name::show(location)));
                }
                fetched(&place, location, found);
            }
            _ => {
                let method = Oid::from_content(method.content).name();
                found.add(&ACCESS_METHOD, format!("{place} has the method {method}"));
            }
        }
    }
}

fn scheme(name: &Element<'_>) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(name.content).into_owned();
    let (scheme, rest) = (name.tag == 0x86).then_some(()).and_then(|()| text.split_once("://"))?;
    Some((scheme.to_ascii_lowercase(), rest.to_owned()))
}

fn is_fetched(name: &Element<'_>) -> bool {
    scheme(name)
        .is_some_and(|(scheme, _)| matches!(scheme.as_str(), "http" | "https" | "ldap" | "ldaps" | "ftp"))
}

fn fetched(place: &str, name: &Element<'_>, found: &mut Found<'_>) {
    let Some((scheme, rest)) = scheme(name) else { return };
    if scheme == "https" {
        found.add(&HTTPS, format!("{place} points to https://{rest}"));
    }
    let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
    if matches!(scheme.as_str(), "http" | "https")
        && !host.is_empty()
        && !host.contains(['.', '['])
        && host != "localhost"
    {
        found.add(&INTERNAL_HOST, format!("{place} points to {scheme}://{rest}"));
    }
}
