//! The command line.

use lexopt::{Arg, Parser, ValueExt};
use shared::domain::ids::TenantId;

/// What `--help` prints.
pub const HELP: &str = "\
Hosts the functions of the order service in one process.

usage: standalone [--only NAME,… | --except NAME,…]
       standalone create-tenant --name NAME [--stock on|off]
       standalone create-key --tenant TENANT [--name NAME]
       standalone openapi|asyncapi|schemas|lifecycle|definitions|resources

  --only NAME,…      host these functions only
  --except NAME,…    host every function but these
  -h, --help         print this

create-tenant prints one JSON line with the tenant's id and its first key, which is shown this once.
  --name NAME        what people call the tenant
  --stock on|off     its orders wait for an inventory service's reservation (default on)

create-key prints the same line with a new key, for a tenant that has locked itself out.
  --tenant TENANT    its id: ten_…
  --name NAME        what the key is called in lists (default recovery)

What is derived is printed without any environment: openapi and asyncapi, the documents of requests and of messages; schemas, the JSON
Schema of each message; lifecycle, the page about the life of an order; definitions and resources, exchanges and queues for RabbitMQ
and for its topology operator.

Jobs that run once (migrate) run to their end before anything is served.
The environment: DATABASE_URL, REDIS_URL, AMQP_URL, KEYS_ENCRYPTION, PAYMENT_SERVICE_URL, PAYMENT_SERVICE_KEY_ID,
PAYMENT_SERVICE_SECRET, PAYMENT_WEBHOOK_SECRETS; optional OPERATOR_KEY, DATABASE_DIRECT_URL, DATABASE_POOL_SIZE, BIND_ADDRESS, PORT,
METRICS_PORT, LOG_LEVEL, ENVIRONMENT.
Whatever is missing or wrong is told at once.
";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print [`HELP`].
    Help,
    /// Host functions until told to stop.
    Serve(Wanted),
    /// Print what is derived from the functions and the domain.
    Print(Document),
    /// Create a tenant and print its key.
    CreateTenant {
        /// What people call it.
        name: String,
        /// Its orders reserve stock.
        stock: bool,
    },
    /// Create a key for a tenant that has none left, and print it.
    CreateKey {
        /// Whose.
        tenant: TenantId,
        /// What it is called in lists.
        name: String,
    },
}

/// What can be printed, by the word that asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// The OpenAPI document.
    OpenApi,
    /// The AsyncAPI document.
    AsyncApi,
    /// The JSON Schema of each message, by its type.
    Schemas,
    /// The page about the life of an order.
    Lifecycle,
    /// Exchanges and queues, for `rabbitmqctl import_definitions`.
    Definitions,
    /// The same as resources of the messaging topology operator.
    Resources,
}

const DOCUMENTS: [(&str, Document); 6] = [
    ("openapi", Document::OpenApi),
    ("asyncapi", Document::AsyncApi),
    ("schemas", Document::Schemas),
    ("lifecycle", Document::Lifecycle),
    ("definitions", Document::Definitions),
    ("resources", Document::Resources),
];

/// Which functions to host.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Every one.
    All,
    /// `--only`.
    Only(Vec<String>),
    /// `--except`.
    Except(Vec<String>),
}

impl Wanted {
    /// Whether a function is among them.
    pub fn includes(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|only| only == name),
            Self::Except(names) => names.iter().all(|except| except != name),
        }
    }

    fn names(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Only(names) | Self::Except(names) => names,
        }
    }
}

/// Reads the command line; `known` are the functions there are.
///
/// # Errors
/// One sentence about the first argument that is not understood.
pub fn parse(mut arguments: Parser, known: &[&str]) -> Result<Command, lexopt::Error> {
    let mut wanted = Wanted::All;
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Value(command) if command == "create-tenant" => return create_tenant(arguments),
            Arg::Value(command) if command == "create-key" => return create_key(arguments),
            Arg::Value(word) => {
                let named = DOCUMENTS.iter().find(|(name, _)| word == *name);
                return named.map(|(_, document)| Command::Print(*document)).ok_or_else(|| Arg::Value(word).unexpected());
            }
            Arg::Long("only") if wanted == Wanted::All => wanted = Wanted::Only(names(&mut arguments)?),
            Arg::Long("except") if wanted == Wanted::All => wanted = Wanted::Except(names(&mut arguments)?),
            Arg::Long("only" | "except") => return Err("--only and --except are given once, and not together".into()),
            other => return Err(other.unexpected()),
        }
    }
    match wanted.names().iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(format!("no function is called {unknown}; there are {}", known.join(", ")).into()),
        None => Ok(Command::Serve(wanted)),
    }
}

