//! The description of the API, as a document for programs and as a page for people.

mod reference;

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

/// What the operator may set.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Where the endpoint stands, below the base path, that leads to the page.
    reference_path: String,
    /// Whether there is no page.
    disable_default_reference: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { reference_path: PAGE.to_owned(), disable_default_reference: false }
    }
}

const PAGE: &str = "/reference";

/// The whole plugin: the document, the page, and the reference's address of the page.
pub fn plugin() -> Plugin {
    Plugin::new("open-api", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .route(
            Route::get("/open-api/generate-schema", document)
                .summary("Tells what this server answers, as an OpenAPI document")
                .answers(schema::any_object),
        )
        .route(
            Route::get(PAGE, lead)
                .or_option("reference_path")
                .redirects()
                .summary("Leads to the page that shows what this server answers")
                .refuses(&[ErrorCode::NOT_FOUND]),
        )
        .page(Page::get(PAGE, page).titled("API"))
}

fn document(_request: &Request, (): ()) -> Result<Response> {
    Ok(Response::bytes("application/json", site::description()))
}

/// The page stands at the server's root, because no endpoint answers HTML.
fn lead(_request: &Request, (): ()) -> Result<Response> {
    require_page()?;
    Ok(Response::redirect(site::page(PAGE)))
}

fn page(_request: &Request, (): ()) -> Result<Response> {
    require_page()?;
    let description: Value = serde_json::from_str(&site::description())?;
    let theme = site::view()["brand"]["theme"].as_str().map(str::to_owned);
    let sheets: Vec<String> = theme.into_iter().chain(site::asset("reference.css")).collect();
    Ok(Response::html(reference::page(&description, &sheets, &site::route("/open-api/generate-schema"))))
}

fn require_page() -> Result<()> {
    let options: Options = config::options()?;
    match options.disable_default_reference {
        true => Err(ErrorCode::NOT_FOUND.into()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake::{self, RawRequest};

    fn described(description: Value) {
        fake::reset();
        fake::with(|world| world.description = description);
    }

    #[test]
    fn the_document_is_the_servers_own() {
        let own = json!({ "openapi": "3.1.1", "paths": { "/ok": {} } });
        described(own.clone());
        let answer = RawRequest::get("/open-api/generate-schema", &[]).send(&plugin()).unwrap();
        assert_eq!(answer.body(), Some(own));
    }

    #[test]
    fn the_references_address_leads_to_the_page() {
        described(json!({}));
        let answer = RawRequest::get("/reference", &[]).send(&plugin()).unwrap();
        assert_eq!((fake::status(&answer), fake::header(&answer, "location")), (302, Some("/reference".to_owned())));
    }

    #[test]
    fn a_page_that_is_switched_off_is_not_there() {
        described(json!({}));
        fake::with(|world| world.options = json!({ "disable_default_reference": true }).to_string());
        let refused = RawRequest::get("/reference", &[]).open(&plugin()).unwrap_err().refusal();
        assert_eq!(refused.status, 404);
        assert_eq!(RawRequest::get("/reference", &[]).send(&plugin()).unwrap_err().refusal().status, 404);
    }

    #[test]
    fn what_the_document_says_is_shown_as_text() {
        described(json!({
            "info": { "title": "<b>Acme</b>" },
            "paths": { "/a": { "post": {
                "tags": ["Default"],
                "summary": "<script>alert(1)</script>",
                "parameters": [{ "name": "q", "in": "query", "required": true, "schema": { "type": "string" } }],
                "requestBody": { "content": { "application/json": { "schema": {
                    "properties": { "email": { "type": ["string", "null"], "format": "email" } },
                    "required": ["email"],
                } } } },
                "responses": { "200": { "description": "Success" }, "400": { "$ref": "#/components/responses/Bad" } },
            } } },
            "components": { "responses": { "Bad": { "description": "Something is wrong" } } },
        }));
        let page = fake::text(&RawRequest::get("/reference", &[]).open(&plugin()).unwrap());
        for shown in ["&lt;b&gt;Acme&lt;/b&gt;", "&lt;script&gt;", "POST", "/a", "email", "Something is wrong", "query"]
        {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        // The policy of pages lets none of these work.
        for banned in ["<script", "style=", "<b>", "onclick", "http://", "https://"] {
            assert!(!page.contains(banned), "{banned}: {page}");
        }
    }
}
