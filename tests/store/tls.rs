//! TLS to PostgreSQL: what each `sslmode` asks of the server's certificate.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorward::store::{Models, Schema, Store, StoreOptions};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::cluster::Cluster;
use super::on_postgres;

/// Writes the certificate of somebody who signs others, and returns who that is.
fn root(path: &Path, name: &str) -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    fs::write(path, params.self_signed(&key).unwrap().pem()).unwrap();
    Issuer::new(params, key)
}

/// Writes a certificate for `localhost` and its key.
fn server(folder: &Path, signer: &Issuer<'static, KeyPair>) -> [PathBuf; 2] {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, signer).unwrap();
    let paths = [folder.join("server.crt"), folder.join("server.key")];
    fs::write(&paths[0], certificate.pem()).unwrap();
    fs::write(&paths[1], key.serialize_pem()).unwrap();
    paths
}

/// Whether the connection of a store with this URL is encrypted, or why there is none.
async fn is_encrypted(url: &str, cluster: &Cluster) -> Result<bool, String> {
    let store =
        Store::open(&format!("{url}&application_name=doorward_tls"), Arc::new(Schema::core()), StoreOptions::default());
    let store = store.map_err(|error| error.to_string())?;
    store.count("user", &[]).await.map_err(|error| error.to_string())?;
    let (client, connection) = tokio_postgres::connect(&cluster.place.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql =
        "select s.ssl from pg_stat_ssl s join pg_stat_activity a using (pid) where a.application_name = 'doorward_tls'";
    let rows = client.query(sql, &[]).await.unwrap();
    let found = rows.iter().map(|row| row.get(0)).collect::<Vec<bool>>();
    let [is_encrypted] = found[..] else { panic!("{} connections", found.len()) };
    drop(store);
    while !client.query(sql, &[]).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    Ok(is_encrypted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mode_asks_what_it_says() {
    on_postgres(async |_| {
        let folder = tempfile::tempdir().unwrap();
        let (trusted, stranger) = (folder.path().join("trusted.pem"), folder.path().join("stranger.pem"));
        let signer = root(&trusted, "trusted");
        root(&stranger, "stranger");
        let cluster = Cluster::start();
        cluster.place.core().await;
        let (by_address, by_name) = (cluster.place.url.clone(), cluster.place.url.replace("127.0.0.1", "localhost"));
        let refused = is_encrypted(&format!("{by_address}?sslmode=require"), &cluster).await.unwrap_err();
        assert!(refused.contains("server does not support TLS"), "{refused}");
        assert_eq!(is_encrypted(&format!("{by_address}?sslmode=prefer"), &cluster).await, Ok(false));

        let [certificate, key] = server(folder.path(), &signer);
        cluster.use_tls(&certificate, &key);
        let (trusted, stranger) = (trusted.display(), stranger.display());
        for (url, outcome) in [
            (format!("{by_address}?sslmode=disable"), Ok(false)),
            (format!("{by_address}?sslmode=prefer"), Ok(true)),
            (format!("{by_address}?sslmode=require"), Ok(true)),
            (format!("{by_address}?sslmode=require&sslrootcert={stranger}"), Err("UnknownIssuer")),
            (format!("{by_address}?sslmode=verify-ca&sslrootcert={trusted}"), Ok(true)),
            (format!("{by_address}?sslmode=verify-ca&sslrootcert={stranger}"), Err("UnknownIssuer")),
            (format!("{by_name}?sslmode=verify-full&sslrootcert={trusted}"), Ok(true)),
            (format!("{by_name}?sslmode=verify-full&sslrootcert={stranger}"), Err("UnknownIssuer")),
            (format!("{by_address}?sslmode=verify-full&sslrootcert={trusted}"), Err("not valid for name")),
            (format!("{by_address}?sslmode=verify-ca&sslrootcert=/no/such/file"), Err("No such file")),
            (format!("{by_address}?sslmode=verify-ca&sslrootcert={}", key.display()), Err("holds no certificate")),
        ] {
            match (is_encrypted(&url, &cluster).await, outcome) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{url}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{url}: {why}"),
                (found, _) => panic!("{url}: {found:?}"),
            }
        }
    })
    .await;
}
