"""Reads private keys with `cryptography` and prints the SHA-256 of each public half in hexadecimal.

Arguments: PASSPHRASE, then FILE… (`.der` is DER; what cannot be read without a passphrase is read with it).
"""

import hashlib
import sys

from cryptography.hazmat.primitives import serialization

passphrase = sys.argv[1].encode()
for path in sys.argv[2:]:
    data = open(path, "rb").read()
    load = serialization.load_der_private_key if path.endswith(".der") else serialization.load_pem_private_key
    try:
        key = load(data, None)
    except TypeError:
        key = load(data, passphrase)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    print(hashlib.sha256(public).hexdigest())
