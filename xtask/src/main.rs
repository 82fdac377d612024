//! The project's own commands: `cargo xtask <command>`. This file only finds the command; each lives in a file of
//! `commands`, which the rest serves: `services` runs private servers, `installed` brings other programs, `manifest`
//! reads the functions' manifests, `generate` derives files from them, `tidy` holds the rules of the house, `signing` signs
//! requests, `webhooks` what the payment service pushes, `target` knows to whom and with which key, `client` sends.

mod cargo_lambda;
mod chaos_build;
mod checkout;
mod client;
mod commands;
mod failure;
mod generate;
mod installed;
mod interrupt;
mod manifest;
mod options;
mod output;
mod process;
mod random;
mod services;
mod signing;
mod target;
mod tidy;
mod webhooks;

use std::process::ExitCode;

use checkout::Checkout;
use commands::{COMMANDS, Command};
use failure::{Failure, Result};

fn main() -> ExitCode {
    match dispatch(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_told() {
                eprintln!("error: {failure}");
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut arguments: Vec<String>) -> Result<()> {
    let is_help = |argument: &String| ["--help", "-h", "help"].contains(&argument.as_str());
    if arguments.first().is_none_or(is_help) {
        return output::print(&overview());
    }
    let name = arguments.remove(0);
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return Err(Failure::new(format!("there is no command {name:?}\n\n{}", overview())));
    };
    if arguments.iter().any(|argument| ["--help", "-h"].contains(&argument.as_str())) {
        return output::print(command.help);
    }
    interrupt::listen()?;
    (command.run)(&Checkout::find()?, arguments)
}

fn overview() -> String {
    let lines = COMMANDS.iter().map(|Command { name, purpose, .. }| format!("  {name:<8} {purpose}"));
    let lines: Vec<String> = lines.collect();
    format!("cargo xtask <command> [options]\n\n{}\n\ncargo xtask <command> --help tells more.", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, dispatch};

    #[test]
    fn an_unknown_command_is_answered_with_the_list() {
        let message = dispatch(vec!["tets".into()]).unwrap_err().to_string();
        assert!(COMMANDS.iter().all(|command| message.contains(command.name)), "{message}");
    }

    #[test]
    fn every_help_opens_with_the_line_to_type() {
        for command in COMMANDS {
            assert!(command.help.starts_with(&format!("cargo xtask {}", command.name)), "{}", command.name);
        }
    }
}
