//! Passwords that stand beside the URL of a database: each is put into the URL, which must have none.

use super::secrets::Places;
use super::{Config, ConfigError, SecretSource};
use crate::http::encode_component;

/// What keeps a password from being put into a URL.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    /// It has one.
    Double,
    /// It names nobody whose password it could be.
    Nobody,
    /// It is no URL of a server.
    NoServer,
}

impl Config {
    /// Puts `database.password` and `secondary_storage.password` where they belong. Of `database.replicas`, those without a
    /// password get the database's.
    pub(super) fn put_passwords(&mut self, places: &mut Places<'_>) -> Result<(), ConfigError> {
        super::load::put_value("database.password", self.database.password.as_mut(), places)?;
        if let Some(password) = self.database.password.as_ref().map(SecretSource::value) {
            let put = with_password(&self.database.url, password, true);
            self.database.url = put.map_err(|problem| refusal("database", "postgres://user@host/name", &problem))?;
            for replica in &mut self.database.replicas {
                if let Ok(url) = with_password(replica, password, true) {
                    *replica = url;
                }
            }
        }
        let Some(storage) = &mut self.secondary_storage else { return Ok(()) };
        super::load::put_value("secondary_storage.password", storage.password.as_mut(), places)?;
        if let Some(password) = storage.password.as_ref().map(SecretSource::value) {
            let put = with_password(&storage.url, password, false);
            storage.url = put.map_err(|problem| refusal("secondary_storage", "redis://host:6379", &problem))?;
        }
        Ok(())
    }
}

/// The URL with a password for its user.
fn with_password(url: &str, password: &str, needs_user: bool) -> Result<String, Problem> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| *scheme != "sqlite").ok_or(Problem::NoServer)?;
    let (place, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    if query.trim_start_matches('?').split('&').any(|pair| pair.starts_with("password=")) {
        return Err(Problem::Double);
    }
    let (user, servers) = match place.rsplit_once('@') {
        Some((user, servers)) => (user, servers),
        None => ("", place),
    };
    match user.split_once(':') {
        Some((_, own)) if !own.is_empty() => Err(Problem::Double),
        _ if user.trim_end_matches(':').is_empty() && needs_user => Err(Problem::Nobody),
        _ => Ok(format!("{scheme}://{}:{}@{servers}{query}", user.trim_end_matches(':'), encode_component(password))),
    }
}

fn refusal(section: &str, form: &str, problem: &Problem) -> ConfigError {
    ConfigError::Invalid(match problem {
        Problem::Double => format!("{section}.password: {section}.url has a password too. Remove one of the two"),
        Problem::Nobody => format!("{section}.password: {section}.url names no user. Write \"{form}\""),
        Problem::NoServer => format!("{section}.password: what {section}.url names takes no password. Remove the line"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let text = format!("secret = \"0123456789abcdef0123456789abcdef\"\n{text}");
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::parse(&text, Path::new("."), &environment).map_err(|error| error.to_string())
    }

    #[test]
    fn a_password_is_put_where_there_is_none() {
        for (url, expected) in [
            ("postgres://ada@h/x", Ok("postgres://ada:p%2F%40w@h/x")),
            ("postgres://ada:@h/x", Ok("postgres://ada:p%2F%40w@h/x")),
            (
                "postgres://ada@one,two:5433/x?sslmode=require",
                Ok("postgres://ada:p%2F%40w@one,two:5433/x?sslmode=require"),
            ),
            ("mysql://a%40b@[::1]:1/x", Ok("mysql://a%40b:p%2F%40w@[::1]:1/x")),
            ("postgres://ada@h/x?application_name=a@b", Ok("postgres://ada:p%2F%40w@h/x?application_name=a@b")),
            ("postgres://ada:own@h/x", Err(Problem::Double)),
            ("postgres://ada:o@wn@h/x", Err(Problem::Double)),
            ("postgres://ada@h/x?password=own", Err(Problem::Double)),
            ("postgres://h/x", Err(Problem::Nobody)),
            ("sqlite://a.db", Err(Problem::NoServer)),
            ("none", Err(Problem::NoServer)),
        ] {
            assert_eq!(with_password(url, "p/@w", true), expected.map(str::to_owned), "{url}");
        }
        let of_redis = |url: &str| with_password(url, "pw", false);
        assert_eq!(of_redis("redis://h:1/3").unwrap(), "redis://:pw@h:1/3");
        assert_eq!(of_redis("redis-sentinel://ada@a,b/name").unwrap(), "redis-sentinel://ada:pw@a,b/name");
        assert_eq!(of_redis("redis://:own@h"), Err(Problem::Double));
    }

    #[test]
    fn passwords_come_from_files_and_variables_and_show_themselves_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pw"), "hunter2\n").unwrap();
        let text = "secret = \"0123456789abcdef0123456789abcdef\"\n\
                    [database]\nurl = \"postgres://ada@h/x\"\npassword = { file = \"pw\" }\n\
                    replicas = [\"postgres://ada@i/x\", \"postgres://bob:own@j/x\"]\n\
                    [secondary_storage]\nurl = \"redis://h\"\npassword = { env = \"REDIS\" }\n";
        let environment = BTreeMap::from([("REDIS".to_owned(), "hunter2".to_owned())]);
        let config = Config::parse(text, folder.path(), &environment).unwrap();
        assert_eq!(config.database.url, "postgres://ada:hunter2@h/x");
        assert_eq!(config.database.replicas, ["postgres://ada:hunter2@i/x", "postgres://bob:own@j/x"]);
        assert_eq!(config.secondary_storage.as_ref().unwrap().url, "redis://:hunter2@h");
        assert!(config.secret_files.contains(&folder.path().join("pw")));
        let shown = serde_json::to_string(&config).unwrap();
        assert!(shown.contains("postgres://ada@h/x") && shown.contains("\"password\":{\"env\":\"REDIS\"}"), "{shown}");
        assert!(!format!("{shown} {config:?}").contains("hunter2"));
        let by_variable = parse("database.url = \"mysql://ada@h/x\"", &[("DOORWARD_DATABASE__PASSWORD", "12345678")]);
        assert_eq!(by_variable.unwrap().database.url, "mysql://ada:12345678@h/x");
    }

    #[test]
    fn a_password_too_many_is_named() {
        for (text, part) in [
            ("[database]\nurl = \"postgres://ada:own@h/x\"\npassword = \"hunter2\"", "database.url has a password too"),
            ("[database]\nurl = \"postgres://h/x\"\npassword = \"hunter2\"", "database.url names no user"),
            ("[database]\npassword = \"hunter2\"", "what database.url names takes no password"),
            (
                "[database]\nurl = \"postgres://a@h/x\"\npassword = { env = \"PW\" }",
                "database.password: the variable PW is not set",
            ),
            (
                "secondary_storage = { url = \"redis://:own@h\", password = \"hunter2\" }",
                "secondary_storage.url has a password too",
            ),
        ] {
            let error = parse(text, &[]).unwrap_err();
            assert!(error.contains(part) && !error.contains("hunter2") && !error.contains("own@"), "{text}: {error}");
        }
    }
}
