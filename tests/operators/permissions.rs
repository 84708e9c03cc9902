//! Who may do what: the plugin `admin` decides, and any plugin may ask.

use super::{with_admin, with_role};
use crate::fixture::Fixture;
use crate::pages;
use crate::routes::sign_up_as;
use crate::store::{Place, on_both};

on_both!(the_plugin_admin_decides, nobody_may_where_nobody_decides, who_acts_as_another_may_nothing);

/// What the page of a plugin learns of who looks at it.
async fn may(server: &Fixture, cookie: &str, permission: &str) -> String {
    let path = format!("/frame/try/may?permission={permission}");
    let page = server.send_to_root("GET", &path, &[("cookie", cookie)]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.headers.get("x-allowed").unwrap().to_owned()
}

async fn the_plugin_admin_decides(place: Place) {
    let roles = "[plugins.roles.auditor]\naudit = [\"read\"]\n[plugins.roles.admin]\naudit = [\"read\"]\n\
                 settings = [\"manage\"]\n[plugins.roles.user]\n";
    let server = Fixture::start(&place, &with_admin("", &format!("{roles}{}", pages::framed()))).await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    let auditor = with_role(&server, &place, "alan", "user,auditor").await;
    for (cookie, permission, expected) in [
        (&admin, "settings.manage", "true"),
        (&admin, "audit.read", "true"),
        (&admin, "mail.manage", "false"),
        (&auditor, "audit.read", "true"),
        (&auditor, "settings.manage", "false"),
        (&String::new(), "audit.read", "false"),
        (&admin, "audit", "refused"),
        (&admin, "a.b.c", "refused"),
    ] {
        assert_eq!(may(&server, cookie, permission).await, expected, "{permission}");
    }
    // What is stored now counts, not what the session was opened with.
    place.sql("update \"user\" set role = 'user'").await;
    assert_eq!(may(&server, &admin, "settings.manage").await, "false");
}

async fn nobody_may_where_nobody_decides(place: Place) {
    let server = Fixture::start(&place, &pages::framed()).await;
    let ada = sign_up_as(&server, "ada@example.com").await;
    assert_eq!(may(&server, &ada, "settings.manage").await, "false");
}

async fn who_acts_as_another_may_nothing(place: Place) {
    let server = Fixture::start(&place, &with_admin("", &pages::framed())).await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    assert_eq!(may(&server, &admin, "settings.manage").await, "true");
    place.sql("update session set \"impersonatedBy\" = 'somebody'").await;
    assert_eq!(may(&server, &admin, "settings.manage").await, "false");
}
