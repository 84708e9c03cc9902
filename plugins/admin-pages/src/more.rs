//! `/admin/more/:plugin`: a page that another plugin adds to the administration.

use crate::frame::drawn;
use crate::shell::{Stop, show};
use doorward_sdk::prelude::*;

/// # Errors
/// When the section cannot be asked for.
pub fn more(request: &Request, (): ()) -> Result<Response> {
    show(request, "more", |shell| {
        // Who sees the page may list users; what the plugin shows beyond that is its own decision.
        shell.get("/admin/list-users", &[("limit", "1")])?;
        let plugin = request.param("plugin").unwrap_or_default();
        let found = sections::ask_one("admin.page", &plugin, &shell.frame.asking())?.ok_or(Stop::Hidden)?;
        shell.page("admin-more.html", &found.title, json!({ "sections": [drawn(&found)], "here": plugin }))
    })
}
