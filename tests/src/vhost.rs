//! A virtual host of the broker for one test.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
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

    /// Makes what a definitions file says, as somebody would who prepares a broker.
    pub(crate) async fn import(&self, definitions: &Value) {
        let address = format!("{}/definitions/{}", self.api, self.name);
        let request = Servers::http_client().post(address).header("content-type", "application/json").body(definitions.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "the definitions are refused: {status} {}", answer.text().await.unwrap());
    }

    /// Everything that is declared in it, as a definitions file.
    pub(crate) async fn definitions(&self) -> Value {
        let answer = Servers::http_client().get(format!("{}/definitions/{}", self.api, self.name)).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
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
