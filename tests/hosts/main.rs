//! One service, whoever hosts it: the same requests and messages come to the same under every host.
//!
//! The scripts say once what happens; `requests` runs them in `standalone`, in processes of their own and on Lambda, `messages`
//! by the queue, by CloudEvents over HTTP and by Amazon MQ batches. What each answer means is tested in `it`; here is only that it
//! is the same. A function of the catalog without a script fails `every_endpoint_has_a_script` or `every_consumer_has_a_message`.

mod deadlines;
mod life;
mod messages;
mod poison;
mod requests;
mod scripts;
mod story;
mod triggers;
