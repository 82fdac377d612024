//! One log line: a JSON object with the field names of the Elastic Common Schema.
//!
//! Event fields keep their dotted names as written (`http.response.status_code`); the fields of enclosing spans follow, the inner span
//! winning over the outer and the event over both. Values go straight into the line: no tree is built.

use std::{
    error::Error,
    fmt::{self, Debug, Write},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use crate::clock;

/// The schema that our field names are taken from.
const ECS_VERSION: &str = "9.5.0";
/// Sources of an error that a line follows; deeper ones are left out.
const ERROR_DEPTH_LIMIT: usize = 8;
/// What the line itself writes: a field of such a name is left out, because a key may occur only once.
const RESERVED: &str = "@timestamp\nlog.level\nlog.logger\nservice.name\nservice.version\necs.version\n";

/// Writes events.
#[derive(Debug)]
pub struct EcsFormat {
    /// What every line ends with, ready made.
    tail: String,
}

impl EcsFormat {
    /// For a service of this name and version.
    pub fn new(service_name: &str, service_version: &str) -> Self {
        let (name, version) = (serde_json::Value::from(service_name), serde_json::Value::from(service_version));
        Self { tail: format!(r#","service.name":{name},"service.version":{version},"ecs.version":"{ECS_VERSION}"}}"#) }
    }
}

impl<S> FormatEvent<S, EcsFields> for EcsFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(&self, context: &FmtContext<'_, S, EcsFields>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        write!(line, r#"{{"@timestamp":"{}","log.level":"{}""#, clock::now(), level(*metadata.level()))?;
        let mut names = RESERVED.to_owned();
        let mut visitor = EventVisitor { line: &mut line, names: &mut names, result: Ok(()) };
        event.record(&mut visitor);
        visitor.result?;
        // Innermost first, so that the names an inner span has taken are not written again.
        let spans = context.event_scope().into_iter().flatten();
        for span in spans {
            if let Some(fields) = span.extensions().get::<FormattedFields<EcsFields>>() {
                // Of a field recorded twice the last counts.
                for (name, value) in fields.fields.lines().rev().filter_map(|field| field.split_once('=')) {
                    if take(&mut names, name) {
                        write!(line, r#","{name}":{value}"#)?;
                    }
                }
            }
        }
        write!(line, r#","log.logger":"{}""#, metadata.target())?;
        line.write_str(&self.tail)?;
        line.write_char('\n')
    }
}

/// Keeps the fields of a span, one `name=JSON value` a line, until an event inside it is written. JSON escapes line breaks.
#[derive(Debug)]
pub struct EcsFields;

impl<'a> FormatFields<'a> for EcsFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'a>, fields: R) -> fmt::Result {
        let mut visitor = SpanVisitor { kept: &mut writer, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }

    fn add_fields(&self, current: &'a mut FormattedFields<Self>, fields: &span::Record<'_>) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warn",
        Level::ERROR => "error",
    }
}

/// Notes a name, one a line; false when the line has it already. A dozen fields make a search cheaper than a set.
fn take(names: &mut String, name: &str) -> bool {
    let fresh = names.lines().all(|taken| taken != name);
    if fresh {
        names.push_str(name);
        names.push('\n');
    }
    fresh
}

struct EventVisitor<'a> {
    line: &'a mut dyn Write,
    names: &'a mut String,
    result: fmt::Result,
}

struct SpanVisitor<'a> {
    kept: &'a mut dyn Write,
    result: fmt::Result,
}

/// Where a field goes; what is written of its value is the same for both.
trait Put {
    fn put(&mut self, name: &str, value: &dyn Fn(&mut dyn Write) -> fmt::Result);
}

impl Put for EventVisitor<'_> {
    fn put(&mut self, name: &str, value: &dyn Fn(&mut dyn Write) -> fmt::Result) {
        if self.result.is_ok() && take(self.names, name) {
            self.result = write!(self.line, r#","{name}":"#).and_then(|()| value(self.line));
        }
    }
}

impl Put for SpanVisitor<'_> {
    fn put(&mut self, name: &str, value: &dyn Fn(&mut dyn Write) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = write!(self.kept, "{name}=").and_then(|()| value(self.kept)).and_then(|()| self.kept.write_char('\n'));
        }
    }
}

