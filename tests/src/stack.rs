//! One running service: a database, a vhost if it needs the broker, and the real binaries between them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::{catalog, domain::permissions::Permission};

use super::{
    Broker, Caller, Database, Key, Logs, Partner, Process, Program, Proxy, Servers, Sql, WEBHOOK_PATH, WEBHOOK_SECRET, messages, raw_id,
    until, vhost::Vhost,
};

/// Seals what tests store; not the development key, and no key of anybody.
const KEYS_ENCRYPTION: &str = "v1:dGVzdHMtb25seS1rZXktb2YtMzItYnl0ZXMtMDAwMDE=";
/// The secret of the operator's own key, and its id, which is the same everywhere.
const OPERATOR_KEY: &str = "osk_tests-only-operator-key-of-43-characters-00";
const OPERATOR_KEY_ID: &str = "key_00000000000000000000000000000000_00000000000000000000000000000000";
/// How the service signs its calls to the payment partner.
const PAYMENT_KEY: (&str, &str) = ("key_tests", "a secret of the tests");
/// Nobody listens on port 1 of this machine.
const NOBODY: &str = "http://127.0.0.1:1";

/// The queues that a whole service consumes.
const QUEUES: [&str; 6] = [
    "order-service.payment-events",
    "order-service.inventory-events",
    "order-service.shipment-events",
    "order-service.payment-operations",
    "order-service.dead-letters",
    "order-service.live",
];
/// The queues that the simulated partners consume.
const PARTNER_QUEUES: [&str; 2] = ["simulator.inventory", "simulator.shipping"];

/// What to start.
#[derive(Debug, Clone)]
pub struct Options {
    arguments: Vec<String>,
    consumes: Vec<String>,
    broker: bool,
    simulators: Option<Vec<String>>,
    environment: Vec<(&'static str, String)>,
    proxied: Vec<&'static str>,
    definitions: Option<Value>,
    amqp_url: Option<String>,
}

impl Options {
    /// The HTTP functions, with PostgreSQL and Redis only: starts fastest.
    #[must_use]
    pub fn http() -> Self {
        let names: Vec<_> = catalog::HTTP.iter().map(|spec| spec.name).collect();
        let arguments = vec!["--only".to_owned(), names.join(",")];
        Self {
            arguments,
            consumes: Vec::new(),
            broker: false,
            simulators: None,
            environment: Vec::new(),
            proxied: Vec::new(),
            definitions: None,
            amqp_url: None,
        }
    }

    /// Every function, with the broker and without partners: the test is the partners.
    #[must_use]
    pub fn broker() -> Self {
        let arguments = vec!["--except".to_owned(), "migrate".to_owned()];
        Self { arguments, consumes: QUEUES.map(str::to_owned).into(), broker: true, ..Self::http() }
    }

    /// Every function, with the broker and simulated partners whose parcels take no time.
    #[must_use]
    pub fn whole() -> Self {
        Self { simulators: Some(vec!["--pace".to_owned(), "5".to_owned()]), ..Self::broker() }
    }

    /// Only these functions; with the broker if the rest of the options has it, and without waiting for a queue.
    #[must_use]
    pub fn only(self, functions: &str) -> Self {
        Self { arguments: vec!["--only".to_owned(), functions.to_owned()], consumes: Vec::new(), ..self }
    }

    /// Without these functions either, and without waiting for the queues that only they consume.
    #[must_use]
    pub fn except(self, functions: &[&str]) -> Self {
        let arguments = vec!["--except".to_owned(), [&["migrate"], functions].concat().join(",")];
        let idle = |queue: &str| catalog::CONSUMERS.iter().any(|spec| spec.queue == queue && functions.contains(&spec.name));
        let consumes = self.consumes.into_iter().filter(|queue| !idle(queue)).collect();
        Self { arguments, consumes, ..self }
    }

    /// With a broker of the test's own in place of the runner's.
    #[must_use]
    pub fn on(self, broker: &Broker) -> Self {
        Self { amqp_url: Some(broker.amqp_url()), ..self }
    }

    /// On a virtual host where somebody has imported these definitions before.
    #[must_use]
    pub fn prepared(self, definitions: Value) -> Self {
        Self { definitions: Some(definitions), ..self }
    }

