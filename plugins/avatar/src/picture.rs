//! Makes of what a client sends a small square JPEG that has nothing but pixels in it.

use crate::errors::{NO_PICTURE, TOO_MANY_PIXELS, UNREADABLE};
use doorward_sdk::prelude::*;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use std::io::Cursor;

/// Width and height of what is stored.
pub const SIDE: u32 = 256;
/// The type of what is stored.
pub const TYPE: &str = "image/jpeg";
/// Bytes of what is stored: in base64, a text that every database takes.
const MOST_BYTES: usize = 45_000;
/// The best quality is taken that is small enough.
const QUALITIES: [u8; 4] = [85, 70, 50, 30];
/// Bytes of a pixel in the widest form that these formats have, and as much again for the decoder.
const BYTES_OF_PIXEL: u64 = 16;

/// The middle of the picture as a square of [`SIDE`] pixels, upright, on white where it is transparent. Neither metadata nor
/// anything else of the file is left.
///
/// # Errors
/// When the bytes are no picture of a kind that is taken, are damaged, or would become more than `most_pixels`.
pub fn square(bytes: &[u8], most_pixels: u64) -> Result<Vec<u8>> {
    let picture = decoded(bytes, most_pixels)?;
    let side = picture.width().min(picture.height());
    let (x, y) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    let middle = picture.crop_imm(x, y, side, side);
    // Averages are quick and as good where a picture gets smaller.
    let is_large = side >= SIDE;
    let small = if is_large {
        middle.thumbnail_exact(SIDE, SIDE)
    } else {
        middle.resize_exact(SIDE, SIDE, FilterType::Triangle)
    };
    smallest(&on_white(&small))
}

/// The picture with its pixels where a viewer would show them.
fn decoded(bytes: &[u8], most_pixels: u64) -> Result<DynamicImage> {
    let format = image::guess_format(bytes).ok();
    let taken = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP];
    let format = format.filter(|format| taken.contains(format)).ok_or(NO_PICTURE)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(most_pixels.saturating_mul(BYTES_OF_PIXEL));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    // The head alone is read so far: a bomb is refused before it becomes large.
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(UNREADABLE.into());
    }
    if u64::from(width) * u64::from(height) > most_pixels {
        return Err(TOO_MANY_PIXELS.into());
    }
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Ok(picture)
}

fn unreadable(error: image::ImageError) -> Error {
    match error {
        image::ImageError::Limits(_) => TOO_MANY_PIXELS.into(),
        _ => UNREADABLE.into(),
    }
}

