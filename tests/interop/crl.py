"""Judges revocation lists with `cryptography`.

Reads questions from standard input, a line each: CRL|CA|CERTIFICATE|REASON, three files and the reason as RFC 5280 names it,
`good` where the certificate is not revoked. Prints for each `ok` or `no: ` and what was found.
"""

import sys

from cryptography import x509


def load(read, path):
    with open(path, "rb") as file:
        return read(file.read())


for line in sys.stdin:
    crl, ca, certificate, wanted = line.rstrip("\n").split("|")
    crl = load(x509.load_pem_x509_crl, crl)
    ca = load(x509.load_pem_x509_certificate, ca)
    certificate = load(x509.load_pem_x509_certificate, certificate)
    problems = []
    if not crl.is_signature_valid(ca.public_key()) or crl.issuer != ca.subject:
        problems.append("not signed by the CA")
    key_id = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    if key_id != ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest:
        problems.append("another key identifier")
    if crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number < 1:
        problems.append("no number")
    if not crl.last_update_utc < crl.next_update_utc:
        problems.append("dates")
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        found = "good"
    else:
        try:
            found = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
        except x509.ExtensionNotFound:
            found = "unspecified"
    if found != wanted:
        problems.append(f"{found} instead of {wanted}")
    print("no: " + ", ".join(problems) if problems else "ok", flush=True)
