//! Writing: version 0, one attempt at a commit, and a checkpoint.

use crate::error::{guard, Fault};
use crate::ffi::{Metadata, Operation, Outcome, OutcomeKind, Pair, Request};
use crate::{Rows, Snapshot, Store};
use delta_kernel::arrow::array::{RecordBatch, StringArray};
use delta_kernel::arrow::{datatypes::Schema as ArrowSchema, ffi::FFI_ArrowSchema};
use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::engine::{arrow_conversion::TryIntoKernel, arrow_data::ArrowEngineData};
use delta_kernel::engine_data::FilteredEngineData;
use delta_kernel::schema::{StructField, StructType};
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::transaction::{create_table::create_table, data_layout::DataLayout};
use delta_kernel::transaction::{CommitResult, Transaction, UpdateTableOperation};
use delta_kernel::{EngineData, KernelError, KernelResult, Snapshot as KernelSnapshot};
use serde_json::{json, Value};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

fn outcome(kind: OutcomeKind, version: i64, message: String, at: &SnapshotRef) -> Outcome {
    Outcome { kind, version, message, snapshot: Box::new(Snapshot(at.clone())) }
}

impl Store {
    pub fn create(&self, schema: usize, metadata: &Metadata, engine_info: &str) -> Result<(), Fault> {
        guard(|| {
            // SAFETY: the caller hands over an exported ArrowSchema.
            let imported = unsafe { FFI_ArrowSchema::from_raw(schema as *mut FFI_ArrowSchema) };
            let arrow = ArrowSchema::try_from(&imported).map_err(KernelError::from)?;
            let columns: StructType = (&arrow).try_into_kernel().map_err(KernelError::from)?;
            let mut builder = create_table(self.url.as_str(), Arc::new(columns), engine_info, false)
                .with_table_properties(metadata.properties.iter().map(|p| (p.key.as_str(), p.value.as_str())));
            if !metadata.partition_columns.is_empty() {
                builder = builder.with_data_layout(DataLayout::partitioned(&metadata.partition_columns));
            }
            let creation = builder.build(self.engine.as_ref(), Box::new(FileSystemCommitter::new()))?;
            match creation.commit(self.engine.as_ref())? {
                CommitResult::Committed(_) => Ok(()),
                CommitResult::Conflicted(_) => Err(Fault::new("conflict", "the table was made by somebody else")),
                CommitResult::Retryable(r) => Err(r.error.into()),
            }
        })
    }

    pub fn check_writable(&self, snapshot: &Snapshot) -> Result<(), Fault> {
        guard(|| {
            let builder = snapshot.0.clone().update_table(UpdateTableOperation::StreamingUpdate, "", true);
            Ok(drop(builder.build(self.engine.as_ref(), Box::new(FileSystemCommitter::new()))?))
        })
    }

    pub fn commit(&self, base: &Snapshot, request: &Request, removals: &Rows) -> Outcome {
        let failed = |fault: Fault| outcome(OutcomeKind::Failed, -1, fault.to_string(), &base.0);
        guard(|| match request.operation {
            Operation::Describe => self.describe(base, request),
            _ => self.try_commit(base, request, removals),
        })
        .unwrap_or_else(failed)
    }

