//! The colours that follow from an operator's one accent, in OKLCH: hover, text on it, text in it, and the dark twin.
//!
//! Invariant: text keeps a contrast of 4.5 : 1, on the accent and in it, in light and dark. Source: WCAG 2.2, 1.4.3, and the
//! definition of OKLab by Björn Ottosson.

/// Contrast of text.
const READABLE: f64 = 4.5;
/// The backgrounds that text in the accent stands on, the worst for it: `--sunken` in light, `--surface` in dark.
const LIGHT_GROUND: Colour = Colour([0xf0, 0xf0, 0xed]);
const DARK_GROUND: Colour = Colour([0x19, 0x1a, 0x1c]);
const WHITE: Colour = Colour([255, 255, 255]);
const BLACK: Colour = Colour([0, 0, 0]);
/// How far hover is from the accent, and how bright the dark twin is at least.
const HOVER: f64 = 0.06;
const TWIN: f64 = 0.72;
const STEP: f64 = 0.005;

/// The style sheet that sets the accent and the radius in place of those of the pages; `None` when both are as they are.
pub fn stylesheet(accent: Option<&str>, radius: Option<u8>) -> Option<String> {
    let radii =
        radius.map(|pixels| format!(":root{{--radius:{pixels}px;--radius-card:{}px;}}\n", u16::from(pixels) * 2));
    let sheet: String = accent.and_then(Colour::parse).map(colours).into_iter().chain(radii).collect();
    (!sheet.is_empty()).then_some(sheet)
}

/// Browsers from before 2024 know no `light-dark` and get the light colours.
fn colours(given: Colour) -> String {
    let names = ["--accent", "--accent-hover", "--on-accent", "--accent-text"];
    let named = || names.into_iter().zip(light(given).into_iter().zip(dark(given)));
    let both = named().map(|(name, (light, dark))| format!("{name}:light-dark({},{});", light.text(), dark.text()));
    let alone = named().map(|(name, (light, _))| format!("{name}:{};", light.text()));
    let (both, alone) = (both.collect::<String>(), alone.collect::<String>());
    format!(":root{{{both}}}\n@supports not (color:light-dark(#000,#fff)){{:root{{{alone}}}}}\n")
}

/// Accent, hover, text on it, text in it.
fn light(given: Colour) -> [Colour; 4] {
    let on = if given.contrast(WHITE) >= READABLE { WHITE } else { BLACK };
    let shade = given.shade();
    // Where the text on it is dark, hover is brighter: the contrast grows.
    let hover = shade.with_lightness(shade.lightness + if on == WHITE { -HOVER } else { HOVER });
    let text = darker_until(shade, |colour| colour.contrast(LIGHT_GROUND) >= READABLE);
    [given, hover.colour(), on, text]
}

fn dark(given: Colour) -> [Colour; 4] {
    let shade = given.shade();
    let bright = shade.with_lightness(shade.lightness.max(TWIN));
    let twin = brighter_until(bright, |colour| {
        colour.contrast(DARK_GROUND) >= READABLE && colour.contrast(ink(bright)) >= READABLE
    });
    let hover = twin.shade().with_lightness(twin.shade().lightness + HOVER).colour();
    [twin, hover, ink(bright), twin]
}

/// A dark text with a little of the accent's hue.
fn ink(shade: Shade) -> Colour {
    Shade { lightness: 0.2, chroma: shade.chroma.min(0.05), hue: shade.hue }.colour()
}

fn darker_until(shade: Shade, fits: impl Fn(Colour) -> bool) -> Colour {
    stepped(shade, -STEP, fits).unwrap_or(BLACK)
}

fn brighter_until(shade: Shade, fits: impl Fn(Colour) -> bool) -> Colour {
    stepped(shade, STEP, fits).unwrap_or(WHITE)
}

fn stepped(shade: Shade, step: f64, fits: impl Fn(Colour) -> bool) -> Option<Colour> {
    let steps = (0..200).map(|count| shade.lightness + step * f64::from(count));
    let inside = steps.take_while(|lightness| (0.0..=1.0).contains(lightness));
    inside.map(|lightness| shade.with_lightness(lightness).colour()).find(|colour| fits(*colour))
}

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Colour([u8; 3]);

/// The same in OKLCH; the hue in radians.
#[derive(Clone, Copy)]
struct Shade {
    lightness: f64,
    chroma: f64,
    hue: f64,
}

