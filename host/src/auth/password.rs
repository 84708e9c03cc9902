//! Password hashes: argon2id for new ones, those of other servers for users who came along; on threads of their own.
//!
//! Invariant: a fixed number of hashes run at once and a bounded number wait; one more is refused at once.

mod foreign;

use std::pin::pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};
use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};
use tokio::sync::oneshot;
use unicode_normalization::UnicodeNormalization;

use super::AuthError;
use foreign::{Foreign, Work};

use crate::config::{EmailAndPassword, PasswordHashing};
use crate::crypto::random::Random;
use crate::crypto::{constant_time_eq, hex};
use crate::error::Code;
use crate::memory::prefer_huge_pages;
use crate::telemetry;
pub use foreign::{base64 as foreign_base64, firebase_text};

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// The password is right.
    Match,
    /// The password is right, and the stored hash should be replaced by a new one.
    MatchOutdated,
    /// The password is wrong, or there is none.
    Mismatch,
}

/// Hashes and compares passwords. Cheap to clone.
#[derive(Clone)]
pub struct PasswordHasher {
    jobs: flume::Sender<Job>,
    /// The form of new hashes.
    wanted: Form,
    forms: Arc<ArcSwap<Vec<Form>>>,
    random: Arc<dyn Random>,
}

/// How a hash is computed, which decides how long it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Argon2id(Params),
    Scrypt,
    Foreign(Work),
}

/// Of forms that came along. Each makes every wrong password cost one hash more.
const MOST_FORMS: usize = 4;

type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

impl PasswordHasher {
    /// Starts the hashing threads.
    ///
    /// # Errors
    /// When argon2id refuses the configured cost, or no thread can be started.
    pub fn start(options: &PasswordHashing, random: Arc<dyn Random>) -> Result<Self, AuthError> {
        let params = Params::new(options.memory_kib, options.iterations, 1, Some(HASH_BYTES))
            .map_err(|error| AuthError::Internal(format!("password_hashing: {error}")))?;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = if options.concurrency == 0 { cores } else { options.concurrency };
        let (jobs, queue) = flume::bounded::<Job>(options.queue);
        for number in 0..threads {
            let queue = queue.clone();
            let run = move || {
                step_back();
                let mut memory = Vec::new();
                for job in queue {
                    job(&mut memory);
                }
            };
            let thread = std::thread::Builder::new().name(format!("hash-{number}"));
            thread
                .spawn(run)
                .map_err(|error| AuthError::Internal(format!("cannot start a hashing thread: {error}")))?;
        }
        let wanted = if options.keep_scrypt { Form::Scrypt } else { Form::Argon2id(params) };
        let forms = Arc::new(ArcSwap::from_pointee(vec![wanted.clone()]));
        Ok(Self { jobs, wanted, forms, random })
    }

    /// How many hashes wait for a thread.
    pub fn waiting(&self) -> usize {
        self.jobs.len()
    }

