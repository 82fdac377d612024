//! Every function in one process.

fn main() -> std::process::ExitCode {
    standalone::run()
}
