//! Certificates side by side: the order of a file, keys that are used twice, and what an issuer in the same input allows.

use std::collections::{HashMap, HashSet};

use super::{Found, view};
use crate::{
    cert::Certificate,
    der::tag,
    fingerprint::hex,
    key::SignatureFault,
    name::Name,
    oid,
    verify::{constraint_breach, names_under_constraints},
};

super::rule::rules! {
    ROOT_SENT "root-in-chain" Warn "RFC 8446 4.4.2"
        "What a server sends ends below the root."
        "The peer has the root or does not trust it; it costs a packet in each handshake."
        "Leave the root out of the file: pkit bundle does.";
    NOT_FIRST "leaf-not-first" Error "RFC 8446 4.4.2"
        "In a file that a server sends, its own certificate is first."
        "Servers take the first for their own: the key does not fit, or peers get the wrong one."
        "Put it in order: pkit bundle FILE -o fullchain.pem.";
    ORDER "chain-out-of-order" Warn "RFC 5246 7.4.2, RFC 8446 4.4.2"
        "Each certificate of a chain certifies the one before it."
        "TLS 1.2 demands it, and some peers build paths in the order sent."
        "Put it in order: pkit bundle FILE -o fullchain.pem.";
    TWICE "certificate-repeated" Warn "RFC 8446 4.4.2"
        "A certificate stands in a file once."
        "It costs octets in each handshake, and confuses what goes by the order."
        "Leave the second out.";
    SERIAL_TWICE "serial-number-used-twice" Error "RFC 5280 4.1.2.2"
        "A CA gives each serial number once."
        "A CRL that revokes the one revokes the other too."
        "Have one of them made anew.";
    KEY_OF_CA "key-shared-with-ca" Error "NIST SP 800-57 5.2"
        "The key of a CA is not that of a server or client."
        "Who gets at the server's key can sign certificates."
        "Make a new key for the leaf.";
    KEY_TWICE "key-shared" Info "practice"
        "Certificates of different subjects have keys of their own."
        "Who takes the one key can be both."
        "Make a new key for each.";
    ISSUER_NOT_CA "issuer-not-ca" Error "RFC 5280 4.2.1.9, 6.1.4 (k)"
        "An issuer is a CA by its basicConstraints."
        "Every peer refuses the path."
        "Have the issuer's certificate made anew as a CA's.";
    ISSUER_MAY_NOT "issuer-may-not-sign" Error "RFC 5280 4.2.1.3, 6.1.4 (n)"
        "An issuer's keyUsage holds keyCertSign."
        "Every peer refuses the path."
        "Have the issuer's certificate made anew with keyCertSign.";
    ISSUER_KEY_ID "authority-key-id-differs" Error "RFC 5280 4.2.1.1"
        "authorityKeyIdentifier is the subjectKeyIdentifier of the issuer."
        "Readers that go by it look for another CA, and find none."
        "Find the issuer that signed it, or have it signed anew.";
    ISSUER_SIGNATURE "issuer-signature-invalid" Error "RFC 5280 6.1.3 (a)(1)"
        "The signature holds under the key of the issuer."
        "The CA of that name has another key, or the certificate was altered. Every peer refuses it."
        "Find the issuer that signed it, or have it signed anew.";
    OUTLIVES "outlives-issuer" Warn "RFC 5280 6.1.3 (a)(2)"
        "A certificate ends no later than its issuer."
        "It stops working when the issuer ends, which nobody looks at."
        "Renew the issuer first.";
    PATH_LENGTH "path-length-exceeded" Error "RFC 5280 4.2.1.9, 6.1.4 (l)"
        "Below a CA are no more CAs than its path length allows."
        "Every peer refuses the path."
        "Sign with a CA further up, or make the issuer anew with a greater path length.";
    NAME_CONSTRAINTS "outside-name-constraints" Error "RFC 5280 4.2.1.10, 6.1.3 (b), (c)"
        "Names lie within what the issuer permits, and outside of what it excludes."
        "Every peer refuses the path."
        "Leave the name out, or sign with a CA that permits it.";
    ISSUER_NAME "issuer-name-not-in-file" Info "RFC 5280 6.1.3 (a)(4)"
        "In a chain, the issuer of each certificate is the subject of the next."
        "A peer that does not have the missing CA finds no path."
        "Add the missing certificate: pkit bundle.";
    ISSUER_DIFFERS "issuer-name-differs" Error "RFC 5280 6.1.3 (a)(4)"
        "The issuer is the subject of the CA that signed it."
        "The signature holds under the key of a CA of another name. Paths are built by names, so every peer refuses it."
        "Have it signed anew, with the CA's subject as it is.";
    ENCODED_DIFFERENTLY "issuer-name-encoded-differently" Warn "RFC 5280 4.1.2.4, 4.1.2.6, 7.1"
        "The issuer is encoded as the issuer's own subject is."
        "The names are the same by their characters, but many readers compare octets and find no path."
        "Have it signed anew, with the CA's subject as it is.";
}

