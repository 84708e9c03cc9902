//! What each server's export says of a person.

use std::path::Path;

use serde_json::{Map, Value as Json};

use super::Format;
use super::person::{Members, Person};
use crate::auth::password::{firebase_text, foreign_base64};

/// What the console of a Firebase project says of all its hashes.
pub struct Firebase {
    signer: Vec<u8>,
    separator: Vec<u8>,
    rounds: u32,
    mem_cost: u8,
}

impl Firebase {
    /// Reads `hash_config { algorithm: SCRYPT, base64_signer_key: …, … }`.
    ///
    /// # Errors
    /// When the file cannot be read, or says something else.
    pub fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let get = |name: &str| {
            let at = text.find(&format!("{name}:"))?;
            let rest = text.get(at + name.len() + 1..)?.trim_start();
            rest.split([',', '\n', '}', ' ']).next().map(|value| value.trim_matches('"').to_owned())
        };
        let read = || {
            Some(Self {
                signer: foreign_base64(&get("base64_signer_key")?)?,
                separator: foreign_base64(&get("base64_salt_separator")?)?,
                rounds: get("rounds")?.parse().ok()?,
                mem_cost: get("mem_cost")?.parse().ok()?,
            })
        };
        read().ok_or_else(|| {
            let names = "base64_signer_key, base64_salt_separator, rounds and mem_cost";
            format!("{}: it has to name {names}, as the console of Firebase shows them", file.display())
        })
    }
}

/// The person whom a row describes.
///
/// # Errors
/// Why it describes nobody who could sign in here.
pub fn person(from: Format, row: &Map<String, Json>, firebase: Option<&Firebase>) -> Result<Person, String> {
    let row = Members(row);
    let person = match from {
        Format::Csv | Format::Jsonl => plain(&row)?,
        Format::Auth0 => auth0(&row)?,
        Format::Clerk => clerk(&row)?,
        Format::Supabase => supabase(&row),
        Format::Firebase => of_firebase(&row, firebase)?,
        Format::Keycloak => keycloak(&row)?,
        Format::Cognito => cognito(&row),
    };
    if person.email.is_empty() { Err("there is no address of mail".to_owned()) } else { Ok(person) }
}

/// The names of members that are not additional fields.
const PLAIN: [&str; 9] =
    ["id", "email", "emailVerified", "name", "image", "username", "createdAt", "password_hash", "accounts"];

fn plain(row: &Members<'_>) -> Result<Person, String> {
    if row.0.contains_key("password") {
        return Err("it has a password in plain text. Give its hash as password_hash, or none".to_owned());
    }
    // Names as the API has them, or in snake_case.
    let mut known = row.0.clone();
    for (snake, name) in
        [("email_verified", "emailVerified"), ("created_at", "createdAt"), ("passwordHash", "password_hash")]
    {
        if let Some(value) = known.remove(snake) {
            known.insert(name.to_owned(), value);
        }
    }
    let row = Members(&known);
    let accounts = row.objects("accounts");
    let accounts = accounts.iter().filter_map(|account| {
        let account = Members(account);
        Some((account.first(&["provider", "providerId"])?, account.first(&["id", "accountId"])?))
    });
    let mut fields = known.clone();
    fields.retain(|name, _| !PLAIN.contains(&name.as_str()) && name != "banned");
    Ok(Person {
        id: row.text("id"),
        email: row.text("email").unwrap_or_default(),
        email_verified: row.is_true("emailVerified"),
        name: row.text("name"),
        image: row.text("image"),
        username: row.text("username"),
        created_at: row.moment("createdAt"),
        is_disabled: row.is_true("banned"),
        password_hash: row.text("password_hash"),
        accounts: accounts.collect(),
        fields,
    })
}

/// Source: the format of Auth0's bulk exports and of the file of hashes that its support gives.
fn auth0(row: &Members<'_>) -> Result<Person, String> {
    let custom = row.object("custom_password_hash");
    let custom_hash = match Members(&custom).text("algorithm") {
        Some(algorithm) => Some(auth0_hash(&algorithm, &Members(&custom).object("hash"))?),
        None => None,
    };
    let id = row.first(&["user_id", "id", "_id"]);
    let mut accounts: Vec<(String, String)> = row.objects("identities").iter().filter_map(identity).collect();
    if accounts.is_empty()
        && let Some((provider, own)) = id.as_deref().and_then(|id| id.split_once('|'))
        && provider != "auth0"
    {
        accounts.push((provider_name(provider), own.to_owned()));
    }
    Ok(Person {
        email: row.text("email").unwrap_or_default(),
        email_verified: row.is_true("email_verified"),
        name: row.first(&["name", "nickname"]),
        image: row.text("picture"),
        username: row.text("username"),
        created_at: row.moment("created_at"),
        is_disabled: row.is_true("blocked"),
        password_hash: row.first(&["passwordHash", "password_hash"]).or(custom_hash),
        accounts,
        fields: row.object("user_metadata"),
        id,
    })
}

