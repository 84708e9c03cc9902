//! The development mailbox: keeps the newest mails in memory instead of sending them.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;

use super::{Transport, TransportError};
use crate::mail::Mail;

const KEPT: usize = 500;

/// The newest mails, newest first.
#[derive(Default)]
pub struct Mailbox(Mutex<VecDeque<Mail>>);

impl Mailbox {
    /// What was "sent", newest first, at most 500.
    pub fn mails(&self) -> Vec<Mail> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Mail>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for Mailbox {
    async fn send(&self, mail: &Mail) -> Result<(), TransportError> {
        let mut mails = self.lock();
        mails.push_front(mail.clone());
        mails.truncate(KEPT);
        Ok(())
    }
}
