use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use super::*;
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Severity, Sources, Span};

/// A folder of protos and the YAML that names them.
struct Tree {
    folder: tempfile::TempDir,
    sources: Sources,
    yaml: FileId,
    from: SchemaSources,
}

const GREETER: &str = r#"syntax = "proto3";
package hello;
import "common/types.proto";
service Greeter {
  rpc SayHello(Request) returns (common.Reply);
  rpc SayGoodbye(Request) returns (common.Reply);
}
message Request { string name = 1; }
"#;
const TYPES: &str = "syntax = \"proto3\";\npackage common;\nmessage Reply { string message = 1; }\n";

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sources = Sources::new();
        let yaml = sources.add("grpc-spec.yaml", " ".repeat(1_000));
        let tree = Self { folder, sources, yaml, from: SchemaSources::default() };
        for (path, text) in files {
            tree.write(path, text.as_bytes());
        }
        tree
    }

    /// The greeter below the import path `protos`, with what it imports.
    fn greeter() -> Self {
        Self::new(&[("protos/hello.proto", GREETER), ("protos/common/types.proto", TYPES)]).import_path("protos")
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
        fs::write(path, bytes).expect("a file is written");
    }

    fn write_set(&self, path: &str, files: Vec<FileDescriptorProto>) {
        self.write(path, &FileDescriptorSet { file: files }.encode_to_vec());
    }

    /// The place in the YAML of the n-th thing named there.
    fn span(&self, at: usize) -> Span {
        Span::new(self.yaml, at * 10, at * 10 + 5)
    }

    fn import_path(mut self, path: &str) -> Self {
        self.from.import_paths.push(Spanned::new(self.path(path), self.span(self.from.import_paths.len())));
        self
    }

    fn file(mut self, path: &str) -> Self {
        self.from.files.push(Spanned::new(self.path(path), self.span(20 + self.from.files.len())));
        self
    }

    fn set(mut self, path: &str) -> Self {
        let span = self.span(40 + self.from.descriptor_sets.len());
        self.from.descriptor_sets.push(Spanned::new(self.path(path), span));
        self
    }

    fn load(&self, services: &[&str]) -> (Schema, Vec<Diagnostic>) {
        let mut out = Diagnostics::new();
        let schema = Schema::load(&self.from, services, &self.sources, &mut out);
        (schema, out.into_iter().collect())
    }

    /// What loading reports, as text: see [`Self::show`].
    fn problems(&self, services: &[&str]) -> String {
        self.show(&self.load(services).1)
    }

    /// A schema that loads without a word.
    fn sound(&self, services: &[&str]) -> Schema {
        let (schema, problems) = self.load(services);
        assert_eq!(self.show(&problems), "");
        schema
    }

    /// What looking a method up gives: its input type, or what is reported.
    fn method(&self, schema: &Schema, name: &str) -> String {
        let mut out = Diagnostics::new();
        let name = MethodName::parse(&Spanned::new(name.to_owned(), self.span(0)), None, &mut out).expect("a name");
        let method = schema.method(&name, self.span(0), &mut out);
        let problems: Vec<Diagnostic> = out.into_iter().collect();
        match method {
            Some(method) => method.input().full_name().to_owned(),
            None => self.show(&problems),
        }
    }

    /// Diagnostics as text: headline, places with labels, notes and hints, one a line; the folder is `$`.
    fn show(&self, problems: &[Diagnostic]) -> String {
        let mut lines = Vec::new();
        for problem in problems {
            let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
            lines.push(format!("{severity}: {}", problem.headline));
            for label in problem.primary.iter().chain(&problem.secondary) {
                let file = self.sources.get(label.span.file);
                let text = file.text().get(label.span.range()).expect("a span within the text");
                lines.push(
                    format!("  {} {:?} {}", self.sources.locate(label.span), text, label.text).trim_end().to_owned(),
                );
            }
            lines.extend(problem.notes.iter().map(|note| format!("  {}: {}", note.name, note.text)));
            lines.extend(problem.hints.iter().map(|hint| format!("  hint: {hint}")));
        }
        lines.join("\n").replace(&self.folder.path().display().to_string(), "$").replace("\"     \"", "yaml")
    }
}

