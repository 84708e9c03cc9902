//! What tables have in common: addresses that name their state, chips, pages of rows, columns.

use doorward_sdk::encoded;
use doorward_sdk::prelude::*;

/// The cookie that keeps which columns a person wants to see; scripts of the pages set it.
pub const COLUMNS_COOKIE: &str = "doorward_columns";

/// The state of a table, as its address has it: names and values, without those that are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    path: String,
    pairs: Vec<(String, String)>,
}

impl State {
    /// What the address says of these parameters.
    pub fn of(request: &Request, path: &str, names: &[&str]) -> Self {
        let given = names.iter().filter_map(|name| Some(((*name).to_owned(), request.query(name)?)));
        Self { path: site::page(path), pairs: given.filter(|(_, value)| !value.trim().is_empty()).collect() }
    }

    /// The value of a parameter, or nothing.
    pub fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The same with another value; without it, when the value is empty. The first page is shown again.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let others = self.pairs.iter().filter(|(known, _)| known != name && known != "from").cloned();
        let pairs = others.chain((!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))).collect();
        Self { path: self.path.clone(), pairs }
    }

    /// Its address.
    pub fn href(&self) -> String {
        let pairs: Vec<String> =
            self.pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        if pairs.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, pairs.join("&")) }
    }

    /// Where the present page begins.
    pub fn from(&self) -> u64 {
        self.get("from").parse().unwrap_or(0)
    }

    /// A filter that is on: what it says, and the address without it.
    pub fn chip(&self, name: &str, label: String) -> Value {
        json!({ "label": label, "href": self.with(name, "").href() })
    }

    /// The head of a column: where a click leads, and how the table is sorted by it now.
    pub fn head(&self, key: &str, label: String, usual: &str) -> Value {
        let sort = Some(self.get("sort")).filter(|sort| !sort.is_empty()).unwrap_or(usual);
        let (by, is_descending) = sort.strip_prefix('-').map_or((sort, false), |by| (by, true));
        let next = if by == key && !is_descending { format!("-{key}") } else { key.to_owned() };
        let order = (by == key).then_some(if is_descending { "descending" } else { "ascending" });
        json!({ "key": key, "label": label, "href": self.with("sort", &next).href(), "order": order })
    }

    /// The pages around the present one, of `total` rows in pages of `length`.
    pub fn pager(&self, total: u64, length: u64) -> Value {
        let from = self.from();
        let at = |from: u64| {
            let mut state = self.with("from", "");
            state.pairs.extend((from > 0).then(|| ("from".to_owned(), from.to_string())));
            state.href()
        };
        let last = (from + length).min(total);
        json!({
            "first": if total == 0 { 0 } else { from + 1 }, "last": last, "total": total,
            "newer": (from > 0).then(|| at(from.saturating_sub(length))),
            "older": (last < total).then(|| at(from + length)),
        })
    }
}

/// Which of these columns are shown: those of the cookie for this table, or the usual ones.
///
/// # Errors
/// When the cookie cannot be read.
pub fn columns(table: &str, known: &[&'static str], usual: &[&'static str]) -> Result<Vec<&'static str>> {
    let kept = cookies::get(COLUMNS_COOKIE)?.unwrap_or_default();
    let own = kept.split('~').find_map(|part| part.strip_prefix(table)?.strip_prefix('.'));
    let Some(own) = own else { return Ok(usual.to_vec()) };
    Ok(known.iter().copied().filter(|column| own.split('.').any(|name| name == *column)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(pairs: &[(&str, &str)]) -> State {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        State { path: "/admin/users".to_owned(), pairs }
    }

    #[test]
    fn an_address_names_the_state() {
        let shown = state(&[("q", "a&b"), ("from", "50")]);
        assert_eq!(shown.href(), "/admin/users?q=a%26b&from=50");
        assert_eq!(shown.with("role", "admin").href(), "/admin/users?q=a%26b&role=admin", "another filter begins anew");
        assert_eq!(shown.chip("q", "a".to_owned())["href"], "/admin/users");
    }

    #[test]
    fn a_head_turns_the_order() {
        let head = |sort: &str| state(&[("sort", sort)]).head("name", "Name".to_owned(), "-createdAt");
        assert_eq!(
            (&head("name")["order"], &head("name")["href"]),
            (&json!("ascending"), &json!("/admin/users?sort=-name"))
        );
        assert_eq!(
            (&head("-name")["order"], &head("-name")["href"]),
            (&json!("descending"), &json!("/admin/users?sort=name"))
        );
        assert_eq!(head("email")["order"], Value::Null);
        assert_eq!(state(&[]).head("createdAt", String::new(), "-createdAt")["order"], "descending");
    }

    #[test]
    fn pages_follow_each_other() {
        let pager = |from: &str, total| state(&[("from", from), ("q", "x")]).pager(total, 25);
        assert_eq!(pager("", 0), json!({ "first": 0, "last": 0, "total": 0, "newer": null, "older": null }));
        let middle = pager("25", 60);
        assert_eq!((&middle["first"], &middle["last"]), (&json!(26), &json!(50)));
        assert_eq!(
            (&middle["newer"], &middle["older"]),
            (&json!("/admin/users?q=x"), &json!("/admin/users?q=x&from=50"))
        );
        assert_eq!(pager("50", 60)["older"], Value::Null);
    }

    #[test]
    fn columns_are_those_that_were_chosen() {
        doorward_sdk::fake::reset();
        let shown = || columns("users", &["email", "role", "id"], &["email"]).expect("columns");
        assert_eq!(shown(), ["email"]);
        doorward_sdk::fake::with(|world| {
            world.cookies.insert(COLUMNS_COOKIE.to_owned(), "audit.x~users.id.role.nothing".to_owned())
        });
        assert_eq!(shown(), ["role", "id"]);
    }
}
