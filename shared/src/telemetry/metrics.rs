//! The metrics of the service: their names, what each means, and the recorder behind them.
//!
//! Who counts uses the `metrics` macros with a name from here. Labels are few and closed (functions, outcomes, reasons): never a tenant,
//! an order or a text from outside.

use std::time::Duration;

use metrics::{SetRecorderError, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// Requests answered; labels `function`, `status`.
pub const HTTP_REQUESTS: &str = "http_requests_total";
/// Seconds from the head of a request to its answer; label `function`.
pub const HTTP_REQUEST_DURATION: &str = "http_request_duration_seconds";
/// Messages settled; labels `consumer`, `outcome`.
pub const MESSAGES: &str = "messages_total";
/// Seconds from a message's arrival to its settlement; label `consumer`.
pub const MESSAGE_DURATION: &str = "message_duration_seconds";
/// Messages that the broker confirmed.
pub const OUTBOX_PUBLISHED: &str = "outbox_published_total";
/// Messages that it does not take, so that their order is held at its head; label `routing_key`.
pub const OUTBOX_REFUSED: &str = "outbox_refused_total";
/// Orders that are held at their head just now.
pub const OUTBOX_HELD_ORDERS: &str = "outbox_held_orders";
/// Links to the broker that were lost and made anew; label `function`.
pub const AMQP_LINKS_LOST: &str = "amqp_links_lost_total";
/// Requests refused for their signature; label `reason`.
pub const SIGNATURE_REJECTIONS: &str = "signature_rejections_total";
/// Requests let in without Redis: whether their nonce was used or their session ended was not known, and their rate was this process's alone.
pub const ADMITTED_WITHOUT_REDIS: &str = "admitted_without_redis_total";
/// Requests refused because there were too many; label `class`.
pub const RATE_LIMITED: &str = "rate_limited_total";
/// Orders asked for where a view may be kept; label `result`: `hit`, `miss`, or `older` than the caller wants.
pub const ORDER_VIEWS: &str = "order_views_total";
/// Requests with an idempotency key; label `result`.
pub const IDEMPOTENCY: &str = "idempotency_total";
/// Lines of imports; label `result`: `placed`, `known`, `refused`, or `left` to be sent again.
pub const IMPORTED_LINES: &str = "imported_lines_total";
/// Payment operations that got an outcome; labels `kind`, `outcome`.
pub const PAYMENT_OPERATIONS: &str = "payment_operations_total";
/// Orders that entered a status; label `status`.
pub const ORDERS: &str = "orders_total";
/// Due pieces of work that a job has done; labels `function`, `outcome`.
pub const JOB_ITEMS: &str = "job_items_total";
/// Orders that the last audit judged.
pub const AUDIT_ORDERS: &str = "audit_orders";
/// Orders that it found not to be right; label `kind`.
pub const AUDIT_FINDINGS: &str = "audit_findings";
/// Seconds since the oldest unpublished message was written, at the last audit.
pub const OUTBOX_OLDEST_SECONDS: &str = "outbox_oldest_unpublished_seconds";
/// Seconds since the longest overdue deferred message was due, at the last audit.
pub const DEFERRED_OVERDUE_SECONDS: &str = "deferred_messages_overdue_seconds";
/// Payment operations of unknown outcome, at the last audit.
pub const OPERATIONS_UNKNOWN: &str = "payment_operations_unknown";
/// Payment operations that wait for a person, at the last audit.
pub const OPERATIONS_WITH_ATTENTION: &str = "payment_operations_with_attention";

/// Streams of live views that are open, and callers who wait for an order; label `function`.
pub const LIVE_FOLLOWERS: &str = "live_followers";
/// Streams of live views that ended; labels `function`, `reason`.
pub const LIVE_STREAMS_ENDED: &str = "live_streams_ended_total";
/// Bells for live views that could not be rung because Redis was away.
pub const LIVE_BELLS_UNRUNG: &str = "live_bells_unrung_total";

/// Rows deleted because they were older than their time; label `kind`. (Weeks of the outbox are dropped and not counted.)
pub const RECORDS_PRUNED: &str = "records_pruned_total";
/// Weeks of the outbox that are older than their time and have something that is still to be sent.
pub const OUTBOX_WEEKS_OVERDUE: &str = "outbox_weeks_overdue";

/// Media type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4";

/// How often the recorder folds what was observed into its buckets. Unfolded observations only cost memory.
pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Bounds of the duration histograms: fine around the targets (cached read 1 ms, write 10 ms), coarse up to the longest deadline.
const DURATION_BUCKETS_SECONDS: [f64; 14] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Metrics cannot be recorded in this process.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The bounds above are refused: a bug.
    #[error("metrics cannot be set up")]
    Build(#[from] BuildError),
    /// A recorder is there already.
    #[error("metrics are already set up")]
    Twice(#[from] SetRecorderError<PrometheusRecorder>),
}

/// What was recorded, for those who read it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

/// From now on the macros record.
///
/// # Errors
/// [`InstallError`], once per process at most.
pub fn install() -> Result<Metrics, InstallError> {
    let recorder = recorder()?;
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    describe();
    Ok(Metrics(handle))
}

impl Metrics {
    /// The Prometheus text format, version 0.0.4.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds observations; to be called every [`UPKEEP_INTERVAL`].
    pub fn run_upkeep(&self) {
        self.0.run_upkeep();
    }
}

fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let durations = Matcher::Suffix("_duration_seconds".into());
    Ok(PrometheusBuilder::new().set_buckets_for_metric(durations, &DURATION_BUCKETS_SECONDS)?.build_recorder())
}

fn describe() {
    describe_counter!(HTTP_REQUESTS, "Requests answered, by function and status.");
    describe_histogram!(HTTP_REQUEST_DURATION, "Seconds from the head of a request to its answer, by function.");
    describe_counter!(MESSAGES, "Messages settled, by consumer and outcome.");
    describe_histogram!(MESSAGE_DURATION, "Seconds from a message's arrival to its settlement, by consumer.");
    describe_counter!(OUTBOX_PUBLISHED, "Messages that the broker confirmed.");
    describe_counter!(OUTBOX_REFUSED, "Messages that the broker does not take, by routing key; their orders are held.");
    describe_gauge!(OUTBOX_HELD_ORDERS, "Orders that are held at a message which the broker does not take.");
    describe_counter!(AMQP_LINKS_LOST, "Links to the broker that were lost, by function.");
    describe_counter!(SIGNATURE_REJECTIONS, "Requests refused for their signature, by reason.");
    describe_counter!(
        ADMITTED_WITHOUT_REDIS,
        "Requests let in while Redis could not say whether their nonce was used or their session ended."
    );
    describe_counter!(RATE_LIMITED, "Requests refused because there were too many, by class.");
    describe_counter!(ORDER_VIEWS, "Orders asked for where a view may be kept, by result.");
    describe_counter!(IDEMPOTENCY, "Requests with an idempotency key, by result.");
    describe_counter!(IMPORTED_LINES, "Lines of imports, by result.");
    describe_counter!(PAYMENT_OPERATIONS, "Payment operations that got an outcome, by kind and outcome.");
    describe_counter!(ORDERS, "Orders that entered a status, by status.");
    describe_counter!(JOB_ITEMS, "Due pieces of work that a job has done, by function and outcome.");
    describe_gauge!(AUDIT_ORDERS, "Orders that the last audit judged.");
    describe_gauge!(AUDIT_FINDINGS, "Orders that the last audit found not to be right, by kind of finding.");
    describe_gauge!(OUTBOX_OLDEST_SECONDS, "Seconds since the oldest unpublished message was written, at the last audit.");
    describe_gauge!(DEFERRED_OVERDUE_SECONDS, "Seconds since the longest overdue deferred message was due, at the last audit.");
    describe_gauge!(OPERATIONS_UNKNOWN, "Payment operations of unknown outcome, at the last audit.");
    describe_gauge!(OPERATIONS_WITH_ATTENTION, "Payment operations that wait for a person, at the last audit.");
    describe_gauge!(LIVE_FOLLOWERS, "Streams of live views that are open and callers who wait for an order, by function.");
    describe_counter!(LIVE_STREAMS_ENDED, "Streams of live views that ended, by function and reason.");
    describe_counter!(LIVE_BELLS_UNRUNG, "Bells for live views that could not be rung because Redis was away.");
    describe_counter!(RECORDS_PRUNED, "Rows deleted because they were older than their time, by kind.");
    describe_gauge!(OUTBOX_WEEKS_OVERDUE, "Weeks of the outbox that are too old and have something that is still to be sent.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_rendered_with_help_and_buckets() {
        let recorder = recorder().unwrap();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            metrics::counter!(ORDERS, "status" => "confirmed").increment(2);
            metrics::histogram!(HTTP_REQUEST_DURATION, "function" => "get-order").record(0.003);
        });
        let text = handle.render();
        assert!(text.contains("# HELP orders_total Orders that entered a status, by status."), "{text}");
        assert!(text.contains(r#"orders_total{status="confirmed"} 2"#), "{text}");
        assert!(text.contains(r#"http_request_duration_seconds_bucket{function="get-order",le="0.005"} 1"#), "{text}");
    }
}
