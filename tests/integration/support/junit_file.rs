//! A `JUnit` report, held against the shape that the XSDs of Jenkins and Ant share: elements, their order, their
//! attributes. Main type: [`JUnitFile`].

use std::collections::HashSet;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// A report of the right shape.
#[derive(Debug)]
pub(crate) struct JUnitFile {
    pub(crate) cases: Vec<ReportedCase>,
}

#[derive(Debug)]
pub(crate) struct ReportedCase {
    /// The suite: the case's file.
    pub(crate) suite: String,
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) seconds: f64,
    pub(crate) verdict: Verdict,
    pub(crate) output: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// With its message.
    Failure(String),
    Error(String),
    Skipped(String),
}

impl JUnitFile {
    /// Reads a report; panics where it has not the shape.
    #[track_caller]
    pub(crate) fn read(xml: &str) -> Self {
        for character in xml.chars() {
            let legal =
                matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
            assert!(legal, "{character:?} is not legal in XML");
        }
        let report = Element::read(xml);
        report.is("testsuites", &["name", "tests"], &["failures", "errors", "time", "disabled"]);
        let cases: Vec<ReportedCase> = report.children.iter().flat_map(test_suite).collect();
        counts_agree(&report, &cases);
        let ids: HashSet<_> = cases.iter().map(|case| (&case.suite, &case.name)).collect();
        assert_eq!(ids.len(), cases.len(), "names are unique");
        Self { cases }
    }

    /// The one case whose name ends so.
    #[track_caller]
    pub(crate) fn case(&self, name: &str) -> &ReportedCase {
        let found: Vec<&ReportedCase> = self.cases.iter().filter(|case| case.name.ends_with(name)).collect();
        match found.as_slice() {
            [case] => case,
            found => panic!("{} cases end with `{name}`, of {:?}", found.len(), self.cases),
        }
    }
}

fn test_suite(suite: &Element) -> Vec<ReportedCase> {
    let optional =
        ["failures", "errors", "skipped", "disabled", "time", "timestamp", "hostname", "id", "package", "file"];
    suite.is("testsuite", &["name", "tests"], &optional);
    let cases: Vec<ReportedCase> = suite.children.iter().map(|case| test_case(suite.attribute("name"), case)).collect();
    counts_agree(suite, &cases);
    cases
}

fn test_case(suite: &str, case: &Element) -> ReportedCase {
    case.is("testcase", &["name", "classname", "time", "file", "line"], &["assertions", "status"]);
    let names: Vec<&str> = case.children.iter().map(|child| child.name.as_str()).collect();
    let verdict = match names.as_slice() {
        [] => Verdict::Passed,
        ["failure", "system-out"] => Verdict::Failure(case.children[0].reason()),
        ["error", "system-out"] => Verdict::Error(case.children[0].reason()),
        ["skipped"] => Verdict::Skipped(case.children[0].reason()),
        other => panic!("{other:?} in <testcase>"),
    };
    let output = case.children.iter().find(|child| child.name == "system-out");
    ReportedCase {
        suite: suite.to_owned(),
        name: case.attribute("name").to_owned(),
        file: case.attribute("file").to_owned(),
        line: case.attribute("line").parse().expect("a line"),
        seconds: case.attribute("time").parse().expect("seconds"),
        verdict,
        output: output.map(|output| output.text.clone()).unwrap_or_default(),
    }
}

fn counts_agree(element: &Element, cases: &[ReportedCase]) {
    let count = |of: fn(&Verdict) -> bool| cases.iter().filter(|case| of(&case.verdict)).count().to_string();
    assert_eq!(element.attribute("tests"), cases.len().to_string(), "{}", element.name);
    assert_eq!(element.attribute("failures"), count(|verdict| matches!(verdict, Verdict::Failure(_))));
    assert_eq!(element.attribute("errors"), count(|verdict| matches!(verdict, Verdict::Error(_))));
    element.attribute("time").parse::<f64>().expect("seconds");
}

#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    /// The root of a well-formed document.
    fn read(xml: &str) -> Self {
        let mut reader = Reader::from_str(xml);
        reader.config_mut().check_end_names = true;
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().expect("it is well-formed") {
                Event::Start(start) => open.push(Self::new(&start)),
                Event::Empty(start) => Self::innermost(&mut open).children.push(Self::new(&start)),
                Event::End(_) => {
                    let ended = open.pop().expect("it was opened");
                    Self::innermost(&mut open).children.push(ended);
                }
                Event::Text(text) => {
                    Self::innermost(&mut open)
                        .text
                        .push_str(&text.xml_content(XmlVersion::Explicit1_0).expect("UTF-8"));
                }
                Event::CData(text) => Self::innermost(&mut open).text.push_str(&text.decode().expect("UTF-8")),
                Event::GeneralRef(reference) => {
                    let name = reference.decode().expect("UTF-8");
                    let character = reference.resolve_char_ref().expect("a character");
                    let text = character.map(String::from);
                    let text = text.or_else(|| quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned));
                    Self::innermost(&mut open).text.push_str(&text.expect("a known entity"));
                }
                Event::Eof => break,
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        let mut document = open.pop().expect("the document");
        assert!(open.is_empty() && document.children.len() == 1, "one root");
        document.children.remove(0)
    }

    fn innermost(open: &mut [Self]) -> &mut Self {
        open.last_mut().expect("the document is never closed")
    }

    fn new(start: &BytesStart) -> Self {
        let attribute = |attribute: Result<quick_xml::events::attributes::Attribute, _>| {
            let attribute = attribute.expect("a well-formed attribute, only once");
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).expect("UTF-8").into_owned();
            (String::from_utf8_lossy(attribute.key.as_ref()).into_owned(), value)
        };
        Self {
            name: String::from_utf8_lossy(start.name().as_ref()).into_owned(),
            attributes: start.attributes().map(attribute).collect(),
            ..Self::default()
        }
    }

    #[track_caller]
    fn is(&self, name: &str, required: &[&str], optional: &[&str]) {
        assert_eq!(self.name, name);
        for key in required {
            self.attribute(key);
        }
        for (key, _) in &self.attributes {
            assert!(required.contains(&key.as_str()) || optional.contains(&key.as_str()), "<{name} {key}=…>");
        }
        assert_eq!(self.text.trim(), "", "no text in <{name}>");
    }

    #[track_caller]
    fn attribute(&self, key: &str) -> &str {
        let found = self.attributes.iter().find(|(name, _)| name == key);
        found.map_or_else(|| panic!("<{}> without `{key}`", self.name), |(_, value)| value)
    }

    /// The `message` of a verdict, beside nothing but a type.
    fn reason(&self) -> String {
        assert!(self.children.is_empty(), "only text in <{}>", self.name);
        assert!(self.attributes.iter().all(|(key, _)| key == "message" || key == "type"), "{:?}", self.attributes);
        self.attribute("message").to_owned()
    }
}
