//! `POST /two-factor/generate-backup-codes`: new codes; the old ones are worth nothing any more.

use crate::backup_codes::{self, BackupCodes};
use crate::errors::TWO_FACTOR_NOT_ENABLED;
use crate::options::Options;
use crate::{ENABLED, enrolment, password};
use doorward_sdk::prelude::*;
use doorward_sdk::users::WayIn;

pub struct GenerateBackupCodes {
    password: Option<String>,
}

impl Input for GenerateBackupCodes {
    fn read(fields: &mut Fields<'_>) -> Self {
        GenerateBackupCodes { password: password::read(fields) }
    }
}

pub fn generate_backup_codes(_request: &Request, input: GenerateBackupCodes) -> Result<Response> {
    let options: Options = config::options()?;
    let session = sessions::require()?;
    if session.user.get(ENABLED).and_then(Value::as_bool) != Some(true) {
        return Err(TWO_FACTOR_NOT_ENABLED.into());
    }
    password::check(&options, &session.user, input.password.as_deref())?;
    let user_id = session.user.id();
    let row = enrolment::of(&user_id)?.ok_or(TWO_FACTOR_NOT_ENABLED)?;
    let codes = backup_codes::draw(&options.backup_code_options)?;
    let how = options.backup_code_options.store_backup_codes;
    let column = BackupCodes::Readable(codes.clone()).close(&user_id, how)?;
    transactions::run(|| {
        enrolment::set_backup_codes(&row.id, &column)?;
        users::tell_of_change(&user_id, WayIn::BackupCodes)
    })?;
    Response::json(&json!({ "status": true, "backupCodes": codes }))
}
