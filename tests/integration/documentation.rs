//! What the README and `docs/` show is real. Two conventions, both visible to readers:
//!
//! - A `console` block: each line `$ grpc-spec …` is a command, what follows it is its output. A block with output is run,
//!   against the fixture server, in a copy of the example, and compared; `[..]` in it stands for any text of a line, `...`
//!   alone on a line for any lines, and times, ports and dates may differ. Of a block without output, the options have to
//!   exist. Text after `  # ` is a comment; other programs' commands are not run.
//! - A `yaml` block that begins with `# PATH.yaml` is that whole file: it is laid over the copy of the example, and
//!   `grpc-spec check` finds nothing wrong with it; unless it begins with `# PATH.yaml (with mistakes)`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::{Folder, grpc_spec, redact, root};

/// A fenced block.
struct Block {
    place: String,
    language: String,
    text: String,
}

/// Behind the path of a file that shows what mistakes look like.
const MISTAKEN: &str = " (with mistakes)";

/// A command and what it is said to write.
struct Shown {
    arguments: Vec<String>,
    output: String,
}

fn documents() -> Vec<PathBuf> {
    let docs =
        fs::read_dir(root().join("docs")).expect("the docs are read").map(|entry| entry.expect("an entry").path());
    let mut documents: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|is| is == "md")).collect();
    documents.push(root().join("README.md"));
    documents
}

fn blocks(document: &Path) -> Vec<Block> {
    let text = fs::read_to_string(document).expect("the document is read");
    let name = document.strip_prefix(root()).expect("it is ours").display();
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(language), false) => {
                let place = format!("{name}:{}", at + 1);
                blocks.push(Block { place, language: language.to_owned(), text: String::new() });
                open = true;
            }
            (Some(_), true) => open = false,
            (None, true) => blocks.last_mut().expect("one is open").text.extend([line, "\n"]),
            (None, false) => {}
        }
    }
    blocks
}

impl Block {
    /// The file that it is, where it says so.
    fn file(&self) -> Option<&str> {
        let path = self.text.lines().next()?.strip_prefix("# ")?;
        let path = path.strip_suffix(MISTAKEN).unwrap_or(path);
        let is_yaml = Path::new(path).extension().is_some_and(|extension| extension == "yaml");
        (self.language == "yaml" && is_yaml && !path.contains(' ')).then_some(path)
    }

    fn is_mistaken(&self) -> bool {
        self.text.lines().next().is_some_and(|line| line.ends_with(MISTAKEN))
    }

    fn commands(&self) -> Vec<Shown> {
        let mut commands: Vec<Option<Shown>> = Vec::new();
        for line in self.text.lines().filter(|_| self.language == "console") {
            if let Some(command) = line.strip_prefix("$ ") {
                let command = command.split("  # ").next().unwrap_or_default();
                let mut words = words(command).into_iter();
                let ours = words.next().is_some_and(|program| program == "grpc-spec");
                commands.push(ours.then(|| Shown { arguments: words.collect(), output: String::new() }));
            } else if let Some(Some(command)) = commands.last_mut() {
                command.output.extend([line, "\n"]);
            }
        }
        commands.into_iter().flatten().collect()
    }
}

/// As a shell has them, where single quotes hold spaces.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in command.split('\'').enumerate() {
        if at % 2 == 0 { words.extend(part.split_whitespace().map(str::to_owned)) } else { words.push(part.to_owned()) }
    }
    words
}

impl Shown {
    /// Run against the fixture server, standard output and standard error as a terminal shows them: one after the other.
    fn actual(&self, folder: &Folder) -> String {
        let mut run = folder.grpc_spec(self.arguments.iter().map(String::as_str));
        if self.arguments.first().is_some_and(|command| command == "run") {
            let of_users = self.arguments.iter().any(|argument| argument.starts_with("cases/users"));
            // each of its suite: no other knows them
            run = run.with_fixture_servers(if of_users { &["users"] } else { &["greeter", "random", "echo"] });
        }
        let ended = run.run();
        folder.redact(&redact(&(ended.stdout + &ended.stderr)))
    }

    /// Whether what is shown stands for `actual`.
    fn matches(&self, actual: &str) -> bool {
        let mut pattern = String::from("(?s)^");
        for line in redact(self.output.trim()).lines() {
            if line == "..." {
                pattern += "(?:[^\n]*\n)*?";
            } else {
                let parts: Vec<String> = line.trim_end().split("[..]").map(regex::escape).collect();
                pattern += &(parts.join("[^\n]*") + "\n");
            }
        }
        let actual: String = actual.trim().lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
        Regex::new(&(pattern + "$")).expect("a pattern").is_match(&actual)
    }
}

#[test]
fn whole_files_are_right() {
    for document in documents() {
        let folder = Folder::of_the_example();
        for block in blocks(&document) {
            let Some(path) = block.file() else { continue };
            folder.write(path, &block.text);
            let checked = folder.grpc_spec(["check", path]).run();
            assert_eq!(checked.stderr.is_empty(), !block.is_mistaken(), "{}: {path}\n{checked}", block.place);
        }
    }
}

#[test]
fn commands_write_what_is_shown() {
    let mut wrong = String::new();
    for document in documents() {
        let folder = Folder::of_the_example();
        for block in blocks(&document) {
            if let Some(path) = block.file() {
                folder.write(path, &block.text);
            }
            let commands = block.commands();
            if commands.iter().all(|command| command.output.trim().is_empty()) {
                continue;
            }
            for command in commands {
                let actual = command.actual(&folder);
                if !command.matches(&actual) {
                    let arguments = command.arguments.join(" ");
                    let _ = writeln!(wrong, "{}: grpc-spec {arguments} writes\n{actual}", block.place);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn options_that_are_shown_exist() {
    for document in documents() {
        for block in blocks(&document) {
            for command in block.commands() {
                let [name, arguments @ ..] = command.arguments.as_slice() else { continue };
                let help = grpc_spec([name.as_str(), "--help"]).run().exits(0).stdout;
                for option in arguments.iter().filter(|argument| argument.starts_with('-')) {
                    let option = option.split('=').next().unwrap_or_default();
                    let ends = |letter: char| letter.is_whitespace() || matches!(letter, ',' | '[');
                    let known = help.split(ends).any(|word| word == option);
                    assert!(known, "{}: no {option} in `grpc-spec {name}`", block.place);
                }
            }
        }
    }
}

#[test]
fn shown_output_is_compared() {
    let shown = |output: &str| Shown { arguments: Vec::new(), output: output.to_owned() };
    assert!(shown("a [..] b\n...\nend\n").matches("a x y b\nmore\nand more\nend"));
    assert!(!shown("a [..] b\nend\n").matches("a x y b\nmore\nend\n"));
    assert!(shown("test x ... ok (1.5ms)\n").matches("test x ... ok ([TIME])\n"));
    assert!(!shown("").matches("something\n"));
}