    /// A commit of our own: the kernel writes `ALTER TABLE` with new metadata, over which it refuses to carry a checksum on, and
    /// without checksums there are no checkpoints. `WRITE` it takes. Put if absent by the store of all other commits, with its fsync.
    fn describe(&self, base: &Snapshot, request: &Request) -> Result<Outcome, Fault> {
        let broken = |e: serde_json::Error| Fault::new("corrupt", format!("cannot read the table's metadata: {e}"));
        let version = base.0.version() + 1;
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_millis() as i64);
        let mut metadata = serde_json::to_value(base.0.table_configuration().metadata()).map_err(broken)?;
        let mut schema: Value = serde_json::from_str(base.0.table_configuration().metadata().schema_string()).map_err(broken)?;
        if let (Some(fields), Some(partition)) = (schema["fields"].as_array_mut(), metadata["partitionColumns"].as_array()) {
            let at = fields.iter().position(|field| partition.contains(&field["name"])).unwrap_or(fields.len());
            let column = |c: &Pair| json!({"name": c.key, "type": c.value, "nullable": true, "metadata": {}});
            fields.splice(at..at, request.columns.iter().map(column));
        }
        if let Value::Object(members) = &mut metadata {
            members.retain(|_, value| !value.is_null());
        }
        metadata["schemaString"] = schema.to_string().into();
        request.properties.iter().for_each(|p| metadata["configuration"][&p.key] = p.value.as_str().into());
        let parameters: serde_json::Map<_, _> =
            request.parameters.iter().map(|p| (p.key.clone(), p.value.as_str().into())).collect();
        let info = json!({"timestamp": time, "operation": "WRITE", "operationParameters": parameters,
            "engineInfo": request.engine_info, "isBlindAppend": false});
        let mut lines = format!("{}\n{}\n", json!({"commitInfo": info}), json!({"metaData": metadata}));
        for txn in &request.txns {
            let txn = json!({"appId": txn.app_id, "version": txn.version, "lastUpdated": time});
            lines += &format!("{}\n", json!({"txn": txn}));
        }
        let path = self.url.join(&format!("_delta_log/{version:020}.json"));
        let path = path.map_err(|e| Fault::new("internal", e.to_string()))?;
        let at = |version| self.pin(KernelSnapshot::builder_from(base.0.clone()).at_version(version));
        Ok(match self.engine.storage_handler().put(&path, lines.into(), false) {
            Ok(()) => outcome(OutcomeKind::Committed, version as i64, String::new(), &at(version)?.0),
            Err(KernelError::FileAlreadyExists(_)) => {
                outcome(OutcomeKind::Conflict, version as i64, "version is taken".to_owned(), &base.0)
            }
            Err(e) => outcome(OutcomeKind::Retryable, -1, e.to_string(), &base.0),
        })
    }

    fn try_commit(&self, base: &Snapshot, request: &Request, removals: &Rows) -> Result<Outcome, Fault> {
        let engine = self.engine.as_ref();
        let (operation, data_change) = match request.operation {
            Operation::Replace => (UpdateTableOperation::Write, true),
            Operation::Optimize => (UpdateTableOperation::Optimize, false),
            Operation::Delete => (UpdateTableOperation::Delete, true),
            _ => (UpdateTableOperation::StreamingUpdate, true),
        };
        let mut builder = base.0.clone().update_table(operation, request.engine_info.as_str(), data_change);
        if request.operation == Operation::Append && !request.adds.is_empty() {
            builder = builder.with_blind_append();
        }
        builder = builder
            .with_operation_parameters(request.parameters.iter().map(|p| (p.key.as_str(), Some(p.value.as_str()))));
        for txn in &request.txns {
            builder = builder.with_transaction_id(txn.app_id.as_str(), txn.version);
        }
        let mut transaction = builder.build(engine, Box::new(FileSystemCommitter::new()))?;
        if !request.adds.is_empty() {
            let adds = self.add_data(&transaction, &request.adds)?;
            transaction.add_files(adds);
        }
        for batch in removals.0.iter().filter(|batch| batch.to_remove.contains(&true)) {
            let rows = Box::new(ArrowEngineData::new(batch.rows.clone()));
            transaction.remove_files(FilteredEngineData::try_new(rows, batch.to_remove.clone())?);
        }
        Ok(match transaction.commit(engine)? {
            CommitResult::Committed(done) => {
                let version = done.commit_version() as i64;
                let after: Result<_, Fault> =
                    done.post_commit_snapshot().cloned().map_or_else(|| Ok(self.snapshot(version)?.0), Ok);
                outcome(OutcomeKind::Committed, version, String::new(), &after?)
            }
            CommitResult::Conflicted(c) => {
                outcome(OutcomeKind::Conflict, c.conflict_version() as i64, "version is taken".to_owned(), &base.0)
            }
            CommitResult::Retryable(r) => outcome(OutcomeKind::Retryable, -1, r.error.to_string(), &base.0),
        })
    }

    /// The Adds as the kernel takes them: parsed by its own JSON reader into the types of this table's statistics.
    fn add_data(&self, transaction: &Transaction, rows: &[String]) -> KernelResult<Box<dyn EngineData>> {
        let lines = RecordBatch::try_from_iter([("json", Arc::new(StringArray::from(rows.to_vec())) as _)])?;
        let stats = StructField::nullable("stats", transaction.stats_schema()?.as_ref().clone());
        let base = transaction.add_files_schema().fields().filter(|f| f.name() != "stats").cloned();
        let schema = Arc::new(StructType::try_new(base.chain([stats]))?);
        self.engine.json_handler().parse_json(Box::new(ArrowEngineData::new(lines)), schema)
    }

    pub fn checkpoint(&self, snapshot: &Snapshot) -> Result<Box<Snapshot>, Fault> {
        guard(|| {
            let (_, with_checksum) = snapshot.0.write_checksum(self.engine.as_ref())?;
            let (_, with_checkpoint) = with_checksum.checkpoint(self.engine.as_ref(), None)?;
            Ok(Box::new(Snapshot(with_checkpoint)))
        })
    }
}
