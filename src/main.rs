//! The program. Everything else can be called by a test.

use std::process::ExitCode;

fn main() -> ExitCode {
    shutong::cli::main()
}
