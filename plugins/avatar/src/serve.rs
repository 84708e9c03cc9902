//! `GET /avatar/:name`: the picture, to anyone who has its address.

use crate::picture::TYPE;
use crate::row::{Avatar, MODEL};
use doorward_sdk::prelude::*;

/// The content of an address never changes.
const KEPT: &str = "public, max-age=31536000, immutable";

pub fn serve(request: &Request, (): ()) -> Result<Response> {
    let name = request.param("name").unwrap_or_default();
    let found: Option<Avatar> = models::find_one(MODEL, eq("name", &name))?;
    let avatar = found.ok_or(ErrorCode::NOT_FOUND)?;
    // Whoever chose another picture elsewhere shows this one no more.
    let user = users::find_by_id(&avatar.user_id)?.ok_or(ErrorCode::NOT_FOUND)?;
    let image = user.get("image").and_then(Value::as_str).unwrap_or_default();
    if !avatar.is_in(image) {
        return Err(ErrorCode::NOT_FOUND.into());
    }
    let content = crypto::from_base64(&avatar.content).ok_or(ErrorCode::NOT_FOUND)?;
    Ok(Response::bytes(TYPE, content).header("cache-control", KEPT))
}

#[cfg(test)]
mod tests {
    use crate::testing::{get, noise, picture, signed_in, upload};
    use doorward_sdk::prelude::*;
    use image::ImageFormat;

    #[test]
    fn a_picture_in_whose_place_another_was_chosen_is_not_shown() {
        let ada = signed_in();
        let made = upload(&picture(&noise(64).into(), ImageFormat::Png)).expect("taken");
        let address = made["image"].as_str().expect("an address");
        users::update(&ada.id(), &json!({ "image": "https://elsewhere.example/a.png" })).expect("changed");
        assert_eq!(get(address).expect_err("not shown"), "404 NOT_FOUND");
        users::update(&ada.id(), &json!({ "image": address })).expect("changed");
        assert!(get(address).is_ok());
        assert_eq!(get("/api/auth/avatar/no-such").expect_err("none"), "404 NOT_FOUND");
    }
}
