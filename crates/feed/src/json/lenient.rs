//! JSON read as far as it goes.
//!
//! In: text. Out: a [`Value`], whatever is written: commas too many or too few, comments, names without quotes, line
//! breaks and other controls inside strings, escapes that are none, and a document that breaks off, whose last strings,
//! lists and objects end where it does. Depth is capped; deeper values are read as nothing.

use serde_json::{Map, Number, Value};

/// Feeds are five deep; `serde_json` stops at 128.
const MAX_DEPTH: usize = 64;

/// Reads a value and whatever follows it; whether it ends before the text does.
pub(super) fn parse(text: &str) -> (Value, bool) {
    let mut reader = Reader {
        text,
        at: 0,
        broke_off: false,
    };
    let value = reader.value(0);
    (value, !reader.broke_off)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// A string, list or object was open at the end of the text.
    broke_off: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(byte) if byte.is_ascii_whitespace() || byte == b',' => self.at += 1,
                Some(0xef) => self.at += '\u{feff}'.len_utf8(),
                Some(b'/') => match self.text.as_bytes().get(self.at + 1) {
                    Some(b'/') => self.skip_to("\n"),
                    Some(b'*') => self.skip_to("*/"),
                    _ => self.at += 1,
                },
                _ => return,
            }
        }
    }

    fn skip_to(&mut self, end: &str) {
        let rest = self.text.get(self.at..).unwrap_or("");
        self.at += rest.find(end).map_or(rest.len(), |at| at + end.len());
    }

    fn value(&mut self, depth: usize) -> Value {
        self.skip_blanks();
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => {
                self.skip();
                Value::Null
            }
            Some(b'{') => {
                self.at += 1;
                self.object(depth + 1)
            }
            Some(b'[') => {
                self.at += 1;
                self.list(depth + 1)
            }
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                Value::String(self.string(quote))
            }
            Some(_) => self.word(),
            None => Value::Null,
        }
    }

    /// Passes an object or list without reading it.
    fn skip(&mut self) {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                b'"' => drop(self.string(b'"')),
                _ => {}
            }
            if open == 0 {
                return;
            }
        }
        self.broke_off = true;
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut map = Map::new();
        loop {
            self.skip_blanks();
            let name = match self.peek() {
                None => {
                    self.broke_off = true;
                    break;
                }
                // The object was left open; its list goes on.
                Some(b']' | b'{') => break,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(quote @ (b'"' | b'\'')) => {
                    self.at += 1;
                    self.string(quote)
                }
                Some(b':') => {
                    self.at += 1;
                    continue;
                }
                Some(_) => match self.word() {
                    Value::String(name) => name,
                    other => other.to_string(),
                },
            };
            self.skip_blanks();
            if self.peek() != Some(b':') {
                continue;
            }
            self.at += 1;
            let value = self.value(depth);
            // A value that the document broke off before is none.
            if !(value.is_null() && self.peek().is_none()) {
                map.insert(name, value);
            }
        }
        Value::Object(map)
    }

    fn list(&mut self, depth: usize) -> Value {
        let mut list = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None => {
                    self.broke_off = true;
                    break;
                }
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                // One end too many of an object inside.
                Some(b'}' | b':') => self.at += 1,
                Some(_) => {
                    list.push(self.value(depth));
                }
            }
        }
        Value::Array(list)
    }

    /// A string whose opening quote was passed.
    fn string(&mut self, quote: u8) -> String {
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or("");
            let Some(found) = memchr::memchr2(quote, b'\\', rest.as_bytes()) else {
                out.push_str(rest);
                self.at = self.text.len();
                self.broke_off = true;
                return out;
            };
            out.push_str(rest.get(..found).unwrap_or(""));
            self.at += found + 1;
            if rest.as_bytes().get(found) == Some(&quote) {
                return out;
            }
            self.escape(&mut out);
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, out: &mut String) {
        let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else {
            return;
        };
        self.at += c.len_utf8();
        match c {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' | 'f' => {}
            'u' => match self.unit() {
                Some(high @ 0xd800..=0xdbff) => {
                    let behind = self.at;
                    let low = self
                        .text
                        .get(self.at..)
                        .filter(|rest| rest.starts_with("\\u"))
                        .and_then(|_| {
                            self.at += 2;
                            self.unit()
                        })
                        .filter(|low| matches!(low, 0xdc00..=0xdfff));
                    if let Some(low) = low {
                        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    } else {
                        self.at = behind;
                        out.push(char::REPLACEMENT_CHARACTER);
                    }
                }
                Some(code) => out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
                None => {}
            },
            other => out.push(other),
        }
    }

    /// The four digits of `\u`.
    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(code)
    }

    /// A number, `true`, `false`, `null`, or a name without quotes.
    fn word(&mut self) -> Value {
        let rest = self.text.get(self.at..).unwrap_or("");
        let end = rest
            .bytes()
            .position(|byte| {
                byte.is_ascii_whitespace() || matches!(byte, b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"')
            })
            .unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or("");
        // A sign that begins nothing.
        self.at += end.max(
            rest.chars()
                .next()
                .map_or(1, |c| if end == 0 { c.len_utf8() } else { 1 }),
        );
        match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "" | "null" | "undefined" | "NaN" => Value::Null,
            _ => word
                .parse::<Number>()
                .map_or_else(|_| Value::String(word.to_owned()), Value::Number),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_nearly_json_is_read() {
        for (written, expected) in [
            (
                r#"{"a": [1, "b", null, true]}"#,
                json!({"a": [1, "b", null, true]}),
            ),
            (r#"{"a": [1, 2,], "b": 3,}"#, json!({"a": [1, 2], "b": 3})),
            ("{\"a\": \"x\ny\"}", json!({"a": "x\ny"})),
            (
                r"{a: 'b', // c
               d: 1}",
                json!({"a": "b", "d": 1}),
            ),
            (r#"{"a": "\u00e9\ud83d\ude00\'\q"}"#, json!({"a": "é😀'q"})),
            (r#"{"a": "\ud83d"}"#, json!({"a": "\u{fffd}"})),
            (
                r#"{"a": [{"b": "c"}, {"b": "d"#,
                json!({"a": [{"b": "c"}, {"b": "d"}]}),
            ),
            (r#"{"a": [{"b": 1}, {"c":"#, json!({"a": [{"b": 1}, {}]})),
            (r#"{"a": [{"b": 1 {"b": 2}]}"#, json!({"a": [{"b": 1}, {"b": 2}]})),
            ("", json!(null)),
        ] {
            assert_eq!(parse(written).0, expected, "{written}");
        }
    }

    #[test]
    fn a_pile_of_brackets_neither_ends_the_stack_nor_takes_long() {
        drop(parse(&"[".repeat(MAX_DEPTH)));
        drop(parse(&"[".repeat(2_000_000)));
        drop(parse(&"{\"a\":".repeat(400_000)));
    }
}
