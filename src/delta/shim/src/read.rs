//! Reading a snapshot: metadata, live files, positions, and the commits of a range of versions.

use crate::error::{guard, Fault};
use crate::ffi::{Commit, File, Metadata, Pair, Txn};
use crate::{Snapshot, Store};
use delta_kernel::arrow::datatypes::Schema as ArrowSchema;
use delta_kernel::arrow::ffi::FFI_ArrowSchema;
use delta_kernel::commit_range::{CommitRange, DeltaAction};
use delta_kernel::crc::SetTransactionState;
use delta_kernel::engine::arrow_conversion::TryIntoArrow;
use delta_kernel::engine_data::{GetData, MapItem, RowVisitor, TypedGetData};
use delta_kernel::expressions::ColumnName;
use delta_kernel::schema::{DataType, MapType, StructField, StructType};
use delta_kernel::snapshot::IncrementalReplay;
use delta_kernel::{EngineData, KernelError, KernelResult};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

/// A stale checksum is advanced over the commits after it, so that positions come without a replay of the whole log.
pub const REPLAY: IncrementalReplay = IncrementalReplay::Unlimited;

type Columns = LazyLock<(Vec<ColumnName>, Vec<DataType>)>;
type Getters<'a> = [&'a dyn GetData<'a>];

fn text_map() -> DataType {
    MapType::new(DataType::STRING, DataType::STRING, true).into()
}

fn columns(list: &[(&str, DataType)]) -> (Vec<ColumnName>, Vec<DataType>) {
    list.iter().map(|(name, data_type)| (ColumnName::new(name.split('.')), data_type.clone())).unzip()
}

fn pairs(map: HashMap<String, String>) -> Vec<Pair> {
    map.into_iter().map(|(key, value)| Pair { key, value, is_null: false }).collect()
}

fn decoded(path: &str) -> KernelResult<String> {
    let bad = |_| KernelError::generic(format!("file path is not UTF-8: path={path}"));
    Ok(percent_encoding::percent_decode_str(path).decode_utf8().map_err(bad)?.into_owned())
}

/// Reads one file action out of a row: path, size, time, partition values, statistics, deletion vector, data change.
fn read_file<'a>(get: &Getters<'a>, row: usize) -> KernelResult<Option<File>> {
    let path: Option<String> = get[0].get_opt(row, "path")?;
    let Some(path) = path else { return Ok(None) };
    let partition: Option<MapItem<'a>> = get[3].get_opt(row, "partitionValues")?;
    let stats: Option<String> = get[4].get_opt(row, "stats")?;
    let deletion_vector: Option<String> = get[5].get_opt(row, "deletionVector")?;
    let data_change: Option<bool> = if get.len() > 6 { get[6].get_opt(row, "dataChange")? } else { Some(true) };
    Ok(Some(File {
        path: decoded(&path)?,
        size: get[1].get_opt(row, "size")?.unwrap_or(-1),
        modified_ms: get[2].get_opt(row, "modificationTime")?.unwrap_or(0),
        partition: pairs(partition.map(|p| p.materialize()).unwrap_or_default()),
        stats: stats.unwrap_or_default(),
        data_change: data_change.unwrap_or(true),
        has_deletion_vector: deletion_vector.is_some(),
    }))
}

/// The rows of a scan: the live files. `selected` is the scan's own selection.
#[derive(Default)]
pub struct ScanRows {
    pub selected: Vec<bool>,
    pub files: Vec<(usize, File)>,
}

impl RowVisitor for ScanRows {
    fn selected_column_names_and_types(&self) -> (&'static [ColumnName], &'static [DataType]) {
        static COLUMNS: Columns = LazyLock::new(|| {
            columns(&[
                ("path", DataType::STRING),
                ("size", DataType::LONG),
                ("modificationTime", DataType::LONG),
                ("fileConstantValues.partitionValues", text_map()),
                ("stats", DataType::STRING),
                ("deletionVector.storageType", DataType::STRING),
            ])
        });
        (&COLUMNS.0, &COLUMNS.1)
    }

