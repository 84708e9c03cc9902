//! The texts of the pages in each language, from `messages/`, and which language a person reads.

include!(concat!(env!("OUT_DIR"), "/messages.rs"));

/// A language that the pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `en`
    English,
    /// `de`
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// As in `lang` of HTML.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language of a tag such as `de-AT`; none when the pages do not speak it.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    /// The language that a browser likes best, by its header `Accept-Language`.
    pub fn of_header(header: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        for wish in header.split(',').take(16) {
            let mut parts = wish.split(';');
            let Some(language) = Self::of_tag(parts.next().unwrap_or_default()) else { continue };
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Ok(1.0), str::parse);
            let weight: f32 = weight.unwrap_or(0.0);
            if weight > best.map_or(0.0, |(_, best)| best) {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }

    fn table(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::English => EN,
            Self::German => DE,
        }
    }

    /// The text of a key; none when there is no such key.
    pub fn find(self, key: &str) -> Option<&'static str> {
        let table = self.table();
        let place = table.binary_search_by_key(&key, |(known, _)| known).ok()?;
        table.get(place).map(|(_, text)| *text)
    }

    /// The text of a key with its `{names}` filled in; the key itself when it is missing, so that it is seen.
    pub fn say(self, key: &str, values: &[(&str, &str)]) -> String {
        let text = self.find(key).unwrap_or(key);
        let mut said = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            said.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
            rest = behind;
        }
        said.push_str(rest);
        said
    }
}

/// `companyName` as people read it: `Company name`.
pub fn worded(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    for (place, letter) in name.chars().enumerate() {
        match letter {
            '_' | '-' => words.push(' '),
            letter if place == 0 => words.extend(letter.to_uppercase()),
            letter if letter.is_uppercase() => {
                words.push(' ');
                words.extend(letter.to_lowercase());
            }
            letter => words.push(letter),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_language_lacks_a_text_or_a_name_in_it() {
        let names = |text: &str| {
            text.split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'))
                .map(|(name, _)| name.to_owned())
                .collect::<BTreeSet<_>>()
        };
        let keys = |table: &[(&'static str, &str)]| table.iter().map(|(key, _)| *key).collect::<Vec<_>>();
        assert_eq!(keys(EN), keys(DE));
        for ((key, english), (_, german)) in EN.iter().zip(DE) {
            assert_eq!(names(english), names(german), "{key}");
            assert!(!german.is_empty() && (english != german || english.len() < 12), "{key} is not translated");
        }
    }

    #[test]
    fn names_are_filled_in_once_and_as_they_are() {
        let said = Language::English.say("sign_in.title", &[("app", "{app} & <Co>")]);
        assert_eq!(said, "Sign in to {app} & <Co>");
        assert_eq!(Language::German.say("no.such", &[]), "no.such");
    }

    #[test]
    fn a_browser_is_answered_in_the_language_that_it_likes_best() {
        for (header, expected) in [
            ("de-AT,de;q=0.9,en;q=0.8", Some("de")),
            ("fr, en;q=0.4, de;q=0.7", Some("de")),
            ("en-GB", Some("en")),
            ("DE", Some("de")),
            ("fr,es;q=0.5", None),
            ("de;q=0", None),
            ("de;q=x, en;q=0.1", Some("en")),
            ("", None),
            ("deutsch", None),
        ] {
            assert_eq!(Language::of_header(header).map(Language::code), expected, "{header}");
        }
    }

    /// What scripts say has a module for each language among the assets. `UPDATE_TEXTS=1` writes it anew.
    #[test]
    fn scripts_say_what_the_message_files_have() {
        for language in Language::ALL {
            let is_spoken = |(key, _): &&(&str, &str)| key.starts_with("client.") || key.starts_with("code.");
            let line = |(key, text): &(&str, &str)| format!("  {key:?}: {text:?},\n");
            let texts: String = language.table().iter().filter(is_spoken).map(line).collect();
            let code = language.code();
            let module = format!(
                "// Made from messages/{code}.toml; a test holds that it is the same.\nexport default {{\n{texts}}};\n"
            );
            let file = format!("{}/assets/texts.{code}.js", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("UPDATE_TEXTS").is_some() {
                std::fs::write(&file, &module).expect("written");
            }
            assert!(
                std::fs::read_to_string(&file).is_ok_and(|found| found == module),
                "run the tests with UPDATE_TEXTS=1"
            );
        }
    }
}
