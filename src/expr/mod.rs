//! `${…}`: templates in scalars, what planning knows of names ([`Env`]) and their values at run time ([`Scope`]).
//! At present an expression is a name: `${name}`, `${env.NAME}`, `${servers.NAME.address}`. Returns values and spans,
//! renders nothing.

mod braces;
mod check;
mod expression;
mod name;
mod random;
mod resolve;
mod scope;
mod secrets;
mod template;
mod ty;
mod value;

pub(crate) use check::names_in;
pub(crate) use expression::Expression;
pub(crate) use name::{Name, check_step_id, check_variable_name};
pub(crate) use random::derive_seed;
pub(crate) use scope::{Binding, Env, Scope};
pub(crate) use secrets::Secrets;
pub(crate) use template::{Template, Text};
pub(crate) use ty::Ty;
pub(crate) use value::{Key, Value};
