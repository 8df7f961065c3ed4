//! Small programs to run and read; each is a binary of this package. `cargo xtask demo` runs the first, `main_job`;
//! `cargo xtask demo NAME` any other.
