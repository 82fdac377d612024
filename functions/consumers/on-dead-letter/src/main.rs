//! The process of on-dead-letter.

fn main() -> std::process::ExitCode {
    shared::runtime::consumer(on_dead_letter::function())
}