fn on_white(picture: &DynamicImage) -> RgbImage {
    let seen = picture.to_rgba8();
    let mut flat = RgbImage::new(seen.width(), seen.height());
    for (to, from) in flat.pixels_mut().zip(seen.pixels()) {
        let [red, green, blue, alpha] = from.0;
        let mixed = |part: u8| {
            let (part, alpha) = (u16::from(part), u16::from(alpha));
            u8::try_from((part * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        to.0 = [red, green, blue].map(mixed);
    }
    flat
}

fn smallest(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut written = Vec::new();
    for quality in QUALITIES {
        written.clear();
        JpegEncoder::new_with_quality(&mut written, quality).encode_image(picture).map_err(unreadable)?;
        if written.len() <= MOST_BYTES {
            break;
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{code, noise, picture, png_of_size};
    use image::{GenericImageView, ImageBuffer, Rgb, Rgba};

    const MOST: u64 = 1_048_576;

    fn read(bytes: &[u8]) -> DynamicImage {
        image::load_from_memory_with_format(bytes, ImageFormat::Jpeg).expect("a JPEG")
    }

    fn is_near(found: Rgba<u8>, expected: [u8; 3]) -> bool {
        found.0.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) < 24)
    }

    #[test]
    fn each_format_becomes_a_square_of_its_middle() {
        // Red at the sides, green in the middle.
        let wide =
            ImageBuffer::from_fn(
                600,
                200,
                |x, _| if (200..400).contains(&x) { Rgb([0u8, 200, 0]) } else { Rgb([200, 0, 0]) },
            );
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let made = square(&picture(&wide.clone().into(), format), MOST).expect("taken");
            let made = read(&made);
            assert_eq!(made.dimensions(), (SIDE, SIDE), "{format:?}");
            for at in [(12, 12), (128, 128), (244, 244)] {
                assert!(is_near(made.get_pixel(at.0, at.1), [0, 200, 0]), "{format:?} {at:?}");
            }
        }
    }

    #[test]
    fn what_is_transparent_is_white() {
        let clear = ImageBuffer::from_pixel(40, 40, Rgba([0u8, 0, 0, 0]));
        let made = read(&square(&picture(&clear.into(), ImageFormat::Png), MOST).expect("taken"));
        assert!(is_near(made.get_pixel(100, 100), [255, 255, 255]));
    }

    #[test]
    fn nothing_of_the_file_but_its_pixels_is_left_and_it_stands_upright() {
        // Black above, white below; the camera was upside down.
        let halves = ImageBuffer::from_fn(300, 300, |_, y| Rgb([if y < 150 { 0u8 } else { 255 }; 3]));
        let jpeg = picture(&halves.into(), ImageFormat::Jpeg);
        let mut exif =
            b"\xff\xe1\x00\x38Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0".to_vec();
        exif.extend(b"52.5200 N 13.4050 E       ");
        exif.truncate(2 + 0x38);
        exif.resize(2 + 0x38, b' ');
        let tagged = [&jpeg[..2], &exif, &jpeg[2..]].concat();
        let made = square(&tagged, MOST).expect("taken");
        assert!(tagged.windows(4).any(|part| part == b"Exif") && !made.windows(4).any(|part| part == b"Exif"));
        assert!(!made.windows(7).any(|part| part == b"52.5200"));
        assert!(is_near(read(&made).get_pixel(128, 20), [255, 255, 255]), "turned upright");
    }

    #[test]
    fn what_is_no_picture_of_a_kind_that_is_taken_is_refused() {
        let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>"#;
        let others: [&[u8]; 7] = [
            b"",
            svg,
            b"<!doctype html><script>alert(1)</script>",
            b"GIF89a\x01\0\x01\0\0\0\0;",
            b"BM\0\0",
            b"%PDF-1.7",
            b"\0\0\0\x1cftypavif",
        ];
        for other in others {
            assert_eq!(code(square(other, MOST)), "AVATAR_NOT_A_PICTURE", "{other:?}");
        }
    }

    #[test]
    fn a_picture_that_ends_too_early_or_lies_is_refused() {
        let png = picture(&noise(64).into(), ImageFormat::Png);
        let html = [&png[..8], b"<script>alert(1)</script>"].concat();
        for damaged in [&png[..8], &png[..200], &html] {
            assert_eq!(code(square(damaged, MOST)), "AVATAR_UNREADABLE");
        }
        assert_eq!(code(square(b"\xff\xd8\xff\xe0 no picture follows", MOST)), "AVATAR_UNREADABLE");
        assert_eq!(code(square(b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0", MOST)), "AVATAR_UNREADABLE");
    }

    #[test]
    fn a_bomb_is_refused_by_its_head() {
        assert_eq!(code(square(&png_of_size(60_000, 60_000), MOST)), "AVATAR_TOO_MANY_PIXELS");
        assert_eq!(code(square(&png_of_size(1025, 1024), MOST)), "AVATAR_TOO_MANY_PIXELS");
        assert_eq!(code(square(&png_of_size(0, 10), MOST)), "AVATAR_UNREADABLE");
    }

    #[test]
    fn what_a_page_hides_behind_a_picture_is_gone() {
        let mut png = picture(&noise(64).into(), ImageFormat::Png);
        png.extend(b"<script>alert(1)</script>");
        let made = square(&png, MOST).expect("taken");
        assert!(!made.windows(7).any(|part| part == b"<script"));
    }

    #[test]
    fn even_noise_is_small_enough_for_every_database() {
        let made = square(&picture(&noise(256).into(), ImageFormat::Png), MOST).expect("taken");
        assert!(made.len() <= MOST_BYTES, "{}", made.len());
    }
}