    /// A new hash of `password` in the wanted form: argon2id as a PHC string, or scrypt as the reference writes it.
    ///
    /// # Errors
    /// [`AuthError::Busy`] when too many hashes wait.
    pub async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let mut salt = [0u8; SALT_BYTES];
        self.random.fill(&mut salt);
        let (password, wanted) = (normalize(password), self.wanted.clone());
        self.run(move |memory| {
            let Form::Argon2id(params) = wanted else {
                let salt = hex(&salt);
                return Ok(format!("{salt}:{}", scrypt_key(&password, &salt)?));
            };
            let mut hash = [0u8; HASH_BYTES];
            derive(&password, &salt, &params, &mut hash, memory)?;
            Ok(phc_string(&params, &salt, &hash))
        })
        .await?
    }

    /// Compares `password` with a stored hash, if there is one. A wrong password costs one hash of each form that is in use,
    /// whichever the stored one has and whether or not there is one, so that the time tells nothing.
    ///
    /// # Errors
    /// [`AuthError::Busy`] when too many hashes wait.
    pub async fn verify(&self, stored: Option<&str>, password: &str) -> Result<PasswordCheck, AuthError> {
        if let Some(stored) = stored {
            self.learn(stored);
        }
        let (stored, typed, wanted) = (stored.map(str::to_owned), password.to_owned(), self.wanted.clone());
        let password = normalize(password);
        let forms = self.forms.load_full();
        self.run(move |memory| {
            let stored = stored.as_deref().and_then(Stored::parse);
            let check = stored
                .as_ref()
                .map_or(Ok(PasswordCheck::Mismatch), |it| it.compare([&typed, &password], &wanted, memory))?;
            if check == PasswordCheck::Mismatch {
                let form = stored.map(|stored| stored.form());
                others(&forms, form.as_ref()).try_for_each(|form| form.spend(&password, memory))?;
            }
            Ok(check)
        })
        .await?
    }

    /// Notes the form of a stored hash: from now on a wrong password costs a hash of this form too.
    pub fn learn(&self, stored: &str) {
        let Some(form) = Stored::parse(stored).map(|stored| stored.form()) else { return };
        let is_new = |forms: &[Form]| forms.len() <= MOST_FORMS && !forms.contains(&form);
        if is_new(&self.forms.load()) {
            self.forms.rcu(|forms| match is_new(forms) {
                true => [forms.as_slice(), std::slice::from_ref(&form)].concat(),
                false => forms.as_ref().clone(),
            });
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            // A caller who gave up while the job waited gets no hash computed.
            if !sender.is_closed() {
                _ = sender.send(work(memory));
            }
        });
        self.jobs.try_send(job).map_err(|_| AuthError::Busy)?;
        let done = async { receiver.await.map_err(|_| AuthError::Internal("a hashing thread ended".into())) };
        telemetry::span("hash", Vec::new, pin!(done)).await
    }
}

/// Puts the calling thread behind those that serve requests, so that a session check need not wait until a hash is done.
pub fn step_back() {
    // Nice 10 on Linux: a tenth of a normal thread's share on a busy core, all of it on an idle one.
    const PRIORITY: u8 = 22;
    let value = ThreadPriorityValue::try_from(PRIORITY);
    let set = value.and_then(|value| {
        set_current_thread_priority(ThreadPriority::Crossplatform(value)).map_err(|error| error.to_string())
    });
    if let Err(error) = set {
        tracing::warn!("hashing threads keep the normal priority: {error}");
    }
}

/// Whether a stored hash is of a form that can be compared.
pub fn is_known(stored: &str) -> bool {
    Stored::parse(stored).is_some()
}

/// Length as the wire contract counts it: UTF-16 code units.
pub fn length(password: &str) -> usize {
    password.encode_utf16().count()
}

/// Refuses a password that no one may have.
///
/// # Errors
/// `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`
pub fn check_new(options: &EmailAndPassword, password: &str) -> Result<(), Code> {
    if length(password) < options.min_password_length {
        return Err(Code::PASSWORD_TOO_SHORT);
    }
    check_length(options, password)
}

/// Refuses a password that is too long to be anyone's, before it is hashed.
///
/// # Errors
/// `PASSWORD_TOO_LONG`
pub fn check_length(options: &EmailAndPassword, password: &str) -> Result<(), Code> {
    if length(password) > options.max_password_length { Err(Code::PASSWORD_TOO_LONG) } else { Ok(()) }
}

enum Stored<'a> {
    Argon2id { params: Params, salt: Vec<u8>, hash: Vec<u8> },
    Scrypt { salt: &'a str, key: &'a str },
    Foreign(Foreign),
}

impl<'a> Stored<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if text.starts_with("$argon2id$v=19$") && text.contains(",p=1$") {
            let parsed = PasswordHash::new(text).ok()?;
            let params = Params::try_from(&parsed).ok()?;
            let (salt, hash) = (parsed.salt?, parsed.hash?);
            return Some(Self::Argon2id { params, salt: salt.as_ref().to_vec(), hash: hash.as_bytes().to_vec() });
        }
        let Some((salt, key)) = text.split_once(':') else { return Foreign::parse(text).map(Self::Foreign) };
        let is_hex =
            |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_hex(salt, 32) && is_hex(key, 128)).then_some(Self::Scrypt { salt, key })
    }
}