/// A certificate that could be read, its place among the reports, and which file it is of.
pub(super) struct Member<'a> {
    pub(super) index: usize,
    pub(super) file: usize,
    pub(super) der: &'a [u8],
    pub(super) view: view::Certificate<'a>,
    /// Read strictly, where that can be done.
    pub(super) strict: Option<Certificate>,
    pub(super) is_root: bool,
}

/// Judges all certificates of the input together. `files` is how many certificates each file holds.
pub(super) fn check(members: &[Member<'_>], files: &[usize], found: &mut [Found<'_>]) {
    let mut keys: HashMap<&[u8], Vec<&Member<'_>>> = HashMap::new();
    let mut serials: HashMap<(&[u8], &[u8]), &Member<'_>> = HashMap::new();
    let mut seen: HashMap<(usize, &[u8]), usize> = HashMap::new();
    // By a hash of the name as it is compared, so that great files do not cost the square of their length.
    let mut subjects: HashMap<Vec<u8>, Vec<&Member<'_>>> = HashMap::new();
    let mut by_id: HashMap<&[u8], &Member<'_>> = HashMap::new();
    for member in members {
        if let Some(id) = view::subject_key_id(member.view.all()) {
            by_id.insert(id, member);
        }
        subjects.entry(comparable(member.view.subject.raw)).or_default().push(member);
    }
    // A file of leaves alone is a collection, and no chain that lacks something.
    let with_ca: HashSet<usize> =
        members.iter().filter(|member| member.view.is_ca()).map(|member| member.file).collect();
    for member in members {
        let Some(found) = found.get_mut(member.index) else { continue };
        let view = &member.view;
        if seen.insert((member.file, member.der), member.index).is_some() {
            found.add(&TWICE, "it is in the file more than once");
            continue;
        }
        let number = (view.issuer.raw, view.serial.content);
        match serials.get(&number) {
            Some(other) if other.der != member.der => {
                found.add(
                    &SERIAL_TWICE,
                    format!(
                        "another certificate of its issuer has the serial number {} too",
                        hex(view.serial.content)
                    ),
                );
            }
            _ => drop(serials.insert(number, member)),
        }
        let sharing = keys.entry(view.spki.raw).or_default();
        for other in sharing.iter() {
            share(member, other, found);
        }
        // Each is compared with one of every kind, which is all that can be told.
        if sharing.iter().all(|other| other.view.is_ca() != view.is_ca()) {
            sharing.push(member);
        }
        let is_chain = with_ca.contains(&member.file);
        issuer(member, &subjects, &by_id, is_chain, found);
    }
    order(members, files, found);
}

fn share(member: &Member<'_>, other: &Member<'_>, found: &mut Found<'_>) {
    let whose = || Name::from_der(other.view.subject.raw).to_string();
    if member.view.is_ca() != other.view.is_ca() {
        let (ca, leaf) = if member.view.is_ca() { ("its", "a leaf's") } else { ("a CA's", "its") };
        found.add(&KEY_OF_CA, format!("{ca} key is {leaf} too: {}", whose()));
    } else if member.view.subject.raw != other.view.subject.raw {
        found.add(&KEY_TWICE, format!("its key is that of {} too", whose()));
    }
}

/// A name in a form in which those that are the same by RFC 5280 7.1 are mostly equal: lower-case characters, blanks aside.
fn comparable(name: &[u8]) -> Vec<u8> {
    let mut form = Vec::new();
    let outer = view::whole(name, tag::SEQUENCE);
    for attribute in outer.map(view::attributes).unwrap_or_default() {
        form.extend_from_slice(attribute.oid);
        form.push(0);
        match view::text(&attribute.value) {
            Some(text) => form
                .extend(text.split_whitespace().flat_map(str::bytes).map(|octet| octet.to_ascii_lowercase())),
            None => form.extend_from_slice(attribute.value.content),
        }
        form.push(0);
    }
    form
}

