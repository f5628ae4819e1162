//! Errors as the border carries them: `kind|message`. The kind says what the caller has to do (base/result.h).

use delta_kernel::KernelError;
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};

pub struct Fault {
    kind: &'static str,
    pub message: String,
}

impl Fault {
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Fault { kind, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.kind, self.message)
    }
}

fn kind_of(error: &KernelError) -> &'static str {
    use KernelError as E;
    match error.without_backtrace() {
        E::IOError(e) if e.kind() == std::io::ErrorKind::NotFound => "notfound",
        E::ObjectStore(object_store::Error::NotFound { .. }) | E::FileNotFound(_) | E::EmptyLog => "notfound",
        E::StartVersionNotFound { .. } | E::InvalidTableLocation(_) => "notfound",
        E::TableAlreadyExistsAtPath(_) | E::FileAlreadyExists(_) => "conflict",
        E::IOError(_) | E::ObjectStore(_) | E::Reqwest(_) | E::JoinFailure(_) => "unavailable",
        E::Unsupported(_) | E::Schema(_) | E::InvalidTransactionState(_) | E::InvalidPartitionValues(_) => "invalid",
        E::StatsValidation(_) | E::InvalidUrl(_) | E::InvalidColumnMappingMode(_) | E::DeletionVector(_) => "invalid",
        E::MalformedJson(_) | E::Arrow(_) | E::Parquet(_) | E::MissingData(_) | E::ParseError(..) => "corrupt",
        E::MissingMetadata | E::MissingProtocol | E::MissingMetadataAndProtocol | E::MissingVersion(_) => "corrupt",
        E::InvalidLogPath(_) | E::InvalidLogSegment(_) | E::InvalidCheckpoint(_) | E::InvalidProtocol(_) => "corrupt",
        _ => "internal",
    }
}

impl From<KernelError> for Fault {
    fn from(error: KernelError) -> Self {
        Fault::new(kind_of(&error), error.to_string())
    }
}

/// Runs one entry; a panic becomes an error.
pub fn guard<T>(entry: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(entry)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(Fault::new("internal", format!("panic in the delta kernel: {}", text.unwrap_or("no text"))))
    })
}
