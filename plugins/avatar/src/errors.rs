//! What the endpoints refuse with.

use doorward_sdk::prelude::*;

pub const TOO_LARGE: ErrorCode = ErrorCode::new(413, "AVATAR_TOO_LARGE", "The picture has more than 2 MB");
pub const TOO_MANY_PIXELS: ErrorCode = ErrorCode::new(413, "AVATAR_TOO_MANY_PIXELS", "The picture has too many pixels");
pub const NO_PICTURE: ErrorCode =
    ErrorCode::new(415, "AVATAR_NOT_A_PICTURE", "Only PNG, JPEG and WebP pictures are taken");
pub const UNREADABLE: ErrorCode = ErrorCode::new(400, "AVATAR_UNREADABLE", "The picture is damaged");

/// All of them, for the manifest.
pub const ALL: [ErrorCode; 4] = [TOO_LARGE, TOO_MANY_PIXELS, NO_PICTURE, UNREADABLE];
