//! Requests whose body goes to their endpoint chunk by chunk, while it comes.

use std::pin::pin;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use bytes::BytesMut;
use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use super::{DROPPED_BYTES, cut, into_actix};
use crate::app::App;
use crate::http::Request;
use crate::http::chunks::{CHUNK_BYTES, Received, Upload, UploadFault};

/// How long what is left of a body is read once it was answered.
const LEFT_OVER: Duration = Duration::from_secs(2);

/// Answers a request whose body has at most `most` bytes. A client may be silent for `server.body_timeout_ms`.
pub(super) async fn answer(app: &App, mut request: Request, mut payload: web::Payload, most: usize) -> HttpResponse {
    let silence = Duration::from_millis(app.config.server.body_timeout_ms);
    let (sender, upload) = Upload::new();
    request.upload = Some(upload);
    let (response, is_read) = {
        let mut answering = pin!(app.pipeline.answer(request));
        let mut passing = pin!(pass_on(&mut payload, sender, most, silence));
        tokio::select! {
            response = &mut answering => (response, false),
            is_read = &mut passing => (answering.await, is_read),
        }
    };
    let answer = into_actix(response);
    if is_read || timeout(LEFT_OVER, is_left_short(&mut payload)).await.is_ok_and(|is_short| is_short) {
        return answer;
    }
    cut(answer, payload)
}

/// Puts the chunks of a body where its endpoint reads them. Returns whether it came to its end.
async fn pass_on(payload: &mut web::Payload, sender: Sender<Received>, most: usize, silence: Duration) -> bool {
    let (mut kept, mut length) = (BytesMut::new(), 0_usize);
    loop {
        let fault = match timeout(silence, payload.next()).await {
            Ok(Some(Ok(bytes))) => {
                length = length.saturating_add(bytes.len());
                kept.extend_from_slice(&bytes);
                (length > most).then_some(UploadFault::TooLong)
            }
            Ok(None) => {
                let is_taken = kept.is_empty() || sender.send(Ok(kept.freeze())).await.is_ok();
                return is_taken;
            }
            Ok(Some(Err(_))) => Some(UploadFault::Broken),
            Err(_) => Some(UploadFault::Slow),
        };
        if let Some(fault) = fault {
            _ = sender.send(Err(fault)).await;
            return false;
        }
        while kept.len() >= CHUNK_BYTES {
            if sender.send(Ok(kept.split_to(CHUNK_BYTES).freeze())).await.is_err() {
                return false;
            }
        }
    }
}

/// Reads and drops what is left of a body. False when that is much: a client that is cut off while it sends may never see why
/// it was refused, but not for any price.
async fn is_left_short(payload: &mut web::Payload) -> bool {
    let mut dropped = 0;
    while let Some(chunk) = payload.next().await {
        let Ok(chunk) = chunk else { return false };
        dropped += chunk.len();
        if dropped > DROPPED_BYTES {
            return false;
        }
    }
    true
}
