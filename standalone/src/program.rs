//! What the command line asks for: hosts every function in one process on one port, creates tenants and keys for whoever runs it, and
//! prints what is generated from them for readers.
//!
//! The environment is that of the functions; `standalone --help` says what the arguments are.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use shared::{
    domain::lifecycle,
    http::{HttpFunction, openapi},
    runtime,
};

use crate::{
    arguments::{self, Command, HELP},
    functions,
};

/// Arguments that make no sense are a bad configuration.
const EXIT_USAGE: u8 = 2;

/// Does it, from the arguments of this process to its exit code.
pub fn run() -> ExitCode {
    let all = functions::all();
    match arguments::parse(lexopt::Parser::from_env(), &all.names().collect::<Vec<_>>()) {
        Ok(Command::Serve(wanted)) => runtime::serve(all.filtered(|name| wanted.includes(name))),
        Ok(Command::CreateTenant { name, stock }) => runtime::create_tenant(name, stock),
        Ok(Command::OpenApi) => openapi(&all.http),
        Ok(Command::Lifecycle) => tell(&mut io::stdout(), &lifecycle::page(), ExitCode::SUCCESS),
        Ok(Command::CreateKey { tenant, name }) => runtime::create_key(tenant, name),
        Ok(Command::Help) => tell(&mut io::stdout(), HELP, ExitCode::SUCCESS),
        Err(error) => tell(&mut io::stderr(), &format!("{error}\nstandalone --help says what is understood\n"), EXIT_USAGE.into()),
    }
}

/// Prints the document as it is committed: `docs/openapi.json`.
fn openapi(functions: &[HttpFunction]) -> ExitCode {
    match openapi::document(functions) {
        // `{:#}` is a value's indented form.
        Ok(document) => tell(&mut io::stdout(), &format!("{document:#}\n"), ExitCode::SUCCESS),
        Err(errors) => tell(&mut io::stderr(), &format!("{}\n", errors.join("\n")), ExitCode::FAILURE),
    }
}

fn tell(out: &mut dyn Write, text: &str, exit: ExitCode) -> ExitCode {
    // Whoever closed the pipe does not want to read it.
    let _ = out.write_all(text.as_bytes());
    exit
}