    fn visit<'a>(&mut self, row_count: usize, get: &Getters<'a>) -> KernelResult<()> {
        for row in (0..row_count).filter(|&row| self.selected.get(row).copied().unwrap_or(true)).collect::<Vec<_>>() {
            self.files.extend(read_file(get, row)?.map(|file| (row, file)));
        }
        Ok(())
    }
}

/// Positions, newest action first: the first one seen of an app id counts.
#[derive(Default)]
struct TxnRows {
    seen: HashSet<String>,
    txns: Vec<Txn>,
}

impl RowVisitor for TxnRows {
    fn selected_column_names_and_types(&self) -> (&'static [ColumnName], &'static [DataType]) {
        static COLUMNS: Columns =
            LazyLock::new(|| columns(&[("txn.appId", DataType::STRING), ("txn.version", DataType::LONG)]));
        (&COLUMNS.0, &COLUMNS.1)
    }

    fn visit<'a>(&mut self, row_count: usize, get: &Getters<'a>) -> KernelResult<()> {
        for row in 0..row_count {
            let app_id: Option<String> = get[0].get_opt(row, "txn.appId")?;
            let Some(app_id) = app_id else { continue };
            if self.seen.insert(app_id.clone()) {
                self.txns.push(Txn { app_id, version: get[1].get(row, "txn.version")? });
            }
        }
        Ok(())
    }
}

/// All actions of one commit that matter to a reader of the log.
struct CommitRows(Commit);

impl RowVisitor for CommitRows {
    fn selected_column_names_and_types(&self) -> (&'static [ColumnName], &'static [DataType]) {
        static COLUMNS: Columns = LazyLock::new(|| {
            columns(&[
                ("add.path", DataType::STRING),
                ("add.size", DataType::LONG),
                ("add.modificationTime", DataType::LONG),
                ("add.partitionValues", text_map()),
                ("add.stats", DataType::STRING),
                ("add.deletionVector.storageType", DataType::STRING),
                ("add.dataChange", DataType::BOOLEAN),
                ("remove.path", DataType::STRING),
                ("remove.size", DataType::LONG),
                ("remove.deletionTimestamp", DataType::LONG),
                ("remove.partitionValues", text_map()),
                ("remove.stats", DataType::STRING),
                ("remove.deletionVector.storageType", DataType::STRING),
                ("remove.dataChange", DataType::BOOLEAN),
                ("txn.appId", DataType::STRING),
                ("txn.version", DataType::LONG),
                ("commitInfo.timestamp", DataType::LONG),
                ("commitInfo.operation", DataType::STRING),
                ("commitInfo.operationParameters", text_map()),
            ])
        });
        (&COLUMNS.0, &COLUMNS.1)
    }

    fn visit<'a>(&mut self, row_count: usize, get: &Getters<'a>) -> KernelResult<()> {
        for row in 0..row_count {
            self.0.adds.extend(read_file(&get[0..7], row)?);
            self.0.removes.extend(read_file(&get[7..14], row)?);
            let app_id: Option<String> = get[14].get_opt(row, "txn.appId")?;
            if let Some(app_id) = app_id {
                self.0.txns.push(Txn { app_id, version: get[15].get(row, "txn.version")? });
            }
            let timestamp: Option<i64> = get[16].get_opt(row, "commitInfo.timestamp")?;
            let operation: Option<String> = get[17].get_opt(row, "commitInfo.operation")?;
            let parameters: Option<MapItem<'a>> = get[18].get_opt(row, "commitInfo.operationParameters")?;
            self.0.timestamp_ms = timestamp.unwrap_or(self.0.timestamp_ms);
            self.0.operation = operation.unwrap_or(std::mem::take(&mut self.0.operation));
            self.0.parameters.extend(pairs(parameters.map(|p| p.materialize()).unwrap_or_default()));
        }
        Ok(())
    }
}

impl Snapshot {
    pub fn version(&self) -> i64 {
        self.0.version() as i64
    }

