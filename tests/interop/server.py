"""A TLS server of Python's `ssl` that requires a client certificate, for `probe` to knock at.

Arguments: FULLCHAIN KEY CLIENT_CA VERSION(1.2|1.3) [CRLS]. Prints its port, then serves until it is killed.
"""

import socket
import ssl
import sys
import threading

fullchain, key, client_ca, version, *crls = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(fullchain, key)
context.load_verify_locations(client_ca)
context.verify_mode = ssl.CERT_REQUIRED
for file in crls:
    context.load_verify_locations(file)
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
context.minimum_version = context.maximum_version = {
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}[version]


def serve(connection):
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.settimeout(10)
            request = b""
            while b"\r\n\r\n" not in request:
                data = tls.recv(4096)
                if not data:
                    return
                request += data
            body = b"hello\n"
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            tls.sendall(head.encode() + body)
    except OSError:
        pass


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
