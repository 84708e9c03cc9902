//! `POST /avatar`: makes what the client sends the user's picture.

use crate::errors::{NO_PICTURE, TOO_LARGE, TOO_MANY_PIXELS, UNREADABLE};
use crate::options::Options;
use crate::picture::square;
use crate::row::{Avatar, MODEL};
use doorward_sdk::prelude::*;

/// Of the file.
const MOST_BYTES: usize = 2 << 20;

pub const REFUSALS: &[ErrorCode] = &[ErrorCode::UNAUTHORIZED, TOO_LARGE, TOO_MANY_PIXELS, NO_PICTURE, UNREADABLE];

pub struct Upload {
    /// Base64 of the file.
    image: String,
}

impl Input for Upload {
    fn read(fields: &mut Fields<'_>) -> Self {
        Upload { image: fields.required("image") }
    }
}

pub fn upload(request: &Request, (): ()) -> Result<Response> {
    let session = sessions::require()?;
    let options: Options = config::options()?;
    let file = file(request)?;
    if file.len() > MOST_BYTES {
        return Err(TOO_LARGE.into());
    }
    let avatar = Avatar::new(&session.user.id(), &square(&file, options.max_pixels)?);
    let address = avatar.address();
    transactions::run(|| {
        // Of two uploads at once, the second replaces the first.
        users::lock(&avatar.user_id)?;
        models::delete(MODEL, eq("userId", &avatar.user_id))?;
        let _: Avatar = models::insert(MODEL, &avatar)?;
        users::update(&avatar.user_id, &json!({ "image": address }))
    })?;
    sessions::refresh_current()?;
    Response::json(&json!({ "image": address }))
}

/// The body as it came, or the file in JSON.
fn file(request: &Request) -> Result<Vec<u8>> {
    let is_other = |content_type: String| !content_type.to_ascii_lowercase().starts_with("application/json");
    if request.header("content-type").is_some_and(is_other) {
        return request.bytes().ok_or_else(|| NO_PICTURE.into());
    }
    let Upload { image } = request.body_input()?;
    if image.len() > MOST_BYTES.div_ceil(3) * 4 {
        return Err(TOO_LARGE.into());
    }
    crypto::from_base64(&image).ok_or_else(|| NO_PICTURE.into())
}

#[cfg(test)]
mod tests {
    use crate::testing::{asked, get, image_of, noise, picture, post, remove, send, signed_in, upload};
    use doorward_sdk::fake;
    use doorward_sdk::prelude::*;
    use image::ImageFormat;

    #[test]
    fn a_picture_is_served_at_the_users_own_address_until_another_takes_its_place() {
        let ada = signed_in();
        let first = upload(&picture(&noise(300).into(), ImageFormat::Png)).expect("taken");
        let address = first["image"].as_str().expect("an address").to_owned();
        assert_eq!(image_of(&ada), json!(address));
        let served = get(&address).expect("served");
        assert_eq!(fake::status(&served), 200);
        assert!(asked(&address).contains("image/jpeg") && asked(&address).contains("immutable"));

        let second = upload(&picture(&noise(200).into(), ImageFormat::WebP)).expect("taken");
        assert_ne!(second["image"], first["image"]);
        assert!(get(&address).is_err(), "the old one is gone");
        assert!(get(second["image"].as_str().expect("an address")).is_ok());
    }

    #[test]
    fn a_file_may_be_the_body_itself() {
        let ada = signed_in();
        let file = picture(&noise(64).into(), ImageFormat::Png);
        let in_json = upload(&file).expect("taken")["image"].clone();
        assert_eq!(send("image/png", &file).expect("taken")["image"], in_json);
        assert_eq!(send("application/octet-stream", &file).expect("taken")["image"], in_json);
        let refused = Err("415 AVATAR_NOT_A_PICTURE".to_owned());
        assert_eq!(send("image/png", b"<svg/>"), refused);
        assert_eq!(send("image/png", br#"{"image":""}"#), refused);
        assert_eq!(send("image/png", &[0; (2 << 20) + 1]), Err("413 AVATAR_TOO_LARGE".to_owned()));
        assert_eq!(image_of(&ada), in_json);
    }

    #[test]
    fn nobody_uploads_without_a_session() {
        signed_in();
        fake::with(|world| world.session = None);
        assert_eq!(upload(&picture(&noise(64).into(), ImageFormat::Png)), Err("401 UNAUTHORIZED".to_owned()));
        assert_eq!(remove(), Err("401 UNAUTHORIZED".to_owned()));
    }

    #[test]
    fn what_is_refused_leaves_the_picture_as_it_was() {
        let ada = signed_in();
        let kept = upload(&picture(&noise(64).into(), ImageFormat::Png)).expect("taken")["image"].clone();
        let mut large = picture(&noise(64).into(), ImageFormat::Png);
        large.resize((2 << 20) + 1, 0);
        assert_eq!(upload(&large), Err("413 AVATAR_TOO_LARGE".to_owned()));
        assert_eq!(upload(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), Err("415 AVATAR_NOT_A_PICTURE".to_owned()));
        let refused = Err("415 AVATAR_NOT_A_PICTURE".to_owned());
        assert_eq!(post("/avatar", &json!({ "image": "no base64!" })), refused);
        assert!(post("/avatar", &json!({})).is_err());
        assert_eq!(image_of(&ada), kept);
        assert!(get(kept.as_str().expect("an address")).is_ok());
    }
}
