"""A client of Python's `ssl`, to knock at serve-test.

Arguments: ADDRESS:PORT SERVER_NAME CA VERSION(1.2|1.3) [CERT KEY]. Prints the first line of the answer, or `no: ` and why not.
"""

import socket
import ssl
import sys

address, name, ca, version, *pair = sys.argv[1:]
host, port = address.rsplit(":", 1)
try:
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = context.maximum_version = {
        "1.2": ssl.TLSVersion.TLSv1_2,
        "1.3": ssl.TLSVersion.TLSv1_3,
    }[version]
    if pair:
        context.load_cert_chain(*pair)
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        with context.wrap_socket(connection, server_hostname=name) as tls:
            tls.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            print(tls.recv(4096).split(b"\r\n")[0].decode())
except (OSError, ssl.SSLError) as error:
    print(f"no: {error}")
