//! What costs as much with a million users and three million sessions as with a thousand: CPU, side by side.

use std::sync::Arc;
use std::time::Duration;

use doorward::auth::sweeper;
use doorward::clock::Timestamp;
use doorward::store::{Schema, Store, StoreOptions};

use crate::cost::micros_per_request;
use crate::crowd::{Served, Sql};
use crate::doorward::{Doorward, Extras, postgres_database};
use crate::load::Target;
use crate::process::{Cpu, Process, cpu_of};
use crate::table::{Budget, Row};
use crate::{Length, Outcome, progress};

const FEW: u32 = 1_000;
const MANY: u32 = 1_000_000;
/// Users and sessions that are asked about, in turn: spread over the whole table.
const ASKED: u32 = 1_000;
/// Rows that expired and are removed, in each round.
const EXPIRED: u32 = 10_000;
const SWEEPS: usize = 3;
const MOST: Budget = Budget::times(1.1);

/// Every row of this group, on SQLite and PostgreSQL.
pub fn rows(length: Length) -> Outcome<Vec<Row>> {
    if !Extras::Crowd.exist() {
        return Ok(vec![Row::not_measured("with a million users", "the plugin admin is not built", MOST)]);
    }
    let mut rows = on("SQLite", Crowd::start(FEW, None)?, Crowd::start(MANY, None)?, length)?;
    rows.extend(match (postgres_database("few")?, postgres_database("many")?) {
        (Some(few), Some(many)) => {
            on("PostgreSQL", Crowd::start(FEW, Some(few))?, Crowd::start(MANY, Some(many))?, length)?
        }
        _ => vec![Row::not_measured("with a million users, PostgreSQL", "DOORWARD_TEST_POSTGRES_URL is unset", MOST)],
    });
    Ok(rows)
}

fn on(database: &str, few: Crowd, many: Crowd, length: Length) -> Outcome<Vec<Row>> {
    type Asks = fn(&Crowd) -> Target;
    let measured: [(&str, Asks); 5] = [
        ("get-session", |crowd| crowd.doorward.read_as_each("/get-session", &crowd.tokens)),
        ("list-sessions", |crowd| crowd.doorward.read_as_each("/list-sessions", &crowd.tokens)),
        ("admin/list-users, by offset", Crowd::list_by_offset),
        ("admin/list-users, by key", Crowd::list_by_key),
        ("sign-in without its hash", |crowd| {
            crowd.doorward.sign_in_each(crowd.asked().map(|i| format!("user-{i}@example.com")))
        }),
    ];
    let mut rows = Vec::new();
    for (what, asks) in measured {
        progress(&format!("{what} with a million users, {database}"));
        let (of_many, of_few) = (many.served(), few.served());
        let [with_many, with_few] = micros_per_request(&[(&of_many, asks(&many)), (&of_few, asks(&few))], length)?;
        rows.push(row(what, database, with_many, with_few));
    }
    progress(&format!("removal of expired rows with a million users, {database}"));
    let (mut with_many, mut with_few) = (Vec::new(), Vec::new());
    for _ in 0..SWEEPS {
        with_many.push(many.sweep()?);
        with_few.push(few.sweep()?);
    }
    rows.push(row("an expired session's removal", database, median(with_many), median(with_few)));
    Ok(rows)
}

fn row(what: &str, database: &str, with_many: f64, with_few: f64) -> Row {
    Row::new(
        &format!("{what}, {database}"),
        format!("{with_many:.1} µs"),
        format!("a thousand users {with_few:.1} µs"),
        with_many / with_few,
        MOST,
    )
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A server with so many users, and some of their sessions.
struct Crowd {
    doorward: Doorward,
    sql: Sql,
    count: u32,
    tokens: Vec<String>,
    /// Of the administrator.
    cookie: String,
}

impl Crowd {
    fn start(count: u32, url: Option<String>) -> Outcome<Self> {
        progress(&format!("{count} users and three sessions each"));
        let doorward = Doorward::start(Extras::Crowd, url.as_deref())?;
        let cookie = doorward.sign_up()?;
        let sql = match url {
            Some(url) => Sql::Postgres(url),
            None => Sql::Sqlite(doorward.database().to_str().ok_or("the folder has a strange name")?.to_owned()),
        };
        sql.populate(count)?;
        let some = format!(
            r#"select "token" as text from "session" where "userId" like 'user-%' order by random() limit {ASKED}"#
        );
        let tokens = sql.texts(&some)?;
        Ok(Self { doorward, sql, count, tokens, cookie })
    }

    fn served(&self) -> Served<'_, Process> {
        Served { server: &self.doorward.process, sql: &self.sql }
    }

    /// The numbers of the users who are asked about.
    fn asked(&self) -> impl Iterator<Item = u32> {
        let step = self.count / ASKED;
        (0..ASKED).map(move |turn| 1 + turn * step)
    }

    /// The pages that people leaf through; those far behind are reached by key.
    fn list_by_offset(&self) -> Target {
        let pages = (0..ASKED / 20).map(|page| format!("/admin/list-users?limit=20&offset={}", page * 20));
        self.doorward.read_each(pages, &self.cookie)
    }

    fn list_by_key(&self) -> Target {
        let pages = self.asked().map(|user| format!("/admin/list-users?limit=20&after=user-{user}"));
        self.doorward.read_each(pages, &self.cookie)
    }

    /// CPU of the removal of one expired row, in microseconds.
    fn sweep(&self) -> Outcome<f64> {
        self.sql.expire(EXPIRED, self.count)?;
        let store = Store::open(&self.sql.url(), Arc::new(Schema::core()), StoreOptions::default())?;
        let both = Served { server: &This, sql: &self.sql };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        // Its connections are there before the clock runs, and still there when it stops.
        let moment = Timestamp(1_600_000_000_000);
        runtime.block_on(sweeper::sweep(&store, Timestamp(0)))?;
        let before = both.cpu()?;
        let swept = runtime.block_on(sweeper::sweep(&store, moment))?;
        let used: Duration = both.cpu()?.saturating_sub(before);
        let removed: u64 = swept.iter().map(|(_, rows)| rows).sum();
        if removed != u64::from(EXPIRED) {
            return Err(format!("{removed} rows were removed instead of {EXPIRED}").into());
        }
        Ok(used.as_secs_f64() * 1e6 / f64::from(EXPIRED))
    }
}

/// This process.
struct This;

impl Cpu for This {
    fn cpu(&self) -> Outcome<Duration> {
        cpu_of("self")
    }
}
