//! A service without one function: that one runs in a process of its own, which dies, comes back and must end what was begun.

use std::{collections::BTreeSet, os::unix::process::ExitStatusExt as _, time::Duration};

use serde_json::Value;
use shared::{
    catalog,
    chaos::{CrashPoint, PlantedBug},
};
use tests::{Answer, Caller, Options, PATIENCE, Partner, Process, Program, Sql, Stack, until, within};

use super::operation::{Errand, Operation, Request};
use crate::invariants;

/// What `abort` ends a process with.
const SIGABRT: i32 = 6;
/// How long a service with a planted bug gets to come to rest, which it may never do.
const PATIENCE_WITH_A_BUG: Duration = Duration::from_secs(3);
/// Problems that go away when the same request is sent again.
const PASSING: [&str; 3] = ["idempotency_in_progress", "order_busy", "dependency_unavailable"];

/// The service around the function that dies.
pub struct Scene {
    pub stack: Stack,
    pub caller: Caller,
    sql: Sql,
    partner: Partner,
    bug: Option<PlantedBug>,
    patience: Duration,
    acknowledged: Vec<(Caller, String)>,
    known: BTreeSet<String>,
}

impl Scene {
    /// Starts everything but the function that an operation is carried out by.
    pub async fn start(operation: Operation) -> Self {
        let is_http = catalog::HTTP.iter().any(|spec| spec.name == operation.function());
        let options = if is_http { Options::whole() } else { Options::whole().except(&[operation.function()]) };
        let stack = Stack::start(options).await;
        let (caller, sql, partner) = (stack.tenant_with_all_scopes().await, stack.sql(), stack.partner().await);
        let scene = Self { stack, caller, sql, partner, bug: None, patience: PATIENCE, acknowledged: Vec::new(), known: BTreeSet::new() };
        if let Some(queue) = scene.queue(operation) {
            // Declared once, so that it takes messages while nobody consumes it.
            let _service = scene.service(Program::Standalone, operation).await;
            until("the queue is there", || async { scene.partner.is_consumed(queue).await.then_some(()) }).await;
        }
        scene
    }

    /// The same with a bug in every process of that function.
    pub async fn with_bug(operation: Operation, bug: PlantedBug) -> Self {
        Self { bug: Some(bug), patience: PATIENCE_WITH_A_BUG, ..Self::start(operation).await }
    }

    /// Kills the operation at a point, brings the function back, asks again if it was a caller who asked, and audits what it comes to.
    /// Answers what is newly wrong.
    pub async fn crash(&mut self, operation: Operation, point: CrashPoint) -> BTreeSet<String> {
        let mut errand = operation.arrange(self).await;
        let heard = self.die(operation, point, &errand).await;
        let program = if self.bug.is_some() { Program::StandaloneChaos } else { Program::Standalone };
        let mut service = self.service(program, operation).await;
        let mut findings = BTreeSet::new();
        if let Some(request) = &errand.request {
            let answer = self.ask_again(&service, request).await;
            if heard.is_some_and(|heard| heard.body != answer.body) {
                findings.insert(format!("an answer that was given is given again: {}", answer.json()));
            }
            if operation == Operation::CreateOrder {
                errand.subject = answer.json()["id"].as_str().unwrap().to_owned();
            }
        }
        if operation.end().is_some() {
            let orders = errand.others.iter().chain([&errand.subject]);
            self.acknowledged.extend(orders.map(|order| (self.caller.clone(), order.clone())));
        }
        within(self.patience, || async { self.is_at_rest(operation, &errand, &service).await.then_some(()) }).await;
        within(self.patience, || async { self.audit(operation, &errand).await.is_empty().then_some(()) }).await;
        // What the process still has in hand it finishes now; then nothing more can happen.
        service.stop().await;
        findings.extend(self.audit(operation, &errand).await);
        let new = findings.difference(&self.known).cloned().collect();
        self.known.extend(findings);
        new
    }