/// A file as it would stand in a descriptor set.
fn compiled(name: &str, text: &str) -> FileDescriptorProto {
    protox::file::File::from_source(name, text).expect("the proto parses").into()
}

fn names(schema: &Schema) -> Vec<String> {
    let bundled = |name: &str| name.starts_with("google/");
    schema.pool().files().map(|file| file.name().to_owned()).filter(|name| !bundled(name)).collect()
}

mod sources {
    use super::*;

    #[test]
    fn compiles_the_file_that_declares_a_service_with_its_imports() {
        let tree = Tree::greeter();
        let schema = tree.sound(&["hello.Greeter"]);
        assert_eq!(names(&schema), ["common/types.proto", "hello.proto"]);
        assert_eq!(tree.method(&schema, "hello.Greeter/SayHello"), "hello.Request");
        assert_eq!(tree.method(&schema, "Greeter/SayHello"), "hello.Request");
    }

    #[test]
    fn nothing_is_compiled_that_nothing_calls() {
        assert_eq!(names(&Tree::greeter().sound(&[])), Vec::<String>::new());
    }

    #[test]
    fn what_is_broken_and_not_needed_does_not_matter() {
        let tree = Tree::greeter();
        tree.write("protos/broken.proto", b"service Broken { this is no proto");
        tree.write("protos/greets_too.proto", b"// Greeter\nsyntax = ;");
        tree.write("protos/not_utf8.proto", b"// Greeter \xff\nmessage M {}");
        tree.write("protos/new.proto", b"edition = \"2023\"; service New {}");
        assert_eq!(names(&tree.sound(&["Greeter"])), ["common/types.proto", "hello.proto"]);
    }

    #[test]
    fn only_what_is_needed_of_a_large_tree_is_compiled() {
        let tree = Tree::greeter();
        for at in 0..1_500 {
            let body = if at % 3 == 0 { "this is broken" } else { "rpc Do(In) returns (In);" };
            let text = format!("syntax = \"proto3\"; package p{at}; service S{at} {{ {body} }} message In {{}}");
            tree.write(&format!("protos/p{}/f{at}.proto", at % 40), text.as_bytes());
        }
        let schema = tree.sound(&["Greeter", "p1.S1", "S2"]);
        assert_eq!(names(&schema), ["common/types.proto", "hello.proto", "p1/f1.proto", "p2/f2.proto"]);
        assert_eq!(tree.method(&schema, "S2/Do"), "p2.In");
        assert_eq!(schema.services().len(), 1_501, "the others are known by name");
    }

    #[test]
    fn places_in_protos_are_exact() {
        let tree = Tree::greeter();
        tree.write("protos/hello.proto", GREETER.replace("(Request) returns", "(Reqest) returns").as_bytes());
        let schema = tree.load(&["Greeter"]);
        assert_eq!(
            tree.show(&schema.1),
            "error: name `Reqest` is not defined\n  \
             $/protos/hello.proto:5:16 \"Reqest\" found here\n\
             error: name `Reqest` is not defined\n  \
             $/protos/hello.proto:6:18 \"Reqest\" found here"
        );
        assert_eq!(tree.method(&schema.0, "Greeter/SayHello"), "", "it was reported");
    }

    #[test]
    fn syntax_errors_keep_their_place() {
        let tree = Tree::greeter();
        tree.write(
            "protos/common/types.proto",
            "\u{feff}syntax = \"proto3\";\n/* é */ message Reply { string 1 }".as_bytes(),
        );
        assert_eq!(
            tree.problems(&["Greeter"]),
            "error: expected an identifier, but found `1`\n  $/protos/common/types.proto:2:32 \"1\" found here"
        );
        tree.write("protos/common/types.proto", b"syntax = \"proto3\";\nmessage Reply {");
        assert_eq!(
            tree.problems(&["Greeter"]),
            "error: expected a message field, oneof, reserved range, enum, message, option or `}`, but reached end of file\n  \
             $/protos/common/types.proto:2:16 \"\""
        );
    }

    #[test]
    fn a_broken_import_is_reported_once() {
        let tree = Tree::greeter();
        tree.write("protos/other.proto", b"import \"common/types.proto\"; service Other {}");
        tree.write("protos/common/types.proto", b"syntax = 1;");
        assert_eq!(tree.load(&["Greeter", "Other"]).1.len(), 1);
    }

