//! The parts of a `multipart/form-data` body (RFC 7578).

use crate::error::{Error, Result};

/// One part of a form: a field, or a file.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawRequest;
/// # doorward_sdk::fake::reset();
/// fn photo(request: &Request, (): ()) -> Result<Response> {
///     let parts = request.parts()?;
///     let file = parts.iter().find(|part| part.name == "photo" && part.content_type.as_deref() == Some("image/png"));
///     let file = file.ok_or_else(|| Error::new(400, "NO_PHOTO", "Choose a PNG"))?;
///     Response::json(&json!({ "bytes": file.bytes.len() }))
/// }
/// # let route = Route::post("/photo", photo).accepts(&["multipart/form-data"]);
/// # let plugin = Plugin::new("photos", "1.0.0").route(route);
/// # let form = "--x\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\
/// #     content-type: image/png\r\n\r\n1234\r\n--x--\r\n";
/// # let request = || RawRequest::new("POST", "/photo");
/// # let send = |form: &str| request().with_bytes("multipart/form-data; boundary=x", form).send(&plugin);
/// # assert_eq!(doorward_sdk::fake::body(&send(form)?)["bytes"], 4);
/// # assert_eq!(send("--x--\r\n").unwrap_err().refusal().status, 400);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The file's name, as the client says it: never a path to write to.
    pub file_name: Option<String>,
    /// The type that the client says.
    pub content_type: Option<String>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Part {
    /// What is in it as text; bytes that are none are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// More than any form has.
const MOST_PARTS: usize = 1000;

/// The parts of a body of this type.
///
/// # Errors
/// 400 for a body that is malformed or of another type.
pub(crate) fn parts(content_type: &str, body: &[u8]) -> Result<Vec<Part>> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let boundary =
        parameter(parameters, "boundary").filter(|_| kind.trim().eq_ignore_ascii_case("multipart/form-data"));
    let boundary = boundary.filter(|text| (1..=70).contains(&text.len())).ok_or_else(|| malformed("no boundary"))?;
    let mark = format!("\r\n--{boundary}").into_bytes();
    // The first mark has no line before it.
    let mut rest = body.strip_prefix(&mark[2..]).ok_or_else(|| malformed("no first part"))?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let from_line = line_end(rest).ok_or_else(|| malformed("a part without an end"))?;
        let end = find(from_line, &mark).ok_or_else(|| malformed("a part without an end"))?;
        let (part, after) = from_line.split_at(end);
        parts.push(part_of(part)?);
        if parts.len() > MOST_PARTS {
            return Err(malformed("too many parts"));
        }
        rest = &after[mark.len()..];
    }
    Ok(parts)
}

/// What follows the end of a line that holds nothing but spaces.
fn line_end(text: &[u8]) -> Option<&[u8]> {
    let end = find(text, b"\r\n")?;
    text[..end].iter().all(|byte| matches!(byte, b' ' | b'\t')).then(|| &text[end + 2..])
}

fn part_of(text: &[u8]) -> Result<Part> {
    let (head, bytes) = match find(text, b"\r\n\r\n") {
        Some(end) => (&text[..end], &text[end + 4..]),
        None => return Err(malformed("a part without headers")),
    };
    let head = String::from_utf8_lossy(head);
    let header = |wanted: &str| {
        let line = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
        line.map(|(_, value)| value.trim().to_owned())
    };
    let disposition = header("content-disposition").ok_or_else(|| malformed("a part without a name"))?;
    let name = parameter(&disposition, "name").ok_or_else(|| malformed("a part without a name"))?;
    let (file_name, content_type) = (parameter(&disposition, "filename"), header("content-type"));
    Ok(Part { name, file_name, content_type, bytes: bytes.to_vec() })
}

/// The value of a parameter, quoted or not: `name="a"`.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (name, value) = rest.split_once('=')?;
        let name = name.rsplit(';').next().unwrap_or_default().trim();
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_once(';').unwrap_or((value, "")),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value.trim().to_owned());
        }
        rest = after;
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn malformed(reason: &str) -> Error {
    Error::new(400, "BAD_REQUEST", format!("The form is malformed: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; charset=utf-8; boundary=\"x-y\"";

    #[test]
    fn a_form_has_fields_and_files() {
        let body = "--x-y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x-y \r\n\
            content-type: text/csv\r\ncontent-disposition: form-data; name=\"f\"; filename=\"a;b.csv\"\r\n\r\n1,2\r\n--x\r\n--x-y--\r\n";
        let found = parts(TYPE, body.as_bytes()).unwrap();
        assert_eq!((found[0].name.as_str(), found[0].text().as_str()), ("a", "one"));
        assert_eq!(found[1].file_name.as_deref(), Some("a;b.csv"));
        assert_eq!(found[1].content_type.as_deref(), Some("text/csv"));
        assert_eq!(found[1].text(), "1,2\r\n--x");
        assert_eq!(found.len(), 2);
        assert_eq!(parts(TYPE, b"--x-y--\r\n").unwrap(), []);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for (content_type, body) in [
            ("application/json", "--x-y--"),
            ("multipart/form-data", "--x-y--"),
            (TYPE, ""),
            (TYPE, "--x-y\r\n"),
            (TYPE, "--x-y\r\n\r\nno name\r\n--x-y--"),
            (TYPE, "--x-y\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\nno end"),
        ] {
            assert!(parts(content_type, body.as_bytes()).is_err(), "{content_type} {body}");
        }
    }
}