fn identity(identity: &Map<String, Json>) -> Option<(String, String)> {
    let identity = Members(identity);
    let provider = identity.text("provider")?;
    (provider != "auth0").then(|| Some((provider_name(&provider), identity.text("user_id")?)))?
}

fn auth0_hash(algorithm: &str, hash: &Map<String, Json>) -> Result<String, String> {
    let value = Members(hash).text("value").unwrap_or_default();
    match algorithm {
        "bcrypt" | "argon2" | "pbkdf2" => Ok(value),
        other => Err(format!("its password has a hash of the kind {other}, which cannot be compared")),
    }
}

/// Source: the columns of Clerk's export.
fn clerk(row: &Members<'_>) -> Result<Person, String> {
    let verified = row.text("verified_email_addresses").unwrap_or_default();
    let email = row.first(&["primary_email_address", "email_address"]).unwrap_or_else(|| first_of(&verified));
    let hash = row.text("password_digest");
    let kind = row.text("password_hasher").unwrap_or_default();
    let hash = match (hash, kind.as_str()) {
        (Some(hash), "bcrypt" | "argon2i" | "argon2id" | "pbkdf2_sha256" | "pbkdf2_sha1" | "pbkdf2_sha512" | "") => {
            Some(hash)
        }
        (Some(_), other) => {
            return Err(format!("its password has a hash of the kind {other}, which cannot be compared"));
        }
        (None, _) => None,
    };
    Ok(Person {
        id: row.text("id"),
        email_verified: verified.split([',', ' ', '|']).any(|one| one.eq_ignore_ascii_case(&email)),
        name: full_name(row, ["first_name", "last_name"]),
        username: row.text("username"),
        created_at: row.moment("created_at"),
        is_disabled: row.is_true("banned"),
        password_hash: hash,
        email,
        ..Person::default()
    })
}

fn first_of(list: &str) -> String {
    list.split([',', ' ', '|']).next().unwrap_or_default().to_owned()
}

/// Source: the columns of `auth.users`.
fn supabase(row: &Members<'_>) -> Person {
    let about = row.object("raw_user_meta_data");
    let about = Members(&about);
    let identities = row.objects("identities");
    let accounts = identities.iter().filter_map(|identity| {
        let identity = Members(identity);
        let provider = identity.text("provider")?;
        let id = identity.first(&["provider_id", "id"])?;
        (!matches!(provider.as_str(), "email" | "phone")).then_some((provider, id))
    });
    Person {
        id: row.text("id"),
        email: row.text("email").unwrap_or_default(),
        email_verified: row.first(&["email_confirmed_at", "confirmed_at"]).is_some(),
        name: about.first(&["full_name", "name"]),
        image: about.first(&["avatar_url", "picture"]),
        username: about.first(&["username", "user_name"]),
        created_at: row.moment("created_at"),
        is_disabled: row.text("deleted_at").is_some() || row.text("banned_until").is_some(),
        password_hash: row.text("encrypted_password"),
        accounts: accounts.collect(),
        fields: Map::new(),
    }
}

/// Source: the JSON of `firebase auth:export`.
fn of_firebase(row: &Members<'_>, firebase: Option<&Firebase>) -> Result<Person, String> {
    let hash = match (row.text("passwordHash"), row.text("salt"), firebase) {
        (None, ..) => None,
        (Some(_), _, None) => {
            return Err("it has a password: name the hash parameters with --firebase-hash FILE".to_owned());
        }
        (Some(hash), salt, Some(config)) => {
            let decoded = foreign_base64(&hash).zip(foreign_base64(&salt.unwrap_or_default()));
            let (hash, salt) = decoded.ok_or("its passwordHash or salt is no Base64")?;
            let cost = (config.mem_cost, config.rounds);
            Some(firebase_text(cost, &config.separator, &config.signer, &salt, &hash))
        }
    };
    let providers = row.objects("providerUserInfo");
    let accounts = providers.iter().filter_map(|info| {
        let info = Members(info);
        let provider = info.text("providerId")?;
        let id = info.text("rawId")?;
        (!matches!(provider.as_str(), "password" | "phone")).then(|| (provider_name(&provider), id))
    });
    Ok(Person {
        id: row.text("localId"),
        email: row.text("email").unwrap_or_default(),
        email_verified: row.is_true("emailVerified"),
        name: row.text("displayName"),
        image: row.text("photoUrl"),
        created_at: row.moment("createdAt"),
        is_disabled: row.is_true("disabled"),
        password_hash: hash,
        accounts: accounts.collect(),
        ..Person::default()
    })
}

