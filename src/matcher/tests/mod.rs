mod across;
mod expectation;
mod goldens;
mod operators;
mod properties;
