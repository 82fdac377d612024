//! Lua scripts: sent by their digest, and whole to a server that does not know them yet.

use redis::{Cmd, ErrorKind, FromRedisValue, RedisResult, ServerErrorKind, aio::ConnectionLike};

/// A script with its digest.
pub(super) struct Script {
    text: &'static str,
    sha1: String,
}

impl Script {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text, sha1: redis::Script::new(text).get_hash().to_owned() }
    }

    /// A call with these keys, for arguments to be added.
    pub(super) fn call(&self, keys: &[String]) -> Cmd {
        let mut call = redis::cmd("EVALSHA");
        call.arg(&self.sha1).arg(keys.len()).arg(keys);
        call
    }

    /// Runs a call of [`call`](Self::call). A server that has just started is sent the whole script, once.
    pub(super) async fn run<T: FromRedisValue>(&self, connection: &mut impl ConnectionLike, call: &Cmd) -> RedisResult<T> {
        match call.query_async(connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => self.whole(call).query_async(connection).await,
            answer => answer,
        }
    }

    /// The same call with the text in the digest's place.
    fn whole(&self, call: &Cmd) -> Cmd {
        let mut whole = redis::cmd("EVAL");
        whole.arg(self.text);
        for argument in call.args_iter().skip(2) {
            if let redis::Arg::Simple(bytes) = argument {
                whole.arg(bytes);
            }
        }
        whole
    }
}
