//! A case as it is meant, everything inherited and substituted, with the place each value comes from: what `grpc-spec
//! explain` prints. In the format's own words; what is known only when the case runs stands as it was written.

mod case;
mod page;
mod places;
mod value;

use std::sync::Arc;

use crate::diagnostic::Sources;
use crate::plan::Names;
use crate::spec::{Case, CaseFile, Config};
use case::Explanation;

/// A case, resolved, as YAML.
pub(crate) fn explain(config: &Arc<Config>, file: &CaseFile, case: &Case, sources: &Arc<Sources>) -> String {
    let names = Names::of_levels(config, file, case, sources);
    Explanation::new(config, file, case, &names, sources).write()
}
