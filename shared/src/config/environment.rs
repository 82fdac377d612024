//! Where the process runs, and what that forbids.

use super::Reader;

/// `ENVIRONMENT`: `development` (default) or `production`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A laptop or a test: plaintext connections on loopback are fine.
    Development,
    /// Refuses to start with plaintext connections or development keys.
    Production,
}

impl Environment {
    /// Reads `ENVIRONMENT`.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        reader.parsed("ENVIRONMENT", Self::Development, "development or production", |text| match text {
            "development" => Some(Self::Development),
            "production" => Some(Self::Production),
            _ => None,
        })
    }

    /// As it is written in the variable, and in ECS `service.environment`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }

    /// Notes a problem unless `allowed` or in development.
    pub fn demand(self, reader: &mut Reader<'_>, variable: &'static str, allowed: bool, problem: &str) {
        if self == Self::Production && !allowed {
            reader.problem(variable, problem);
        }
    }
}
