//! The binary `prune-records`: hands the function to its host.

fn main() -> std::process::ExitCode {
    shared::runtime::job(prune_records::function())
}
