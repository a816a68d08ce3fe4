//! What `{{#example NAME}}` shows: code, recorded output, the Python twin.
//!
//! The buttons that run it are added by the reader's script, where there is a
//! server that can.

use crate::directive::name_and_anchor;
use crate::listing::{caption, code, header};
use crate::markup::{escape, fence, inline};
use crate::project::{Project, is_name};
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What a reader may pass to an example: an entry of `book/examples.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// After how many seconds a run is ended.
    #[serde(default)]
    pub seconds: Option<u64>,
    /// The arguments, in order.
    #[serde(default)]
    pub arguments: Vec<Argument>,
}

/// One argument of an example, or several of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Argument {
    /// What the page calls it.
    pub name: String,
    /// What a value must be.
    #[serde(flatten)]
    pub kind: Kind,
    /// How many values there may be, at least and at most.
    pub count: (usize, usize),
    /// What the page offers at first.
    #[serde(default)]
    pub default: Vec<String>,
}

/// What the value of an argument must be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// A whole number within bounds.
    Integer {
        /// The least allowed.
        least: i64,
        /// The most allowed.
        most: i64,
    },
    /// One of some words.
    Choice {
        /// The words.
        choices: Vec<String>,
    },
}

/// The entries of `book/examples.toml`, by example.
///
/// # Errors
///
/// The file is not of the documented form, or names an example that is not there.
pub fn settings(project: &Project) -> Result<BTreeMap<String, Settings>> {
    const PATH: &str = "book/examples.toml";
    if !project.path(PATH).is_file() {
        return Ok(BTreeMap::new());
    }
    let text = project.read(PATH)?;
    let all: BTreeMap<String, Settings> = toml::from_str(&text).context(PATH)?;
    for (name, settings) in &all {
        project.example(name).context(PATH)?;
        let defaults = settings.defaults();
        settings
            .check(&defaults)
            .with_context(|| format!("{PATH}: `{name}`"))?;
    }
    Ok(all)
}

impl Settings {
    /// The values that the page offers at first.
    #[must_use]
    pub fn defaults(&self) -> Vec<String> {
        let all = self
            .arguments
            .iter()
            .flat_map(|argument| argument.default.clone());
        all.collect()
    }

    /// Whether these values may be passed to the example. As every value is a
    /// number or one of the words listed, none can be taken for an option, unless
    /// the example itself lists it.
    ///
    /// # Errors
    ///
    /// What is wrong with the first value that may not.
    pub fn check(&self, values: &[String]) -> Result<()> {
        let mut rest = values;
        for argument in &self.arguments {
            let (least, most) = argument.count;
            let taken = rest.len().min(most);
            let name = &argument.name;
            ensure!(
                taken >= least,
                "{name}: at least {least} needed, {taken} given"
            );
            for value in &rest[..taken] {
                argument.kind.check(value).with_context(|| name.clone())?;
            }
            rest = &rest[taken..];
        }
        match rest.first() {
            Some(_) => {
                let most: usize = self.arguments.iter().map(|one| one.count.1).sum();
                bail!("at most {most} values, {} given", values.len())
            }
            None => Ok(()),
        }
    }
}

impl Kind {
    fn check(&self, value: &str) -> Result<()> {
        match self {
            Kind::Integer { least, most } => {
                let digits = value.strip_prefix('-').unwrap_or(value);
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
                let number = value.parse::<i64>().ok().filter(|_| plain);
                let fits =
                    number.is_some_and(|number| (*least..=*most).contains(&number));
                ensure!(
                    fits,
                    "`{value}` is not a whole number from {least} to {most}"
                );
            }
            Kind::Choice { choices } => {
                let known = choices.iter().any(|choice| choice == value);
                ensure!(known, "`{value}` is none of {}", choices.join(", "));
            }
        }
        Ok(())
    }
}

/// Expands the `{{#example}}`s of one page.
#[derive(Debug)]
pub struct Page<'a> {
    project: &'a Project,
    settings: &'a BTreeMap<String, Settings>,
    repository: Option<&'a str>,
    shown: BTreeSet<String>,
}

impl<'a> Page<'a> {
    /// A page on which no example has been shown yet.
    #[must_use]
    pub fn new(
        project: &'a Project,
        settings: &'a BTreeMap<String, Settings>,
        repository: Option<&'a str>,
    ) -> Self {
        Page {
            project,
            settings,
            repository,
            shown: BTreeSet::new(),
        }
    }

    /// The panel of an example. Where a page comes back to an example, only the
    /// listing is shown again.
    ///
    /// # Errors
    ///
    /// The example, its anchor or its recorded output is missing.
    pub fn expand(&mut self, argument: &str) -> Result<String> {
        let (name, anchor) = name_and_anchor(argument);
        let path = self.project.example(name)?;
        let listing = fence("rust", &code(self.project, &path, anchor)?);
        let about = self.about(&path)?;
        let head = caption(&path, &about, self.repository);
        if !self.shown.insert(name.to_owned()) {
            return Ok(format!(
                "<div class=\"listing\">\n{head}\n\n{listing}\n</div>\n"
            ));
        }
        let output = self.project.read(&format!("examples/output/{name}.txt"))?;
        let output = fence("text", &output);
        let arguments = self.arguments(name)?;
        let python = self.python(name)?;
        let command = self.command(name);
        Ok(format!(
            "<div class=\"example\" data-example=\"{name}\"{arguments}>\n{head}\n\n\
             {listing}\n\
             <p class=\"command\"><code>{command}</code></p>\n\
             <details class=\"output\" open><summary>What it prints</summary>\n\n\
             {output}\n</details>\n{python}</div>\n"
        ))
    }

    fn about(&self, path: &str) -> Result<String> {
        let header = header(&self.project.read(path)?);
        let first = header.lines().take_while(|line| !line.trim().is_empty());
        Ok(inline(&first.collect::<Vec<_>>().join("\n")))
    }

    fn arguments(&self, name: &str) -> Result<String> {
        let Some(settings) = self.settings.get(name) else {
            return Ok(String::new());
        };
        let json = serde_json::to_string(&settings.arguments)?;
        Ok(format!(" data-arguments=\"{}\"", escape(&json)))
    }

    fn command(&self, name: &str) -> String {
        format!("cargo run --example {name}")
    }

    fn python(&self, name: &str) -> Result<String> {
        let path = format!("examples/python/{name}.py");
        if !is_name(name) || !self.project.path(&path).is_file() {
            return Ok(String::new());
        }
        let text = self.project.read(&path)?;
        let mut shown = String::new();
        write!(
            shown,
            "<details class=\"python\"><summary>The same in Python</summary>\n{}\n\n\
             {}\n</details>\n",
            caption(&path, "", self.repository),
            fence("python", &crate::listing::whole(&text)),
        )?;
        Ok(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    fn settings() -> Settings {
        let text = "[[arguments]]\nname = \"how\"\nkind = \"choice\"\n\
                    choices = [\"fast\", \"slow\"]\ncount = [1, 1]\n\
                    default = [\"fast\"]\n[[arguments]]\nname = \"numbers\"\n\
                    kind = \"integer\"\nleast = -5\nmost = 5\ncount = [0, 3]\n";
        toml::from_str(text).unwrap()
    }

    fn check(values: &[&str]) -> Result<(), String> {
        let values: Vec<String> =
            values.iter().map(|value| (*value).into()).collect();
        settings()
            .check(&values)
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn values_within_bounds_pass() {
        check(&["fast"]).unwrap();
        check(&["slow", "-5", "5", "0"]).unwrap();
    }

    #[test]
    fn nothing_else_passes() {
        let wrong: [&[&str]; 9] = [
            &[],
            &["--help"],
            &["fast", "6"],
            &["fast", "1; rm -rf /"],
            &["fast", "$(id)"],
            &["fast", "--release"],
            &["fast", "+1"],
            &["fast", " 1"],
            &["fast", "1", "2", "3", "4"],
        ];
        for values in wrong {
            assert!(check(values).is_err(), "{values:?}");
        }
        let told = check(&["fast", "9"]).unwrap_err();
        assert_eq!(told, "numbers: `9` is not a whole number from -5 to 5");
    }
}