    pub fn metadata(&self) -> Result<Metadata, Fault> {
        guard(|| {
            let config = self.0.table_configuration();
            let protocol = config.protocol();
            let features = protocol.reader_features().into_iter().chain(protocol.writer_features()).flatten();
            Ok(Metadata {
                id: config.metadata().id().to_owned(),
                partition_columns: config.metadata().partition_columns().to_vec(),
                properties: pairs(config.metadata().configuration().clone()),
                min_reader_version: protocol.min_reader_version(),
                min_writer_version: protocol.min_writer_version(),
                features: features.map(|f| f.to_string()).collect(),
            })
        })
    }

    pub fn export_schema(&self, out: usize) -> Result<(), Fault> {
        guard(|| {
            let arrow: ArrowSchema = self.0.schema().as_ref().try_into_arrow().map_err(KernelError::from)?;
            let exported = FFI_ArrowSchema::try_from(&arrow).map_err(KernelError::from)?;
            // SAFETY: the caller gives the address of an ArrowSchema of its own to be filled.
            unsafe { std::ptr::write(out as *mut FFI_ArrowSchema, exported) };
            Ok(())
        })
    }
}

impl Store {
    /// The batches of a scan over the live files, each with its rows.
    pub fn scan(&self, snapshot: &Snapshot) -> KernelResult<Vec<(Box<dyn EngineData>, ScanRows)>> {
        let scan = snapshot.0.clone().scan_builder().build()?;
        let read = |data: delta_kernel::scan::ScanMetadata| {
            let (data, selected) = data.scan_files.into_parts();
            let mut rows = ScanRows { selected, files: Vec::new() };
            rows.visit_rows_of(data.as_ref())?;
            Ok((data, rows))
        };
        scan.scan_metadata(self.engine.as_ref())?.map(|data| data.and_then(read)).collect()
    }

    pub fn files(&self, snapshot: &Snapshot) -> Result<Vec<File>, Fault> {
        guard(|| {
            let batches = self.scan(snapshot)?;
            Ok(batches.into_iter().flat_map(|(_, rows)| rows.files).map(|(_, file)| file).collect())
        })
    }

    /// The kernel looks up one app id at a time; all of them come from its checksum, else from a replay of the log.
    pub fn txns(&self, snapshot: &Snapshot) -> Result<Vec<Txn>, Fault> {
        guard(|| {
            let engine = self.engine.as_ref();
            let crc = snapshot.0.crc_at_version();
            if let Some(SetTransactionState::Complete(map)) = crc.map(|crc| &crc.set_transaction_state) {
                let look_up = |id: &String| {
                    let version = snapshot.0.get_app_id_version(id, engine)?;
                    Ok(version.map(|version| Txn { app_id: id.clone(), version }))
                };
                return map.keys().filter_map(|id| look_up(id).transpose()).collect();
            }
            let txn = StructType::try_new([
                StructField::nullable("appId", DataType::STRING),
                StructField::nullable("version", DataType::LONG),
            ])?;
            let schema = Arc::new(StructType::try_new([StructField::nullable("txn", txn)])?);
            let mut rows = TxnRows::default();
            for batch in snapshot.0.log_segment().read_actions(engine, schema)? {
                rows.visit_rows_of(batch?.actions())?;
            }
            Ok(rows.txns)
        })
    }

    pub fn commits(&self, first: i64, last: i64) -> Result<Vec<Commit>, Fault> {
        guard(|| {
            let range = CommitRange::builder_for(self.url.as_str(), first as u64)
                .with_end_version(last as u64)
                .build(self.engine.as_ref())?;
            let wanted = [DeltaAction::Add, DeltaAction::Remove, DeltaAction::SetTxn, DeltaAction::CommitInfo];
            let mut commits = Vec::new();
            for commit in range.commits(self.engine.clone(), None, &wanted)? {
                let commit = commit?;
                let mut rows = CommitRows(Commit {
                    version: commit.version() as i64,
                    timestamp_ms: commit.timestamp(),
                    operation: String::new(),
                    parameters: Vec::new(),
                    adds: Vec::new(),
                    removes: Vec::new(),
                    txns: Vec::new(),
                });
                for batch in commit.get_actions(self.engine.as_ref())? {
                    rows.visit_rows_of(batch?.as_ref())?;
                }
                commits.push(rows.0);
            }
            Ok(commits)
        })
    }
}
