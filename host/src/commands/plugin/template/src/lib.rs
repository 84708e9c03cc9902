//! Greets whoever asks, and knows who is signed in.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

/// What operators may set in their config.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    greeting: String,
}

impl Default for Options {
    fn default() -> Self {
        Options { greeting: "Hello".to_owned() }
    }
}

/// The whole plugin: its options and its endpoints.
pub fn plugin() -> Plugin {
    Plugin::new("{{id}}", env!("CARGO_PKG_VERSION")).options::<Options>().route(Route::get("/{{id}}/hello", hello))
}

/// What `GET /{{id}}/hello` takes: `?name=Ada`.
struct Hello {
    name: Option<String>,
}

impl Input for Hello {
    fn read(fields: &mut Fields<'_>) -> Self {
        Hello { name: fields.optional("name") }
    }
}

fn hello(request: &Request, input: Hello) -> Result<Response> {
    let options: Options = config::options()?;
    let is_signed_in = request.session()?.is_some();
    let name = input.name.unwrap_or_else(|| "stranger".to_owned());
    Response::json(&json!({ "message": format!("{}, {name}", options.greeting), "signedIn": is_signed_in }))
}

#[cfg(test)]
mod tests {
    use super::plugin;
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    /// The answer of a request, natively: `doorward_sdk::fake` stands for the host.
    fn hello(query: &[(&str, &str)]) -> Value {
        let response = RawRequest::get("/{{id}}/hello", query).send(&plugin()).expect("an answer");
        fake::body(&response)
    }

    #[test]
    fn it_greets_by_name() {
        fake::reset();
        assert_eq!(hello(&[("name", "Ada")]), json!({ "message": "Hello, Ada", "signedIn": false }));
        assert_eq!(hello(&[])["message"], "Hello, stranger");
    }

    #[test]
    fn the_operator_chooses_the_greeting() {
        fake::reset();
        fake::with(|world| world.options = r#"{"greeting":"Welcome"}"#.to_owned());
        assert_eq!(hello(&[("name", "Ada")])["message"], "Welcome, Ada");
    }
}
