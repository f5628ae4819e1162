//! Reading: a version's metadata, live files and positions, and the commits of a range of versions.

use crate::error::{guard, Fault};
use crate::ffi::{Metadata, Pair};
use crate::{Batch, Rows, Snapshot, Store};
use delta_kernel::arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, StructArray};
use delta_kernel::arrow::datatypes::Schema as ArrowSchema;
use delta_kernel::arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use delta_kernel::commit_range::{CommitRange, DeltaAction};
use delta_kernel::crc::SetTransactionState;
use delta_kernel::engine::{arrow_conversion::TryIntoArrow, arrow_data::ArrowEngineData};
use delta_kernel::schema::{DataType, StructField, StructType};
use delta_kernel::{EngineData, KernelError, KernelResult};
use std::sync::Arc;

/// Moves a value of the C data interface to where the caller wants it.
fn hand_over<T>(value: T, address: usize) {
    // SAFETY: the caller gives the address of a struct of its own to be filled.
    unsafe { std::ptr::write(address as *mut T, value) };
}

impl Snapshot {
    pub fn version(&self) -> i64 {
        self.0.version() as i64
    }

    pub fn metadata(&self) -> Result<Metadata, Fault> {
        guard(|| {
            let metadata = self.0.table_configuration().metadata();
            let pair = |(key, value): (&String, &String)| Pair { key: key.clone(), value: value.clone() };
            Ok(Metadata {
                id: metadata.id().to_owned(),
                partition_columns: metadata.partition_columns().to_vec(),
                properties: metadata.configuration().iter().map(pair).collect(),
            })
        })
    }

    pub fn export_schema(&self, out: usize) -> Result<(), Fault> {
        guard(|| {
            let arrow: ArrowSchema = self.0.schema().as_ref().try_into_arrow().map_err(KernelError::from)?;
            hand_over(FFI_ArrowSchema::try_from(&arrow).map_err(KernelError::from)?, out);
            Ok(())
        })
    }
}

impl Rows {
    fn add(&mut self, version: i64, data: Box<dyn EngineData>) -> KernelResult<()> {
        let rows = RecordBatch::from(ArrowEngineData::try_from_engine_data(data)?);
        self.0.push(Batch { version, rows, to_remove: Vec::new() });
        Ok(())
    }

    pub fn batches(&self) -> usize {
        self.0.len()
    }

    pub fn version(&self, batch: usize) -> i64 {
        self.0[batch].version
    }

    pub fn select(&mut self, batch: usize, rows: &[bool]) {
        self.0[batch].to_remove = rows.to_vec();
    }

    pub fn export_batch(&self, batch: usize, array: usize, schema: usize) -> Result<(), Fault> {
        guard(|| {
            let rows = StructArray::from(self.0[batch].rows.clone()).into_data();
            hand_over(FFI_ArrowSchema::try_from(rows.data_type()).map_err(KernelError::from)?, schema);
            hand_over(FFI_ArrowArray::new(&rows), array);
            Ok(())
        })
    }
}

impl Store {
    pub fn files(&self, snapshot: &Snapshot) -> Result<Box<Rows>, Fault> {
        guard(|| {
            let scan = snapshot.0.clone().scan_builder().build()?;
            let mut rows = Rows::default();
            for batch in scan.scan_metadata(self.engine.as_ref())? {
                rows.add(-1, batch?.scan_files.apply_selection_vector()?)?;
            }
            Ok(Box::new(rows))
        })
    }

    /// All actions of one kind that checkpoint and commits hold, the newest first.
    fn actions(&self, snapshot: &Snapshot, name: &str, fields: [(&str, DataType); 2]) -> KernelResult<Box<Rows>> {
        let action = StructType::try_new(fields.map(|(name, data_type)| StructField::nullable(name, data_type)))?;
        let schema = Arc::new(StructType::try_new([StructField::nullable(name, action)])?);
        let mut rows = Rows::default();
        for batch in snapshot.0.log_segment().read_actions(self.engine.as_ref(), schema)? {
            rows.add(-1, batch?.actions)?;
        }
        Ok(Box::new(rows))
    }

    pub fn removals(&self, snapshot: &Snapshot) -> Result<Box<Rows>, Fault> {
        let fields = [("path", DataType::STRING), ("deletionTimestamp", DataType::LONG)];
        guard(|| Ok(self.actions(snapshot, "remove", fields)?))
    }

    /// The kernel looks up one app id at a time. All of them come from its checksum, else from a replay of the log.
    pub fn txns(&self, snapshot: &Snapshot) -> Result<Box<Rows>, Fault> {
        let fields = [("appId", DataType::STRING), ("version", DataType::LONG)];
        guard(|| {
            let state = snapshot.0.crc_at_version().map(|crc| &crc.set_transaction_state);
            let Some(SetTransactionState::Complete(known)) = state else {
                return Ok(self.actions(snapshot, "txn", fields)?);
            };
            let version = |id: &String| snapshot.0.get_app_id_version(id, self.engine.as_ref());
            let versions: Int64Array = known.keys().map(version).collect::<KernelResult<Vec<_>>>()?.into();
            let ids = StringArray::from_iter_values(known.keys());
            let columns = [("appId", Arc::new(ids) as ArrayRef), ("version", Arc::new(versions) as ArrayRef)];
            let txns = StructArray::from(RecordBatch::try_from_iter(columns).map_err(KernelError::from)?);
            let batch = RecordBatch::try_from_iter([("txn", Arc::new(txns) as ArrayRef)]).map_err(KernelError::from)?;
            Ok(Box::new(Rows(vec![Batch { version: -1, rows: batch, to_remove: Vec::new() }])))
        })
    }

    pub fn commits(&self, first: i64, last: i64) -> Result<Box<Rows>, Fault> {
        guard(|| {
            let range = CommitRange::builder_for(self.url.as_str(), first as u64).with_end_version(last as u64);
            let wanted = [DeltaAction::Add, DeltaAction::Remove, DeltaAction::SetTxn, DeltaAction::CommitInfo];
            let mut rows = Rows::default();
            for commit in range.build(self.engine.as_ref())?.commits(self.engine.clone(), None, &wanted)? {
                let commit = commit?;
                for batch in commit.get_actions(self.engine.as_ref())? {
                    rows.add(commit.version() as i64, batch?)?;
                }
            }
            Ok(Box::new(rows))
        })
    }
}
