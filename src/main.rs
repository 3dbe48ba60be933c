//! The `pkit` command.

fn main() -> std::process::ExitCode {
    pkit::cli::main()
}
