mod across;
mod expectation;
mod goldens;
mod operators;
mod outcomes;
mod properties;