impl Stored<'_> {
    fn form(&self) -> Form {
        match self {
            Self::Argon2id { params, .. } => Form::Argon2id(params.clone()),
            Self::Scrypt { .. } => Form::Scrypt,
            Self::Foreign(hash) => Form::Foreign(hash.work().clone()),
        }
    }

    /// `typed` is the password as it came, for servers that did not bring it into one form.
    fn compare(
        &self,
        [typed, password]: [&str; 2],
        wanted: &Form,
        memory: &mut Vec<Block>,
    ) -> Result<PasswordCheck, AuthError> {
        match self {
            Self::Argon2id { params, salt, hash } => {
                let mut derived = vec![0u8; hash.len()];
                derive(password, salt, params, &mut derived, memory)?;
                let is_current = matches!(wanted, Form::Argon2id(wanted)
                    if params.m_cost() >= wanted.m_cost() && params.t_cost() >= wanted.t_cost());
                Ok(verdict(constant_time_eq(&derived, hash), is_current))
            }
            Self::Scrypt { salt, key } => {
                let is_equal = constant_time_eq(scrypt_key(password, salt)?.as_bytes(), key.as_bytes());
                Ok(verdict(is_equal, *wanted == Form::Scrypt))
            }
            Self::Foreign(hash) => Ok(verdict(hash.is_of(typed).map_err(AuthError::Internal)?, false)),
        }
    }
}

impl Form {
    /// Takes as long as a hash of this form, and finds nothing.
    fn spend(&self, password: &str, memory: &mut Vec<Block>) -> Result<(), AuthError> {
        match self {
            Self::Argon2id(params) => derive(password, &[0; SALT_BYTES], params, &mut [0; HASH_BYTES], memory),
            Self::Scrypt => scrypt_key(password, "").map(drop),
            Self::Foreign(work) => work.spend(password).map_err(AuthError::Internal),
        }
    }
}

/// The forms in use but for the one that was computed already.
fn others<'a>(forms: &'a [Form], computed: Option<&'a Form>) -> impl Iterator<Item = &'a Form> {
    forms.iter().filter(move |form| Some(*form) != computed)
}

fn verdict(is_equal: bool, is_current: bool) -> PasswordCheck {
    match (is_equal, is_current) {
        (true, true) => PasswordCheck::Match,
        (true, false) => PasswordCheck::MatchOutdated,
        (false, _) => PasswordCheck::Mismatch,
    }
}

fn normalize(password: &str) -> String {
    password.nfkc().collect()
}

fn derive(
    password: &str,
    salt: &[u8],
    params: &Params,
    out: &mut [u8],
    memory: &mut Vec<Block>,
) -> Result<(), AuthError> {
    if memory.len() < params.block_count() {
        memory.clear();
        memory.reserve_exact(params.block_count());
        // Before the pages are touched.
        prefer_huge_pages(memory.spare_capacity_mut());
        memory.resize(params.block_count(), Block::default());
    }
    let blocks = memory.get_mut(..params.block_count()).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password.as_bytes(), salt, out, blocks)
        .map_err(|error| AuthError::Internal(format!("argon2id: {error}")))
}

fn phc_string(params: &Params, salt: &[u8], hash: &[u8]) -> String {
    use base64::Engine;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes);
    let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}", encode(salt), encode(hash))
}