    /// Without waiting until this queue is consumed: something is in the way.
    #[must_use]
    pub fn idle(self, queue: &str) -> Self {
        Self { consumes: self.consumes.into_iter().filter(|consumed| consumed != queue).collect(), ..self }
    }

    /// More arguments of the simulators.
    #[must_use]
    pub fn simulators(mut self, arguments: &[&str]) -> Self {
        self.simulators.get_or_insert_default().extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// Connections of each pool.
    #[must_use]
    pub fn pool_size(self, connections: u32) -> Self {
        self.set("DATABASE_POOL_SIZE", &connections.to_string())
    }

    /// With a [`Proxy`] in front of the server that this variable names: [`Stack::proxy`].
    #[must_use]
    pub fn proxied(mut self, name: &'static str) -> Self {
        self.proxied.push(name);
        self
    }

    /// A variable of the service's environment, in place of the harness's own.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }
}

/// A running service. Dropping the value stops its processes, then drops its database and vhost.
#[derive(Debug)]
pub struct Stack {
    /// The process of the functions.
    pub service: Process,
    /// The partners, if there are any.
    pub simulators: Option<Process>,
    /// Its database. Fields are dropped in this order: processes first.
    pub database: Database,
    vhost: Option<Vhost>,
    amqp_url: Option<String>,
    http: reqwest::Client,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    proxies: BTreeMap<&'static str, Proxy>,
}

impl Stack {
    /// Starts what the options say and waits until it serves, consumes and is consumed.
    ///
    /// # Panics
    /// When something does not start, with what it said.
    pub async fn start(options: Options) -> Self {
        let servers = Servers::from_env();
        let vhost = async {
            match options.broker && options.amqp_url.is_none() {
                true => Some(Vhost::create(&servers).await),
                false => None,
            }
        };
        let (database, vhost) = tokio::join!(Database::migrated(&servers), vhost);
        if let (Some(vhost), Some(definitions)) = (&vhost, &options.definitions) {
            vhost.import(definitions).await;
        }
        let amqp_url = options.amqp_url.or_else(|| vhost.as_ref().map(Vhost::url));
        let mut environment = vec![
            ("DATABASE_URL", database.service_url()),
            ("REDIS_URL", servers.redis.clone()),
            ("AMQP_URL", amqp_url.clone().unwrap_or_else(|| NOBODY.replace("http", "amqp"))),
            ("KEYS_ENCRYPTION", KEYS_ENCRYPTION.to_owned()),
            ("OPERATOR_KEY", OPERATOR_KEY.to_owned()),
            ("PAYMENT_SERVICE_URL", NOBODY.to_owned()),
            ("PAYMENT_SERVICE_KEY_ID", PAYMENT_KEY.0.to_owned()),
            ("PAYMENT_SERVICE_SECRET", PAYMENT_KEY.1.to_owned()),
            ("PAYMENT_WEBHOOK_SECRETS", WEBHOOK_SECRET.to_owned()),
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
            ("PORT", "0".to_owned()),
            ("METRICS_PORT", "0".to_owned()),
        ];
        let simulators = match &options.simulators {
            Some(arguments) => Some(Process::start(Program::Simulators, &borrowed(arguments), &environment).await),
            None => None,
        };
        if let Some(simulators) = &simulators {
            environment.push(("PAYMENT_SERVICE_URL", format!("http://127.0.0.1:{}", simulators.port("server.port"))));
        }
        // The last value of a variable counts.
        environment.extend(options.environment);
        let proxies = proxies(&options.proxied, &mut environment).await;
        let service = Process::start(Program::Standalone, &borrowed(&options.arguments), &environment).await;
        let http = Servers::http_client();
        let stack = Self { service, simulators, database, vhost, amqp_url, http, arguments: options.arguments, environment, proxies };
        stack.wait_for_queues(&options.consumes).await;
        stack.tell_where_webhooks_go().await;
        stack
    }

    /// The partners start first, so the payment partner learns only now where the service listens.
    async fn tell_where_webhooks_go(&self) {
        if self.simulators.is_none() {
            return;
        }
        let target = json!({ "url": format!("{}{WEBHOOK_PATH}", self.url()), "secret": WEBHOOK_SECRET });
        let request = self.http.put(format!("{}/webhook", self.simulator_url())).header("content-type", "application/json");
        let status = request.body(target.to_string()).send().await.unwrap().status().as_u16();
        assert_eq!(status, 204, "the payment partner was told where webhooks go");
    }