/// What the issuer says, where it is in the input.
fn issuer(
    member: &Member<'_>,
    subjects: &HashMap<Vec<u8>, Vec<&Member<'_>>>,
    by_id: &HashMap<&[u8], &Member<'_>>,
    is_chain: bool,
    found: &mut Found<'_>,
) {
    if member.is_root {
        return;
    }
    let named: Vec<&&Member<'_>> = subjects
        .get(&comparable(member.view.issuer.raw))
        .into_iter()
        .flatten()
        .filter(|other| other.der != member.der)
        .collect();
    if named.is_empty() {
        let id = view::authority_key_id(member.view.all());
        let signer = id.and_then(|id| by_id.get(id)).filter(|other| match (&member.strict, &other.strict) {
            (Some(own), Some(other)) => own.is_signed_by(other.public_key()).is_ok(),
            _ => false,
        });
        if let Some(signer) = signer {
            let subject = Name::from_der(signer.view.subject.raw);
            let issuer = Name::from_der(member.view.issuer.raw);
            found
                .add(&ISSUER_DIFFERS, format!("its issuer is {issuer}, and the CA that signed it {subject}"));
        } else if is_chain && !member.view.is_ca() {
            let issuer = Name::from_der(member.view.issuer.raw);
            found.add(&ISSUER_NAME, format!("its issuer {issuer} is not in the input"));
        }
        return;
    }
    let holds = |other: &Member<'_>| match (&member.strict, &other.strict) {
        (Some(own), Some(issuer)) => own.is_signed_by(issuer.public_key()),
        _ => Err(SignatureFault::Unsupported),
    };
    let signer = named.iter().find(|other| holds(other).is_ok());
    if signer.is_none() && named.iter().all(|other| holds(other) == Err(SignatureFault::Wrong)) {
        found.add(
            &ISSUER_SIGNATURE,
            format!(
                "{} of its issuer's name did not sign it",
                if named.len() == 1 { "the CA" } else { "no CA" }
            ),
        );
        return;
    }
    let Some(issuer) = signer.or(named.first()) else { return };
    let extensions = issuer.view.all();
    if issuer.view.subject.raw != member.view.issuer.raw {
        found.add(&ENCODED_DIFFERENTLY, "its issuer and the subject of that CA are other octets");
    }
    let constraints: Vec<bool> = extensions
        .iter()
        .filter(|extension| extension.oid == oid::BASIC_CONSTRAINTS)
        .map(|extension| view::basic_constraints(std::slice::from_ref(extension)).is_some_and(|(ca, _)| ca))
        .collect();
    if constraints.is_empty() || constraints.contains(&false) {
        found.add(&ISSUER_NOT_CA, "its issuer is no CA");
    }
    let mut usages = extensions.iter().filter(|extension| extension.oid == oid::KEY_USAGE);
    if usages.any(|usage| view::key_usage(std::slice::from_ref(usage)).is_some_and(|bits| bits & 1 << 5 == 0))
    {
        found.add(&ISSUER_MAY_NOT, "keyUsage of its issuer holds no keyCertSign");
    }
    if let (Some(authority), Some(subject)) =
        (view::authority_key_id(member.view.all()), view::subject_key_id(extensions))
        && authority != subject
    {
        found.add(
            &ISSUER_KEY_ID,
            format!(
                "its authorityKeyIdentifier is {}, and subjectKeyIdentifier of its issuer {}",
                hex(authority),
                hex(subject)
            ),
        );
    }
    let length = view::basic_constraints(extensions).and_then(|(_, length)| length).and_then(view::small);
    if length == Some(0) && member.view.is_ca() && !member.view.is_self_issued() {
        found.add(&PATH_LENGTH, "it is a CA, and the path length of its issuer is 0");
    }
    if let (Some(own), Some(issuer)) = (&member.strict, &issuer.strict) {
        if own.validity().not_after > issuer.validity().not_after {
            found.add(
                &OUTLIVES,
                format!(
                    "it ends {}, and its issuer {}",
                    crate::validity::format_time(own.validity().not_after),
                    crate::validity::format_time(issuer.validity().not_after)
                ),
            );
        }
        names(own, issuer, found);
    }
}

/// The names of a certificate under the constraints of its issuer.
fn names(own: &Certificate, issuer: &Certificate, found: &mut Found<'_>) {
    if issuer.name_constraints().is_none() {
        return;
    }
    for name in names_under_constraints(own.subject(), own.subject_alt_names(), !own.is_ca()) {
        if let Some(breach) = constraint_breach(issuer, &name) {
            found.add(&NAME_CONSTRAINTS, breach);
        }
        // Each name costs a walk over all constraints.
        if found.is_full() {
            return;
        }
    }
}

/// The order of each file that holds one leaf and CAs: what servers send.
fn order(members: &[Member<'_>], files: &[usize], found: &mut [Found<'_>]) {
    let mut rest = members;
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|member| member.file == first.file).count();
        let (file, after) = rest.split_at(length);
        rest = after;
        let leaves = file.iter().filter(|member| !member.view.is_ca()).count();
        if length < 2 || leaves != 1 || files.get(first.file) != Some(&length) {
            continue;
        }
        for (position, member) in file.iter().enumerate() {
            let Some(found) = found.get_mut(member.index) else { continue };
            let is_leaf = !member.view.is_ca();
            if is_leaf && position > 0 {
                found
                    .add(&NOT_FIRST, format!("it is the only leaf, and number {} of {length}", position + 1));
            }
            if member.is_root {
                found.add(&ROOT_SENT, "it is a root, in a file with a leaf");
            } else if let Some(before) = position.checked_sub(1).and_then(|before| file.get(before))
                && !is_leaf
                && before.view.issuer.raw != member.view.subject.raw
                && comparable(before.view.issuer.raw) != comparable(member.view.subject.raw)
            {
                found.add(&ORDER, "it did not issue the certificate before it");
            }
        }
    }
}
