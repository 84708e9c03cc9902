//! What the request's user may do: one plugin decides, and where none does, nobody may do anything.

use std::sync::Arc;

use async_trait::async_trait;
use doorward_contract::permission_parts;

use super::{Exchange, IMPERSONATED_BY, SessionNeed};
use crate::auth::session::ActiveSession;
use crate::error::{ApiError, Code};

/// A resource and an action: `settings.manage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission<'a> {
    /// What is worked with.
    pub resource: &'a str,
    /// What is done with it.
    pub action: &'a str,
}

impl<'a> Permission<'a> {
    /// The permission of a text; `None` when it is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        permission_parts(text).map(|(resource, action)| Self { resource, action })
    }
}

/// Decides what users may do.
#[async_trait]
pub trait PermissionSource: Send + Sync {
    /// Whether the user of this session may do it.
    ///
    /// # Errors
    /// 5xx when the source fails: then nothing is allowed.
    async fn allows(
        &self,
        exchange: &mut Exchange,
        active: &ActiveSession,
        permission: Permission<'_>,
    ) -> Result<bool, ApiError>;
}

impl Exchange {
    /// Whether the user of the request's session, as it is stored now, may do this. Who acts as someone else may do nothing
    /// of the kind.
    ///
    /// # Errors
    /// When the session cannot be read, or who decides fails.
    pub async fn may(&mut self, permission: Permission<'_>) -> Result<bool, ApiError> {
        let Some(source) = self.deciders.permissions.as_ref().map(Arc::clone) else { return Ok(false) };
        let Some(active) = self.session_with(SessionNeed::FROM_STORE).await?.cloned() else { return Ok(false) };
        if active.has_value(IMPERSONATED_BY) {
            return Ok(false);
        }
        source.allows(self, &active, permission).await
    }

    /// Refuses a request whose user may not do this.
    ///
    /// # Errors
    /// `UNAUTHORIZED`, `NOT_ALLOWED_WHILE_IMPERSONATING`, `PERMISSION_REQUIRED`, or as [`Exchange::may`].
    pub async fn require_permission(&mut self, permission: Permission<'_>) -> Result<(), ApiError> {
        let active = self.require_session(SessionNeed::FROM_STORE).await?;
        if active.has_value(IMPERSONATED_BY) {
            return Err(Code::NOT_ALLOWED_WHILE_IMPERSONATING.into());
        }
        if self.may(permission).await? { Ok(()) } else { Err(Code::PERMISSION_REQUIRED.into()) }
    }
}
