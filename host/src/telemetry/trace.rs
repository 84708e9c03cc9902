//! Traces of requests: one span for a request, and one for each part of it that can take time.
//!
//! Invariant: an attribute is a pattern, a name of the server's own or a number: nothing that a client sent, and no value of
//! a statement.

use std::pin::Pin;
use std::sync::OnceLock;

use futures_util::future::Either;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt, TraceState, Tracer};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

use crate::http::RequestHead;

/// What a span is told to be about.
pub type Attributes = Vec<(&'static str, String)>;

/// Follows requests, from the moment that an exporter has started.
pub(super) struct Follower {
    pub(super) tracer: SdkTracer,
    /// Whether a trace that a caller began goes on here.
    pub(super) trusts_callers: bool,
}

pub(super) static FOLLOWER: OnceLock<Follower> = OnceLock::new();

tokio::task_local! {
    /// The span within which this task works now.
    static CURRENT: Context;
}

/// Follows `work`, which answers a request, when requests are followed and this one is among them. `work` stays where it is:
/// futures are large to move.
pub fn request<'a, F: Future>(
    head: &RequestHead,
    work: Pin<&'a mut F>,
) -> impl Future<Output = F::Output> + use<'a, F> {
    match FOLLOWER.get().and_then(|follower| begin(follower, head)) {
        None => Either::Left(work),
        Some(context) => Either::Right(Box::pin(async move {
            let answer = CURRENT.scope(context.clone(), work).await;
            context.span().end();
            answer
        })),
    }
}

fn begin(follower: &Follower, head: &RequestHead) -> Option<Context> {
    // Source: W3C Trace Context.
    let caller = follower.trusts_callers.then(|| head.headers.get("traceparent").and_then(parent)).flatten();
    let parent = caller.map_or_else(Context::new, |caller| Context::new().with_remote_span_context(caller));
    // A method that no route has is what a client chose.
    let method = known_method(&head.method);
    let attributes =
        [KeyValue::new("http.request.method", method), KeyValue::new("doorward.request_id", head.id.clone())];
    let span = follower.tracer.span_builder(method).with_kind(SpanKind::Server);
    let span = span.with_attributes(attributes).start_with_context(&follower.tracer, &parent);
    span.is_recording().then(|| parent.with_span(span))
}

fn known_method(method: &str) -> &'static str {
    const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    METHODS.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

/// `00-<trace>-<span>-<flags>`.
fn parent(header: &str) -> Option<SpanContext> {
    let mut parts = header.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_known = version != "ff" && (version != "00" || parts.next().is_none());
    let has_length = (version.len(), trace.len(), span.len(), flags.len()) == (2, 32, 16, 2);
    (is_known && has_length).then_some(())?;
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

/// Tells the request's span which route answered, and how.
pub fn answered(route: Option<&str>, status: u16) {
    _ = CURRENT.try_with(|context| {
        let span = context.span();
        if let Some(route) = route {
            span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            span.set_status(Status::error(""));
        }
    });
}

/// Whether the request that this task answers is followed.
pub fn is_followed() -> bool {
    CURRENT.try_with(|_| ()).is_ok()
}

/// A part of a request: a span of its own when the request is followed. `about` is asked for nothing else, and `work` stays
/// where it is.
pub fn span<'a, T, E, F: Future<Output = Result<T, E>>, A: FnOnce() -> Attributes>(
    name: &'static str,
    about: A,
    work: Pin<&'a mut F>,
) -> impl Future<Output = Result<T, E>> + use<'a, T, E, F, A> {
    let Ok(parent) = CURRENT.try_with(Clone::clone) else { return Either::Left(work) };
    let Some(follower) = FOLLOWER.get() else { return Either::Left(work) };
    let attributes = about().into_iter().map(|(name, value)| KeyValue::new(name, value));
    let span = follower.tracer.span_builder(name).with_attributes(attributes);
    let context = parent.with_span(span.start_with_context(&follower.tracer, &parent));
    Either::Right(Box::pin(async move {
        let done = CURRENT.scope(context.clone(), work).await;
        if done.is_err() {
            context.span().set_status(Status::error(""));
        }
        context.span().end();
        done
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_one_that_w3c_describes() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = parent(good).unwrap();
        assert!(context.is_sampled() && context.is_remote());
        assert_eq!(context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        // A later version may have more parts; its flags may have bits that nobody knows yet.
        assert!(parent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more").unwrap().is_sampled());
        for wrong in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-zz",
        ] {
            assert!(parent(wrong).is_none(), "{wrong}");
        }
    }
}
