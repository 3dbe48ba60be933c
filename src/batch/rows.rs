//! The rows of a batch: CSV with a header line, or JSON lines. Read one at a time, so that memory does not grow with their
//! number; a row that cannot be read is told with its line, and the next is read.

use std::{
    io::{BufRead, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::{Error, key::KeyType, origin::Origin, profile::Profile, source::plain};

/// What a row can hold.
const COLUMNS: [&str; 6] = ["name", "profile", "sans", "subject", "validity", "key-type"];
/// Longest line in bytes: more names than any certificate has.
const LONGEST: usize = 64 << 10;

/// One certificate that is asked for. What is not said follows from elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Row {
    /// What to call it
    pub name: String,
    /// What it is for
    #[serde(default)]
    pub profile: Option<Profile>,
    /// Alternative names
    #[serde(default, deserialize_with = "sans")]
    pub sans: Vec<String>,
    /// The whole subject
    #[serde(default)]
    pub subject: Option<String>,
    /// How long it is valid: a duration or an RFC 3339 time
    #[serde(default)]
    pub validity: Option<String>,
    /// Kind of key
    #[serde(default, alias = "key_type")]
    pub key_type: Option<KeyType>,
}

/// A JSON list, or one text with blanks or semicolons between the names.
fn sans<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "`sans` is a list of texts, or one text with blanks between the names")]
    enum Sans {
        Nothing(()),
        Text(String),
        List(Vec<String>),
    }
    Ok(match Sans::deserialize(deserializer)? {
        Sans::Nothing(()) => Vec::new(),
        Sans::List(list) => list,
        Sans::Text(text) => {
            let names = text.split(|c: char| c.is_whitespace() || c == ';');
            names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
        }
    })
}

/// A line that asks for a certificate, or tries to.
#[derive(Debug)]
pub struct Line {
    /// Its number, counted from 1.
    pub number: usize,
    /// The name in it, as far as it could be read; else empty.
    pub name: String,
    /// What it asks for; [`Error::RowInvalid`] where that cannot be read.
    pub row: Result<Row, Error>,
}

enum Format {
    /// The columns of the header line, and the parser, which is dear to make.
    Csv(Vec<String>, Box<csv_core::Reader>),
    Json,
}

/// The rows of a batch, one after the other. An error ends them: the input itself could not be read.
pub struct Rows<R> {
    reader: R,
    path: PathBuf,
    number: usize,
    format: Format,
    /// The first line of JSON, which had to be read to know that it is JSON.
    first: Option<Vec<u8>>,
}

/// Begins to read a batch. `path` is what errors call the input.
///
/// # Errors
/// [`Error::NothingFound`] for an empty input, [`Error::RowInvalid`] for a header line that cannot be used,
/// [`Error::FileUnreadable`].
pub fn rows<R: BufRead>(reader: R, path: &Path) -> Result<Rows<R>, Error> {
    let mut rows = Rows { reader, path: path.to_owned(), number: 0, format: Format::Json, first: None };
    let Some(line) = rows.next_line()? else {
        return Err(Error::NothingFound { origin: Origin::named(&path.to_string_lossy()), what: "row" });
    };
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).to_vec();
    if line.trim_ascii_start().starts_with(b"{") {
        rows.first = Some(line);
    } else {
        let mut parser = Box::new(csv_core::Reader::new());
        let header = header(&mut parser, &line);
        let header = header.map_err(|problem| Error::RowInvalid { line: rows.number, problem })?;
        rows.format = Format::Csv(header, parser);
    }
    Ok(rows)
}

