"""Judges chains with the verifier of Python's `cryptography`.

Reads questions from standard input, a line each: LEAF|CHAIN|ROOTS|NAME|USAGE, the first three files, CHAIN maybe empty;
NAME a DNS name or an IP address, or `-`; USAGE `server` or `client`. Prints `ok` or `no: reason` for each.
"""

import ipaddress
import sys

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError


def certificates(path):
    with open(path, "rb") as file:
        data = file.read()
    return x509.load_pem_x509_certificates(data) if data.strip() else []


for line in sys.stdin:
    leaf, chain, roots, name, usage = line.rstrip("\n").split("|")
    builder = PolicyBuilder().store(Store(certificates(roots)))
    try:
        if usage == "server":
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
        print("no:", str(error).replace("\n", " "))
