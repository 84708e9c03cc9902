//! Capability `browser-sessions`: several sessions of one browser, each known by its token.

use super::interfaces::browser_sessions::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use super::request::session_json;
use crate::auth::session;
use crate::exchange::Exchange;
use crate::plugin_host::call::state::State;

/// More sessions than any browser keeps.
const MOST: usize = 100;

fn few(tokens: &[String]) -> Answer<()> {
    if tokens.len() > MOST {
        return Err(HostError::Invalid(format!("at most {MOST} tokens at once")));
    }
    Ok(())
}

/// Whether nothing but the browser's mark says how a session was opened: where all sessions last a day.
fn has_only_mark(exchange: &Exchange) -> bool {
    session::lasts_a_day(exchange.auth()) && exchange.has_brief_mark()
}

impl Host for State {
    async fn find(&mut self, tokens: Vec<String>) -> wasmtime::Result<Answer<Vec<String>>> {
        at_its_time!(self, "browser-sessions", "find");
        let data = self.data()?;
        let find = async {
            few(&tokens)?;
            let mut found = Vec::with_capacity(tokens.len());
            for token in &tokens {
                let active = session::find_active(data.auth, &data.scope, token).await?;
                found.extend(active.map(|active| session_json(&active.session, &active.user, true)));
            }
            Ok(found)
        };
        Ok(find.await)
    }

    async fn resume(&mut self, token: String, remember: Option<bool>) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "browser-sessions", "resume");
        let (scope, work) = self.data_and_work()?;
        let exchange = &mut work.exchange;
        let resume = async {
            let Some(active) = session::find_active(exchange.auth(), &scope, &token).await? else { return Ok(None) };
            let text = session_json(&active.session, &active.user, true);
            // Another's mark in this browser says nothing of this session, unless its life does not tell either.
            let is_brief = || session::is_brief(exchange.auth(), &active.session) || has_only_mark(exchange);
            let remember = remember.unwrap_or_else(|| !is_brief());
            exchange.resume_session(active, remember);
            Ok(Some(text))
        };
        Ok(resume.await)
    }

    async fn end(&mut self, tokens: Vec<String>) -> wasmtime::Result<Answer<u64>> {
        at_its_time!(self, "browser-sessions", "end");
        let data = self.data()?;
        let end = async {
            few(&tokens)?;
            let mut ended = 0;
            for token in &tokens {
                ended += u64::from(session::end(data.auth, &data.scope, token).await?.is_some());
            }
            Ok(ended)
        };
        Ok(end.await)
    }
}
