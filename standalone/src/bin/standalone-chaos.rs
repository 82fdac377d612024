//! Every function in one process that dies where `CRASH_AT` says and has the bug that `PLANTED_BUG` names: for the chaos tests only.

fn main() -> std::process::ExitCode {
    standalone::run()
}