fn names(arguments: &mut Parser) -> Result<Vec<String>, lexopt::Error> {
    Ok(arguments.value()?.string()?.split(',').map(str::to_owned).collect())
}

fn create_tenant(mut arguments: Parser) -> Result<Command, lexopt::Error> {
    let (mut name, mut stock) = (None, true);
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("name") => name = Some(arguments.value()?.string()?),
            Arg::Long("stock") => stock = arguments.value()?.parse_with(on_or_off)?,
            other => return Err(other.unexpected()),
        }
    }
    let name = name.ok_or("create-tenant needs --name NAME")?;
    Ok(Command::CreateTenant { name, stock })
}

fn create_key(mut arguments: Parser) -> Result<Command, lexopt::Error> {
    let (mut tenant, mut name) = (None, "recovery".to_owned());
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("tenant") => tenant = Some(arguments.value()?.parse()?),
            Arg::Long("name") => name = arguments.value()?.string()?,
            other => return Err(other.unexpected()),
        }
    }
    let tenant = tenant.ok_or("create-key needs --tenant TENANT")?;
    Ok(Command::CreateKey { tenant, name })
}

fn on_or_off(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("expected on or off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["create-order", "get-order", "migrate"];

    fn read(line: &str) -> Result<Command, String> {
        parse(Parser::from_args(line.split_whitespace()), KNOWN).map_err(|error| error.to_string())
    }

    #[test]
    fn without_arguments_every_function_is_hosted() {
        assert_eq!(read(""), Ok(Command::Serve(Wanted::All)));
    }

    #[test]
    fn functions_are_chosen_by_name() {
        let Ok(Command::Serve(only)) = read("--only create-order,get-order") else { panic!("not understood") };
        assert!(only.includes("get-order") && !only.includes("migrate"));
        let Ok(Command::Serve(except)) = read("--except=migrate") else { panic!("not understood") };
        assert!(except.includes("get-order") && !except.includes("migrate"));
    }

    #[test]
    fn a_tenant_has_a_name_and_reserves_stock_unless_told_not_to() {
        let tenant = |stock| Ok(Command::CreateTenant { name: "demo".into(), stock });
        assert_eq!(read("create-tenant --name demo"), tenant(true));
        assert_eq!(read("create-tenant --stock off --name=demo"), tenant(false));
    }

    #[test]
    fn a_document_needs_no_more_words() {
        for (word, document) in DOCUMENTS {
            assert_eq!(read(word), Ok(Command::Print(document)));
        }
    }

    #[test]
    fn a_key_is_for_a_tenant() {
        let tenant = "ten_0198f000000070008000000000000001";
        let key = |name: &str| Ok(Command::CreateKey { tenant: tenant.parse().unwrap(), name: name.into() });
        assert_eq!(read(&format!("create-key --tenant {tenant}")), key("recovery"));
        assert_eq!(read(&format!("create-key --tenant={tenant} --name till")), key("till"));
        assert!(read("create-key --tenant demo").is_err());
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for (line, problem) in [
            ("--only place-order", "no function is called place-order; there are create-order, get-order, migrate"),
            ("--only migrate --except migrate", "--only and --except are given once, and not together"),
            ("--port 80", "invalid option '--port'"),
            ("serve", "unexpected argument \"serve\""),
            ("create-tenant", "create-tenant needs --name NAME"),
            ("create-key", "create-key needs --tenant TENANT"),
        ] {
            assert_eq!(read(line), Err(problem.into()), "{line}");
        }
        assert!(read("create-tenant --name demo --stock maybe").is_err());
    }
}
