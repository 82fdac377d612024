//! What an environment must hold, and how its problems are told.

use secrecy::ExposeSecret;

use super::{Config, ConfigError, Consume, Environment, Needs, keys::DEVELOPMENT_KEY};

const ALL: Needs =
    Needs { keys: true, operator: true, redis: true, amqp: true, consume: false, payment_service: true, payment_webhook: true };
const RANDOM_KEYS: &str = "v1:mFkhwHhqW0zHGbN5q5qvLb0pZhO3l9mKq0sCkI3Wv2w=";
const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn read(needs: Needs, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(needs, &|wanted| variables.iter().rev().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned()))
}

/// A whole environment, later entries overriding earlier ones.
fn with<'a>(profile: &[(&'a str, &'a str)], overriding: &[(&'a str, &'a str)]) -> Result<Config, ConfigError> {
    read(ALL, &[profile, overriding].concat())
}

const DEVELOPMENT: &[(&str, &str)] = &[
    ("DATABASE_URL", "postgres://127.0.0.1/orders"),
    ("REDIS_URL", "redis://127.0.0.1:6379/0"),
    ("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2f"),
    ("KEYS_ENCRYPTION", RANDOM_KEYS),
    ("PAYMENT_SERVICE_URL", "http://127.0.0.1:9000"),
    ("PAYMENT_SERVICE_KEY_ID", "orders"),
    ("PAYMENT_SERVICE_SECRET", "s3cret"),
    ("PAYMENT_WEBHOOK_SECRETS", WEBHOOK_SECRET),
];

const PRODUCTION: &[(&str, &str)] = &[
    ("ENVIRONMENT", "production"),
    ("DATABASE_URL", "postgres://db.internal/orders?sslmode=verify-full"),
    ("REDIS_URL", "rediss://redis.internal:6379/0"),
    ("AMQP_URL", "amqps://orders:pw@rabbit.internal/orders"),
    ("KEYS_ENCRYPTION", RANDOM_KEYS),
    ("PAYMENT_SERVICE_URL", "https://payments.example"),
    ("PAYMENT_SERVICE_KEY_ID", "orders"),
    ("PAYMENT_SERVICE_SECRET", "s3cret"),
    ("PAYMENT_WEBHOOK_SECRETS", WEBHOOK_SECRET),
];

#[test]
fn defaults_are_those_of_the_contract() {
    let config = with(DEVELOPMENT, &[]).unwrap();
    assert_eq!(config.environment, Environment::Development);
    assert_eq!(config.server.address.to_string(), "0.0.0.0:8080");
    assert_eq!(config.server.metrics_address.to_string(), "0.0.0.0:9464");
    assert_eq!(config.database.pool_size, 8);
    assert_eq!(config.database.direct_url.expose_secret(), config.database.url.expose_secret());
    assert_eq!(config.log.filter, "info");
}

#[test]
fn an_operator_is_optional() {
    assert!(with(DEVELOPMENT, &[]).unwrap().operator_key.is_none());
    let key = "osk_0123456789012345678901234567890123456789012";
    assert_eq!(with(DEVELOPMENT, &[("OPERATOR_KEY", key)]).unwrap().operator_key.unwrap().expose_secret(), key);
}

#[test]
fn several_secrets_of_webhooks_count_at_once() {
    let one = with(DEVELOPMENT, &[]).unwrap().webhook_secrets;
    let both =
        with(DEVELOPMENT, &[("PAYMENT_WEBHOOK_SECRETS", &format!("whsec_{}, {WEBHOOK_SECRET}", "A".repeat(32)))]).unwrap().webhook_secrets;
    assert_eq!((one.len(), both.len()), (1, 2));
    assert_eq!(both[1].key(), one[0].key());
    let unset = with(DEVELOPMENT, &[("PAYMENT_WEBHOOK_SECRETS", "")]).unwrap_err().to_string();
    assert!(unset.contains("PAYMENT_WEBHOOK_SECRETS: is not set; expected whsec_"), "{unset}");
}

#[test]
fn what_no_function_needs_is_not_asked_for() {
    let config = read(Needs::default(), &[("DATABASE_URL", "postgres://127.0.0.1/orders")]).unwrap();
    assert!(config.keyring.is_none() && config.redis.is_none() && config.amqp.is_none() && config.payment_service.is_none());
    assert!(config.webhook_secrets.is_empty());
}

