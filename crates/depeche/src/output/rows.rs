//! Rows of named values, printed the way that was asked for.

use std::io::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::cli::{ArticleFormat, Format};

/// Tables are fitted to a terminal of at least this many columns. Some terminals say they have none.
const NARROWEST: u16 = 40;

/// Named values, in the order of their columns.
pub(crate) type Row = Map<String, Value>;

/// A row from its columns.
pub(crate) fn row<const N: usize>(columns: [(&str, Value); N]) -> Row {
    columns
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The columns of the terminal that standard output is, where it is one that says so.
pub(crate) fn table_width() -> Option<u16> {
    Table::new().width().filter(|columns| *columns >= NARROWEST)
}

/// Prints rows for this terminal. Tables show every value as text; JSON keeps its type.
pub(crate) fn print_rows(
    out: &mut dyn Write,
    format: Format,
    columns: &[&str],
    rows: impl IntoIterator<Item = anyhow::Result<Row>>,
) -> anyhow::Result<()> {
    print_rows_within(out, format, table_width(), columns, rows)
}

/// The same with a table that is fitted to so many columns, or not at all.
pub(crate) fn print_rows_within(
    out: &mut dyn Write,
    format: Format,
    width: Option<u16>,
    columns: &[&str],
    rows: impl IntoIterator<Item = anyhow::Result<Row>>,
) -> anyhow::Result<()> {
    match format {
        Format::Jsonl => {
            for row in rows {
                serde_json::to_writer(&mut *out, &row?)?;
                out.write_all(b"\n")?;
            }
        }
        Format::Json => {
            let rows = rows.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
            serde_json::to_writer_pretty(&mut *out, &rows)?;
            out.write_all(b"\n")?;
        }
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(out);
            csv.write_record(columns)?;
            for row in rows {
                let row = row?;
                csv.write_record(
                    columns
                        .iter()
                        .map(|column| row.get(*column).map(flat).unwrap_or_default()),
                )?;
            }
            csv.flush()?;
        }
        Format::Table => {
            let mut table = Table::new();
            table.load_style(NOTHING);
            if let Some(width) = width {
                table.set_width(width);
                table.set_content_arrangement(ContentArrangement::Dynamic);
            }
            table.set_header(columns.iter().map(|column| column.replace('_', " ")));
            for row in rows {
                let row = row?;
                table.add_row(
                    columns
                        .iter()
                        .map(|column| row.get(*column).map(flat).unwrap_or_default()),
                );
            }
            writeln!(out, "{}", table.trim_fmt())?;
        }
    }
    Ok(())
}

/// Prints one thing as JSON: for a reader, or in a line.
pub(crate) fn print_json(
    out: &mut dyn Write,
    format: ArticleFormat,
    value: &impl serde::Serialize,
) -> anyhow::Result<()> {
    if format == ArticleFormat::Jsonl {
        serde_json::to_writer(&mut *out, value)?;
    } else {
        serde_json::to_writer_pretty(&mut *out, value)?;
    }
    Ok(writeln!(out)?)
}

/// A value as one cell: lists joined with `|`, objects and lists in a list as JSON, `null` as nothing.
pub(crate) fn flat(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let item = |item: &Value| match item {
                Value::Array(_) => item.to_string(),
                item => flat(item),
            };
            items.iter().map(item).collect::<Vec<_>>().join("|")
        }
        other => other.to_string(),
    }
}

/// The first digits of an id, enough to name it on the command line.
pub(crate) fn short(id: impl std::fmt::Display) -> String {
    id.to_string().chars().take(12).collect()
}

/// A count with what is counted: `1 copy`, `2 copies`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {what}s"),
    }
}

/// A time as tables show it: to the minute, UTC.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(format: Format) -> String {
        let rows = [
            Ok(row([
                ("titre", json!("Crue, « historique »")),
                ("lieux", json!(["Redon", "Vannes"])),
                ("crues", json!([[["1936", "2001"]], [["2025"]]])),
            ])),
            Ok(row([
                ("titre", json!(null)),
                ("lieux", json!([])),
                ("crues", json!([])),
            ])),
        ];
        let mut out = Vec::new();
        print_rows(&mut out, format, &["titre", "lieux", "crues"], rows).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_format_prints_every_row() {
        assert_eq!(
            printed(Format::Csv),
            "titre,lieux,crues\n\"Crue, « historique »\",Redon|Vannes,\"[[\"\"1936\"\",\"\"2001\"\"]]|[[\"\"2025\"\"]]\"\n,,\n"
        );
        assert_eq!(
            printed(Format::Jsonl),
            "{\"titre\":\"Crue, « historique »\",\"lieux\":[\"Redon\",\"Vannes\"],\"crues\":[[[\"1936\",\"2001\"]],[[\"2025\"]]]}\n{\"titre\":null,\"lieux\":[],\"crues\":[]}\n"
        );
        assert_eq!(
            serde_json::from_str::<Vec<Row>>(&printed(Format::Json))
                .unwrap()
                .len(),
            2
        );
        assert!(printed(Format::Table).lines().count() >= 3);
    }
}
