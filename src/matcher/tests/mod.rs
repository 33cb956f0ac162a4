mod across;
mod conditions;
mod expectation;
mod goldens;
mod operators;
mod outcomes;
mod properties;
