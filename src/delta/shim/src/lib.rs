//! The border between the C++ program and delta_kernel: values in, values out, no policy.
//!
//! What flows: tables are opened by URL, a snapshot is one pinned version, a commit is tried once and its outcome is a
//! value. Every entry runs under `catch_unwind`, because a panic that crosses the border would abort the process. An
//! error crosses as text `kind|message`; the kinds are those of the C++ side (base/result.h), the message is the kernel's.
//! Schemas and the rows of the log cross through Arrow's C data interface: what they mean is read on the C++ side (log_rows.cc).

mod error;
mod read;
mod write;

use delta_kernel::arrow::array::RecordBatch;
use delta_kernel::snapshot::{IncrementalReplay, SnapshotBuilder, SnapshotRef};
use delta_kernel::{Engine, KernelError, Snapshot as KernelSnapshot};
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::DefaultEngineBuilder;
use error::{guard, Fault};
use object_store::{local::LocalFileSystem, DynObjectStore};
use std::num::NonZero;
use std::sync::{Arc, OnceLock};
use url::Url;

#[cxx::bridge(namespace = "cryptostream::shim")]
mod ffi {
    /// A key with a text value.
    struct Pair {
        key: String,
        value: String,
    }

    struct Txn {
        app_id: String,
        version: i64,
    }

    struct Metadata {
        id: String,
        partition_columns: Vec<String>,
        properties: Vec<Pair>,
    }

    enum Operation {
        Append,
        Replace,
        Optimize,
        Delete,
        Describe,
    }

    /// `adds`: one JSON object each, with the fields of the kernel's add_files_schema. Describe has none: it adds `columns` (name and
    /// Delta's type) before those of the partition, and sets `properties`.
    struct Request {
        operation: Operation,
        engine_info: String,
        adds: Vec<String>,
        columns: Vec<Pair>,
        properties: Vec<Pair>,
        txns: Vec<Txn>,
        parameters: Vec<Pair>,
    }

    enum OutcomeKind {
        Committed,
        Conflict,
        Retryable,
        Failed,
    }

    /// `snapshot` is the post-commit one if committed, else the one that the commit was based on. `message`,
    /// if failed: `kind|message`.
    struct Outcome {
        kind: OutcomeKind,
        version: i64,
        message: String,
        snapshot: Box<Snapshot>,
    }

    extern "Rust" {
        type Store;
        type Snapshot;
        type Rows;

        /// Opens the storage behind a URL, or an absolute path of a folder that is there.
        fn open_store(uri: &str, fsync: bool) -> Result<Box<Store>>;
        /// Commits version 0. `schema` is the address of an `ArrowSchema`, which is consumed; the id is the kernel's choice.
        fn create(self: &Store, schema: usize, metadata: &Metadata, engine_info: &str) -> Result<()>;
        /// The snapshot of `version`, the newest for -1.
        fn snapshot(self: &Store, version: i64) -> Result<Box<Snapshot>>;
        fn newer(self: &Store, base: &Snapshot) -> Result<Box<Snapshot>>;
        fn version(self: &Snapshot) -> i64;
        fn metadata(self: &Snapshot) -> Result<Metadata>;
        /// Writes the schema into the `ArrowSchema` at the address `out`.
        fn export_schema(self: &Snapshot, out: usize) -> Result<()>;

        /// Live files, in the kernel's columns: path, size, modificationTime, stats, fileConstantValues, deletionVector.
        fn files(self: &Store, snapshot: &Snapshot) -> Result<Box<Rows>>;
        /// Every `remove` that the log still remembers: path and deletionTimestamp.
        fn removals(self: &Store, snapshot: &Snapshot) -> Result<Box<Rows>>;
        /// Every `txn`: appId and version; of several with one appId the first one counts.
        fn txns(self: &Store, snapshot: &Snapshot) -> Result<Box<Rows>>;
        /// The actions of commits: add, remove, txn, commitInfo.
        fn commits(self: &Store, first: i64, last: i64) -> Result<Box<Rows>>;

        fn no_rows() -> Box<Rows>;
        fn batches(self: &Rows) -> usize;
        /// The version that a batch of `commits` was read from.
        fn version(self: &Rows, batch: usize) -> i64;
        /// Says which rows of a batch a commit is to remove.
        fn select(self: &mut Rows, batch: usize, rows: &[bool]);
        /// Writes a batch into the `ArrowArray` and the `ArrowSchema` at these addresses.
        fn export_batch(self: &Rows, batch: usize, array: usize, schema: usize) -> Result<()>;

        /// An error if the kernel would refuse to write to this table.
        fn check_writable(self: &Store, snapshot: &Snapshot) -> Result<()>;
        /// `removals`: rows of `files`, those to remove selected. They may come from an older snapshot than `base`: the caller
        /// has seen that they are live still.
        fn commit(self: &Store, base: &Snapshot, request: &Request, removals: &Rows) -> Outcome;
        /// Writes checksum and checkpoint; gives the snapshot that knows them.
        fn checkpoint(self: &Store, snapshot: &Snapshot) -> Result<Box<Snapshot>>;
    }
}

