//! Says in the log why the server stops.

/// Logs the signal that stops the server, when one comes. Actix hears it too, and does what it asks for.
#[cfg(unix)]
pub(super) fn tell() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    for (kind, reason) in
        [(SignalKind::terminate(), "SIGTERM"), (SignalKind::interrupt(), "SIGINT"), (SignalKind::quit(), "SIGQUIT")]
    {
        let mut signals = signal(kind)?;
        tokio::spawn(async move {
            if signals.recv().await.is_some() {
                tracing::info!(reason, "stopping");
            }
        });
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn tell() -> std::io::Result<()> {
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            tracing::info!(reason = "Ctrl-C", "stopping");
        }
    });
    Ok(())
}