    #[test]
    fn a_missing_import_says_where_it_is_wanted() {
        let tree = Tree::greeter();
        tree.write("protos/hello.proto", GREETER.replace("common/types", "comon/types").as_bytes());
        assert_eq!(
            tree.problems(&["Greeter"]),
            "error: there is no `comon/types.proto`\n  \
             $/protos/hello.proto:3:8 \"\\\"comon/types.proto\\\"\" imported here, and in no import path\n  \
             hint: did you mean `common/types.proto`?"
        );
    }

    #[test]
    fn a_missing_import_path_is_found() {
        let tree = Tree::new(&[("a/hello.proto", GREETER), ("a/vendor/common/types.proto", TYPES)]).import_path("a");
        assert_eq!(
            tree.problems(&["Greeter"]),
            "error: there is no `common/types.proto`\n  \
             $/a/hello.proto:3:8 \"\\\"common/types.proto\\\"\" imported here, and in no import path\n  \
             note: `$/a/vendor/common/types.proto` is there\n  \
             hint: add `$/a/vendor` to `import_paths`"
        );
    }

    #[test]
    fn a_circle_of_imports_is_an_error() {
        let tree = Tree::greeter();
        tree.write("protos/common/types.proto", format!("{TYPES}import \"hello.proto\";").as_bytes());
        assert_eq!(
            tree.problems(&["Greeter"]),
            "error: imports go in a circle: `hello.proto` → `common/types.proto` → `hello.proto`\n  \
             $/protos/common/types.proto:4:8 \"\\\"hello.proto\\\"\" this import closes the circle"
        );
    }

    #[test]
    fn long_chains_of_imports_are_linked() {
        let tree = Tree::greeter();
        for at in 0..1_500 {
            tree.write(&format!("protos/c{at}.proto"), format!("import \"c{}.proto\";", at + 1).as_bytes());
        }
        tree.write("protos/c1500.proto", b"");
        tree.write("protos/top.proto", b"import \"c0.proto\"; service Top {}");
        assert_eq!(names(&tree.sound(&["Top"])).len(), 1_502);
    }

    #[test]
    fn editions_are_lowered_with_what_they_import() {
        let tree = Tree::greeter();
        let types = "edition = \"2023\";\npackage common;\nimport \"google/protobuf/go_features.proto\";\n\
                     option features.(pb.go).api_level = API_OPAQUE;\nmessage Reply { string message = 1; }";
        tree.write("protos/common/types.proto", types.as_bytes());
        let schema = tree.sound(&["Greeter"]);
        let reply = schema.pool().get_message_by_name("common.Reply").expect("Reply");
        assert!(reply.get_field_by_name("message").expect("message").supports_presence());
    }

    #[test]
    fn what_is_wrong_in_an_edition_is_shown_in_its_place() {
        let wrong = |text: &str| {
            let tree = Tree::new(&[("protos/a.proto", text)]).import_path("protos");
            tree.problems(&["S"])
        };
        assert_eq!(
            wrong("edition=\"2023\";\nservice S { rpc A(M) returns (N); }\nmessage M {}"),
            "error: name `N` is not defined\n  $/protos/a.proto:2:31 \"N\" found here"
        );
        assert_eq!(
            wrong("edition = \"2023\";\nservice S {}\nmessage M { required int32 n = 1; }"),
            "error: required fields are not allowed in editions\n  $/protos/a.proto:3:13 \"required\" defined here\n  \
             hint: write `features.field_presence = LEGACY_REQUIRED` among the field's options"
        );
        assert_eq!(
            wrong("edition = \"2023\";\nservice S {}\noption features.field_presense = IMPLICIT;"),
            "error: unknown feature `features.field_presense`\n  $/protos/a.proto:3:17 \"field_presense\"\n  \
             note: the features: `field_presence`, `enum_type`, `repeated_field_encoding`, `utf8_validation`, \
             `message_encoding`, `json_format`, `enforce_naming_style` or `default_symbol_visibility`\n  \
             hint: did you mean `field_presence`?"
        );
        assert_eq!(
            wrong("edition = \"2023\";\nservice S {}\noption features.enum_type = CLOSE;"),
            "error: `CLOSE` is no value of `features.enum_type`\n  $/protos/a.proto:3:29 \"CLOSE\"\n  \
             hint: did you mean `CLOSED`?\n  hint: write `OPEN` or `CLOSED`"
        );
        assert_eq!(
            wrong("service S {}\nmessage M { int32 n = 1; }\nedition = \"2031\";"),
            "error: `a.proto` is written in edition 2031\n  \
             $/protos/a.proto:3:1 \"edition = \\\"2031\\\"\" the editions understood are `2023` or `2024`"
        );
        assert_eq!(
            wrong(
                "edition = \"2023\"; service S {} message M { int32 n = 1 [features.field_presence = IMPLICIT]; }\n\
                 enum E { option features.enum_type = CLOSED; A = 1; }"
            ),
            "error: `a.proto` has the enum `E`, whose first value is not 0, as only in proto2, and the field `M.n` of \
             IMPLICIT presence, as only in proto3\n  \
             $/protos/a.proto:1:1 \"edition = \\\"2023\\\"\" editions are understood as far as proto2 or proto3 can say \
             the same"
        );
    }