/// The storage of one table and the engine on it. Thread-safe.
pub struct Store {
    url: Url,
    engine: Arc<dyn Engine>,
}

/// One pinned version. Immutable, thread-safe.
pub struct Snapshot(SnapshotRef);

/// Rows of the log as the kernel read them.
#[derive(Default)]
pub struct Rows(Vec<Batch>);

struct Batch {
    version: i64,
    rows: RecordBatch,
    to_remove: Vec<bool>,
}

fn no_rows() -> Box<Rows> {
    Box::default()
}

/// Two threads serve the input and output of all tables for the life of the process.
fn runtime() -> Result<tokio::runtime::Handle, Fault> {
    static RUNTIME: OnceLock<Option<tokio::runtime::Runtime>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("delta-io").enable_all().build().ok()
    });
    made.as_ref().map(|r| r.handle().clone()).ok_or_else(|| Fault::new("internal", "cannot start the input threads"))
}

/// The table's URL and the store behind it. A folder of this machine is the root of a store of its own, so
/// that no name above the table is ever part of a URL: the kernel decodes those twice, and `object_store`
/// refuses control characters. The kernel's own local store does not fsync, hence ours. Object stores are
/// durable when they answer.
fn make_store(uri: &str, fsync: bool) -> Result<(Url, Arc<DynObjectStore>), Fault> {
    let bad_url = |_| Fault::new("invalid", format!("table path is neither absolute nor a URL: path={uri}"));
    if uri.starts_with('/') {
        let store = LocalFileSystem::new_with_prefix(uri).map_err(KernelError::from)?;
        return Ok((Url::parse("file:///").map_err(bad_url)?, Arc::new(store.with_fsync(fsync))));
    }
    let url = Url::parse(&format!("{}/", uri.trim_end_matches('/'))).map_err(bad_url)?;
    let (store, _) = object_store::parse_url_opts(&url, std::env::vars().map(|(k, v)| (k.to_lowercase(), v)))
        .map_err(|e| Fault::new("invalid", format!("cannot open the object store: {e} url={url}")))?;
    Ok((url, Arc::from(store)))
}

fn open_store(uri: &str, fsync: bool) -> Result<Box<Store>, Fault> {
    guard(|| {
        let (url, store) = make_store(uri, fsync)?;
        let executor = Arc::new(TokioMultiThreadExecutor::new(runtime()?));
        let builder = DefaultEngineBuilder::new(store).with_task_executor(executor);
        // The kernel's own 1,000 files at once with room for 10,240 rows each take 220 MB for the tail of a log.
        let (files, rows) = (NonZero::new(8).unwrap(), NonZero::new(1000).unwrap());
        let engine = builder.with_buffer_size(files).with_batch_size(rows).build();
        Ok(Box::new(Store { url, engine: Arc::new(engine) }))
    })
}

impl Store {
    fn snapshot(&self, version: i64) -> Result<Box<Snapshot>, Fault> {
        let newest = KernelSnapshot::builder_for(self.url.as_str());
        self.pin(if version < 0 { newest } else { newest.at_version(version as u64) })
    }

    fn newer(&self, base: &Snapshot) -> Result<Box<Snapshot>, Fault> {
        self.pin(KernelSnapshot::builder_from(base.0.clone()))
    }

    /// A stale checksum is advanced over the commits after it, so that positions come without a replay of the whole log.
    fn pin<From>(&self, builder: SnapshotBuilder<From>) -> Result<Box<Snapshot>, Fault> {
        let builder = builder.with_incremental_crc_replay(IncrementalReplay::Unlimited);
        guard(|| Ok(Box::new(Snapshot(builder.build(self.engine.as_ref())?))))
    }
}
