//! The moment before a mail is sent: scripts change its texts, or stop it.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use crate::hooks::ScriptSet;
use crate::hooks::deliver::note;
use crate::hooks::language::declare::HookPoint;
use crate::hooks::language::facts::Facts;
use crate::hooks::language::outcome::Outcome;
use crate::mail::Mail;
use crate::outbox::{MailFilter, TransportError};

/// The scripts as the last look on a mail.
pub struct ScriptMailFilter(pub Arc<ScriptSet>);

#[async_trait]
impl MailFilter for ScriptMailFilter {
    async fn look(&self, mut mail: Mail) -> Result<Option<Mail>, TransportError> {
        let Self(scripts) = self;
        let kind = mail.kind.clone();
        for hook in scripts.hooks.iter().filter(|hook| hook.is_at(HookPoint::Mail) && hook.is_at_mail(&kind)) {
            let facts = Facts { mail: stated(&mail), ..Facts::default() };
            let (facts, called) = scripts.call(hook, facts, None).await;
            match called {
                Ok((outcome, directives)) => {
                    note(&hook.script, "", &directives);
                    match outcome {
                        None => change(&mut mail, &facts),
                        Some(Outcome::Stop) => {
                            let (script, id) = (&hook.script.file, &mail.id);
                            tracing::info!(script, id, kind, "a mail was stopped");
                            return Ok(None);
                        }
                        // Of the mail, some part is larger than a script may hold.
                        Some(_) => {
                            return Err(TransportError::passing(
                                hook.wrong("the mail is too large for it").to_string(),
                            ));
                        }
                    }
                }
                Err(error) if hook.script.fails_open => tracing::error!(%error, "a script failed"),
                Err(error) => return Err(TransportError::passing(error.to_string())),
            }
        }
        Ok(Some(mail))
    }
}

/// A mail as scripts see it.
pub fn stated(mail: &Mail) -> Json {
    let Mail { kind, to, subject, text, html, data, .. } = mail;
    json!({ "kind": kind, "to": to, "subject": subject, "text": text, "html": html, "data": data })
}

fn change(mail: &mut Mail, facts: &Facts) {
    for (name, slot) in [("subject", &mut mail.subject), ("text", &mut mail.text), ("html", &mut mail.html)] {
        if let Some(text) = facts.changed_mail_part(name) {
            *slot = text;
        }
    }
}