    #[test]
    fn a_file_that_is_not_utf_8_is_an_error() {
        let tree = Tree::greeter();
        tree.write("protos/common/types.proto", b"// caf\xe9\n");
        assert_eq!(
            tree.problems(&["Greeter"]),
            "error: `common/types.proto` is not UTF-8\n  \
             $/protos/common/types.proto:1:7 \"\u{fffd}\" what is here is no character"
        );
    }

    #[test]
    fn a_service_declared_twice_is_an_error_where_it_is_called() {
        let tree = Tree::greeter();
        tree.write("protos/copy.proto", b"package hello;\nservice Greeter {}\nservice Alone {}");
        tree.sound(&["Alone"]);
        let (schema, problems) = tree.load(&["Greeter", "hello.Greeter"]);
        assert_eq!(
            tree.show(&problems),
            "error: the service `hello.Greeter` is declared in 2 files\n  \
             $/protos/copy.proto:2:9 \"Greeter\" declared here\n  \
             $/protos/hello.proto:4:9 \"Greeter\" declared here\n  \
             hint: take one of them away, or narrow `import_paths`"
        );
        assert_eq!(tree.method(&schema, "Greeter/SayHello"), "", "it was reported");
    }

    #[test]
    fn the_file_in_the_folder_of_its_package_goes_before_others() {
        let tree = Tree::greeter();
        tree.write(
            "protos/hello/v1/greeter.proto",
            b"package hello.v1; service Greeter { rpc A(M) returns (M); } message M {}",
        );
        tree.write("protos/copy/greeter.proto", b"package hello.v1; service Greeter {}");
        assert_eq!(names(&tree.sound(&["hello.v1.Greeter"])), ["hello/v1/greeter.proto"]);
        tree.write("protos/hello.proto", b"");
        let schema = tree.sound(&["Greeter"]);
        assert_eq!(names(&schema), ["hello/v1/greeter.proto"]);
        assert_eq!(tree.method(&schema, "Greeter/A"), "hello.v1.M");
    }

    #[test]
    fn one_file_below_two_import_paths_is_one_file() {
        let tree = Tree::greeter().import_path(".");
        assert_eq!(names(&tree.sound(&["Greeter"])), ["common/types.proto", "hello.proto"]);
    }

    #[test]
    fn the_first_import_path_wins() {
        let tree = Tree::new(&[("a/hello.proto", "service Greeter { rpc A(M) returns (M); } message M {}")]);
        tree.write("b/hello.proto", b"package hidden; service Greeter {}");
        let tree = tree.import_path("a").import_path("b");
        let schema = tree.sound(&["Greeter"]);
        assert_eq!(tree.method(&schema, "Greeter/A"), "M");
    }

    #[cfg(unix)]
    #[test]
    fn links_that_go_in_circles_end() {
        let tree = Tree::greeter();
        std::os::unix::fs::symlink(tree.path("protos"), tree.path("protos/common/again")).expect("a link");
        std::os::unix::fs::symlink(tree.path("nowhere"), tree.path("protos/dangling")).expect("a link");
        assert_eq!(names(&tree.sound(&["Greeter"])), ["common/types.proto", "hello.proto"]);
    }

