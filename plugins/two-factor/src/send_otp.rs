//! `POST /two-factor/send-otp`: mails a code to the user.

use crate::caller::Caller;
use crate::errors::{INVALID_TWO_FACTOR_COOKIE, OTP_NOT_ENABLED, OTP_SWITCHED_OFF};
use crate::mailed_code::{MAIL, MailedCode};
use crate::options::Options;
use doorward_sdk::prelude::*;

pub const REFUSALS: &[ErrorCode] = &[OTP_SWITCHED_OFF, INVALID_TWO_FACTOR_COOKIE, OTP_NOT_ENABLED];

pub struct SendOtp;

impl Input for SendOtp {
    fn read(fields: &mut Fields<'_>) -> Self {
        fields.may_be_absent();
        // Clients send it here already; it counts where the code is verified.
        let _: Option<bool> = fields.optional("trustDevice");
        SendOtp
    }
}

pub fn send_otp(_request: &Request, _: SendOtp) -> Result<Response> {
    let options: Options = config::options()?;
    if !options.otp_options.is_on() {
        return Err(OTP_SWITCHED_OFF.into());
    }
    let caller = Caller::find()?;
    if let Caller::Challenged(challenge) = &caller
        && challenge.refuses_mail()?
    {
        return Err(OTP_NOT_ENABLED.into());
    }
    transactions::run(|| {
        let code = MailedCode::of(&caller).draw(&options.otp_options)?;
        mail::enqueue(MAIL, &caller.user().email(), &json!({ "user": caller.user(), "otp": code }))
    })?;
    Response::json(&json!({ "status": true }))
}
