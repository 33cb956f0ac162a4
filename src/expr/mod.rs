//! `${…}`: templates in scalars, what planning knows of names ([`Env`]) and their values at run time ([`Scope`]).
//! At present an expression is a name: `${name}`, `${env.NAME}`, `${servers.NAME.address}`. Returns values and spans,
//! renders nothing.

mod braces;
mod budget;
mod check;
#[cfg(test)]
mod documentation;
mod evaluate;
mod explain;
mod expression;
mod fault;
mod message_value;
mod name;
mod operate;
mod random;
mod resolve;
mod scope;
mod secrets;
mod select;
mod signature;
mod syntax;
mod template;
mod term;
mod text;
mod ty;
mod value;
mod variables;
mod yaml_value;

pub(crate) use explain::Explanation;
pub(crate) use expression::Expression;
pub(crate) use name::{Name, check_step_id, check_variable_name};
pub(crate) use random::derive_seed;
pub(crate) use scope::{Binding, Env, FreePorts, Scope};
pub(crate) use secrets::Secrets;
pub(crate) use template::{Template, Text};
pub(crate) use text::double_text;
pub(crate) use ty::Ty;
pub(crate) use value::{Key, Value};
pub(crate) use variables::names_in;

#[cfg(test)]
mod tests;