/// Source: `storage.md` of the wire contract: the salt is the hexadecimal text itself, not the bytes it spells.
fn scrypt_key(password: &str, salt: &str) -> Result<String, AuthError> {
    let failed = |error: &dyn std::fmt::Display| AuthError::Internal(format!("scrypt: {error}"));
    let params = scrypt::Params::new(14, 16, 1).map_err(|error| failed(&error))?;
    let mut key = [0u8; 64];
    scrypt::scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut key).map_err(|error| failed(&error))?;
    Ok(hex(&key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    fn hasher(queue: usize) -> PasswordHasher {
        let options = PasswordHashing { concurrency: 1, queue, memory_kib: 64, iterations: 1, keep_scrypt: false };
        PasswordHasher::start(&options, Arc::new(SystemRandom)).unwrap()
    }

    #[tokio::test]
    async fn a_hash_matches_its_password_alone() {
        let hasher = hasher(8);
        let hash = hasher.hash("correct horse 1").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        assert_eq!(hasher.verify(Some(&hash), "correct horse 1").await.unwrap(), PasswordCheck::Match);
        assert_eq!(hasher.verify(Some(&hash), "correct horse 2").await.unwrap(), PasswordCheck::Mismatch);
        for none in [None, Some(""), Some("plain"), Some("$argon2id$broken"), Some("a:b")] {
            assert_eq!(hasher.verify(none, "").await.unwrap(), PasswordCheck::Mismatch);
        }
    }

    #[tokio::test]
    async fn the_references_scrypt_hashes_verify_and_are_outdated() {
        // Made by the reference for "correct horse 1" and for a password that NFKC changes.
        let hash = include_str!("../../../tests/wire/scrypt-hash.txt").trim();
        let hasher = hasher(8);
        assert_eq!(hasher.verify(Some(hash), "correct horse 1").await.unwrap(), PasswordCheck::MatchOutdated);
        assert_eq!(hasher.verify(Some(hash), "correct horse 2").await.unwrap(), PasswordCheck::Mismatch);
    }

    #[tokio::test]
    async fn hashes_stay_the_references_where_it_is_to_come_back() {
        let options = PasswordHashing { concurrency: 1, memory_kib: 64, iterations: 1, ..PasswordHashing::default() };
        let modern = PasswordHasher::start(&options, Arc::new(SystemRandom)).unwrap();
        let kept = PasswordHashing { keep_scrypt: true, ..options };
        let kept = PasswordHasher::start(&kept, Arc::new(SystemRandom)).unwrap();
        let hash = kept.hash("correct horse 1").await.unwrap();
        assert!(hash.len() == 161 && matches!(Stored::parse(&hash), Some(Stored::Scrypt { .. })), "{hash}");
        assert_eq!(kept.verify(Some(&hash), "correct horse 1").await.unwrap(), PasswordCheck::Match);
        assert_eq!(kept.verify(Some(&hash), "correct horse 2").await.unwrap(), PasswordCheck::Mismatch);
        let argon2 = modern.hash("correct horse 1").await.unwrap();
        assert_eq!(kept.verify(Some(&argon2), "correct horse 1").await.unwrap(), PasswordCheck::MatchOutdated);
        let theirs = include_str!("../../../tests/wire/scrypt-hash.txt").trim();
        assert_eq!(kept.verify(Some(theirs), "correct horse 1").await.unwrap(), PasswordCheck::Match);
    }

    #[tokio::test]
    async fn a_wrong_password_costs_the_same_whatever_is_stored() {
        let hasher = hasher(8);
        let current = hasher.hash("correct horse 1").await.unwrap();
        let scrypt = include_str!("../../../tests/wire/scrypt-hash.txt").trim();
        let cheaper = current.replacen("m=64", "m=32", 1);
        for stored in [scrypt, &cheaper, "plain", scrypt] {
            hasher.learn(stored);
        }
        let forms = hasher.forms.load_full();
        assert_eq!(forms.len(), 3);
        for stored in [Some(current.as_str()), Some(scrypt), Some(&cheaper), Some("plain"), None] {
            let computed = stored.and_then(Stored::parse).map(|stored| stored.form());
            let spent: Vec<&Form> = computed.iter().chain(others(&forms, computed.as_ref())).collect();
            assert!(spent.len() == 3 && forms.iter().all(|form| spent.contains(&form)), "{stored:?}: {spent:?}");
        }
    }

    #[tokio::test]
    async fn equal_forms_of_one_text_are_one_password() {
        let hasher = hasher(8);
        let hash = hasher.hash("caf\u{e9} \u{fb01}").await.unwrap();
        assert_eq!(hasher.verify(Some(&hash), "cafe\u{301} fi").await.unwrap(), PasswordCheck::Match);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let hasher = hasher(1);
        let (release, wait) = flume::bounded::<()>(0);
        let (started, running) = flume::bounded::<()>(0);
        let blocking = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.run(move |_| (started.send(()), wait.recv())).await.is_ok() }
        });
        running.recv_async().await.unwrap();
        let waiting = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.hash("x").await.is_ok() }
        });
        while !hasher.jobs.is_full() {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hasher.hash("y").await, Err(AuthError::Busy)));
        release.send_async(()).await.unwrap();
        assert!(blocking.await.unwrap() && waiting.await.unwrap());
    }
}
