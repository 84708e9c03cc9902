//! `DELETE /avatar`: the user has no picture any more.

use crate::row::MODEL;
use doorward_sdk::prelude::*;

pub fn remove(_request: &Request, (): ()) -> Result<Response> {
    let session = sessions::require()?;
    let user_id = session.user.id();
    transactions::run(|| {
        users::lock(&user_id)?;
        models::delete(MODEL, eq("userId", &user_id))?;
        users::update(&user_id, &json!({ "image": null }))
    })?;
    sessions::refresh_current()?;
    Response::json(&json!({ "status": true }))
}

#[cfg(test)]
mod tests {
    use crate::testing::{get, image_of, noise, picture, remove as removed, signed_in, upload};
    use doorward_sdk::prelude::*;
    use image::ImageFormat;

    #[test]
    fn a_picture_that_is_removed_is_served_no_more() {
        let ada = signed_in();
        let made = upload(&picture(&noise(64).into(), ImageFormat::Png)).expect("taken");
        assert_eq!(removed(), Ok(json!({ "status": true })));
        assert_eq!(image_of(&ada), Value::Null);
        assert!(get(made["image"].as_str().expect("an address")).is_err());
        assert_eq!(removed(), Ok(json!({ "status": true })), "there is none");
    }
}
