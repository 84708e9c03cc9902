//! Which call of which plugin a thread works on, for lines of the log that are written where nobody knows it.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;

use super::names::CallOf;
use super::state::Shared;

thread_local! {
    static RUNNING: RefCell<Option<(Arc<Shared>, CallOf)>> = const { RefCell::new(None) };
}

/// Polls `call`, and lets [`now`] know meanwhile what it is.
pub(in crate::plugin_host) async fn told<T>(plugin: &Arc<Shared>, what: CallOf, call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    std::future::poll_fn(|context| {
        // Another call may run inside of this one.
        let _around = Around(RUNNING.replace(Some((Arc::clone(plugin), what))));
        call.as_mut().poll(context)
    })
    .await
}

/// What ran before, until this is dropped.
struct Around(Option<(Arc<Shared>, CallOf)>);

impl Drop for Around {
    fn drop(&mut self) {
        RUNNING.set(self.0.take());
    }
}

/// The plugin and the call that this thread works on.
pub(in crate::plugin_host) fn now() -> (Option<String>, Option<String>) {
    RUNNING.with_borrow(|running| match running {
        Some((plugin, what)) => (Some(plugin.id.clone()), Some(plugin.names.name(*what).to_owned())),
        None => (None, None),
    })
}
