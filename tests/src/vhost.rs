//! A virtual host of the broker for one test.

use reqwest::{Method, StatusCode};
use serde_json::json;
use url::Url;

use super::{Servers, database::finally};

/// A vhost that nobody else uses. Dropping the value deletes it with everything in it.
#[derive(Debug)]
pub(crate) struct Vhost {
    name: String,
    amqp: Url,
    api: String,
}

impl Vhost {
    pub(crate) async fn create(servers: &Servers) -> Self {
        let name = format!("test-{}", uuid::Uuid::now_v7().simple());
        let client = Servers::http_client();
        call(&client, Method::PUT, &format!("{}/vhosts/{name}", servers.rabbitmq_api)).await;
        let user = servers.amqp.username();
        let everything = json!({ "configure": ".*", "write": ".*", "read": ".*" }).to_string();
        let permissions = format!("{}/permissions/{name}/{user}", servers.rabbitmq_api);
        let granted = client.put(permissions).header("content-type", "application/json").body(everything).send().await.unwrap();
        assert!(granted.status().is_success(), "the broker grants nothing: {}", granted.status());
        Self { name, amqp: servers.amqp.clone(), api: servers.rabbitmq_api.clone() }
    }

    /// The broker's URL of it.
    pub(crate) fn url(&self) -> String {
        let mut url = self.amqp.clone();
        url.set_path(&self.name);
        url.into()
    }
}

impl Drop for Vhost {
    fn drop(&mut self) {
        let address = format!("{}/vhosts/{}", self.api, self.name);
        finally(async move { call(&Servers::http_client(), Method::DELETE, &address).await });
    }
}

async fn call(client: &reqwest::Client, method: Method, address: &str) {
    let status = client.request(method, address).send().await.map(|answer| answer.status());
    let fine = matches!(status, Ok(status) if status.is_success() || status == StatusCode::NOT_FOUND);
    assert!(fine, "the management API at TEST_RABBITMQ_API: {status:?}");
}
