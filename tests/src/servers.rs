//! Where the servers of this run are. Starting them is `cargo xtask test`'s work.

use url::Url;

/// The addresses that `cargo xtask test` hands to the tests.
#[derive(Debug, Clone)]
pub struct Servers {
    /// An administrator's URL of PostgreSQL.
    pub database: Url,
    /// Redis, shared by all tests: keys carry tenants, and every test has its own.
    pub redis: String,
    /// The broker, with user and password.
    pub amqp: Url,
    /// The management API of the broker, with user and password: `http://…/api`.
    pub rabbitmq_api: String,
}

impl Servers {
    /// Reads the environment.
    ///
    /// # Panics
    /// When a variable is missing: tests without servers fail, they are never skipped.
    #[must_use]
    pub fn from_env() -> Self {
        let variable = |name: &str| {
            std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: these tests need servers, run them with `cargo xtask test`"))
        };
        let url = |name: &str| variable(name).parse().unwrap_or_else(|error| panic!("{name} is not a URL: {error}"));
        Self {
            database: url("TEST_DATABASE_URL"),
            redis: variable("TEST_REDIS_URL"),
            amqp: url("TEST_AMQP_URL"),
            rabbitmq_api: variable("TEST_RABBITMQ_API"),
        }
    }

    /// A client for plain HTTP on this machine.
    ///
    /// # Panics
    /// When the client cannot be made.
    #[must_use]
    pub fn http_client() -> reqwest::Client {
        // Refused only when a provider is there already: then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder().timeout(super::PATIENCE).no_proxy().build().unwrap()
    }
}