    /// Messages that are sent before a queue is bound would be lost or returned.
    async fn wait_for_queues(&self, queues: &[String]) {
        if self.amqp_url.is_none() {
            return;
        }
        let partner = self.partner().await;
        let partners = PARTNER_QUEUES.iter().copied().filter(|_| self.simulators.is_some());
        for queue in queues.iter().map(String::as_str).chain(partners) {
            until(&format!("{queue} is consumed"), || async { partner.is_consumed(queue).await.then_some(()) }).await;
        }
    }

    /// The address of the service, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.service.port("server.port"))
    }

    /// The simulated partner's own interface: `/simulator/…`.
    ///
    /// # Panics
    /// When the stack has no simulators.
    #[must_use]
    pub fn simulator_url(&self) -> String {
        format!("http://127.0.0.1:{}/simulator", self.simulators.as_ref().unwrap().port("server.port"))
    }

    /// What the service logged.
    #[must_use]
    pub fn logs(&self) -> &Logs {
        self.service.logs()
    }

    /// A new tenant whose orders reserve stock, and a program that calls in its name.
    ///
    /// # Panics
    /// When `create-tenant` fails.
    pub async fn tenant(&self) -> Caller {
        self.caller(self.create_tenant("on").await)
    }

    /// The same for a tenant without an inventory service.
    ///
    /// # Panics
    /// When `create-tenant` fails.
    pub async fn tenant_without_stock(&self) -> Caller {
        self.caller(self.create_tenant("off").await)
    }

    /// The operator's program.
    #[must_use]
    pub fn operator(&self) -> Caller {
        let tenant_id = "ten_00000000000000000000000000000000".to_owned();
        self.caller(Key { tenant_id, key_id: OPERATOR_KEY_ID.to_owned(), secret: OPERATOR_KEY.to_owned() })
    }

    /// A new tenant whose key may do everything.
    ///
    /// # Panics
    /// When `create-tenant` fails.
    pub async fn tenant_with_all_scopes(&self) -> Caller {
        self.tenant_with_scopes(Permission::ALL).await
    }

    /// A new tenant whose key has exactly these scopes, which no process has seen before.
    ///
    /// # Panics
    /// When `create-tenant` fails.
    pub async fn tenant_with_scopes(&self, scopes: &[Permission]) -> Caller {
        let caller = self.tenant().await;
        let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
        let tenant = raw_id(&caller.key.tenant_id);
        let change = format!("UPDATE api_keys SET scopes = '{{{}}}' WHERE tenant_id = '{tenant}'", scopes.join(","));
        assert_eq!(self.sql().execute(&change).await.unwrap(), 1);
        caller
    }

    /// A new tenant that has agreed to this policy.
    ///
    /// # Panics
    /// When the operator cannot create it.
    pub async fn tenant_with_policy(&self, policy: &Value) -> Caller {
        let operator = self.operator();
        let body = json!({ "name": "a test's tenant", "policy": policy });
        let tenant = operator.post("/v1/admin/tenants").new_key().json(&body).send().await.expect(201).json();
        operator.with_shown(&tenant["first_key"])
    }

    /// A program that calls with this key.
    #[must_use]
    pub fn caller(&self, key: Key) -> Caller {
        Caller::new(self.http.clone(), self.url(), key)
    }

    async fn create_tenant(&self, stock: &str) -> Key {
        let output = self.run(Program::Standalone, &["create-tenant", "--name", "a test's tenant", "--stock", stock]).await;
        assert!(output.status.success(), "create-tenant failed: {}", String::from_utf8_lossy(&output.stderr));
        Key::printed(&output.stdout)
    }

    /// The proxy in front of the server that a variable names.
    ///
    /// # Panics
    /// When the options asked for none.
    #[must_use]
    pub fn proxy(&self, name: &str) -> &Proxy {
        self.proxies.get(name).unwrap_or_else(|| panic!("the options have no proxy for {name}"))
    }

    /// The queues that the service and its partners consume.
    #[must_use]
    pub fn queues(&self) -> Vec<&'static str> {
        [&QUEUES[..], &PARTNER_QUEUES].concat()
    }