impl Colour {
    /// `#rrggbb`
    fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6)?;
        let part = |from: usize| u8::from_str_radix(hex.get(from..from + 2)?, 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    fn text(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    fn linear(self) -> [f64; 3] {
        self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance() + 0.05, other.luminance() + 0.05);
        one.max(two) / one.min(two)
    }

    fn shade(self) -> Shade {
        let [red, green, blue] = self.linear();
        let long = (0.412_221_470_8 * red + 0.536_332_536_3 * green + 0.051_445_992_9 * blue).cbrt();
        let middle = (0.211_903_498_2 * red + 0.680_699_545_1 * green + 0.107_396_956_6 * blue).cbrt();
        let short = (0.088_302_461_9 * red + 0.281_718_837_6 * green + 0.629_978_700_5 * blue).cbrt();
        let lightness = 0.210_454_255_3 * long + 0.793_617_785_0 * middle - 0.004_072_046_8 * short;
        let a = 1.977_998_495_1 * long - 2.428_592_205_0 * middle + 0.450_593_709_9 * short;
        let b = 0.025_904_037_1 * long + 0.782_771_766_2 * middle - 0.808_675_766_0 * short;
        Shade { lightness, chroma: a.hypot(b), hue: b.atan2(a) }
    }
}

impl Shade {
    fn with_lightness(self, lightness: f64) -> Self {
        Self { lightness: lightness.clamp(0.0, 1.0), ..self }
    }

    /// The colour of sRGB; where there is none so colourful, the most colourful of this lightness and hue.
    fn colour(self) -> Colour {
        let weaker = (0..=50).map(|step| Self { chroma: self.chroma * (1.0 - f64::from(step) / 50.0), ..self });
        let fitting = weaker.map(Self::linear).find(|parts| parts.iter().all(|part| (-0.001..=1.001).contains(part)));
        let encoded = fitting.unwrap_or_default().map(|part| {
            let part = part.clamp(0.0, 1.0);
            let part = if part <= 0.003_130_8 { part * 12.92 } else { 1.055 * part.powf(1.0 / 2.4) - 0.055 };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
            let whole = (part * 255.0).round() as u8;
            whole
        });
        Colour(encoded)
    }

    fn linear(self) -> [f64; 3] {
        let (a, b) = (self.chroma * self.hue.cos(), self.chroma * self.hue.sin());
        let long = (self.lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let middle = (self.lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let short = (self.lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
        [
            4.076_741_662_1 * long - 3.307_711_591_3 * middle + 0.230_969_929_2 * short,
            -1.268_438_004_6 * long + 2.609_757_401_1 * middle - 0.341_319_396_5 * short,
            -0.004_196_086_3 * long - 0.703_418_614_7 * middle + 1.707_614_701_0 * short,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_readable_on_and_in_every_accent() {
        let part = |number: usize| [0_u8, 51, 102, 153, 204, 255][number % 6];
        for number in 0..216 {
            let colour = Colour([part(number), part(number / 6), part(number / 36)]);
            let ([accent, hover, on, text], [twin, bright, ink, in_dark]) = (light(colour), dark(colour));
            assert_eq!(accent, colour);
            for (one, two) in [(accent, on), (text, LIGHT_GROUND), (twin, ink), (bright, ink), (in_dark, DARK_GROUND)] {
                assert!(one.contrast(two) >= READABLE, "{colour:?}: {} on {}", one.text(), two.text());
            }
            assert!(hover.contrast(on) >= READABLE - 0.01, "{colour:?}: hover {}", hover.text());
        }
    }

    #[test]
    fn a_colour_survives_the_way_there_and_back() {
        for text in ["#1f5eff", "#000000", "#ffffff", "#b3261e", "#808080", "#00ff00"] {
            assert_eq!(Colour::parse(text).unwrap().shade().colour().text(), text);
        }
        assert!(Colour::parse("red").is_none() && Colour::parse("#12345g").is_none());
    }

    #[test]
    fn the_sheet_has_what_was_asked_for_and_no_more() {
        assert_eq!(stylesheet(None, None), None);
        assert_eq!(stylesheet(None, Some(10)).unwrap(), ":root{--radius:10px;--radius-card:20px;}\n");
        let sheet = stylesheet(Some("#7c3aed"), None).unwrap();
        assert!(sheet.starts_with(":root{--accent:light-dark(#7c3aed,#") && !sheet.contains("radius"));
        assert!(sheet.contains("fff)){:root{--accent:#7c3aed;--accent-hover:#"));
    }
}
