//! A database with very many users, or with a few: written by SQL, three sessions to each user.

use diesel::sqlite::SqliteConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, sql_query, sql_types};
use tokio_postgres::{Client, NoTls};

use crate::Outcome;
use crate::process::{Cpu, cpu_of};
use std::time::Duration;

/// The moment at which expired rows had expired.
pub const LONG_AGO: &str = "2020-01-01T00:00:00.000Z";

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = sql_types::Text)]
    text: String,
}

/// A way into a server's database beside the server.
#[derive(Clone)]
pub enum Sql {
    /// The file.
    Sqlite(String),
    /// The URL.
    Postgres(String),
}

impl Sql {
    /// The URL by which the server is told of it.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite://{file}"),
            Self::Postgres(url) => url.clone(),
        }
    }

    /// Runs statements, one after another.
    pub fn run(&self, statements: &[String]) -> Outcome<()> {
        match self {
            Self::Sqlite(file) => {
                let mut database = SqliteConnection::establish(file)?;
                sql_query("pragma busy_timeout = 60000").execute(&mut database)?;
                database.transaction(|database| {
                    statements.iter().try_for_each(|statement| sql_query(statement).execute(database).map(drop))
                })?;
                Ok(())
            }
            Self::Postgres(url) => on_postgres(url, async |client| {
                for statement in statements {
                    client.batch_execute(statement).await?;
                }
                Ok(())
            }),
        }
    }

    /// The texts that a query finds in its one column, which is called `text`.
    pub fn texts(&self, query: &str) -> Outcome<Vec<String>> {
        match self {
            Self::Sqlite(file) => {
                let rows = sql_query(query).load::<Text>(&mut SqliteConnection::establish(file)?)?;
                Ok(rows.into_iter().map(|row| row.text).collect())
            }
            Self::Postgres(url) => on_postgres(url, async |client| {
                let rows = client.query(query, &[]).await?;
                Ok(rows.iter().map(|row| row.get(0)).collect())
            }),
        }
    }

    /// The numbers from 1 on as `n.i`, a thing to select from.
    fn series(&self, count: u32) -> String {
        match self {
            Self::Sqlite(_) => format!(
                "(with recursive n(i) as (select 1 union all select i + 1 from n where i < {count}) select i from n) n"
            ),
            Self::Postgres(_) => format!("generate_series(1, {count}) n(i)"),
        }
    }

    /// A moment so many seconds ago as `n.i` says.
    fn moment_of(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || n.i || ' seconds')",
            Self::Postgres(_) => "now() - n.i * interval '1 second'",
        }
    }

    fn long_ago(&self) -> String {
        match self {
            Self::Sqlite(_) => format!("'{LONG_AGO}'"),
            Self::Postgres(_) => format!("timestamptz '{LONG_AGO}'"),
        }
    }

    fn token(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "lower(hex(randomblob(16)))",
            Self::Postgres(_) => "md5(random()::text || random()::text)",
        }
    }

    /// Adds users `user-1` to `user-COUNT` like the one who signed up, with the same password and three sessions each.
    pub fn populate(&self, count: u32) -> Outcome<()> {
        let (series, moment, token) = (self.series(count), self.moment_of(), self.token());
        let mut statements = vec![
            r#"update "user" set "role" = 'admin'"#.to_owned(),
            format!(
                r#"insert into "user" ("id", "name", "email", "emailVerified", "role", "createdAt", "updatedAt")
                select 'user-' || n.i, u."name", 'user-' || n.i || '@example.com', u."emailVerified", 'user', {moment}, {moment}
                from {series}, (select * from "user" limit 1) u"#
            ),
            format!(
                r#"insert into "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt")
                select 'account-' || n.i, 'user-' || n.i, a."providerId", 'user-' || n.i, a."password", {moment}, {moment}
                from {series}, (select * from "account" limit 1) a"#
            ),
        ];
        // All as fresh as the one of the sign-up.
        statements.extend((1..=3).map(|number| {
            format!(
                r#"insert into "session" ("id", "expiresAt", "token", "createdAt", "updatedAt", "userId")
                select 'session-{number}-' || n.i, s."expiresAt", {token}, s."createdAt", s."updatedAt", 'user-' || n.i
                from {series}, (select * from "session" where "userId" not like 'user-%' limit 1) s"#
            )
        }));
        self.run(&statements)?;
        match self {
            Self::Sqlite(_) => Ok(()),
            // What a server of PostgreSQL does by itself a little later.
            Self::Postgres(_) => self.run(&["vacuum analyze".to_owned()]),
        }
    }

    /// Adds so many sessions that expired long ago, to those users in turn.
    pub fn expire(&self, count: u32, users: u32) -> Outcome<()> {
        let (series, long_ago, token) = (self.series(count), self.long_ago(), self.token());
        self.run(&[format!(
            r#"insert into "session" ("id", "expiresAt", "token", "createdAt", "updatedAt", "userId")
            select 'expired-' || n.i, {long_ago}, {token}, {long_ago}, {long_ago}, 'user-' || (1 + n.i % {users})
            from {series}"#
        )])
    }
}

/// A server together with what serves its database.
pub struct Served<'a, C: Cpu> {
    pub server: &'a C,
    pub sql: &'a Sql,
}

impl<C: Cpu> Cpu for Served<'_, C> {
    /// The server's, and on PostgreSQL that of the processes behind its connections, which must be on this machine.
    fn cpu(&self) -> Outcome<Duration> {
        let behind = match self.sql {
            Sql::Sqlite(_) => Vec::new(),
            Sql::Postgres(_) => self.sql.texts(
                "select pid::text as text from pg_stat_activity
                where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()",
            )?,
        };
        let behind = behind.iter().map(|pid| cpu_of(pid)).sum::<Outcome<Duration>>()?;
        Ok(self.server.cpu()? + behind)
    }
}

fn on_postgres<T>(url: &str, work: impl AsyncFnOnce(&Client) -> Outcome<T>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        work(&client).await
    })
}