/// Source: `UserRepresentation` and `CredentialRepresentation` of Keycloak.
fn keycloak(row: &Members<'_>) -> Result<Person, String> {
    let credentials = row.objects("credentials");
    let password = credentials.iter().find(|one| Members(one).text("type").as_deref() == Some("password"));
    let hash = password.map(|password| keycloak_hash(&Members(password))).transpose()?;
    let linked = row.objects("federatedIdentities");
    let accounts =
        linked.iter().filter_map(|one| Some((Members(one).text("identityProvider")?, Members(one).text("userId")?)));
    Ok(Person {
        id: row.text("id"),
        email: row.text("email").unwrap_or_default(),
        email_verified: row.is_true("emailVerified"),
        name: full_name(row, ["firstName", "lastName"]),
        username: row.text("username").filter(|name| !name.contains('@')),
        created_at: row.moment("createdTimestamp"),
        is_disabled: row.0.get("enabled") == Some(&Json::Bool(false)),
        password_hash: hash,
        accounts: accounts.map(|(provider, id)| (provider_name(&provider), id)).collect(),
        ..Person::default()
    })
}

fn keycloak_hash(credential: &Members<'_>) -> Result<String, String> {
    let (secret, about) = (credential.object("secretData"), credential.object("credentialData"));
    let (secret, about) = (Members(&secret), Members(&about));
    let part = |name: &str| secret.text(name).map(|text| text.trim_end_matches('=').to_owned());
    let (hash, salt) = part("value").zip(part("salt")).ok_or("its password has no hash")?;
    let count = about.text("hashIterations").unwrap_or_default();
    let parameters = about.object("additionalParameters");
    let parameter =
        |name: &str| parameters.get(name).and_then(|list| list.get(0)).and_then(Json::as_str).unwrap_or_default();
    match about.text("algorithm").as_deref() {
        Some(algorithm @ ("pbkdf2" | "pbkdf2-sha256" | "pbkdf2-sha512")) => {
            Ok(format!("${algorithm}$i={count}${salt}${hash}"))
        }
        Some("argon2") => {
            let (kind, memory, lanes) = (parameter("type"), parameter("memory"), parameter("parallelism"));
            Ok(format!("$argon2{kind}$v=19$m={memory},t={count},p={lanes}${salt}${hash}"))
        }
        other => {
            Err(format!("its password has a hash of the kind {}, which cannot be compared", other.unwrap_or("unknown")))
        }
    }
}

/// Source: `UserType` of Cognito, and the columns of its import jobs. It gives no hashes away.
fn cognito(row: &Members<'_>) -> Person {
    let mut all = row.0.clone();
    for attribute in row.objects("Attributes") {
        let attribute = Members(&attribute);
        if let Some((name, value)) = attribute.text("Name").zip(attribute.text("Value")) {
            all.insert(name, value.into());
        }
    }
    let all = Members(&all);
    Person {
        id: all.first(&["sub", "Username", "cognito:username"]),
        email: all.text("email").unwrap_or_default(),
        email_verified: all.is_true("email_verified"),
        name: all.text("name").or_else(|| full_name(&all, ["given_name", "family_name"])),
        image: all.text("picture"),
        username: all.text("preferred_username"),
        created_at: all.moment("UserCreateDate"),
        is_disabled: row.0.get("Enabled") == Some(&Json::Bool(false)),
        ..Person::default()
    }
}

fn full_name(row: &Members<'_>, names: [&str; 2]) -> Option<String> {
    let parts: Vec<String> = names.iter().filter_map(|name| row.text(name)).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// `google-oauth2` and `google.com` are `google` here.
fn provider_name(there: &str) -> String {
    match there {
        "google-oauth2" | "google.com" => "google",
        "github.com" => "github",
        "facebook.com" => "facebook",
        "apple.com" => "apple",
        "twitter.com" => "twitter",
        "microsoft.com" | "windowslive" | "waad" => "microsoft",
        other => other,
    }
    .to_owned()
}