    /// Its vhost, or its broker.
    ///
    /// # Panics
    /// When the stack has no broker.
    #[must_use]
    pub fn amqp_url(&self) -> &str {
        self.amqp_url.as_deref().expect("the options asked for no broker")
    }

    /// Somebody on the other side of this stack's vhost.
    ///
    /// # Panics
    /// When the stack has no broker.
    pub async fn partner(&self) -> Partner {
        Partner::connect(self.amqp_url()).await
    }

    /// What is declared on the broker, as a definitions file.
    ///
    /// # Panics
    /// When the stack has no broker.
    pub async fn definitions(&self) -> Value {
        self.vhost.as_ref().expect("the options asked for no broker").definitions().await
    }

    /// The administrator's look at the database.
    #[must_use]
    pub fn sql(&self) -> Sql {
        self.database.sql()
    }

    /// The environment of the service's processes.
    #[must_use]
    pub fn environment(&self) -> &[(&'static str, String)] {
        &self.environment
    }

    /// Runs a binary to its end in the service's environment.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn run(&self, program: Program, arguments: &[&str]) -> std::process::Output {
        program.run(arguments, &self.environment).await
    }

    /// One more process of the service, beside the first, with other functions if `arguments` say so.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn another(&self, arguments: &[&str]) -> Process {
        Process::start(Program::Standalone, arguments, &self.environment).await
    }

    /// Starts the service's process anew with the same functions, after it was stopped or killed. Its port is another.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&mut self) {
        self.service = Process::start(Program::Standalone, &borrowed(&self.arguments), &self.environment).await;
        self.tell_where_webhooks_go().await;
    }

    /// GETs a plain address, such as [`url`](Self::url) with `/readyz`; status and body.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn fetch(&self, address: &str) -> (u16, String) {
        let answer = self.http.get(address).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The exposition of the service's metrics.
    ///
    /// # Panics
    /// When it does not serve them.
    pub async fn metrics(&self) -> String {
        self.fetch(&format!("http://127.0.0.1:{}/metrics", self.service.port("metrics.port"))).await.1
    }

    /// Turns a switch of the simulated partners: a POST to `/simulator/<switch>`.
    ///
    /// # Panics
    /// When the stack has no simulators, or they do not know what the switch is about.
    pub async fn simulate(&self, switch: &str) {
        let answer = self.http.post(format!("{}/{switch}", self.simulator_url())).send().await.unwrap();
        assert!(answer.status().is_success(), "{switch}: {}", answer.status());
    }

    /// The simulated payment partner's own books of an order's tenders, in the order in which it came to know them.
    ///
    /// # Panics
    /// When the stack has no simulators.
    pub async fn partner_books(&self, order: &str) -> Vec<Value> {
        let (_, body) = self.fetch(&format!("{}/payments", self.simulator_url())).await;
        let books: Vec<Value> = serde_json::from_str(&body).unwrap();
        books.into_iter().filter(|book| book["order_id"] == order).collect()
    }

    /// The operations that the simulated payment partner was asked for.
    ///
    /// # Panics
    /// When the stack has no simulators.
    pub async fn payment_operations(&self) -> Vec<Value> {
        let (_, body) = self.fetch(&format!("{}/operations", self.simulator_url())).await;
        serde_json::from_str::<Value>(&body).unwrap().as_array().unwrap().clone()
    }
}

/// What a test made the service say is as it is documented, or the test fails.
impl Drop for Stack {
    fn drop(&mut self) {
        // A test that has failed has told what it had to tell.
        if !std::thread::panicking() {
            messages::hold(self.database.administrator_url());
        }
    }
}

/// Puts a proxy in front of the server of each of these variables.
async fn proxies(names: &[&'static str], environment: &mut Vec<(&'static str, String)>) -> BTreeMap<&'static str, Proxy> {
    let mut proxies = BTreeMap::new();
    for name in names {
        let (_, server) = environment.iter().rfind(|(variable, _)| variable == name).unwrap();
        let server = server.parse().unwrap();
        let proxy = Proxy::start(&server).await;
        environment.push((name, proxy.in_place_of(&server)));
        proxies.insert(*name, proxy);
    }
    proxies
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}
