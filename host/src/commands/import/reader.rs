//! Reads an export person by person: a table, objects of JSON line by line, or a list inside one document.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::Format;
use super::formats::{self, Firebase};
use super::person::Person;

/// Longest line of a file of JSON, in bytes.
const LONGEST_LINE: u64 = 4 << 20;

/// A person, or why there is none, and where: the line, or the place in a list.
pub struct Item {
    pub number: u64,
    pub person: Result<Person, String>,
}

/// Where persons go.
struct Out<'a> {
    from: Format,
    firebase: Option<&'a Firebase>,
    send: &'a flume::Sender<Item>,
}

/// Reads the file to its end, or until nobody listens.
///
/// # Errors
/// When it cannot be read as such an export.
pub fn read(file: &Path, from: Format, firebase: Option<&Firebase>, send: &flume::Sender<Item>) -> Result<(), String> {
    let failed = |error: &dyn fmt::Display| format!("{}: {error}", file.display());
    let mut input = BufReader::new(File::open(file).map_err(|error| failed(&error))?);
    let first = first_byte(&mut input).map_err(|error| failed(&error))?;
    let out = Out { from, firebase, send };
    match (from, first) {
        (_, None) => Err(failed(&"the file is empty")),
        (Format::Csv | Format::Clerk, _) => table(input, &out).map_err(|error| failed(&error)),
        (Format::Supabase | Format::Cognito, Some(byte)) if !matches!(byte, b'{' | b'[') => {
            table(input, &out).map_err(|error| failed(&error))
        }
        (Format::Firebase | Format::Keycloak | Format::Cognito, _) | (_, Some(b'[')) => {
            document(input, &out).map_err(|error| failed(&error))
        }
        _ => lines(input, &out).map_err(|error| failed(&error)),
    }
}

/// The first byte that is no white space; a mark of byte order is passed over.
fn first_byte(input: &mut BufReader<File>) -> std::io::Result<Option<u8>> {
    if input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    loop {
        let Some(byte) = input.fill_buf()?.first().copied() else { return Ok(None) };
        if !byte.is_ascii_whitespace() {
            return Ok(Some(byte));
        }
        input.consume(1);
    }
}

impl Out<'_> {
    /// `false` when nobody listens any more.
    fn give(&self, number: u64, row: Result<&Map<String, Json>, String>) -> bool {
        let person = row.and_then(|row| formats::person(self.from, row, self.firebase));
        self.send.send(Item { number, person }).is_ok()
    }
}

fn table(input: impl Read, out: &Out<'_>) -> Result<(), csv::Error> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(input);
    let names = reader.headers()?.clone();
    for record in reader.into_records() {
        let (number, row) = match record {
            Ok(record) => {
                let cells = names.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty());
                let row: Map<_, _> = cells.map(|(name, cell)| (name.to_owned(), Json::from(cell))).collect();
                (record.position().map_or(0, csv::Position::line), Ok(row))
            }
            Err(error) if matches!(error.kind(), csv::ErrorKind::UnequalLengths { .. }) => {
                let line = error.position().map_or(0, csv::Position::line);
                (line, Err("the line has more or fewer cells than there are names".to_owned()))
            }
            Err(error) => return Err(error),
        };
        if !out.give(number, row.as_ref().map_err(Clone::clone)) {
            break;
        }
    }
    Ok(())
}

fn lines(mut input: impl BufRead, out: &Out<'_>) -> std::io::Result<()> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if (&mut input).take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let row = serde_json::from_slice::<Map<String, Json>>(&line);
        let row = row.map_err(|error| format!("the line is no object of JSON: {error}"));
        if !out.give(number, row.as_ref().map_err(Clone::clone)) {
            break;
        }
    }
    Ok(())
}

/// A list of objects, or an object that has one under `users` or `Users`.
fn document(input: impl Read, out: &Out<'_>) -> Result<(), serde_json::Error> {
    let mut document = serde_json::Deserializer::from_reader(input);
    let found = (&mut document).deserialize_any(Document(out))?;
    document.end()?;
    if found { Ok(()) } else { Err(serde::de::Error::custom("there is no list of users in it")) }
}

struct Document<'a, 'b>(&'a Out<'b>);

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of users, or an object with one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut number = 0;
        while let Some(item) = items.next_element::<Json>()? {
            number += 1;
            let row = item.as_object().ok_or_else(|| "it is no object".to_owned());
            if !self.0.give(number, row) {
                while items.next_element::<IgnoredAny>()?.is_some() {}
            }
        }
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(name) = members.next_key::<String>()? {
            if name == "users" || name == "Users" {
                found |= members.next_value_seed(Users(self.0))?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

struct Users<'a, 'b>(&'a Out<'b>);

impl<'de> DeserializeSeed<'de> for Users<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<bool, D::Error> {
        list.deserialize_seq(Document(self.0))
    }
}