    #[test]
    fn import_paths_that_are_none_are_named() {
        let tree = Tree::greeter().import_path("prots").import_path("protos/hello.proto");
        let (schema, problems) = tree.load(&["Greeter", "Unknown"]);
        assert_eq!(
            tree.show(&problems),
            "error: there is no folder `$/prots`\n  \
             grpc-spec.yaml:1:11 yaml not found\n  \
             note: relative paths start from the folder of the file that holds them\n  \
             hint: did you mean `protos`?\n\
             error: `$/protos/hello.proto` is a file\n  \
             grpc-spec.yaml:1:21 yaml an import path is a folder, from which imports start\n  \
             hint: single files are listed under `files`"
        );
        assert_eq!(tree.method(&schema, "Greeter/SayHello"), "hello.Request", "what is there is used");
        assert_eq!(tree.method(&schema, "Unknown/Do"), "", "it may be where nothing could be read");
    }
}

mod files {
    use super::*;

    #[test]
    fn a_file_below_an_import_path_has_its_name_there() {
        let tree = Tree::greeter().file("protos/common/types.proto");
        assert_eq!(names(&tree.sound(&[])), ["common/types.proto"]);
        let tree = Tree::greeter().file("protos/../protos/common/types.proto");
        assert_eq!(names(&tree.sound(&[])), ["common/types.proto"]);
        assert_eq!(names(&tree.sound(&["Greeter"])), ["common/types.proto", "hello.proto"]);
    }

    #[test]
    fn a_file_may_be_named_from_an_import_path() {
        let tree = Tree::greeter().file("cases/common/types.proto");
        assert_eq!(names(&tree.sound(&[])), ["common/types.proto"]);
    }

    #[test]
    fn a_file_needs_no_import_path() {
        let tree = Tree::new(&[("a/hello.proto", GREETER), ("a/common/types.proto", TYPES)]).file("a/hello.proto");
        let schema = tree.sound(&["Greeter"]);
        assert_eq!(names(&schema), ["common/types.proto", "hello.proto"]);
        assert_eq!(tree.method(&schema, "Greeter/SayHello"), "hello.Request");
    }

    #[test]
    fn files_of_one_name_live_together() {
        let tree = Tree::greeter().file("extra/hello.proto");
        tree.write("extra/hello.proto", b"package extra; message Error {}");
        let schema = tree.sound(&["Greeter"]);
        assert!(schema.pool().get_message_by_name("extra.Error").is_some());
        assert!(schema.pool().get_message_by_name("hello.Request").is_some());
    }

    #[test]
    fn files_that_are_none_are_named() {
        let tree = Tree::greeter().file("protos/helo.proto").file("protos/types.proto").file("protos");
        assert_eq!(
            tree.problems(&[]),
            "error: there is no proto file `$/protos/helo.proto`\n  \
             grpc-spec.yaml:1:201 yaml not found\n  \
             note: relative paths start from the folder of the file that holds them\n  \
             hint: did you mean `hello.proto`?\n\
             error: there is no proto file `$/protos/types.proto`\n  \
             grpc-spec.yaml:1:211 yaml not found\n  \
             note: relative paths start from the folder of the file that holds them\n  \
             hint: did you mean `$/protos/common/types.proto`?\n\
             error: `$/protos` is a folder\n  \
             grpc-spec.yaml:1:221 yaml a proto file is wanted here\n  \
             hint: folders are listed under `import_paths`"
        );
    }
}

mod sets {
    use super::*;

    #[test]
    fn a_set_serves_services_and_types() {
        let tree = Tree::new(&[]).set("api.binpb");
        tree.write_set("api.binpb", vec![compiled("hello.proto", GREETER), compiled("common/types.proto", TYPES)]);
        let schema = tree.sound(&["Greeter"]);
        assert_eq!(tree.method(&schema, "Greeter/SayHello"), "hello.Request");
        assert!(tree.sound(&[]).pool().get_message_by_name("common.Reply").is_some(), "for any `Any`");
    }