    /// Starts the process that dies, lets the operation happen, and waits for its death. What the caller heard of it, if anything.
    async fn die(&self, operation: Operation, point: CrashPoint, errand: &Errand) -> Option<Answer> {
        let mut environment = self.environment();
        environment.push(("CRASH_AT", format!("{point}:{}", operation.occurrence())));
        let mut doomed = Process::spawn(Program::StandaloneChaos, &["--only", operation.function()], &environment);
        let mut heard = None;
        if let Some(request) = &errand.request {
            doomed.ready().await;
            let caller = self.caller.at(doomed.port("server.port"));
            // Sent twice, because some points lie only on the road of a repeat.
            while let Some(answer) = request.try_send(&caller).await
                && heard.replace(answer).is_none()
            {}
        }
        let ended = doomed.ended().await;
        let last_words = doomed.stderr();
        assert_eq!((ended.signal(), last_words.trim_end()), (Some(SIGABRT), &*format!("crashed at {point}")), "{}", doomed.logs().text());
        heard
    }

    /// A process of the operation's function.
    pub async fn service(&self, program: Program, operation: Operation) -> Process {
        Process::start(program, &["--only", operation.function()], &self.environment()).await
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let bug = self.bug.map(|bug| ("PLANTED_BUG", bug.to_string()));
        self.stack.environment().iter().cloned().chain(bug).collect()
    }

    /// Places an order by a process that does not die.
    pub async fn place(&self, order: &Value) -> String {
        self.caller.place(order).await["id"].as_str().unwrap().to_owned()
    }

    /// How many messages wait for the operation's function.
    pub async fn waiting(&self, operation: Operation) -> usize {
        self.partner.messages_in(self.queue(operation).unwrap()).await as usize
    }

    /// Sends the request as a caller would who heard nothing: with the same key, until it is answered.
    async fn ask_again(&self, service: &Process, request: &Request) -> Answer {
        let caller = self.caller.at(service.port("server.port"));
        let answer = until("the request is answered", || async {
            let answer = request.try_send(&caller).await?;
            let passing = answer.status >= 400 && PASSING.iter().any(|code| answer.json()["code"] == *code);
            (!passing).then_some(answer)
        });
        let answer = answer.await;
        assert!(answer.status < 300, "{}", answer.json());
        answer
    }

    /// The operation has taken effect, its order has come to its end, and what was delivered again is settled.
    async fn is_at_rest(&self, operation: Operation, errand: &Errand, service: &Process) -> bool {
        if let Some(queue) = self.queue(operation)
            && (service.logs().with_message("message settled").is_empty() || self.partner.messages_in(queue).await > 0)
        {
            return false;
        }
        self.unfinished(operation, errand).await.is_empty()
    }

    async fn audit(&self, operation: Operation, errand: &Errand) -> BTreeSet<String> {
        let mut findings = invariants::findings(&self.stack, &self.sql, &self.acknowledged).await;
        findings.extend(self.unfinished(operation, errand).await);
        findings.difference(&self.known).cloned().collect()
    }

    /// What keeps the operation from having happened, exactly once, with all that follows from it.
    async fn unfinished(&self, operation: Operation, errand: &Errand) -> Vec<String> {
        let effect = operation.effect(&errand.subject);
        let count = self.sql.count(&effect).await;
        let mut findings = Vec::new();
        if count != 1 {
            findings.push(format!("what was asked for happens once: {count} rows of {effect}"));
        }
        if let Some(end) = operation.end() {
            let order = tests::raw_id(&errand.subject);
            let status = self.sql.value(&format!("SELECT status FROM orders WHERE id = '{order}'")).await;
            if status != end {
                findings.push(format!("an order comes to its end: {} is {status} and not {end}", errand.subject));
            }
        }
        findings
    }

    fn queue(&self, operation: Operation) -> Option<&'static str> {
        catalog::CONSUMERS.iter().find(|spec| spec.name == operation.function()).map(|spec| spec.queue)
    }
}
