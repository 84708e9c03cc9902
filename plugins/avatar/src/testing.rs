//! What the tests of several files begin with.

use doorward_sdk::fake::{self, RawRequest};
use doorward_sdk::prelude::*;
use image::{DynamicImage, ImageFormat, RgbImage};
use std::io::Cursor;

/// An empty world with Ada signed in.
pub fn signed_in() -> users::User {
    fake::reset();
    let user = users::create(&json!({ "email": "ada@example.com" })).expect("user");
    fake::sign_in(&user);
    user
}

/// Pixels in which nothing repeats.
pub fn noise(side: u32) -> RgbImage {
    let mut state = 1u32;
    RgbImage::from_fn(side, side, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
    })
}

/// A file of this format.
pub fn picture(pixels: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    pixels.write_to(&mut Cursor::new(&mut bytes), format).expect("written");
    bytes
}

/// The beginning of a PNG that says that it is so large.
pub fn png_of_size(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    chunk(&mut bytes, b"IHDR", &head);
    chunk(&mut bytes, b"IDAT", &[0x78, 0x9c, 3, 0, 0, 0, 0, 1]);
    bytes
}

fn chunk(bytes: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    bytes.extend(u32::try_from(data.len()).expect("small").to_be_bytes());
    let whole = [&kind[..], data].concat();
    bytes.extend(&whole);
    bytes.extend(crc(&whole).to_be_bytes());
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

pub fn upload(file: &[u8]) -> std::result::Result<Value, String> {
    post("/avatar", &json!({ "image": crypto::base64(file) }))
}

pub fn post(path: &str, body: &Value) -> std::result::Result<Value, String> {
    let answer = RawRequest::post(path, body).send(&crate::plugin()).map_err(refused)?;
    Ok(answer.body().unwrap_or_default())
}

/// The file as the body itself.
pub fn send(content_type: &'static str, file: &[u8]) -> std::result::Result<Value, String> {
    let request = RawRequest::new("POST", "/avatar").with_bytes(content_type, file.to_vec());
    Ok(request.send(&crate::plugin()).map_err(refused)?.body().unwrap_or_default())
}

pub fn remove() -> std::result::Result<Value, String> {
    let answer = RawRequest::new("DELETE", "/avatar").send(&crate::plugin()).map_err(refused)?;
    Ok(answer.body().unwrap_or_default())
}

/// What is at an address.
pub fn get(address: &str) -> std::result::Result<Response, String> {
    let (_, path) = address.split_once("/api/auth").expect("an endpoint");
    RawRequest::get(path, &[]).send(&crate::plugin()).map_err(refused)
}

/// The headers of what is at an address.
pub fn asked(address: &str) -> String {
    format!("{:?}", get(address).expect("served"))
}

/// The user's picture, as the store has it.
pub fn image_of(user: &users::User) -> Value {
    let user = users::find_by_id(&user.id()).expect("read").expect("there");
    user.get("image").cloned().unwrap_or_default()
}

/// The code of a refusal; empty when there is none.
pub fn code(made: Result<Vec<u8>>) -> String {
    made.err().and_then(|error| error.refusal().code).unwrap_or_default()
}

fn refused(error: Error) -> String {
    let refusal = error.refusal();
    format!("{} {}", refusal.status, refusal.code.unwrap_or_default())
}
