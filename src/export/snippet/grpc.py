from concurrent import futures
from pathlib import Path

import grpc


def hello(request, context):
    return b"hello " + context.auth_context()["x509_common_name"][0]


methods = {"Hello": grpc.unary_unary_rpc_method_handler(hello)}
credentials = grpc.ssl_server_credentials(
    [(Path("@key@").read_bytes(), Path("@fullchain@").read_bytes())],
    root_certificates=Path("@ca@").read_bytes(),
    require_client_auth=True,
)
server = grpc.server(futures.ThreadPoolExecutor())
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("hello.Greeter", methods)])
server.add_secure_port("@bound@", credentials)
server.start()
server.wait_for_termination()
