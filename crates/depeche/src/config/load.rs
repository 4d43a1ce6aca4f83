//! Reading the configuration: flag > environment > file > default, with every problem named by its place.
//!
//! Each layer is read by itself, so a problem is told with the line or the variable it stands in. After a
//! problem its key is taken out and reading goes on, so all problems come in one run.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Config;

/// Environment variables with this prefix are configuration: `DEPECHE_FETCH__TIMEOUT` is `fetch.timeout`.
const PREFIX: &str = "DEPECHE_";
/// Names the file; no key of it.
const CONFIG_VARIABLE: &str = "DEPECHE_CONFIG";
/// The file taken when none is named.
const DEFAULT_FILE: &str = "depeche.toml";
/// Names at least this alike are suggested (Jaro–Winkler; `timout`/`timeout` is 0.97, unrelated keys stay below 0.7).
const ALIKE: f64 = 0.8;

/// Where configuration comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers {
    /// The file named by flag or variable.
    pub(crate) file: Option<PathBuf>,
    /// Environment variables.
    pub(crate) environment: Vec<(String, String)>,
    /// `--data-dir`.
    pub(crate) data_dir: Option<PathBuf>,
}

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// `depeche.toml:12` or `environment variable DEPECHE_…`.
    pub(crate) place: String,
    /// The key, dotted.
    pub(crate) key: String,
    /// What is wrong and what to write.
    pub(crate) message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.place, self.message),
            key => write!(f, "{}: {key}: {}", self.place, self.message),
        }
    }
}

/// All that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct ConfigError(pub(crate) Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// A configuration with all that is wrong with it.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What is left without the keys that are wrong.
    pub(crate) config: Config,
    /// The file it came from.
    pub(crate) file: Option<PathBuf>,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
    /// Every key of the file, dotted, with its line.
    keys: Vec<(String, usize)>,
    /// Variables that are configuration.
    variables: Vec<String>,
}

impl Loaded {
    /// Where a key stands: a line of the file, or a variable.
    pub(crate) fn place_of(&self, key: &str) -> String {
        let variable = format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase());
        if self.variables.contains(&variable) {
            return format!("environment variable {variable}");
        }
        let line = self.keys.iter().find(|(k, _)| k == key).map(|(_, line)| *line);
        match (&self.file, line) {
            (Some(path), Some(line)) => format!("{}:{line}", path.display()),
            _ => "configuration".to_owned(),
        }
    }
}

/// The effective configuration and the file it came from.
pub(crate) fn load(layers: &Layers) -> Result<(Config, Option<PathBuf>), ConfigError> {
    let Loaded {
        config,
        file,
        problems,
        ..
    } = read(layers)?;
    if problems.is_empty() {
        Ok((config, file))
    } else {
        Err(ConfigError(problems))
    }
}

/// The effective configuration, whatever is wrong with it.
///
/// # Errors
///
/// The file cannot be read at all, or the layers do not fit together.
pub(crate) fn read(layers: &Layers) -> Result<Loaded, ConfigError> {
    let file = layers
        .file
        .clone()
        .or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.is_file()));
    let mut problems = Vec::new();
    let mut merged = toml::Table::new();
    let mut keys = Vec::new();
    if let Some(path) = &file {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let place = path.display().to_string();
            ConfigError(vec![Problem {
                place,
                key: String::new(),
                message: format!("cannot be read: {error}"),
            }])
        })?;
        let layer = read_file(path, &text);
        problems.extend(layer.problems);
        keys = layer.keys;
        merge(&mut merged, layer.table);
    }
    let mut variables = Vec::new();
    for (name, value) in &layers.environment {
        match read_variable(name, value) {
            Some(Ok(table)) => {
                variables.push(name.clone());
                merge(&mut merged, table);
            }
            Some(Err(problem)) => problems.push(problem),
            None => {}
        }
    }
    let mut config = Config::deserialize(merged).map_err(|error| {
        let place = "configuration".to_owned();
        ConfigError(vec![Problem {
            place,
            key: String::new(),
            message: error.message().to_owned(),
        }])
    })?;
    if let Some(data_dir) = &layers.data_dir {
        config.data_dir.clone_from(data_dir);
    }
    config.resolve_paths(file.as_deref());
    let contradictions = config.contradictions();
    let mut loaded = Loaded {
        config,
        file,
        problems,
        keys,
        variables,
    };
    for (key, message) in contradictions {
        let place = loaded.place_of(&key);
        loaded.problems.push(Problem { place, key, message });
    }
    Ok(loaded)
}

