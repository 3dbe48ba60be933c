// actix-web = { version = "4", features = ["openssl"] }
// openssl = "0.10"
use actix_web::{App, HttpServer, web};
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslVerifyMode};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut tls = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    tls.set_certificate_chain_file("@fullchain@")?;
    tls.set_private_key_file("@key@", SslFiletype::PEM)?;
    tls.set_ca_file("@ca@")?;
    tls.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    HttpServer::new(|| App::new().route("/", web::get().to(|| async { "hello\n" })))
        .bind_openssl("@bound@", tls)?
        .run()
        .await?;
    Ok(())
}
