"""Judges chains with the verifier of Python's `cryptography`.

Each argument is SIDE:LEAF:CHAIN:ROOT:NAME; prints `ok` or `no: reason` for each.
"""

import ipaddress
import sys

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError


def certificates(path):
    data = open(path, "rb").read()
    return x509.load_pem_x509_certificates(data) if data.strip() else []


for argument in sys.argv[1:]:
    side, leaf, chain, root, name = argument.split("|")
    builder = PolicyBuilder().store(Store(certificates(root)))
    try:
        if side == "server":
            try:
                subject = x509.IPAddress(ipaddress.ip_address(name))
            except ValueError:
                subject = x509.DNSName(name)
            verifier = builder.build_server_verifier(subject)
        else:
            verifier = builder.build_client_verifier()
        verifier.verify(certificates(leaf)[0], certificates(chain))
        print("ok")
    except VerificationError as error:
        print("no:", error)
