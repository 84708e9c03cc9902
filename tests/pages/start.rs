//! What a plugin with pages declares: what stops the start, and where its pages then stand.

use super::*;

cases!(what_was_not_granted_stops_the_start, what_cannot_be_stops_the_start, pages_stand_where_the_operator_says);

async fn what_was_not_granted_stops_the_start(place: Place) {
    for (options, missing, meaning) in [
        (frame(r#"grants = ["sections", "cookies", "page-scripts"]"#), "pages", "answers with pages of its own"),
        (
            frame(r#"grants = ["pages", "cookies", "page-scripts"]"#),
            "sections",
            "draws pages with parts of other plugins",
        ),
        (
            frame(r#"grants = ["pages", "sections", "cookies"]"#),
            "page-scripts",
            "runs scripts in the browsers of users",
        ),
        (
            adder("").replace(r#""section:admin.page""#, r#""section:other.page""#),
            "section:admin.page",
            "adds to the part admin.page of pages, and gets what people type there",
        ),
    ] {
        let error = Fixture::try_start(&place, &options).await.err().unwrap();
        assert!(error.contains(&format!("uses `{missing}`, which is not granted")), "{error}");
        assert!(error.contains(&format!("{missing}: it {meaning}")), "{error}");
    }
}

/// A start with the plugin under another manifest.
async fn start_of(place: &Place, change: impl FnOnce(&mut serde_json::Map<String, Json>), beside: &str) -> String {
    let component = std::fs::read(built().join("frame.wasm")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.wasm");
    let declared = |manifest: &mut serde_json::Map<String, Json>| {
        manifest.insert("id".to_owned(), json!("other"));
        for name in ["pages", "slots", "assets", "routes", "rate_limits", "cookies"] {
            manifest.insert(name.to_owned(), json!([]));
        }
        change(manifest);
    };
    std::fs::write(&file, redeclared(component, declared)).unwrap();
    let options = format!("{beside}{}", entry("other", &file, FRAME));
    Fixture::try_start(place, &options).await.err().unwrap_or_default()
}

async fn what_cannot_be_stops_the_start(place: Place) {
    let page = |path: &str| json!([{ "path": path }]);
    for (path, part) in [
        ("/api/auth/sign-in", "meets /api/auth, which is the server's"),
        ("/:a/auth/ok", "which is the server's"),
        ("/:any", "which is the server's"),
        ("/health", "meets /health"),
        ("/dev/mailbox", "meets /dev"),
        ("/_assets/other/x", "meets /_assets"),
        ("/../x", "has segments of letters"),
        ("//x", "has segments of letters"),
        ("/x y", "has segments of letters"),
        ("/frame", "meets the path /frame of the plugin `frame`"),
        ("/frame/:x", "meets the path /frame/"),
    ] {
        let pages = page(path);
        let error = start_of(&place, |manifest| _ = manifest.insert("pages".to_owned(), pages), &frame(FRAME)).await;
        assert!(error.contains(part), "{path}: {error}");
    }
    for (name, value, part) in [
        ("slots", json!(["account.security"]), "the slot account.security is claimed by the plugin `frame` too"),
        (
            "pages",
            json!([{ "path": "/other", "signs_in": true }]),
            "the sign-in page is claimed by the plugin `frame` too",
        ),
        ("assets", json!(["../x.css"]), "its assets are not those that its manifest names"),
        ("assets", json!(["frame.css"]), "its assets are not those that its manifest names"),
        ("public_options", json!(["client_secret"]), "sounds like a secret"),
    ] {
        let error = start_of(&place, |manifest| _ = manifest.insert(name.to_owned(), value), &frame(FRAME)).await;
        assert!(error.contains(part), "{name}: {error}");
    }
    let fine =
        start_of(&place, |manifest| _ = manifest.insert("pages".to_owned(), page("/other")), &frame(FRAME)).await;
    assert_eq!(fine, "");
    let error = Fixture::try_start(&place, "pages.path = \"/api/auth/pages\"").await.err().unwrap();
    assert!(error.contains("pages.path lies below base_path"), "{error}");
    let error = Fixture::try_start(&place, &format!("pages.css = \"none.css\"\n{}", frame(FRAME))).await.err().unwrap();
    assert!(error.contains("pages.css: ") && error.contains("none.css cannot be read"), "{error}");
}

async fn pages_stand_where_the_operator_says(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.html"), "<p>own</p>").unwrap();
    std::fs::write(folder.path().join("own.css"), "body { margin: 0 }").unwrap();
    let at = folder.path().display();
    let pages = format!(
        "[pages]\npath = \"/id\"\nname = \"Acme\"\naccent = \"#1f5eff\"\ntemplates = \"{at}\"\ncss = \"{at}/own.css\"\n"
    );
    let server = Fixture::start(&place, &format!("{pages}{}{}shown = 7\n", frame(FRAME), adder(""))).await;
    let cookie = signed_in(&server).await;
    assert_eq!(open(&server, "/frame", &cookie).await.status, 404);
    let stranger = open(&server, "/id/frame", "").await;
    assert_eq!(stranger.headers.get("location"), Some("/id/frame/sign-in?callbackURL=%2Fid%2Fframe"));
    let seen = shown(&server, "/id/frame", &cookie).await;
    assert_eq!(
        (&seen["path"], &seen["here"], &seen["template"]),
        (&json!("/frame"), &json!("/id/frame"), &json!("<p>own</p>"))
    );
    assert_eq!(seen["sections"][0]["section"]["rows"][0]["actions"][0]["to"]["href"], "/id/adder/own");
    let style = seen["style"].as_str().unwrap();
    assert!(style.starts_with("/id/_assets/frame/"), "{style}");
    assert_eq!(open(&server, style, "").await.status, 200);
    let site = &seen["site"];
    assert_eq!((&site["pagesPath"], &site["signInPage"]), (&json!("/id"), &json!("/id/frame/sign-in")));
    assert_eq!(site["plugins"][1], json!({ "id": "adder", "version": "1.0.0", "public": { "shown": 7 } }));
    assert_eq!((&site["brand"]["name"], &site["brand"]["accent"]), (&json!("Acme"), &json!("#1f5eff")));
    let own = open(&server, site["brand"]["css"].as_str().unwrap(), "").await;
    assert_eq!(own.text, "body { margin: 0 }");
    let told = server.get("/config", "").await.json();
    for (name, fact) in told.as_object().unwrap() {
        assert_eq!(site.get(name), Some(fact), "{name}: one source");
    }

    let elsewhere = format!("pages.sign_in = \"http://localhost:3000/login\"\n{}", frame(FRAME));
    server.stop().await;
    let server = Fixture::start(&place, &elsewhere).await;
    let stranger = open(&server, "/frame", "").await;
    let expected = "http://localhost:3000/login?callbackURL=http%3A%2F%2Flocalhost%3A3000%2Fframe";
    assert_eq!(stranger.headers.get("location"), Some(expected));
}