impl<R: BufRead> Rows<R> {
    /// The next line that is not blank, without its end. Of one that is too long, only so much as shows it.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            let mut line = Vec::new();
            let most = LONGEST as u64 + 2;
            let read = (&mut self.reader).take(most).read_until(b'\n', &mut line);
            let read = read.and_then(|count| {
                if count as u64 == most && !line.ends_with(b"\n") {
                    self.reader.skip_until(b'\n')?;
                }
                Ok(count)
            });
            match read {
                Err(error) => {
                    return Err(Error::FileUnreadable { path: self.path.clone(), cause: plain(&error) });
                }
                Ok(0) => return Ok(None),
                Ok(_) => self.number += 1,
            }
            if line.ends_with(b"\n") {
                line.pop();
            }
            if line.ends_with(b"\r") {
                line.pop();
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    fn line(&mut self, bytes: &[u8]) -> Line {
        let read = match &mut self.format {
            _ if bytes.len() > LONGEST => Err(format!("it is longer than {} KiB", LONGEST >> 10)),
            Format::Json => json(bytes),
            Format::Csv(columns, parser) => csv(columns, parser, bytes),
        };
        let name =
            read.as_ref().ok().and_then(|value| value.get("name")?.as_str()).unwrap_or_default().to_owned();
        let row = read.and_then(|value| match self.format {
            // From the text, because a value has lost what stands in it twice.
            Format::Json => serde_json::from_slice(bytes).map_err(|error| words(&error)),
            Format::Csv(..) => serde_json::from_value(value).map_err(|error| error.to_string()),
        });
        Line {
            number: self.number,
            name,
            row: row.map_err(|problem| Error::RowInvalid { line: self.number, problem }),
        }
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Result<Line, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.next_line(),
        };
        bytes.map(|bytes| bytes.map(|bytes| self.line(&bytes))).transpose()
    }
}

/// Each is one line, and serde_json's count of lines begins anew with it.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    format!("{text} (column {})", error.column())
}

fn json(bytes: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON: {}", words(&error)))? {
        Value::Object(fields) => Ok(Value::Object(fields)),
        _ => Err("it is no JSON object".into()),
    }
}

fn csv(columns: &[String], parser: &mut csv_core::Reader, bytes: &[u8]) -> Result<Value, String> {
    let fields = fields(parser, bytes)?;
    if fields.len() != columns.len() {
        return Err(format!("it has {} fields, and the header has {}", fields.len(), columns.len()));
    }
    let given = columns.iter().cloned().zip(fields).filter(|(_, field)| !field.is_empty());
    Ok(Value::Object(given.map(|(column, field)| (column, Value::String(field))).collect::<Map<_, _>>()))
}

/// The fields of one line. A row of many lines cannot be: a quote that is never closed would swallow the rest of the fleet.
fn fields(parser: &mut csv_core::Reader, bytes: &[u8]) -> Result<Vec<String>, String> {
    if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return Err("a quote in it is not closed; a row is one line".into());
    }
    // A field is never longer than it is written, and each but the first has a comma before it.
    let (mut text, mut ends) = (vec![0; bytes.len()], vec![0; bytes.len() + 1]);
    parser.reset();
    let (_, read, length, count) = parser.read_record(bytes, &mut text, &mut ends);
    // The end of the input ends the last field.
    let (rest, room) =
        (text.get_mut(length..).unwrap_or_default(), ends.get_mut(count..).unwrap_or_default());
    let (_, _, _, last) = parser.read_record(bytes.get(read..).unwrap_or_default(), rest, room);
    let text = std::str::from_utf8(&text).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut start = 0;
    let mut field = |end: &usize| {
        let field = text.get(start..*end).unwrap_or_default().trim().to_owned();
        start = *end;
        field
    };
    Ok(ends.iter().take(count + last).map(&mut field).collect())
}

