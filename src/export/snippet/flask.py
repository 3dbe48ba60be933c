import ssl

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return "hello\n"


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile="@ca@")
context.verify_mode = ssl.CERT_REQUIRED
context.minimum_version = ssl.TLSVersion.TLSv1_2
context.load_cert_chain("@fullchain@", "@key@")

if __name__ == "__main__":
    app.run(host="@address@", port=@port@, ssl_context=context)
