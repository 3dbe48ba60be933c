"""Certificate requests by Python's `cryptography`.

make DIR            writes KIND.csr (PEM) for several kinds of keys
valid CSR…          `ok` for each whose signature holds
same CSR CERT       `ok` where subject (byte for byte) and public key are the same
"""

import ipaddress
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier


def make(directory):
    keys = {
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "rsa": rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
    }
    for kind, key in keys.items():
        # String types that pkit would choose otherwise, two units, a relative name of two attributes.
        subject = x509.Name(
            [
                x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "US")]),
                x509.RelativeDistinguishedName(
                    [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bücher", _ASN1Type.BMPString)]
                ),
                x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "a")]),
                x509.RelativeDistinguishedName(
                    [
                        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "b", _ASN1Type.PrintableString),
                        x509.NameAttribute(NameOID.COMMON_NAME, f"{kind}.py", _ASN1Type.T61String),
                    ]
                ),
            ]
        )
        names = [
            x509.DNSName(f"{kind}.py.internal"),
            x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
            x509.UniformResourceIdentifier("spiffe://acme.internal/x"),
            x509.RFC822Name("ops@example.com"),
            x509.RegisteredID(ObjectIdentifier("1.2.3.4")),
            x509.OtherName(ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x05alice"),
        ]
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, ObjectIdentifier("1.2.3")]
        builder = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(subject)
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=True)
            .add_extension(x509.BasicConstraints(ca=True, path_length=3), critical=True)
            .add_extension(x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), critical=True)
            .add_attribute(AttributeOID.CHALLENGE_PASSWORD, b"secret")
        )
        csr = builder.sign(key, None if kind == "ed25519" else hashes.SHA256())
        (pathlib.Path(directory) / f"{kind}.csr").write_bytes(csr.public_bytes(Encoding.PEM))


def public_key(holder):
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load(path):
    return x509.load_pem_x509_csr(pathlib.Path(path).read_bytes())


match sys.argv[1:]:
    case ["make", directory]:
        make(directory)
    case ["valid", *paths]:
        for path in paths:
            print("ok" if load(path).is_signature_valid else f"{path}: the signature does not hold")
    case ["same", csr, certificate]:
        csr = load(csr)
        certificate = x509.load_pem_x509_certificate(pathlib.Path(certificate).read_bytes())
        same = public_key(csr) == public_key(certificate)
        # tbs bytes hold the name as it was encoded; public_bytes() would encode it anew.
        der = csr.tbs_certrequest_bytes
        start = der.index(b"\x02\x01\x00") + 3
        length = der[start + 1] + 2 if der[start + 1] < 0x80 else None
        same = same and length and der[start : start + length] in certificate.tbs_certificate_bytes
        print("ok" if same else "they differ")
