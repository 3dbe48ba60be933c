//! Kubernetes manifests that hold certificates: Secrets, with their values in base64, and ConfigMaps, with plain ones; alone,
//! in a `List`, or several documents in a file; YAML or JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::memmem;
use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::name::escape;

/// One value of a Secret or ConfigMap.
pub struct Entry {
    /// Whose it is: `Secret default/web, tls.crt`. Escaped for a terminal.
    pub place: String,
    /// The value, decoded; wiped on drop, because it may be a key or a password
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Deeper structures are no manifests.
const DEEPEST: usize = 32;

/// Whether the bytes begin like a manifest that may hold certificates.
pub fn looks_like_manifest(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(64 << 10)).unwrap_or_default();
    let has = |text: &str| memmem::find(head, text.as_bytes()).is_some();
    has("apiVersion") && has("kind") && ["Secret", "ConfigMap", "List"].into_iter().any(has)
}

/// All values of the Secrets and ConfigMaps in the bytes, in order. Those of other objects are passed over.
///
/// # Errors
/// What is wrong, in a person's words.
pub fn entries(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    let documents = match text.trim_start().starts_with('{') {
        true => {
            let stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
            stream.collect::<Result<Vec<_>, _>>().map_err(|error| format!("it is no JSON: {error}"))?
        }
        false => yaml(text)?,
    };
    for document in &documents {
        object(document, 0, &mut found)?;
    }
    Ok(found)
}

fn object(document: &Value, depth: usize, found: &mut Vec<Entry>) -> Result<(), String> {
    let kind = document.get("kind").and_then(Value::as_str).unwrap_or_default();
    let metadata = |field: &str| document.get("metadata")?.get(field)?.as_str();
    let name = match (metadata("namespace"), metadata("name")) {
        (Some(space), Some(name)) => format!("{space}/{name}"),
        (None, Some(name)) => name.to_owned(),
        _ => "without a name".into(),
    };
    let members = |field: &str| document.get(field).and_then(Value::as_object).into_iter().flatten();
    let mut entry = |key: &str, bytes: Vec<u8>| {
        let place = format!("{kind} {}, {}", escape(&name), escape(key));
        found.push(Entry { place, bytes: Zeroizing::new(bytes) });
    };
    let broken = |key: &str| format!("the value `{}` of {kind} {} is not base64", escape(key), escape(&name));
    match kind {
        "Secret" | "ConfigMap" => {
            let encoded = if kind == "Secret" { "data" } else { "binaryData" };
            for (key, value) in members(encoded) {
                let text: String = value.as_str().unwrap_or_default().split_whitespace().collect();
                let text = Zeroizing::new(text);
                entry(key, STANDARD.decode(text.as_bytes()).map_err(|_| broken(key))?);
            }
            let plain = if kind == "Secret" { "stringData" } else { "data" };
            for (key, value) in members(plain) {
                entry(key, value.as_str().unwrap_or_default().as_bytes().to_vec());
            }
        }
        list if list.ends_with("List") && depth < DEEPEST => {
            for item in document.get("items").and_then(Value::as_array).into_iter().flatten() {
                object(item, depth + 1, found)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The documents of a YAML stream. Scalars are strings, whatever they look like. An alias stands for nothing: no manifest
/// needs one, and chains of them are how YAML fills memory.
fn yaml(text: &str) -> Result<Vec<Value>, String> {
    let mut documents = Vec::new();
    let mut open: Vec<(Value, Option<String>)> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| format!("it is no YAML: {}", escape(&error.to_string())))?;
        let finished = match event {
            Event::Scalar(text, ..) => Value::String(text.into_owned()),
            Event::Alias(_) => Value::Null,
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() == DEEPEST {
                    return Err("its structure is too deep".into());
                }
                let empty = match event {
                    Event::SequenceStart(..) => Value::Array(Vec::new()),
                    _ => Value::Object(Map::new()),
                };
                open.push((empty, None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some((value, _)) => value,
                None => continue,
            },
            _ => continue,
        };
        match open.last_mut() {
            None => documents.push(finished),
            Some((Value::Array(list), _)) => list.push(finished),
            Some((Value::Object(map), key)) => match (key.take(), finished) {
                (Some(key), value) => drop(map.insert(key, value)),
                (None, Value::String(text)) => *key = Some(text),
                // A key that is no string.
                (None, _) => *key = Some(String::new()),
            },
            Some(_) => {}
        }
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<Vec<String>, String> {
        let entries = entries(text.as_bytes())?;
        Ok(entries
            .iter()
            .map(|entry| format!("{}={}", entry.place, String::from_utf8_lossy(&entry.bytes)))
            .collect())
    }

    #[test]
    fn secrets_and_config_maps_are_read() {
        let text = "# a comment\napiVersion: v1\nkind: Secret\nmetadata: {name: web, namespace: prod}\ntype: kubernetes.io/tls\n\
            data:\n  tls.crt: >-\n    aGVs\n    bG8=\nstringData:\n  a: plain\n---\n\
            apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ca\ndata:\n  ca.crt: |\n    one\n    two\n---\nkind: Pod\ndata: {a: b}\n";
        assert!(looks_like_manifest(text.as_bytes()));
        assert_eq!(
            told(text).unwrap(),
            ["Secret prod/web, tls.crt=hello", "Secret prod/web, a=plain", "ConfigMap ca, ca.crt=one\ntwo\n"]
        );
        let json = r#"{"apiVersion":"v1","kind":"List","items":[{"kind":"Secret","metadata":{"name":"w"},"data":{"x":"aGVsbG8="}}]}"#;
        assert_eq!(told(json).unwrap(), ["Secret w, x=hello"]);
    }

    #[test]
    fn bombs_and_nonsense_are_refused() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\nkind: Secret\ndata: *a\n";
        assert!(told(bomb).unwrap().is_empty());
        assert!(told(&format!("kind: Secret\ndata: {}", "[".repeat(100))).is_err());
        assert!(told("kind: Secret\ndata:\n  a: '!!'\n").is_err());
        assert!(told("{\"kind\": ").is_err());
        assert!(told("a: [").is_err());
    }
}
