//! `${…}`: templates in scalars, what planning knows of names ([`Env`]) and their values at run time ([`Scope`]).
//! At present an expression is a name: `${name}`, `${env.NAME}`, `${servers.NAME.address}`. Returns values and spans,
//! renders nothing.

mod braces;
mod check;
mod name;
mod resolve;
mod scope;
mod template;

use std::sync::Arc;

pub(crate) use check::names_in;
pub(crate) use name::{Name, check_variable_name};
pub(crate) use scope::{Binding, Env, Scope};
pub(crate) use template::{Template, Text};

use crate::yaml::Node;

/// What a name stands for.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Text from outside the case files: the environment, a port, an address. Nothing in it is escaped.
    Text(Arc<str>),
    /// The YAML written in `vars`: it stands, whole, for what is written there, operators included. As written: its
    /// scalars are read through [`Text::of`], like any other.
    Yaml(Node),
}