#[test]
fn every_problem_is_told_at_once_and_no_value_repeated() {
    let error = read(
        ALL,
        &[
            ("ENVIRONMENT", "staging"),
            ("LOG_LEVEL", "shared=chatty"),
            ("PORT", "70000"),
            ("DATABASE_URL", "mysql://root:hunter2@localhost/orders"),
            ("DATABASE_POOL_SIZE", "0"),
            ("KEYS_ENCRYPTION", "v1:hunter2"),
            ("OPERATOR_KEY", "osk_hunter2"),
            ("REDIS_URL", ""),
            ("PAYMENT_SERVICE_URL", "payments"),
            ("PAYMENT_SERVICE_KEY_ID", "orders"),
            ("PAYMENT_WEBHOOK_SECRETS", "hunter2,whsec_hunter2,whsec_AAAA,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,whsec_"),
        ],
    )
    .unwrap_err()
    .to_string();
    assert_eq!(
        error,
        "the environment does not describe a process that can run:
  ENVIRONMENT: is not understood; expected development or production
  LOG_LEVEL: is not understood; expected a level or tracing directives: info,shared=debug
  PORT: is not understood; expected a number from 0 to 65535, 0 for any free port
  DATABASE_URL: is not such a URL; expected postgres://[user[:password]@]host[:port]/database
  DATABASE_POOL_SIZE: is not understood; expected a number from 1 to 64
  KEYS_ENCRYPTION: the key of v1 is not the base64 of 32 bytes; expected v1:<base64 of 32 random bytes>, newer keys in front (openssl rand -base64 32 makes one)
  OPERATOR_KEY: has not the form of a secret; expected osk_ and the base64url of 32 random bytes (echo \"osk_$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')\" makes one)
  REDIS_URL: is not set; expected redis://host:port/db or rediss://…, for a cluster several nodes with commas between them
  AMQP_URL: is not set; expected amqp://user:password@host:port/vhost or amqps://…
  PAYMENT_SERVICE_SECRET: is not set; expected the secret of that key
  PAYMENT_SERVICE_URL: is not such a URL; expected http://host:port or https://…
  PAYMENT_WEBHOOK_SECRETS: holds 5 secrets; at most 4 count at a time
  PAYMENT_WEBHOOK_SECRETS: entry 1 does not begin with whsec_; expected EXPECTED
  PAYMENT_WEBHOOK_SECRETS: entry 2 is not base64 after whsec_; expected EXPECTED
  PAYMENT_WEBHOOK_SECRETS: entry 3 is a key of 3 bytes, not of 24 to 64; expected EXPECTED
  PAYMENT_WEBHOOK_SECRETS: entry 5 is a key of 0 bytes, not of 24 to 64; expected EXPECTED"
            .replace("EXPECTED", super::payment_webhook::EXPECTED)
    );
}

#[test]
fn production_starts_when_everything_is_verified() {
    assert_eq!(with(PRODUCTION, &[]).unwrap().environment, Environment::Production);
}

#[test]
fn production_refuses_plaintext_and_development_keys() {
    let development_keys = format!("v2:mFkhwHhqW0zHGbN5q5qvLb0pZhO3l9mKq0sCkI3Wv2w=,v1:{DEVELOPMENT_KEY}");
    for (variable, value, problem) in [
        ("KEYS_ENCRYPTION", development_keys.as_str(), "holds the development key"),
        ("REDIS_URL", "redis://redis.internal:6379/0", "is plaintext"),
        ("AMQP_URL", "amqp://orders:pw@rabbit.internal/orders", "is plaintext"),
        ("PAYMENT_SERVICE_URL", "http://payments.example", "is plaintext"),
        ("DATABASE_URL", "postgres://db.internal/orders", "does not verify the server"),
        ("DATABASE_URL", "postgres://db.internal/orders?sslmode=verify-full&sslmode=require", "does not verify the server"),
        ("DATABASE_DIRECT_URL", "postgres://db.internal/orders?sslmode=require", "does not verify the server"),
    ] {
        let error = with(PRODUCTION, &[(variable, value)]).unwrap_err().to_string();
        let (_, lines) = error.split_once('\n').unwrap();
        assert!(lines.starts_with(&format!("  {variable}: {problem}")), "{error}");
        assert_eq!(lines.lines().count(), 1, "{error}");
        assert!(with(DEVELOPMENT, &[(variable, value)]).is_ok(), "{variable} is fine in development");
    }
}

#[test]
fn debug_of_a_configuration_shows_no_secret() {
    let shown = format!("{:?}", with(DEVELOPMENT, &[("DATABASE_URL", "postgres://u:s3cret@127.0.0.1/orders")]).unwrap());
    assert!(!shown.contains("s3cret") && !shown.contains("guest") && !shown.contains("MfKQ"), "{shown}");
}

#[test]
fn a_consumer_of_its_own_needs_the_broker_only_to_read_its_queue() {
    let consumer = Needs { consume: true, ..Needs::default() };
    let read = |variables: &[(&str, &str)]| read(consumer, &[&[("DATABASE_URL", "postgres://127.0.0.1/orders")], variables].concat());
    for (variables, consume) in [(&[][..], Consume::Http), (&[("CONSUME", "http")], Consume::Http)] {
        let config = read(variables).unwrap();
        assert_eq!((config.consume, config.amqp.is_none()), (Some(consume), true));
    }
    let config = read(&[("CONSUME", "amqp"), ("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2f")]).unwrap();
    assert_eq!((config.consume, config.amqp.is_some()), (Some(Consume::Amqp), true));
    assert!(read(&[("CONSUME", "amqp")]).unwrap_err().to_string().contains("AMQP_URL: is not set"));
    assert!(read(&[("CONSUME", "kafka")]).unwrap_err().to_string().contains("CONSUME: is not understood; expected http or amqp"));
}