    #[test]
    fn files_below_import_paths_win() {
        let tree = Tree::greeter().set("api.binpb");
        tree.write_set("api.binpb", vec![compiled("hello.proto", "package old; service Greeter {}")]);
        let schema = tree.sound(&["Greeter"]);
        assert_eq!(tree.method(&schema, "Greeter/SayHello"), "hello.Request");
    }

    #[test]
    fn a_missing_import_that_nothing_uses_is_dropped() {
        let tree = Tree::new(&[]).set("api.binpb");
        let text = "import public \"gone.proto\"; import public \"t.proto\"; service S { rpc A(M) returns (M); } message M { optional T t = 1; }";
        tree.write_set("api.binpb", vec![compiled("s.proto", text), compiled("t.proto", "message T {}")]);
        let (schema, problems) = tree.load(&["S"]);
        assert_eq!(
            tree.show(&problems),
            "warning: `$/api.binpb` lacks imports\n  \
             grpc-spec.yaml:1:401 yaml nothing in it needs them\n  \
             note: `s.proto` imports `gone.proto`\n  \
             hint: make it with `protoc --include_imports`"
        );
        assert_eq!(tree.method(&schema, "S/A"), "M");
    }

    #[test]
    fn a_missing_import_that_is_used_is_an_error() {
        let tree = Tree::new(&[]).set("api.binpb");
        let text = "import \"gone.proto\"; service S { rpc A(M) returns (M); } message M { optional T t = 1; }";
        tree.write_set("api.binpb", vec![compiled("s.proto", text)]);
        assert_eq!(
            tree.problems(&["S"]),
            "error: `s.proto` needs `gone.proto`, which is nowhere\n  \
             grpc-spec.yaml:1:401 yaml this descriptor set does not hold it\n  \
             note: name `T` is not defined\n  \
             hint: make the set with its imports: `protoc --include_imports`, or `buf build`"
        );
    }

    #[test]
    fn editions_in_a_set_that_are_not_understood_are_refused() {
        let tree = Tree::new(&[]).set("api.binpb");
        let mut edition = compiled("new.proto", "service New {}");
        edition.syntax = Some("editions".to_owned());
        tree.write_set("api.binpb", vec![edition, compiled("s.proto", "service S {}")]);
        let reason = "`new.proto` of `$/api.binpb` is written in an edition that it does not name, and the editions \
                      understood are `2023` or `2024`";
        let place = "grpc-spec.yaml:1:401 yaml";
        assert_eq!(tree.problems(&["New"]), format!("error: {reason}\n  {place} this descriptor set holds it"));
        assert_eq!(
            tree.problems(&["S"]),
            format!("warning: parts of `$/api.binpb` are left out\n  {place} no call needs them\n  note: {reason}")
        );
    }

    #[test]
    fn maps_without_key_and_value_are_refused_before_they_panic() {
        let tree = Tree::new(&[]).set("api.binpb");
        let mut file = compiled("m.proto", "message M { map<string, int32> counts = 1; } service S {}");
        file.message_type[0].nested_type[0].field.pop();
        tree.write_set("api.binpb", vec![file]);
        assert_eq!(
            tree.problems(&["S"]),
            "error: `m.proto` of `$/api.binpb` declares `CountsEntry` as the entry of a map, without a key and a value\n  \
             grpc-spec.yaml:1:401 yaml this descriptor set holds it"
        );
    }

    #[test]
    fn what_is_no_set_is_named() {
        let label = |bytes: &[u8]| {
            let tree = Tree::new(&[]).set("api.binpb");
            tree.write("api.binpb", bytes);
            let (_, problems) = tree.load(&[]);
            assert_eq!(problems.len(), 1);
            assert_eq!(problems[0].headline, format!("`{}` is no descriptor set", tree.path("api.binpb").display()));
            problems[0].primary.clone().expect("a place").text
        };
        assert_eq!(label(b""), "it holds no files");
        assert_eq!(label(b"{\"file\": []}"), "it is JSON, and the binary form is wanted");
        assert_eq!(label(b"\x1f\x8b\x08"), "it is compressed with gzip");
        assert_eq!(
            label(b"\nsyntax = \"proto3\";"),
            "it is proto source, which belongs under `files` or in an import path"
        );
        let set = FileDescriptorSet { file: vec![compiled("hello.proto", GREETER)] }.encode_to_vec();
        assert_eq!(label(&set[..set.len() - 3]), "its bytes do not decode: truncated, or another kind of file");
        let file = compiled("hello.proto", GREETER).encode_to_vec();
        assert_eq!(label(&file), "its bytes do not decode: truncated, or another kind of file");
        let nameless = FileDescriptorSet { file: vec![FileDescriptorProto::default()] }.encode_to_vec();
        assert_eq!(label(&nameless), "its bytes do not decode: truncated, or another kind of file");
    }

