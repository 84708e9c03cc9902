//! `POST /pages/qr`: a text as the dark squares of a QR code, which the page draws.

use doorward_sdk::prelude::*;
use qrcode::{Color, EcLevel, QrCode};

/// The light squares around a code, without which cameras do not find it.
const QUIET: usize = 4;
const LONGEST: usize = 1024;

pub struct Text {
    text: String,
}

impl Input for Text {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self { text: fields.required("text") }
    }
}

/// Answers `{"size", "path"}`: the side in squares, and the path of an SVG that fills the dark ones.
///
/// # Errors
/// 401 `UNAUTHORIZED`; 413 `PAYLOAD_TOO_LARGE` for a text that no code holds.
pub fn qr(request: &Request, input: Text) -> Result<Response> {
    request.session()?.ok_or(ErrorCode::UNAUTHORIZED)?;
    if input.text.len() > LONGEST {
        return Err(ErrorCode::PAYLOAD_TOO_LARGE.into());
    }
    let (size, path) = drawn(&input.text).ok_or(ErrorCode::PAYLOAD_TOO_LARGE)?;
    Response::json(&json!({ "size": size, "path": path }))
}

fn drawn(text: &str) -> Option<(usize, String)> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (side, squares) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (y, row) in squares.chunks(side).enumerate() {
        let mut x = 0;
        while let Some(begin) = row.iter().skip(x).position(is_dark).map(|gap| x + gap) {
            let length = row.iter().skip(begin).take_while(|square| is_dark(square)).count();
            path.push_str(&format!("M{} {}h{length}v1h-{length}z", begin + QUIET, y + QUIET));
            x = begin + length;
        }
    }
    Some((side + 2 * QUIET, path))
}

fn is_dark(square: &Color) -> bool {
    *square == Color::Dark
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The squares of a path, as rows of text.
    fn squares(size: usize, path: &str) -> Vec<Vec<bool>> {
        let mut rows = vec![vec![false; size]; size];
        for run in path.split('M').skip(1) {
            let (place, rest) = run.split_once('h').expect("a run");
            let (x, y) = place.split_once(' ').expect("a place");
            let (x, y): (usize, usize) = (x.parse().expect("x"), y.parse().expect("y"));
            let length: usize = rest.split_once('v').expect("a length").0.parse().expect("length");
            rows[y][x..x + length].fill(true);
        }
        rows
    }

    #[test]
    fn the_path_has_the_finder_in_three_corners_and_a_quiet_zone() {
        let (size, path) =
            drawn("otpauth://totp/Acme:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Acme").expect("a code");
        let rows = squares(size, &path);
        let finder = |x: usize, y: usize| {
            (0..7).all(|i| rows[y][x + i] && rows[y + 6][x + i] && rows[y + i][x] && rows[y + i][x + 6])
                && (2..5).all(|i| rows[y + 3][x + i])
                && !rows[y + 1][x + 1]
        };
        assert!(finder(4, 4) && finder(size - 11, 4) && finder(4, size - 11));
        assert!(
            rows.iter().take(4).flatten().all(|dark| !dark) && rows.iter().all(|row| row[..4].iter().all(|dark| !dark))
        );
    }
}