/// The columns that a header line names.
fn header(parser: &mut csv_core::Reader, bytes: &[u8]) -> Result<Vec<String>, String> {
    let columns: Vec<_> =
        fields(parser, bytes)?.iter().map(|column| column.to_ascii_lowercase().replace('_', "-")).collect();
    if !columns.iter().any(|column| column == "name") {
        return Err("the first line must name the columns, name among them, as in: name,profile,sans".into());
    }
    for (index, column) in columns.iter().enumerate() {
        if !COLUMNS.contains(&column.as_str()) {
            return Err(format!("there is no column `{column}`"));
        }
        if columns.iter().skip(index + 1).any(|other| other == column) {
            return Err(format!("the column `{column}` stands twice"));
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Vec<Line> {
        rows(text, Path::new("fleet")).unwrap().map(Result::unwrap).collect()
    }

    fn problem(text: &str) -> String {
        let error = match rows(text.as_bytes(), Path::new("fleet")) {
            Err(error) => error,
            Ok(mut rows) => rows.next().unwrap().unwrap().row.unwrap_err(),
        };
        error.facts().pop().unwrap().value
    }

    #[test]
    fn csv_and_json_say_the_same() {
        let csv = "\u{feff}Key_Type, name ,sans,subject,validity,profile\r\n\r\n\
                   p384,a,\"x.internal; 10.0.0.1 y\",\"O=Acme, CN=a\",90d,server\r\n,b,,,,\n";
        let json = "\n{\"name\":\"a\",\"profile\":\"server\",\"sans\":[\"x.internal\",\"10.0.0.1\",\"y\"],\
                    \"subject\":\"O=Acme, CN=a\",\"validity\":\"90d\",\"key_type\":\"p384\"}\n\
                    {\"name\":\"b\",\"sans\":null,\"profile\":null}";
        let (csv, json) = (read(csv.as_bytes()), read(json.as_bytes()));
        assert_eq!(csv.iter().map(|line| line.number).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(json.iter().map(|line| line.number).collect::<Vec<_>>(), [2, 3]);
        for (one, two) in csv.iter().zip(&json) {
            assert_eq!(one.row.as_ref().unwrap(), two.row.as_ref().unwrap());
        }
        assert_eq!(csv[0].row.as_ref().unwrap().sans, ["x.internal", "10.0.0.1", "y"]);
        assert_eq!(csv[0].row.as_ref().unwrap().key_type, Some(KeyType::P384));
    }

    #[test]
    fn what_cannot_be_read_is_named_and_the_next_is_read() {
        for (text, wanted) in [
            ("api.internal,server\n", "must name the columns"),
            ("name;profile\n", "must name the columns"),
            ("name,colour\n", "no column `colour`"),
            ("name,name\n", "stands twice"),
            ("name,profile\na\n", "1 fields, and the header has 2"),
            (
                "name,profile\na,proxy\n",
                "unknown variant `proxy`, expected one of `server`, `client`, `peer`",
            ),
            ("name,profile\n,server\n", "missing field `name`"),
            ("name\n\"a\n", "a quote in it is not closed"),
            ("{\"name\":\"a\",\"colour\":1}", "unknown field `colour`"),
            ("{\"name\":\"a\",\"sans\":1}", "`sans` is a list of texts"),
            ("{\"name\"}", "it is no JSON: expected `:` (column 8)"),
            ("{}\n", "missing field `name`"),
            ("{\"name\":\"a\",\"name\":\"b\"}", "duplicate field `name`"),
        ] {
            assert!(problem(text).contains(wanted), "{text:?}: {}", problem(text));
        }
        let mut text = b"name\n\xff\n".to_vec();
        text.extend([b"x".repeat(LONGEST + 5), b"\nlast".to_vec()].concat());
        let lines = read(&text);
        assert!(lines[0].row.is_err() && lines[1].row.is_err());
        assert_eq!((lines[2].number, lines[2].name.as_str()), (4, "last"));
        assert!(matches!(rows(&b" \n\n"[..], Path::new("-")), Err(Error::NothingFound { .. })));
    }

    proptest! {
        #[test]
        fn garbage_ends(garbage in proptest::collection::vec(any::<u8>(), 0..300), csv: bool) {
            let text = [if csv { &b"name,sans\n"[..] } else { &b"{\"name\":\"a\"}\n"[..] }, &garbage].concat();
            prop_assert!(read(&text).len() <= text.len());
            if let Ok(rows) = rows(&garbage[..], Path::new("-")) {
                prop_assert!(rows.count() <= garbage.len());
            }
        }
    }
}