    #[test]
    fn sets_that_are_not_there_are_named() {
        let tree = Tree::new(&[("dir/x", "")]).set("api.binpb").set("dir");
        assert_eq!(
            tree.problems(&[]),
            "error: there is no descriptor set `$/api.binpb`\n  \
             grpc-spec.yaml:1:401 yaml not found\n  \
             note: relative paths start from the folder of the file that holds them\n\
             error: cannot read `$/dir`: it is a folder\n  \
             grpc-spec.yaml:1:411 yaml a descriptor set is wanted here"
        );
    }

    #[test]
    fn broken_sets_do_not_panic() {
        // bytes of a set changed, and ends cut off: what comes out does not matter, that it comes out does
        let text = "syntax = \"proto2\"; package p; message M { optional M m = 1; oneof o { int32 a = 2; string b = 3; } \
                    map<string, E> e = 4; extensions 100 to 200; optional group G = 5 { optional bytes x = 1 [default = \"a\"]; } } \
                    enum E { option allow_alias = true; A = 0; B = 0; } extend M { optional int32 x = 100 [packed = false]; } \
                    service S { rpc A(stream M) returns (M); }";
        let mut file = compiled("p.proto", text);
        file.source_code_info = None;
        let tree = Tree::new(&[]).set("api.binpb");
        let set = FileDescriptorSet { file: vec![file] }.encode_to_vec();
        for at in (0..set.len()).step_by(3) {
            for byte in [0, 0xff, set[at] ^ 1] {
                let mut changed = set.clone();
                changed[at] = byte;
                tree.write("api.binpb", &changed);
                tree.load(&["S"]);
            }
            tree.write("api.binpb", &set[..at]);
            tree.load(&["S"]);
        }
    }
}

mod bundled_protos {
    use super::*;

    #[test]
    fn status_details_and_well_known_types_are_always_there() {
        let schema = Tree::new(&[]).sound(&[]);
        for name in [
            "google.rpc.Status",
            "google.rpc.BadRequest.FieldViolation",
            "google.protobuf.Any",
            "google.protobuf.Struct",
        ] {
            assert!(schema.pool().get_message_by_name(name).is_some(), "{name}");
        }
        let code = schema.pool().get_enum_by_name("google.rpc.Code").expect("the codes");
        assert_eq!(code.get_value_by_name("UNAUTHENTICATED").map(|value| value.number()), Some(16));
    }

    #[test]
    fn they_can_be_imported() {
        let text = "import \"google/rpc/status.proto\"; import \"google/protobuf/descriptor.proto\"; \
                    import \"google/protobuf/timestamp.proto\"; \
                    service S { rpc A(google.rpc.Status) returns (google.protobuf.Timestamp); } \
                    extend google.protobuf.FieldOptions { optional string note = 50000; }";
        let tree = Tree::new(&[("a/s.proto", text)]).import_path("a");
        assert_eq!(tree.method(&tree.sound(&["S"]), "S/A"), "google.rpc.Status");
    }

    #[test]
    fn the_users_own_copies_win() {
        let tree = Tree::new(&[]).import_path("a").import_path("b");
        tree.write("a/google/rpc/status.proto", b"package google.rpc; message Status { optional int32 mine = 1; }");
        tree.write("b/google/rpc/code.proto", b"this is broken");
        let schema = tree.sound(&[]);
        let status = schema.pool().get_message_by_name("google.rpc.Status").expect("a status");
        assert!(status.get_field_by_name("mine").is_some());
        assert!(schema.pool().get_message_by_name("google.rpc.ErrorInfo").is_some());
    }

