//! Functions for the application's own backend: showing backup codes, computing a code.

use crate::backup_codes::BackupCodes;
use crate::enrolment;
use crate::errors::{BACKUP_CODES_HASHED, BACKUP_CODES_NOT_ENABLED, INVALID_BACKUP_CODE, TOTP_SWITCHED_OFF};
use crate::options::Options;
use crate::totp::Seed;
use doorward_sdk::prelude::*;

pub struct ViewBackupCodes {
    user_id: String,
}

impl Input for ViewBackupCodes {
    fn read(fields: &mut Fields<'_>) -> Self {
        ViewBackupCodes { user_id: fields.required("userId") }
    }
}

/// `view-backup-codes`: those that are left, where they can be read.
pub fn view_backup_codes(_request: &Request, input: ViewBackupCodes) -> Result<Response> {
    let row = enrolment::of(&input.user_id)?.ok_or(BACKUP_CODES_NOT_ENABLED)?;
    match BackupCodes::open(&row.backup_codes)? {
        Some(BackupCodes::Readable(codes)) => Response::json(&json!({ "status": true, "backupCodes": codes })),
        Some(BackupCodes::Hashed { .. }) => Err(BACKUP_CODES_HASHED.into()),
        None => Err(INVALID_BACKUP_CODE.into()),
    }
}

pub struct GenerateTotp {
    secret: String,
}

impl Input for GenerateTotp {
    fn read(fields: &mut Fields<'_>) -> Self {
        GenerateTotp { secret: fields.required("secret") }
    }
}

/// `generate-totp`: the code of this moment for a seed.
pub fn generate_totp(_request: &Request, input: GenerateTotp) -> Result<Response> {
    let options: Options = config::options()?;
    if options.totp_options.disable {
        return Err(TOTP_SWITCHED_OFF.into());
    }
    let seed = Seed::of(&input.secret).ok_or_else(Error::internal)?;
    Response::json(&json!({ "code": seed.code(&options.totp_options, clock::now_millis() / 1000) }))
}
