//! What the functions of a process share: one pool per database role, the keys, Redis, the payment partner.

use std::{collections::BTreeMap, sync::Arc};

use axum::Router;
use secrecy::SecretString;

use super::{DirectDatabase, Functions, JobContext, JobFunction, Shutdown, health::Health, start_error::StartError};
use crate::{
    auth::Authenticator,
    cache::Cache,
    commands::Context,
    config::Config,
    db::{Connect, Database},
    http::{self, HttpFunction},
    live::Hub,
    messaging::{ConsumerFunction, Settler},
    partners::PaymentService,
    secrets::{Keyring, WebhookSecret},
};

/// Everything made from the configuration. Nothing in it has connected yet.
pub(super) struct App {
    databases: BTreeMap<&'static str, Database>,
    direct_url: SecretString,
    keyring: Option<Arc<Keyring>>,
    operator_key: Option<SecretString>,
    cache: Option<Cache>,
    amqp_url: Option<SecretString>,
    payment_service: Option<PaymentService>,
    webhook_secrets: Vec<WebhookSecret>,
}

impl App {
    /// What these functions need, of what the environment gave. To be called inside the runtime: pools start tasks.
    ///
    /// # Errors
    /// [`StartError`] when a client refuses its URL.
    pub(super) fn new(config: &Config, functions: &Functions) -> Result<Self, StartError> {
        let connect = |role| Database::new(&Connect { url: &config.database.url, role, pool_size: config.database.pool_size });
        let databases = functions.roles().into_iter().map(|role| Ok((role, connect(role)?))).collect::<Result<_, StartError>>()?;
        let payment_service = config.payment_service.as_ref().map(PaymentService::new).transpose();
        Ok(Self {
            databases,
            direct_url: config.database.direct_url.clone(),
            keyring: config.keyring.clone(),
            operator_key: config.operator_key.clone(),
            cache: config.redis.as_ref().map(|redis| Cache::new(&redis.urls)).transpose()?,
            amqp_url: config.amqp.as_ref().map(|amqp| amqp.url.clone()),
            payment_service: payment_service.map_err(|error| StartError::PaymentService(error.into()))?,
            webhook_secrets: config.webhook_secrets.clone(),
        })
    }

    /// Health and, under `role`, the endpoints. Answers that last end when a stop is asked for.
    pub(super) fn router(
        &self,
        functions: Vec<HttpFunction>,
        role: Option<&'static str>,
        shutdown: &Shutdown,
    ) -> Result<Router, StartError> {
        let health = self.health(role)?.router();
        let Some(role) = role else { return Ok(health) };
        let cache = self.cache.clone().ok_or(StartError::NotRead("REDIS_URL"))?;
        let authenticator = Authenticator::new(self.database(role)?, cache, self.keyring()?, self.operator_key.as_ref());
        let live = Hub::new(self.database(role)?, self.cache.as_ref(), shutdown.receiver());
        let state = http::State::new(self.context(role)?, self.database(role)?, authenticator, self.webhook_secrets.clone(), live);
        Ok(http::router(functions, state).merge(health))
    }

    /// What commands under this role work with.
    pub(super) fn context(&self, role: &'static str) -> Result<Context, StartError> {
        Ok(Context::new(self.database(role)?, self.keyring()?)
            .with_payment_service(self.payment_service.clone())
            .with_cache(self.cache.clone()))
    }

    /// What settles the messages of this consumer.
    pub(super) fn settler(&self, function: ConsumerFunction) -> Result<Settler, StartError> {
        Ok(Settler::new(function, self.context(function.spec.database_role)?))
    }

    /// What one run of this job works with.
    pub(super) fn job_context(&self, job: JobFunction, shutdown: &Shutdown) -> Result<JobContext, StartError> {
        let role = job.spec.database_role;
        Ok(JobContext {
            name: job.spec.name,
            database: self.database(role)?,
            direct: DirectDatabase { url: self.direct_url.clone(), role },
            amqp_url: if job.needs_amqp { self.amqp_url()? } else { SecretString::default() },
            within_tenants: job.spec.tenant_role.map(|role| self.context(role)).transpose()?,
            settlers: (job.consumers)().into_iter().map(|consumer| self.settler(consumer)).collect::<Result<_, _>>()?,
            is_only_run: job.is_only_run,
            shutdown: shutdown.clone(),
        })
    }

    /// The broker, credentials included.
    pub(super) fn amqp_url(&self) -> Result<SecretString, StartError> {
        self.amqp_url.clone().ok_or(StartError::NotRead("AMQP_URL"))
    }

    /// Connects every pool, so that a first request does not wait for it. Without PostgreSQL that request says so itself.
    pub(super) async fn warm_up(&self) {
        for database in self.databases.values() {
            if let Err(error) = database.ping().await {
                tracing::warn!(error.message = &error as &(dyn std::error::Error + 'static), "PostgreSQL did not answer at start");
            }
        }
    }

    /// Closes every connection to PostgreSQL; statements at work finish first.
    pub(super) async fn close(&self) {
        for database in self.databases.values() {
            database.close().await;
        }
    }

    /// Readiness asks the pool that requests use; a process without requests has others.
    fn health(&self, role: Option<&'static str>) -> Result<Health, StartError> {
        let role = role.or_else(|| self.databases.keys().next().copied()).ok_or(StartError::NotRead("DATABASE_URL"))?;
        Ok(Health::new(self.database(role)?, self.cache.clone()))
    }

    fn database(&self, role: &'static str) -> Result<Database, StartError> {
        self.databases.get(role).cloned().ok_or(StartError::NotRead("DATABASE_URL"))
    }

    fn keyring(&self) -> Result<Arc<Keyring>, StartError> {
        self.keyring.clone().ok_or(StartError::NotRead("KEYS_ENCRYPTION"))
    }
}
