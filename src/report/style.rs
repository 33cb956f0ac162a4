//! Palette, colour rules, durations and plurals: how things are written, in one place.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

/// `--color`: `auto` colours a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ColourChoice {
    #[default]
    Auto,
    Always,
    Never,
}

impl ColourChoice {
    /// Whether to colour standard output.
    #[expect(clippy::disallowed_methods, reason = "writes nothing")]
    pub(crate) fn for_stdout(self) -> bool {
        self.decide(std::io::stdout().is_terminal())
    }

    /// Whether to colour standard error.
    #[expect(clippy::disallowed_methods, reason = "writes nothing")]
    pub(crate) fn for_stderr(self) -> bool {
        self.decide(std::io::stderr().is_terminal())
    }

    fn decide(self, terminal: bool) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR") => false,
            Self::Auto if set("CLICOLOR_FORCE") => true,
            Self::Auto => terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// Colours by what they mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    pub(super) good: Style,
    pub(super) bad: Style,
    pub(super) warning: Style,
    pub(super) strong: Style,
    pub(super) faint: Style,
}

impl Palette {
    pub(super) const fn new(colour: bool) -> Self {
        let plain = Style::new();
        if !colour {
            return Self { good: plain, bad: plain, warning: plain, strong: plain, faint: plain };
        }
        Self {
            good: AnsiColor::Green.on_default(),
            bad: AnsiColor::Red.on_default(),
            warning: AnsiColor::Yellow.on_default(),
            strong: plain.bold(),
            faint: plain.dimmed(),
        }
    }
}

/// `text` in `style`; the style's codes only where it has any.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Three significant digits at most, in the unit that fits: `850µs`, `12.3ms`, `1.50s`, `2m05s`.
pub(crate) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    let seconds = duration.as_secs_f64();
    if micros < 1_000 {
        format!("{micros}µs")
    } else if micros < 1_000_000 {
        let millis = seconds * 1e3;
        if millis < 10.0 {
            format!("{millis:.2}ms")
        } else if millis < 100.0 {
            format!("{millis:.1}ms")
        } else {
            format!("{millis:.0}ms")
        }
    } else if seconds < 60.0 {
        format!("{seconds:.2}s")
    } else {
        format!("{}m{:02}s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

/// `1 case`, `2 cases`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    let mut text = format!("{count} {noun}");
    if count != 1 {
        text.push('s');
    }
    text
}

/// `text` with every line indented.
pub(super) fn indent(text: &str, by: &str) -> String {
    text.lines().fold(String::new(), |mut indented, line| {
        let gap = if line.is_empty() { "" } else { by };
        let _ = writeln!(indented, "{gap}{line}");
        indented
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_three_digits() {
        let written = |micros| duration(Duration::from_micros(micros));
        assert_eq!(written(0), "0µs");
        assert_eq!(written(850), "850µs");
        assert_eq!(written(1_234), "1.23ms");
        assert_eq!(written(12_340), "12.3ms");
        assert_eq!(written(123_400), "123ms");
        assert_eq!(written(1_500_000), "1.50s");
        assert_eq!(written(125_000_000), "2m05s");
    }
}
