//! The process inventory: questions whose wrong answers each name a misconception.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;

use serde::Deserialize;

use crate::records::Deed;

/// The questions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    #[serde(rename = "question")]
    questions: Vec<Question>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    text: String,
    choices: Vec<Choice>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    text: String,
    #[serde(default)]
    right: bool,
    #[serde(default)]
    misconception: Option<String>,
}

impl Inventory {
    /// Reads the questions.
    ///
    /// # Errors
    ///
    /// When they cannot be read, or one has no single right choice.
    pub fn read(path: &Path) -> io::Result<Inventory> {
        let inventory: Inventory =
            toml::from_str(&fs::read_to_string(path)?).map_err(io::Error::other)?;
        for question in &inventory.questions {
            let right = question
                .choices
                .iter()
                .filter(|choice| choice.right)
                .count();
            let named =
                |choice: &Choice| choice.right == choice.misconception.is_none();
            if right != 1 || !question.choices.iter().all(named) {
                return Err(io::Error::other(format!(
                    "choices of: {}",
                    question.text
                )));
            }
        }
        Ok(inventory)
    }

    /// Asks all questions. Nothing is noted unless all are answered, and the right
    /// choices are not told: the questions come again.
    ///
    /// # Errors
    ///
    /// When the answers end early.
    pub fn ask(
        &self,
        answers: &mut dyn BufRead,
        output: &mut dyn Write,
    ) -> io::Result<Deed> {
        let mut misconceptions = Vec::new();
        let mut right = 0;
        for (number, question) in (1..).zip(&self.questions) {
            writeln!(output, "\n{number}. {}", question.text)?;
            for (letter, choice) in ('a'..).zip(&question.choices) {
                writeln!(output, "   {letter}) {}", choice.text)?;
            }
            let choice = ask_one(question, answers, output)?;
            match &choice.misconception {
                None => right += 1,
                Some(misconception) => misconceptions.push(misconception.clone()),
            }
        }
        Ok(Deed::Inventory {
            misconceptions,
            right,
            questions: self.questions.len(),
        })
    }
}

fn ask_one<'a>(
    question: &'a Question,
    answers: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<&'a Choice> {
    loop {
        write!(output, "   your choice: ")?;
        output.flush()?;
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            return Err(io::Error::other(
                "not all questions are answered: not noted",
            ));
        }
        let letter = line.trim().to_lowercase();
        let found = ('a'..)
            .zip(&question.choices)
            .find(|(it, _)| letter == it.to_string());
        if let Some((_, choice)) = found {
            return Ok(choice);
        }
        writeln!(output, "   one letter, please")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Inventory {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inventory.toml");
        Inventory::read(&path).expect("the inventory is sound")
    }

    #[test]
    fn has_enough_questions_and_its_answers_are_not_all_alike() {
        let inventory = read();
        assert!((15..=20).contains(&inventory.questions.len()));
        for position in 0..3 {
            let there = |question: &&Question| question.choices[position].right;
            assert!(inventory.questions.iter().filter(there).count() >= 3);
        }
    }

    #[test]
    fn notes_the_misconception_behind_a_wrong_choice() {
        let inventory = read();
        let answers = "a\n".repeat(inventory.questions.len());
        let deed = inventory.ask(&mut answers.as_bytes(), &mut Vec::new());
        let Ok(Deed::Inventory {
            misconceptions,
            right,
            questions,
        }) = deed
        else {
            panic!("{deed:?}");
        };
        assert_eq!(misconceptions.len() + right, questions);
        assert!(
            misconceptions.contains(&"processes share their variables".to_owned())
        );
    }

    #[test]
    fn asks_again_and_does_not_note_half() {
        let mut output = Vec::new();
        assert!(read().ask(&mut "x\nb\n".as_bytes(), &mut output).is_err());
        assert!(String::from_utf8_lossy(&output).contains("one letter, please"));
    }
}
