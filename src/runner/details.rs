//! The details of a status that the schema of a call does not know: their types are asked of the server that sent them,
//! when it does, each once. Main type: [`DetailTypes`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use prost_reflect::{DescriptorPool, DynamicMessage};
use tokio::sync::Mutex;

use super::reflect::fetch_types;
use crate::diagnostic::{Sources, neutralise_line};
use crate::expr::{Env, Scope};
use crate::grpc::{Channel, Metadata};
use crate::message::{detail_in, unknown_detail};
use crate::plan::reflection_metadata;
use crate::spec::ServerSpec;

/// How long a server may take to say what its details are, each time it is asked.
const WITHIN: Duration = Duration::from_secs(3);
/// Types that a server is asked for at most.
const MAX_TYPES: usize = 64;
/// How much of a name, or of why it is not known, is shown.
const MAX_WORDS: usize = 300;

/// What one server says its details are. A type has a pool of its own, or one with those it was asked for together: it
/// is for looking at, and never meets a message of the schema.
pub(super) struct DetailTypes {
    spec: Arc<ServerSpec>,
    env: Arc<Env>,
    scope: Arc<Scope>,
    sources: Arc<Sources>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// By full name; why it is not known where it is not.
    types: BTreeMap<String, Result<DescriptorPool, Arc<str>>>,
    /// Why there is no use in asking again.
    lost: Option<Arc<str>>,
}

impl DetailTypes {
    /// Of a server that may be asked. Its own metadata are computed when it is.
    pub(super) fn new(spec: Arc<ServerSpec>, env: Arc<Env>, scope: Arc<Scope>, sources: Arc<Sources>) -> Self {
        Self { spec, env, scope, sources, known: Mutex::default() }
    }

    /// Puts each detail of an unknown type in a pool that knows it, if the server has one; says why where it has none.
    pub(super) async fn complete(&self, details: &mut [DynamicMessage], channel: &Channel) -> Option<String> {
        let unknown: BTreeSet<String> = details.iter().filter_map(unknown_detail).collect();
        if unknown.is_empty() {
            return None;
        }
        let mut known = self.known.lock().await;
        let Known { types, lost } = &mut *known;
        let room = MAX_TYPES.saturating_sub(types.len());
        let asked: BTreeSet<String> = unknown.into_iter().filter(|name| !types.contains_key(name)).take(room).collect();
        if !asked.is_empty() {
            let fetched = match lost {
                Some(why) => Err(Arc::clone(why)),
                None => self.fetch(&asked, channel).await,
            };
            *lost = fetched.as_ref().err().cloned();
            for name in asked {
                let found = match &fetched {
                    Ok(pool) if pool.get_message_by_name(&name).is_some() => Ok(pool.clone()),
                    Ok(_) => Err("its reflection does not know it".into()),
                    Err(why) => Err(Arc::clone(why)),
                };
                types.insert(name, found);
            }
        }
        let mut warning = None;
        for detail in details {
            let Some(name) = unknown_detail(detail) else { continue };
            let why = match types.get(&name) {
                Some(Ok(pool)) => match detail_in(detail, pool) {
                    Some(moved) => {
                        *detail = moved;
                        continue;
                    }
                    None => "it cannot be read",
                },
                Some(Err(why)) => why,
                None => "the server has sent too many types",
            };
            warning.get_or_insert_with(|| {
                let (name, why) = (neutralise_line(&name, MAX_WORDS), neutralise_line(why, MAX_WORDS));
                format!("the status detail `{name}` is shown raw: {why}")
            });
        }
        warning
    }

    async fn fetch(&self, names: &BTreeSet<String>, channel: &Channel) -> Result<DescriptorPool, Arc<str>> {
        let metadata: Metadata = reflection_metadata(&self.spec, &self.env, &self.scope, &self.sources)
            .map_err(|_| "the metadata of the server cannot be computed")?;
        let fetched = fetch_types(&self.spec, names, channel, &metadata, &self.sources, Instant::now() + WITHIN);
        Box::pin(fetched).await.map_err(Arc::from)
    }
}
