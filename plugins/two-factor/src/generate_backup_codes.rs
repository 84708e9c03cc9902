//! `POST /two-factor/generate-backup-codes`: new codes; the old ones are worth nothing any more.

use crate::backup_codes::{self, BackupCodes};
use crate::errors::{INVALID_PASSWORD, TWO_FACTOR_NOT_ENABLED};
use crate::options::Options;
use crate::{ENABLED, enrolment, password};
use doorward_sdk::prelude::*;
use doorward_sdk::users::WayIn;

pub const REFUSALS: &[ErrorCode] =
    &[ErrorCode::UNAUTHORIZED, TWO_FACTOR_NOT_ENABLED, INVALID_PASSWORD, ErrorCode::PASSWORD_TOO_LONG];

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

#[cfg(test)]
mod tests {
    use crate::testing::{enrolled, post};
    use doorward_sdk::fake;
    use doorward_sdk::prelude::*;

    #[test]
    fn the_user_is_told_of_new_codes_and_of_the_end_of_the_factor() {
        enrolled("{}");
        fake::with(|world| _ = world.passwords.insert("user-1".to_owned(), "correct horse 1".to_owned()));
        fake::sign_in(&users::find_by_id("user-1").expect("store").expect("user"));
        let password = json!({ "password": "correct horse 1" });
        post("/two-factor/generate-backup-codes", &json!({ "password": "x" })).expect_err("refused");
        post("/two-factor/generate-backup-codes", &password).expect("made");
        post("/two-factor/disable", &password).expect("off");
        let told: Vec<String> = fake::with(|world| world.told.iter().map(|(_, change)| change.clone()).collect());
        assert_eq!(told, ["backup-codes-changed", "two-factor-changed"]);
    }
}