    #[test]
    fn a_copy_under_another_name_is_one_too() {
        let text = "package google.rpc; message Status { optional int32 mine = 1; } service S {}";
        let tree = Tree::new(&[("a/vendored/status.proto", text)]).import_path("a");
        let schema = tree.sound(&["S"]);
        let status = schema.pool().get_message_by_name("google.rpc.Status").expect("a status");
        assert!(status.get_field_by_name("mine").is_some());
    }
}

mod lookup {
    use super::*;

    #[test]
    fn unknown_services_are_answered_with_near_ones() {
        let tree = Tree::greeter();
        tree.write("protos/other.proto", b"package other.v1; service TestServer {}");
        let schema = tree.sound(&[]);
        let expect = |name: &str, hint: &str| {
            let service = name.split('/').next().unwrap_or_default();
            assert_eq!(
                tree.method(&schema, name),
                format!(
                    "error: unknown service `{service}`\n  grpc-spec.yaml:1:1 yaml no proto here declares it\n  {hint}"
                )
            );
        };
        expect("greeter/SayHello", "hint: did you mean `hello.Greeter`?");
        expect("Hello.Greeter/SayHello", "hint: did you mean `hello.Greeter`?");
        expect("v1.TestServer/Get", "hint: did you mean `other.v1.TestServer`?");
        expect(
            "Greter/SayHello",
            "note: declared here: `hello.Greeter` or `other.v1.TestServer`\n  hint: did you mean `hello.Greeter`?",
        );
        expect("Zebra/Run", "note: declared here: `hello.Greeter` or `other.v1.TestServer`");
    }

    #[test]
    fn without_protos_it_says_so() {
        let tree = Tree::new(&[]);
        assert_eq!(
            tree.method(&tree.sound(&["Greeter"]), "Greeter/SayHello"),
            "error: unknown service `Greeter`\n  grpc-spec.yaml:1:1 yaml no proto here declares a service\n  \
             hint: say where the protos are: `protos: { import_paths: [...] }`"
        );
    }

    #[test]
    fn unknown_methods_are_answered_with_near_ones() {
        let tree = Tree::greeter();
        let schema = tree.sound(&["Greeter"]);
        let expect = |name: &str, way_out: &str| {
            let method = name.split('/').nth(1).unwrap_or_default();
            assert_eq!(
                tree.method(&schema, name),
                format!(
                    "error: the service `hello.Greeter` has no method `{method}`\n  grpc-spec.yaml:1:1 yaml no such method\n  {way_out}"
                )
            );
        };
        expect("Greeter/sayHello", "hint: did you mean `SayHello`?");
        expect("hello.Greeter/SayHelo", "hint: did you mean `SayHello`?");
        expect("Greeter/Delete", "note: its methods: `SayHello` or `SayGoodbye`");
    }

    #[test]
    fn a_short_name_of_several_services_is_ambiguous() {
        let tree = Tree::greeter();
        tree.write("protos/v2.proto", b"package hello.v2; service Greeter {}");
        let schema = tree.sound(&["Greeter", "hello.v2.Greeter"]);
        assert_eq!(
            tree.method(&schema, "Greeter/SayHello"),
            "error: `Greeter` is the short name of 2 services\n  grpc-spec.yaml:1:1 yaml which of them?\n  \
             hint: write `hello.Greeter` or `hello.v2.Greeter`"
        );
    }

    #[test]
    fn a_service_without_a_package_goes_by_its_full_name() {
        let tree = Tree::greeter();
        tree.write("protos/bare.proto", b"service Greeter { rpc A(M) returns (M); } message M {}");
        let schema = tree.sound(&["Greeter"]);
        assert_eq!(tree.method(&schema, "Greeter/A"), "M");
    }
}

#[test]
fn works_with_relative_import_paths() {
    // the crate's own folder is where tests run
    let sources = Sources::new();
    let span = Span::new(sources.add("a.yaml", ""), 0, 0);
    let from = SchemaSources {
        import_paths: vec![Spanned::new(Path::new("src/schema").to_owned(), span)],
        ..SchemaSources::default()
    };
    let mut out = Diagnostics::new();
    let schema = Schema::load(&from, &[], &sources, &mut out);
    assert!(out.is_empty());
    assert!(schema.pool().get_message_by_name("google.rpc.Status").is_some());
}
