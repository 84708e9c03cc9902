//! `POST /waitlist/join`: asks for a place. The answer does not tell whether the address was there already.

use crate::entry;
use doorward_sdk::prelude::*;

pub struct Join {
    email: String,
}

impl Input for Join {
    fn read(fields: &mut Fields<'_>) -> Self {
        Join { email: fields.email("email") }
    }
}

pub fn join(_request: &Request, input: Join) -> Result<Response> {
    entry::add(&input.email)?;
    Response::json(&json!({ "status": true }))
}

#[cfg(test)]
mod tests {
    use crate::{entry, plugin};
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    #[test]
    fn an_address_has_one_place_and_nobody_learns_of_it() {
        fake::reset();
        for email in ["ada@example.com", "Ada@Example.com"] {
            let answer =
                RawRequest::post("/waitlist/join", &json!({ "email": email })).send(&plugin()).expect("joined");
            assert_eq!(fake::body(&answer), json!({ "status": true }));
        }
        assert_eq!(entry::list(10).expect("rows").len(), 1);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        fake::reset();
        let refused =
            RawRequest::post("/waitlist/join", &json!({ "email": "x" })).send(&plugin()).expect_err("refused");
        assert_eq!(refused.refusal().status, 400);
        assert!(fake::with(|world| world.tables.is_empty()));
    }
}