struct FileLayer {
    table: toml::Table,
    problems: Vec<Problem>,
    /// Every key, dotted, with its line.
    keys: Vec<(String, usize)>,
}

fn read_file(path: &Path, text: &str) -> FileLayer {
    let line_of = |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
    let place = |span: Option<Range<usize>>| match span {
        Some(span) => format!("{}:{}", path.display(), line_of(span.start)),
        None => path.display().to_string(),
    };
    let mut layer = FileLayer {
        table: toml::Table::new(),
        problems: Vec::new(),
        keys: Vec::new(),
    };
    let (mut document, syntax) = DeTable::parse_recoverable(text);
    for error in syntax {
        layer.problems.push(Problem {
            place: place(error.span()),
            key: String::new(),
            message: format!("not TOML: {}", error.message()),
        });
    }
    if !layer.problems.is_empty() {
        return layer;
    }
    collect_keys(document.get_ref(), "", &mut |key, offset| {
        layer.keys.push((key, line_of(offset)));
    });
    // Each round takes one key out, so this ends.
    while let Err(error) = Config::deserialize(toml::Deserializer::from(document.clone())) {
        let key = error.span().and_then(|span| take_out(document.get_mut(), &span));
        layer.problems.push(Problem {
            place: place(error.span()),
            key: key.clone().unwrap_or_default(),
            message: explain(error.message()),
        });
        if key.is_none() {
            return layer;
        }
    }
    match toml::Table::deserialize(toml::Deserializer::from(document)) {
        Ok(table) => layer.table = table,
        Err(error) => layer.problems.push(Problem {
            place: place(error.span()),
            key: String::new(),
            message: error.message().to_owned(),
        }),
    }
    layer
}

/// `None` when the variable is none of ours.
fn read_variable(name: &str, value: &str) -> Option<Result<toml::Table, Problem>> {
    let path = name.strip_prefix(PREFIX).filter(|_| name != CONFIG_VARIABLE)?;
    let keys: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
    // A value is TOML where it can be read as such (`8`, `true`, `["fr"]`), else text (`20s`).
    let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let table = keys.iter().rev().fold(parsed, |inner, key| {
        toml::Value::Table(toml::Table::from_iter([(key.clone(), inner)]))
    });
    let toml::Value::Table(table) = table else {
        return None;
    };
    Some(match Config::deserialize(table.clone()) {
        Ok(_) => Ok(table),
        Err(error) => Err(Problem {
            place: format!("environment variable {name}"),
            key: keys.join("."),
            message: explain(error.message()),
        }),
    })
}

