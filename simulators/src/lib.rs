//! The partners of the order service for development and tests: payment, inventory and shipping.
//!
//! They are real partners in the sense that they speak only HTTP and AMQP and share no state with the service; of its
//! library they use the two wire formats, `signature` and `cloudevents`. How a partner behaves is chosen by what the
//! order contains: a payment token such as `tok_declined`, a stock-keeping unit such as `OUT-…`.
//!
//! Read in this order: [`config`], [`payment`] (HTTP), [`inventory`] and [`shipping`] (AMQP), [`broker`].

pub mod broker;
pub mod config;
pub mod inventory;
pub mod log;
pub mod payment;
pub mod recent;
pub mod shipping;

mod answer;
mod reply;

use std::sync::Arc;
use std::time::Duration;

use broker::{Publisher, consumer};
use config::Config;
use payment::Payments;

/// How long requests under way may take after a stop signal; what is then unfinished is cut off.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves all partners until `stop` resolves.
///
/// # Errors
/// When the payment port cannot be bound or HTTP serving fails; a broker that is away is waited for instead.
pub async fn serve(config: Config, stop: impl Future<Output = ()>) -> std::io::Result<()> {
    let publisher = Publisher::to_broker(&config.amqp_url);
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", config.payment_port)).await?;
    let port = listener.local_addr()?.port();
    let payments = Arc::new(Payments::new(&config, port, publisher.clone()));
    let inventory = Arc::new(inventory::Inventory::new(publisher.clone()));
    let shipping = Arc::new(shipping::Shipping::new(publisher, config.pace));

    let (stopping, mut stopped) = tokio::sync::watch::channel(());
    let routes = payment::router(payments).merge(shipping::router(Arc::clone(&shipping)));
    let http = axum::serve(listener, routes).with_graceful_shutdown(async move {
        // The sender only goes away, nothing is ever sent.
        let _ = stopped.changed().await;
    });
    let mut http = tokio::spawn(http.into_future());
    let consumers = [
        tokio::spawn(consumer::run(config.amqp_url.clone(), inventory::QUEUE, inventory)),
        tokio::spawn(consumer::run(config.amqp_url, shipping::QUEUE, shipping)),
    ];
    log::ready(port);

    tokio::select! {
        () = stop => {}
        ended = &mut http => return ended.map_err(std::io::Error::other)?,
    }
    // Commands under way stay unacknowledged: the broker delivers them again to the next process.
    consumers.iter().for_each(tokio::task::JoinHandle::abort);
    drop(stopping);
    match tokio::time::timeout(DRAIN, http).await {
        Ok(ended) => ended.map_err(std::io::Error::other)?,
        Err(_) => Ok(()),
    }
}