macro_rules! visit_by_putting {
    ($($visitor:ident)*) => {$(
        impl Visit for $visitor<'_> {
            fn record_i64(&mut self, field: &Field, value: i64) {
                self.put(field.name(), &|out| write!(out, "{value}"));
            }

            fn record_u64(&mut self, field: &Field, value: u64) {
                self.put(field.name(), &|out| write!(out, "{value}"));
            }

            fn record_f64(&mut self, field: &Field, value: f64) {
                // JSON has no word for what is not a number.
                self.put(field.name(), &|out| if value.is_finite() { write!(out, "{value}") } else { out.write_str("null") });
            }

            fn record_bool(&mut self, field: &Field, value: bool) {
                self.put(field.name(), &|out| write!(out, "{value}"));
            }

            fn record_str(&mut self, field: &Field, value: &str) {
                self.put(field.name(), &|out| write_text(out, format_args!("{value}")));
            }

            fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
                self.put(field.name(), &|out| write_text(out, format_args!("{}", Chain(value))));
            }

            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                self.put(field.name(), &|out| write_text(out, format_args!("{value:?}")));
            }
        }
    )*};
}

visit_by_putting! { EventVisitor SpanVisitor }

/// An error and what caused it: `outer: inner: innermost`.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let sources = std::iter::successors(self.0.source(), |&error| error.source());
        for source in sources.take(ERROR_DEPTH_LIMIT) {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

/// A JSON string, escaped while it is being formatted.
fn write_text(out: &mut dyn Write, text: fmt::Arguments<'_>) -> fmt::Result {
    out.write_char('"')?;
    Escaped(out).write_fmt(text)?;
    out.write_char('"')
}

struct Escaped<'a>(&'a mut dyn Write);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(index) = rest.find(|character: char| matches!(character, '"' | '\\' | '\0'..='\x1f')) {
            self.0.write_str(&rest[..index])?;
            match rest.as_bytes()[index] {
                b'\n' => self.0.write_str("\\n")?,
                byte @ (b'"' | b'\\') => write!(self.0, "\\{}", char::from(byte))?,
                byte => write!(self.0, "\\u{byte:04x}")?,
            }
            rest = &rest[index + 1..];
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// The lines that `log` writes, without their timestamps.
    fn lines_of(log: impl FnOnce()) -> Vec<String> {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(EcsFields)
            .event_format(EcsFormat::new("order-service", "1.2.3"))
            .with_writer(lines.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let stamp = r#"{"@timestamp":"2026-11-22T10:00:00.123456Z","#.len();
        text.lines().map(|line| format!("{{{}", &line[stamp..])).collect()
    }

    const TAIL: &str =
        r#""log.logger":"shared::telemetry::ecs::tests","service.name":"order-service","service.version":"1.2.3","ecs.version":"9.5.0"}"#;

    #[test]
    fn a_line_has_the_names_of_the_schema_and_the_fields_as_written() {
        let lines = lines_of(|| {
            tracing::info!(http.response.status_code = 201, event.outcome = "success", absent = None::<u64>, "request");
        });
        let expected = r#"{"log.level":"info","message":"request","http.response.status_code":201,"event.outcome":"success","#;
        assert_eq!(lines, [format!("{expected}{TAIL}")]);
    }

    #[test]
    fn fields_of_spans_follow_and_the_inner_one_wins() {
        let lines = lines_of(|| {
            let _outer = tracing::info_span!("outer", trace.id = "t1", order.id = "outer", labels.function = "f").entered();
            let inner = tracing::info_span!("inner", order.id = "inner", tenant.id = tracing::field::Empty).entered();
            inner.record("tenant.id", "early");
            inner.record("tenant.id", "ten_1");
            tracing::warn!(labels.function = "event", "slow");
        });
        let expected = concat!(
            r#"{"log.level":"warn","message":"slow","labels.function":"event","tenant.id":"ten_1","#,
            r#""order.id":"inner","trace.id":"t1","#
        );
        assert_eq!(lines, [format!("{expected}{TAIL}")]);
    }

    #[test]
    fn whatever_is_logged_a_line_is_one_json_object() {
        let error = io::Error::other("inner \"quoted\"\n\u{1}");
        let lines = lines_of(|| {
            let _span = tracing::info_span!("span", text = "two\nlines = \\").entered();
            tracing::error!(error.message = &error as &(dyn Error + 'static), ratio = f64::NAN, log.level = "forged", debug = ?["é"], "failed");
        });
        let parsed: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(parsed["error.message"], "inner \"quoted\"\n\u{1}");
        assert_eq!(parsed["text"], "two\nlines = \\");
        assert_eq!(parsed["ratio"], serde_json::Value::Null);
        assert_eq!(parsed["log.level"], "error");
        assert_eq!(parsed["debug"], r#"["é"]"#);
    }

    #[test]
    fn an_error_names_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("order not saved")]
        struct Outer(#[source] io::Error);
        assert_eq!(Chain(&Outer(io::Error::other("disk full"))).to_string(), "order not saved: disk full");
    }
}
