"""Lints certificates with pkilint as its command lines do, with `-s WARNING`, but many in one process.

Reads questions from standard input, a line each: `cert|FILE` asks as `lint_pkix_cert lint FILE`, `pair|ISSUER|SUBJECT` as
`lint_pkix_signer_signee_cert_chain lint ISSUER SUBJECT`, `crl|FILE` as `lint_crl lint -t CRL -p PKIX FILE`. Each FILE holds
one certificate or revocation list. Prints for each `ok`, or
`no:` with the codes of all findings of severity WARNING or above and where they are.
"""

import ipaddress
import re
import sys

from pkilint import loader, pkix
from pkilint.bin import lint_pkix_signer_signee_cert_chain as chain
from pkilint.pkix import certificate, crl, extension, name
from pkilint.validation import ValidationFindingSeverity


def domain(name):
    """RFC 1034 3.5, as RFC 5280 4.2.1.6 asks for, but with digits in front (RFC 1123 2.1)."""
    label = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    return len(name) <= 253 and re.fullmatch(rf"{label}(\.{label})*", name) is not None


def address(name):
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def dns_name(name):
    """pkilint wants two labels or more and no wildcard. The syntax of RFC 1034 knows names of one label; what a wildcard
    means, RFC 5280 4.2.1.6 leaves to others, and RFC 9525 6.3 says it: the whole leftmost label, of more than one."""
    rest = name.removeprefix("*.")
    return domain(rest) and (rest == name or "." in rest)


def uri(text):
    """pkilint knows nine schemes, all of the web. RFC 5280 4.2.1.6: absolute, with a scheme and what follows it, in the
    syntax of RFC 3986; the host of an authority is a DNS name or an IP address."""
    part = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})"
    shape = rf"[A-Za-z][A-Za-z0-9+.-]*:(?://([^/?#]*))?{part}*(?:\?(?:{part}|\?)*)?(?:#(?:{part}|\?)*)?"
    match = re.fullmatch(shape, text)
    if match is None or not text.partition(":")[2].strip("/"):
        return False
    if match[1] is None:
        return True
    host = re.sub(r":[0-9]*$", "", match[1].rpartition("@")[2])
    return domain(host) or address(host.removeprefix("[").removesuffix("]"))


# What pkilint finds and we make nevertheless: the code of the finding, its message, and whether the value in it is well by
# the standard all the same. Whatever is not well, or not in this table, fails the suite.
ALLOWED = {
    "pkix.invalid_domain_name_syntax": ('Invalid domain name syntax: "(.*)"', dns_name),
    "pkix.invalid_uri_syntax": ('Invalid URI syntax: "(.*)"', uri),
}


def host_or_domain(text):
    """What constrains URIs is no URI: a host, or with a dot in front a domain (RFC 5280 4.2.1.10)."""
    return domain(text.removeprefix("."))


def allowed(described, path):
    pattern, well = ALLOWED.get(described.finding.code, (None, None))
    match = pattern and re.fullmatch(pattern, described.message)
    if ".nameConstraints." in path and well is uri:
        well = host_or_domain
    return bool(match) and well(match[1])


load = loader.RFC5280CertificateDocumentLoader().load_pem_file

# The same containers as in pkilint/bin/lint_pkix_cert.py, which makes them inside of its `main`.
lone = certificate.create_pkix_certificate_validator_container(
    certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
    [
        certificate.create_issuer_validator_container([]),
        certificate.create_validity_validator_container(),
        certificate.create_subject_validator_container([]),
        certificate.create_extensions_validator_container([]),
        certificate.create_spki_validator_container([]),
    ],
)
lists = crl.create_pkix_crl_validator_container(
    [
        pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ],
    [
        crl.create_issuer_validator_container([]),
        crl.create_validity_validator_container([]),
        crl.create_extensions_validator_container([]),
    ],
)
decoding = chain.create_decoder_validation_container()
issuing = chain.create_issuer_validation_container()
signed = chain.create_subject_validation_container()


def one(path):
    with open(path, "rb") as file:
        return lone.validate(load(file, path).root)


def one_list(path):
    with open(path, "rb") as file:
        return lists.validate(loader.RFC5280CertificateListDocumentLoader().load_pem_file(file, path).root)


def pair(issuer_path, subject_path):
    documents = {}
    for role, path in [("issuer", issuer_path), ("subject", subject_path)]:
        with open(path, "rb") as file:
            documents[role] = load(file, path, role, documents)
    issuer, subject = documents["issuer"].root, documents["subject"].root
    results = decoding.validate(issuer) + decoding.validate(subject)
    return results + issuing.validate(issuer) + signed.validate(subject)


for line in sys.stdin:
    what, *paths = line.rstrip("\n").split("|")
    results = {"cert": one, "pair": pair, "crl": one_list}[what](*paths)
    # A linter that looked at nothing finds nothing.
    if not results:
        sys.exit(f"{line}: nothing was looked at")
    findings = [
        f"{described.finding.severity.name} {described.finding.code} at {result.node.path}: {described.message}"
        for result in results
        for described in result.finding_descriptions
        if described.finding.severity <= ValidationFindingSeverity.WARNING
        and not allowed(described, str(result.node.path))
    ]
    print("no: " + "; ".join(findings) if findings else "ok", flush=True)
