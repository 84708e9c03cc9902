//! What Doorward is compared with: an actix handler that only answers JSON, and argon2id on every core.

use std::net::Ipv4Addr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use doorward::config::PasswordHashing;
use serde_json::json;

use crate::Outcome;
use crate::load::{Target, get};
use crate::process::{Process, free_port};

/// The first argument with which this program is the bare server itself; the second is the port.
pub const SERVE: &str = "serve-bare";

const PATH: &str = "/get-session";

/// Starts this program again as the bare server, so that its CPU time is counted in the same way.
pub fn start() -> Outcome<Process> {
    let port = free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args([SERVE, &port.to_string()]);
    Process::start(command, port, PATH)
}

/// The same request as to Doorward, cookie included.
pub fn target(process: &Process, cookie: &str) -> Target {
    Target { port: process.port, requests: vec![get(PATH, Some(cookie))], status: 200 }
}

/// Serves until killed.
pub fn serve(port: u16) -> Outcome<()> {
    let workers = thread::available_parallelism()?.get();
    let server = HttpServer::new(|| App::new().route(PATH, web::get().to(answer)));
    let server = server.workers(workers).bind((Ipv4Addr::LOCALHOST, port))?;
    Ok(actix_web::rt::System::new().block_on(server.run())?)
}

/// A body as long as the one of `get-session`.
async fn answer() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "session": {
            "expiresAt": "2026-11-29T08:41:23.051Z", "token": "q9v0wRk2mXh1ZpT7cYdJfLsA3bNuEi6G",
            "createdAt": "2026-11-22T08:41:23.051Z", "updatedAt": "2026-11-22T08:41:23.051Z", "ipAddress": "127.0.0.1",
            "userAgent": "bench", "userId": "Zt5kQw8xLr2nVb7cMj4hGf1dSa9pYo3e", "id": "Hs6uJk3mNb8vCx1zLq5wEr9tYp2oIa7d"
        },
        "user": {
            "name": "Ada Lovelace", "email": "ada@example.com", "emailVerified": false, "image": null,
            "createdAt": "2026-11-22T08:41:23.051Z", "updatedAt": "2026-11-22T08:41:23.051Z",
            "id": "Zt5kQw8xLr2nVb7cMj4hGf1dSa9pYo3e"
        }
    }))
}

/// Hashes a second with Doorward's default cost, on every core, memory used again.
pub fn hashes_per_sec(length: Duration) -> Outcome<f64> {
    let cost = PasswordHashing::default();
    let params = Params::new(cost.memory_kib, cost.iterations, 1, Some(32)).map_err(|error| error.to_string())?;
    let threads = thread::available_parallelism()?.get();
    let start = Instant::now();
    let one = || -> Outcome<u32> {
        let mut memory = vec![Block::default(); params.block_count()];
        let (mut hash, mut count) = ([0; 32], 0);
        while start.elapsed() < length {
            let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
            let made = hasher.hash_password_into_with_memory(b"correct horse", &[7; 16], &mut hash, &mut memory);
            made.map_err(|error| error.to_string())?;
            count += 1;
        }
        Ok(count)
    };
    let count = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a hash panicked")?).sum::<Outcome<u32>>()
    })?;
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}
