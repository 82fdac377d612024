//! What the command line asks for: hosts every function in one process on one port, creates tenants and keys for whoever runs it, and
//! prints what is generated from them for readers.
//!
//! The environment is that of the functions; `standalone --help` says what the arguments are.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde_json::Value;
use shared::{
    catalog,
    domain::lifecycle,
    http::openapi,
    messaging::{asyncapi, topology},
    runtime::{self, Functions},
};

use crate::{
    arguments::{self, Command, Document, HELP},
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
        Ok(Command::Print(document)) => print(document, &all),
        Ok(Command::CreateKey { tenant, name }) => runtime::create_key(tenant, name),
        Ok(Command::Help) => tell(&mut io::stdout(), HELP, ExitCode::SUCCESS),
        Err(error) => tell(&mut io::stderr(), &format!("{error}\nstandalone --help says what is understood\n"), EXIT_USAGE.into()),
    }
}

/// Prints a document as it is committed.
fn print(document: Document, functions: &Functions) -> ExitCode {
    let said = match document {
        Document::OpenApi => openapi::document(&functions.http).map(indented),
        Document::AsyncApi => asyncapi::document(&functions.consumers).map(indented),
        Document::Schemas => asyncapi::document(&functions.consumers).map(|document| indented(schemas(&document))),
        Document::Lifecycle => Ok(lifecycle::page()),
        Document::Definitions => Ok(indented(topology::definitions(catalog::CONSUMERS))),
        Document::Resources => Ok(topology::manifest(catalog::CONSUMERS)),
    };
    match said {
        Ok(text) => tell(&mut io::stdout(), &text, ExitCode::SUCCESS),
        Err(errors) => tell(&mut io::stderr(), &format!("{}\n", errors.join("\n")), ExitCode::FAILURE),
    }
}

fn schemas(document: &Value) -> Value {
    asyncapi::types(document).map(|name| (name.to_owned(), asyncapi::schema(document, name))).collect()
}

fn indented(document: Value) -> String {
    // `{:#}` is a value's indented form.
    format!("{document:#}\n")
}

fn tell(out: &mut dyn Write, text: &str, exit: ExitCode) -> ExitCode {
    // Whoever closed the pipe does not want to read it.
    let _ = out.write_all(text.as_bytes());
    exit
}
