from pathlib import Path

import grpc

credentials = grpc.ssl_channel_credentials(
    root_certificates=Path("@ca@").read_bytes(),
    private_key=Path("@key@").read_bytes(),
    certificate_chain=Path("@fullchain@").read_bytes(),
)
with grpc.secure_channel("@authority@", credentials) as channel:
    print(channel.unary_unary("/hello.Greeter/Hello")(b"", timeout=10).decode())
