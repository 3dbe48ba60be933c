"""Makes CAs with `cryptography`, as Python programs, step and cert-manager make them, in directories below the current one."""

import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.name import _ASN1Type as String
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc)
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
# SEC1 or PKCS#1, as Go writes them.
BARE = serialization.PrivateFormat.TraditionalOpenSSL
OPEN = serialization.NoEncryption()


def name(*attributes):
    return x509.Name([x509.NameAttribute(*attribute) for attribute in attributes])


def authority(key, subject, issuer=None, path_length=None, extensions=()):
    """`issuer` is a certificate and its key; `None` for a root."""
    signer = issuer[1] if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(minutes=5))
        .not_valid_after(NOW + datetime.timedelta(days=365))
        .add_extension(x509.BasicConstraints(True, path_length), critical=True)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, digest)


def usual(key, issuer=None):
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    yield usage, True
    yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
    if issuer:
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        yield x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False


def write(directory, files):
    os.makedirs(directory, exist_ok=True)
    for file, parts in files.items():
        with open(os.path.join(directory, file), "wb") as out:
            out.write(b"".join(parts))


def pem(certificate):
    return certificate.public_bytes(PEM)


# step: root and intermediate, the intermediate's key under a passphrase. Here in PKCS#8.
root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
root = authority(
    root_key,
    name((NameOID.ORGANIZATION_NAME, "Acme"), (NameOID.COMMON_NAME, "Acme Root CA")),
    path_length=1,
    extensions=usual(root_key),
)
subject = name((NameOID.ORGANIZATION_NAME, "Acme"), (NameOID.COMMON_NAME, "Acme Intermediate CA"))
issuing = authority(key, subject, (root, root_key), 0, usual(key, root))
sealed = serialization.BestAvailableEncryption(b"horse")
write(
    "step",
    {
        "root_ca.crt": [pem(root)],
        "intermediate_ca.crt": [pem(issuing)],
        "intermediate_ca_key": [key.private_bytes(PEM, PKCS8, sealed)],
    },
)

# cert-manager: tls.crt with the intermediates, ca.crt, tls.key as Go writes it; two CAs below a root.
root_key, middle_key = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
key = ec.generate_private_key(ec.SECP256R1())
root = authority(root_key, name((NameOID.COMMON_NAME, "cluster-root")), extensions=usual(root_key))
middle = authority(
    middle_key, name((NameOID.COMMON_NAME, "cluster-middle")), (root, root_key), None, usual(middle_key, root)
)
issuing = authority(
    key, name((NameOID.COMMON_NAME, "cluster-ca")), (middle, middle_key), None, usual(key, middle)
)
write(
    "cert-manager",
    {
        "tls.crt": [pem(issuing), pem(middle)],
        "tls.key": [key.private_bytes(PEM, BARE, OPEN)],
        "ca.crt": [pem(root)],
        "middle.key": [middle_key.private_bytes(PEM, BARE, OPEN)],
    },
)

# A short program's CA: nothing but basicConstraints; a subject in Latin-1, and one that is empty is no CA.
key = ed25519.Ed25519PrivateKey.generate()
bare = authority(key, name((NameOID.COMMON_NAME, "bare")))
write("bare", {"ca.pem": [pem(bare)], "ca.key": [key.private_bytes(PEM, PKCS8, OPEN)]})

key = ec.generate_private_key(ec.SECP384R1())
subject = name(
    (NameOID.COUNTRY_NAME, "DE"),
    (NameOID.ORGANIZATION_NAME, "M\u00fcller", String.BMPString),
    (NameOID.COMMON_NAME, "Universal \u20ac", String.UniversalString),
)
constraints = x509.NameConstraints([x509.DNSName("internal")], [x509.DNSName("forbidden.internal")])
bounded = authority(key, subject, None, 0, [*usual(key), (constraints, True)])
write("bounded", {"ca.pem": [pem(bounded)], "ca.key": [key.private_bytes(PEM, PKCS8, OPEN)]})
