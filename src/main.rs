//! The program. Everything else can be called by a test.

fn main() {}
