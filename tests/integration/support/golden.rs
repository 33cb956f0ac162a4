//! Golden files: compared whole, or written anew with `SNAPSHOTS=overwrite`. Main type: [`Goldens`].

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::root;

/// Compares one output with the golden file `tests/integration/goldens/NAME.txt`.
#[track_caller]
pub(crate) fn assert_golden(name: &str, actual: &str) {
    let mut goldens = Goldens::default();
    goldens.compare(&root().join("tests/integration/goldens").join(name).with_extension("txt"), actual);
    goldens.assert();
}

/// Many comparisons, told all at once.
#[derive(Default)]
pub(crate) struct Goldens {
    known: Vec<PathBuf>,
    differing: String,
}

impl Goldens {
    pub(crate) fn compare(&mut self, file: &Path, actual: &str) {
        self.known.push(file.to_owned());
        let expected = fs::read_to_string(file).unwrap_or_default();
        if expected == actual {
            return;
        }
        if std::env::var("SNAPSHOTS").is_ok_and(|how| how == "overwrite") {
            fs::write(file, actual).expect("the golden file is written");
            return;
        }
        let diff = TextDiff::from_lines(expected.as_str(), actual);
        let diff = diff.unified_diff().header("golden", "actual").to_string();
        let _ = writeln!(self.differing, "{}:\n{diff}", file.display());
    }

    /// Every file with this extension in the folder must have been compared: none outlives what it came from.
    #[track_caller]
    pub(crate) fn assert_are_all_in(&self, folder: &Path, extension: &str) {
        let stale: Vec<PathBuf> = walkdir::WalkDir::new(folder)
            .into_iter()
            .map(|entry| entry.expect("the folder is read").into_path())
            .filter(|path| path.extension().is_some_and(|is| is == extension) && !self.known.contains(path))
            .collect();
        assert!(stale.is_empty(), "golden files of nothing: {stale:?}");
    }

    #[track_caller]
    pub(crate) fn assert(&self) {
        assert!(self.differing.is_empty(), "{}\nSNAPSHOTS=overwrite writes the golden files anew", self.differing);
    }
}
