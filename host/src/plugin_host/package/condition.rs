//! What the conditions of hooks look at: the request, and the answer being made of it.

use doorward_contract::Facts;

use crate::exchange::Exchange;

impl Facts for Exchange {
    fn has_method(&self, method: &str) -> bool {
        self.request.method == method
    }

    fn has_header(&self, name: &str) -> bool {
        self.request.headers.get(name).is_some()
    }

    fn has_session_field(&self, field: &str) -> bool {
        self.seen_session().is_some_and(|active| active.has_value(field))
    }

    fn is_signed_in(&self) -> bool {
        self.opened.is_some() || self.has_session()
    }

    fn sets_session_cookie(&self) -> bool {
        Self::sets_session_cookie(self)
    }

    fn writes_session_cookie(&self) -> bool {
        Self::writes_session_cookie(self)
    }
}