/// Adds a suggestion to serde's message about an unknown name.
fn explain(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = ["unknown field", "unknown variant"]
        .iter()
        .any(|start| message.starts_with(start));
    let (true, Some(written)) = (unknown, names.next()) else {
        return message.to_owned();
    };
    let what = if message.starts_with("unknown field") {
        "unknown key"
    } else {
        "unknown value"
    };
    let known: Vec<&str> = names.collect();
    let alike = known
        .iter()
        .map(|name| (strsim::jaro_winkler(written, name), *name))
        .filter(|(similarity, _)| *similarity >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match alike {
        Some((_, name)) => format!("{what} `{written}`; did you mean `{name}`?"),
        None => format!("{what} `{written}`; known are {}", known.join(", ")),
    }
}

/// Takes the key out that a problem's span points at, and gives its dotted name.
fn take_out(table: &mut DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let covers = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    for (key, value) in table.iter_mut() {
        if let Some(inner) = take_out_of_value(value, span) {
            return Some(format!("{}.{inner}", key.get_ref()));
        }
    }
    let found = table
        .iter()
        .find(|(key, value)| covers(key.span()) || covers(value.span()));
    let name = found.map(|(key, _)| key.clone())?;
    table.remove(&name);
    Some(name.get_ref().to_string())
}

fn take_out_of_value(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<String> {
    match value.get_mut() {
        DeValue::Table(table) => take_out(table, span),
        DeValue::Array(items) => items
            .iter_mut()
            .enumerate()
            .find_map(|(n, item)| take_out_of_value(item, span).map(|inner| format!("{n}.{inner}"))),
        _ => None,
    }
}

fn collect_keys(table: &DeTable<'_>, prefix: &str, each: &mut impl FnMut(String, usize)) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        each(name.clone(), key.span().start);
        match value.get_ref() {
            DeValue::Table(inner) => collect_keys(inner, &format!("{name}."), each),
            DeValue::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    if let DeValue::Table(inner) = item.get_ref() {
                        collect_keys(inner, &format!("{name}.{n}."), each);
                    }
                }
            }
            _ => {}
        }
    }
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => merge(inner, value),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn problems(text: &str) -> Vec<String> {
        read_file(Path::new("d.toml"), text)
            .problems
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn every_problem_is_told_with_its_line_and_key() {
        let told = problems(
            "config_version = 1\n[fetch]\ntimout = \"20s\"\nconcurrency = \"many\"\nrobots = \"page\"\n\n\
             [[feed]]\nurl = \"https://a.example/\"\ntag = []\n[stroe]\n",
        );
        let starts = [
            "d.toml:3: fetch.timout: unknown key `timout`; did you mean `timeout`?",
            "d.toml:4: fetch.concurrency: invalid type: string",
            "d.toml:5: fetch.robots: unknown value `page`; did you mean `pages`?",
            "d.toml:9: feed.0.tag: unknown key `tag`; did you mean `tags`?",
            "d.toml:10: stroe: unknown key `stroe`; did you mean `store`?",
        ];
        for start in starts {
            assert!(
                told.iter().any(|t| t.starts_with(start)),
                "{start}\nnot in {told:#?}"
            );
        }
        assert_eq!(told.len(), starts.len(), "{told:#?}");
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        let told = problems("config_version = 1\n[fetch\ntimeout = \"20s\"\n");
        assert!(told[0].starts_with("d.toml:2: not TOML: "), "{told:#?}");
    }

    #[test]
    fn a_bad_duration_says_how_to_write_one() {
        let told = problems("[fetch]\ntimeout = \"20 parsecs\"\n");
        assert!(
            told[0].starts_with("d.toml:2: fetch.timeout: `20 parsecs` is no duration"),
            "{told:#?}"
        );
    }

    #[test]
    fn the_environment_is_above_the_file_and_the_flag_above_both() {
        let folder = std::env::temp_dir().join(format!("depeche-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("d.toml");
        std::fs::write(&file, "data_dir = \"a\"\n[fetch]\ntimeout = \"10s\"\nconcurrency = 3\n[[feed_list]]\npath = \"f.opml\"\n")
            .unwrap();
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let layers = Layers {
            file: Some(file.clone()),
            environment: vec![
                variable("DEPECHE_FETCH__TIMEOUT", "20s"),
                variable("DEPECHE_NORMALIZE__LANGUAGES", "[\"fr\", \"ca\"]"),
                variable("DEPECHE_DATA_DIR", "b"),
                variable("DEPECHE_CONFIG", "ignored"),
                variable("HOME", "/"),
            ],
            data_dir: Some("c".into()),
        };
        let (config, _) = load(&layers).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(config.fetch.timeout.0, Duration::from_secs(20));
        assert_eq!(
            (config.fetch.concurrency, config.normalize.languages.len()),
            (3, 2)
        );
        assert_eq!(
            (config.data_dir, config.feed_list[0].path.clone()),
            ("c".into(), folder.join("f.opml"))
        );
    }

    #[test]
    fn an_unknown_variable_is_a_problem() {
        let environment = vec![("DEPECHE_FETCH__TIMOUT".to_owned(), "20s".to_owned())];
        let error = load(&Layers {
            environment,
            ..Layers::default()
        })
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("environment variable DEPECHE_FETCH__TIMOUT: fetch.timout"),
            "{error}"
        );
        assert!(error.contains("did you mean `timeout`?"), "{error}");
    }
}
