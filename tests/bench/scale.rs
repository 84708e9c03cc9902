//! What a session check costs when there are very many users, beside a few.

use diesel::sqlite::SqliteConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, sql_query, sql_types};

use crate::cost::micros_per_request;
use crate::doorward::{Doorward, Extras};
use crate::table::{Budget, Row};
use crate::{Length, Outcome, progress};

const FEW: u32 = 1_000;
const MANY: u32 = 1_000_000;
/// Sessions that are asked about, in turn: spread over the whole table.
const ASKED: u32 = 1_000;

#[derive(QueryableByName)]
struct Token {
    #[diesel(sql_type = sql_types::Text)]
    token: String,
}

/// The one row of this group, on SQLite with the core alone.
pub fn rows(length: Length) -> Outcome<Vec<Row>> {
    progress("a session check with a million users");
    let (few, many) = (Doorward::start(Extras::None, None)?, Doorward::start(Extras::None, None)?);
    let (of_few, of_many) = (populate(&few, FEW)?, populate(&many, MANY)?);
    let sides = [(&many.process, many.get_sessions(&of_many)), (&few.process, few.get_sessions(&of_few))];
    let [with_many, with_few] = micros_per_request(&sides, length)?;
    Ok(vec![Row::new(
        "CPU per get-session, a million users",
        format!("{with_many:.1} µs"),
        format!("a thousand users {with_few:.1} µs"),
        with_many / with_few,
        Budget::times(1.2),
    )])
}

/// Adds so many users with a session each, like the one who signed up; returns the tokens of some.
fn populate(doorward: &Doorward, count: u32) -> Outcome<Vec<String>> {
    doorward.sign_up()?;
    let path = doorward.database();
    let mut database = SqliteConnection::establish(path.to_str().ok_or("the folder has a strange name")?)?;
    let users = format!(
        r#"with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
        insert into "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
        select 'user-' || n.i, u."name", n.i || u."email", u."emailVerified", u."createdAt", u."updatedAt"
        from n, (select * from "user" limit 1) u"#
    );
    let sessions = r#"insert into "session" ("id", "expiresAt", "token", "createdAt", "updatedAt", "userId")
        select lower(hex(randomblob(16))), s."expiresAt", lower(hex(randomblob(16))), s."createdAt", s."updatedAt", u."id"
        from "user" u, (select * from "session" limit 1) s where u."id" like 'user-%'"#;
    database.transaction(|database| {
        sql_query(users).execute(database)?;
        sql_query(sessions).execute(database)
    })?;
    let some = format!(r#"select "token" from "session" where "userId" like 'user-%' order by random() limit {ASKED}"#);
    let tokens = sql_query(some).load::<Token>(&mut database)?;
    Ok(tokens.into_iter().map(|row| row.token).collect())
}
