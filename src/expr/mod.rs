//! `${…}`: templates in scalars, what planning knows of names ([`Env`]) and their values at run time ([`Scope`]).
//! At present an expression is a name: `${name}`, `${env.NAME}`, `${servers.NAME.address}`. Returns values and spans,
//! renders nothing.

mod scope;
mod template;

pub(crate) use scope::{Binding, Env, Scope};
pub(crate) use template::{Template, Text};

use std::sync::Arc;

use crate::yaml::Node;

/// What a name stands for.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Text from outside the case files: the environment, a port, an address.
    Text(Arc<str>),
    /// The YAML written in `vars`: it stands, whole, for what is written there, operators included.
    Yaml(Node),
}
